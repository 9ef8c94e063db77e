//! Sides that go, come back, are unlinked and linked again.

use super::*;

async fn linked() -> (Stage, ReferralId) {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let referral = stage.the_link().referral;
    (stage, referral)
}

fn order(stage: &Stage) -> Order<'static> {
    Order { now: stage.now, id: "order" }
}

fn reason(stage: &Stage) -> Option<DisconnectReason> {
    stage.the_link().disconnected.map(|tombstone| tombstone.reason)
}

#[tokio::test]
async fn a_deleted_record_is_not_made_again_whatever_happens_to_its_referral() {
    let (stage, referral) = linked().await;
    let record = stage.world.state().records.remove(OPPORTUNITY).unwrap();
    let outcome = stage.reconcile(&Subject::Referral(referral), "first").await.unwrap();
    assert_eq!(
        (outcome.kind, reason(&stage)),
        (AuditKind::Disconnected, Some(DisconnectReason::RecordDeleted))
    );
    let log = stage.audit_log().len();
    for subject in [Subject::Referral(referral), opportunity()] {
        assert_eq!(stage.reconcile(&subject, "later").await.unwrap().kind, AuditKind::Skipped);
    }
    assert_eq!(stage.audit_log().len(), log, "notified once");
    assert_eq!((stage.records().len(), stage.referrals().len()), (0, 1));

    stage.world.put_record(record);
    let outcome = stage.reconcile(&opportunity(), "undeleted").await.unwrap();
    assert!(outcome.noted.contains(&AuditKind::Restored) && reason(&stage).is_none());
}

#[tokio::test]
async fn a_referral_that_is_not_visible_any_more_is_notified_once_and_its_edits_are_found_when_it_is_back()
 {
    let (stage, referral) = linked().await;
    let mut body = stage.world.state().referrals.remove(&referral).unwrap();
    let disconnected = stage.reconcile(&opportunity(), "first").await.unwrap();
    assert!(
        disconnected.kind == AuditKind::Disconnected && disconnected.again.is_some(),
        "its messages wait for it"
    );
    let notified = stage.the_record();
    assert!(
        notified
            .get("nwcs_syncstatus")
            .as_str()
            .unwrap()
            .starts_with("✘ Not synced any more: the referral is not visible")
    );
    stage.script.take_calls();
    stage.reconcile(&opportunity(), "echo").await.unwrap();
    assert_eq!(stage.script.take_calls(), ["pc.get", "crm.get"]);
    assert_eq!(stage.referrals().len(), 0, "no second referral");

    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("name".into(), json!("Renamed meanwhile")));
    });
    body["details"]["notes"] = json!("noted meanwhile");
    stage.world.put_referral(referral, body);
    stage.until_quiet(&Subject::Referral(referral)).await;
    assert_eq!(stage.referrals()[0]["name"], "Renamed meanwhile");
    assert_eq!(stage.the_record().get("description"), "noted meanwhile");
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn a_record_that_was_merged_away_is_left_alone_linked_or_not() {
    let into = record("11111111-7b1e-4f6c-9d3a-2f1b0c9e8d77", json!({})).key;
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, |record| record.merged_into = Some(into.clone()));
    assert_eq!(
        stage.reconcile(&opportunity(), "never linked").await.unwrap().kind,
        AuditKind::Skipped
    );
    assert_eq!(stage.referrals().len(), 0);

    // A copy that carries the other's identifier is notified of it, but not once it was merged
    // away.
    let (stage, _) = linked().await;
    let copy = "22222222-7b1e-4f6c-9d3a-2f1b0c9e8d77";
    let mut copied = stage.the_record();
    copied.key.id = copy.into();
    copied.merged_into = Some(into.clone());
    let key = copied.key.clone();
    stage.world.put_record(copied);
    stage.script.take_calls();
    assert_eq!(
        stage.reconcile(&Subject::Crm(key), "copy").await.unwrap().kind,
        AuditKind::Rejected
    );
    assert!(!stage.script.take_calls().contains(&"crm.update"));

    let (stage, referral) = linked().await;
    stage.world.edit_record(OPPORTUNITY, |record| record.merged_into = Some(into.clone()));
    let outcome = stage.reconcile(&Subject::Referral(referral), "linked").await.unwrap();
    assert_eq!(
        (outcome.kind, reason(&stage)),
        (AuditKind::Disconnected, Some(DisconnectReason::RecordMerged(into)))
    );
}

#[tokio::test]
async fn an_unlinked_pair_stays_apart_though_the_seller_shares_the_record_again() {
    let (stage, referral) = linked().await;
    assert_eq!(
        stage.engine.unlink(referral, order(&stage)).await.unwrap().kind,
        AuditKind::Unlinked
    );
    let freed = stage.the_record();
    assert_eq!(
        (freed.get("nwcs_referralid"), freed.get("nwcs_syncwithpartnercenter")),
        (&Json::Null, &json!(false))
    );
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(true)));
    });
    for subject in [Subject::Referral(referral), opportunity()] {
        assert_eq!(stage.reconcile(&subject, "later").await.unwrap().kind, AuditKind::Skipped);
    }
    assert_eq!(stage.referrals().len(), 1);
    assert_eq!(
        stage.engine.unlink(referral, order(&stage)).await.unwrap().kind,
        AuditKind::Unlinked,
        "may be repeated"
    );
}

#[tokio::test]
async fn a_pair_that_is_linked_again_finds_the_edits_of_both_sides() {
    let (stage, referral) = linked().await;
    stage.engine.unlink(referral, order(&stage)).await.unwrap();
    let mut body = stage.referrals()[0].clone();
    body["details"]["notes"] = json!("noted meanwhile");
    stage.world.put_referral(referral, body);
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(true));
        record.fields.insert("name".into(), json!("Renamed meanwhile"));
    });
    let key = stage.the_record().key;
    let outcome = stage.engine.relink(referral, &key, order(&stage)).await.unwrap();
    assert!(outcome.noted.contains(&AuditKind::Relinked), "{outcome:?}");
    assert_eq!(stage.referrals()[0]["name"], "Renamed meanwhile");
    assert_eq!(stage.the_record().get("description"), "noted meanwhile");
    assert_eq!(stage.the_record().get("nwcs_referralid"), &json!(referral.to_string()));
}

#[tokio::test]
async fn a_referral_moves_to_another_record_only_after_it_was_unlinked_from_the_first() {
    let (stage, referral) = linked().await;
    let other = "11111111-7b1e-4f6c-9d3a-2f1b0c9e8d77";
    stage.world.put_record(record(other, complete()));
    let key = record(other, json!({})).key;
    let refused = stage.engine.relink(referral, &key, order(&stage)).await.unwrap();
    assert_eq!(refused.kind, AuditKind::Rejected);
    assert!(refused.message.ends_with("unlink that deal first"), "{}", refused.message);
    assert_eq!(refused.state, None, "an order that is refused changes nothing");

    stage.engine.unlink(referral, order(&stage)).await.unwrap();
    stage.engine.relink(referral, &key, order(&stage)).await.unwrap();
    assert_eq!(stage.the_link().crm, key);
    assert_eq!(stage.referrals()[0]["externalReferenceId"], json!(other));
    // The first record, shared again by its seller, gets a deal of its own and not the one that was
    // taken from it.
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(true)));
    });
    assert_eq!(
        stage.reconcile(&opportunity(), "shared again").await.unwrap().kind,
        AuditKind::Created
    );
    assert_eq!(stage.referrals().len(), 2);
}

#[tokio::test]
async fn a_referral_that_names_a_record_but_is_paired_with_another_is_notified_and_not_tried_for_ever()
 {
    let (stage, referral) = linked().await;
    let other = "11111111-7b1e-4f6c-9d3a-2f1b0c9e8d77";
    stage.world.put_record(record(other, complete()));
    let mut body = stage.referrals()[0].clone();
    body["externalReferenceId"] = json!(other);
    stage.world.put_referral(referral, body);
    let outcome =
        stage.reconcile(&Subject::Crm(record(other, json!({})).key), "first").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(outcome.message.contains("is linked with another one"), "{}", outcome.message);
    assert_eq!(stage.referrals().len(), 1);
}

#[tokio::test]
async fn messages_wait_a_day_for_an_invisible_referral_and_no_longer() {
    let (mut stage, referral) = linked().await;
    stage.world.state().referrals.remove(&referral);
    stage.reconcile(&opportunity(), "first").await.unwrap();
    stage.now += SignedDuration::from_hours(23);
    assert!(stage.reconcile(&opportunity(), "next day").await.unwrap().again.is_some());
    stage.now += SignedDuration::from_hours(1);
    assert_eq!(stage.reconcile(&opportunity(), "a day later").await.unwrap().again, None);
}

#[tokio::test]
async fn a_deal_that_was_entered_again_is_linked_by_hand_before_it_is_shared() {
    let (stage, referral) = linked().await;
    stage.world.state().records.remove(OPPORTUNITY);
    stage.reconcile(&Subject::Referral(referral), "gone").await.unwrap();
    let other = "11111111-7b1e-4f6c-9d3a-2f1b0c9e8d77";
    let mut again = record(other, complete());
    again.fields.insert("nwcs_syncwithpartnercenter".into(), json!(false));
    let key = again.key.clone();
    stage.world.put_record(again);
    stage.engine.relink(referral, &key, order(&stage)).await.unwrap();
    assert_eq!(stage.the_link().crm, key);
    assert_eq!(stage.the_record().get("nwcs_syncwithpartnercenter"), &json!(true));
    stage.until_quiet(&Subject::Crm(key)).await;
    assert_eq!(stage.referrals().len(), 1);
}

#[tokio::test]
async fn an_open_and_a_closed_side_are_not_linked_by_hand() {
    let (stage, referral) = linked().await;
    stage.engine.unlink(referral, order(&stage)).await.unwrap();
    let mut body = stage.referrals()[0].clone();
    (body["status"], body["substatus"]) = (json!("Closed"), json!("Lost"));
    stage.world.put_referral(referral, body);
    let key = stage.the_record().key;
    let refused = stage.engine.relink(referral, &key, order(&stage)).await.unwrap();
    assert_eq!(refused.kind, AuditKind::Rejected);
    assert_eq!(stage.the_record().phase, Phase::Open);
}
