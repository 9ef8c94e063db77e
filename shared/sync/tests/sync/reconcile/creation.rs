//! Exactly one of each, whatever dies in between.

use super::*;

#[tokio::test]
async fn a_referral_becomes_one_record_and_then_rests() {
    let stage = Stage::with_referral();
    assert_eq!(stage.until_quiet(&referral()).await.kind, AuditKind::Created);
    let record = stage.the_record();
    assert_eq!(record.phase, Phase::OnHold);
    assert_eq!(record.get("nwcs_syncstatus"), "✔ Synced");
    assert_eq!(stage.referrals()[0]["externalReferenceId"], json!(record.key.id));
    stage.script.take_calls();
    stage.reconcile(&referral(), "echo").await.unwrap();
    stage.reconcile(&Subject::Crm(record.key), "echo").await.unwrap();
    assert_eq!(
        stage.script.take_calls(),
        ["pc.get", "crm.get", "pc.get", "crm.get"],
        "an echo is two reads and no write"
    );
}

#[tokio::test]
async fn a_flagged_record_becomes_one_referral_with_four_calls() {
    let stage = Stage::with_opportunity();
    let outcome = stage.reconcile(&opportunity(), "first").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Created);
    assert_eq!(
        stage.script.take_calls(),
        ["crm.get", "pc.search", "pc.create", "links.create", "crm.update", "links.save"]
    );
    let record = stage.the_record();
    assert_eq!(record.get("nwcs_referralid"), &stage.referrals()[0]["id"]);
    assert!(
        record
            .get("nwcs_referrallink")
            .as_str()
            .unwrap()
            .starts_with("https://partner.example/referrals/")
    );
    assert!(record.get("nwcs_audit").as_str().unwrap().contains("Created in Partner Center."));
    assert_eq!(stage.reconcile(&opportunity(), "echo").await.unwrap().kind, AuditKind::Unchanged);
}

#[tokio::test]
async fn a_post_that_took_effect_though_its_answer_was_lost_is_adopted_at_once() {
    let stage = Stage::with_opportunity();
    stage.fault("pc.create", Fault::After(FailureKind::OutcomeUnknown));
    assert_eq!(stage.until_quiet(&opportunity()).await.kind, AuditKind::Created);
    assert_eq!(stage.referrals().len(), 1);
}

#[tokio::test]
async fn an_unknown_outcome_keeps_the_claim_until_somebody_has_searched() {
    let mut stage = Stage::with_opportunity();
    stage.fault("pc.create", Fault::After(FailureKind::OutcomeUnknown));
    stage.script.lag_by(SignedDuration::from_hours(1));
    assert_eq!(
        stage.reconcile(&opportunity(), "dies").await.unwrap_err().kind,
        FailureKind::OutcomeUnknown
    );
    let waiting = stage.reconcile(&opportunity(), "too early").await.unwrap_err();
    assert!(matches!(waiting.kind, FailureKind::Postponed { .. }), "{waiting}");
    stage.script.lag_by(SignedDuration::ZERO);
    stage.now += SignedDuration::from_mins(10);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.referrals().len(), 1);
}

#[tokio::test]
async fn a_search_that_fails_after_an_unknown_outcome_keeps_the_claim_too() {
    let stage = Stage::with_opportunity();
    stage.fault("pc.create", Fault::After(FailureKind::OutcomeUnknown));
    stage.fault("pc.search", Fault::Pass);
    stage.fault("pc.search", Fault::Before(FailureKind::Transient));
    stage.reconcile(&opportunity(), "cannot search").await.unwrap_err();
    stage.script.lag_by(SignedDuration::from_hours(1));
    let waiting = stage.reconcile(&opportunity(), "too early").await.unwrap_err();
    assert!(matches!(waiting.kind, FailureKind::Postponed { .. }), "{waiting}");
}

#[tokio::test]
async fn a_referral_that_the_store_refused_to_link_is_found_again_by_what_the_seller_was_notified_of()
 {
    let stage = Stage::with_opportunity();
    stage.fault("links.create", Fault::Before(FailureKind::Rejected));
    assert_eq!(
        stage.reconcile(&opportunity(), "refused by the store").await.unwrap().kind,
        AuditKind::Rejected
    );
    // Searches are behind, but the record carries its referral's id by now.
    stage.script.lag_by(SignedDuration::from_hours(1));
    assert_eq!(stage.reconcile(&opportunity(), "later").await.unwrap().kind, AuditKind::Adopted);
    assert_eq!(stage.referrals().len(), 1);
}

#[tokio::test]
async fn a_crash_between_the_post_and_the_link_makes_no_second_referral() {
    let mut stage = Stage::with_opportunity();
    stage.fault("links.create", Fault::Before(FailureKind::Transient));
    stage.reconcile(&opportunity(), "dies").await.unwrap_err();
    // The referral's own event must not make a second record meanwhile either.
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    stage.reconcile(&Subject::Referral(id), "event").await.unwrap_err();
    stage.now += SignedDuration::from_mins(10);
    assert_eq!(
        stage.reconcile(&Subject::Referral(id), "retry").await.unwrap().kind,
        AuditKind::Adopted
    );
    assert_eq!(stage.referrals().len(), 1);
    assert_eq!(stage.the_record().get("nwcs_referralid"), &json!(id.to_string()));
}

#[tokio::test]
async fn a_lost_write_back_is_made_good_by_the_next_reconciliation() {
    let stage = Stage::with_opportunity();
    stage.fault("crm.update", Fault::Before(FailureKind::Transient));
    stage.reconcile(&opportunity(), "dies").await.unwrap_err();
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.referrals().len(), 1);
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn a_copied_opportunity_does_not_steal_the_referral() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let copy = "11111111-7b1e-4f6c-9d3a-2f1b0c9e8d77";
    let mut copied = stage.the_record();
    copied.key.id = copy.into();
    let subject = Subject::Crm(copied.key.clone());
    stage.world.put_record(copied);
    let outcome = stage.reconcile(&subject, "copy").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(outcome.message.contains("was this one copied?"));
    assert_eq!(stage.referrals().len(), 1);
}

#[tokio::test]
async fn an_old_closed_referral_does_not_close_an_open_opportunity() {
    let stage = Stage::with_opportunity();
    let mut body = inbound();
    body["direction"] = json!("Outgoing");
    body["externalReferenceId"] = json!(OPPORTUNITY);
    (body["status"], body["substatus"]) = (json!("Closed"), json!("Expired"));
    stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    let outcome = stage.reconcile(&opportunity(), "first").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert_eq!((stage.the_record().phase, stage.referrals().len()), (Phase::Open, 1));
    assert!(
        stage
            .the_record()
            .get("nwcs_audit")
            .as_str()
            .unwrap()
            .contains("already closed in Partner Center")
    );
}

#[tokio::test]
async fn an_edit_of_a_referral_whose_answer_was_lost_is_not_taken_for_ours() {
    let mut stage = Stage::with_opportunity();
    stage.fault("pc.create", Fault::After(FailureKind::OutcomeUnknown));
    let world = stage.world.clone();
    stage.script.before("pc.search", move || {
        let made = world.state().referrals.iter().map(|(id, body)| (*id, body.clone())).next();
        let Some((id, mut body)) = made else { return false };
        body["details"]["dealValue"] = json!(91.4);
        world.put_referral(id, body);
        true
    });
    stage.reconcile(&opportunity(), "first").await.unwrap();
    stage.now += SignedDuration::from_mins(10);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.the_record().get("estimatedvalue"), &json!(91.4));
}

#[tokio::test]
async fn a_record_that_was_made_before_its_function_died_follows_its_closed_referral() {
    let stage = Stage::with_referral();
    stage.fault("links.create", Fault::Before(FailureKind::Transient));
    stage.reconcile(&referral(), "dies").await.unwrap_err();
    let mut body = stage.referrals()[0].clone();
    (body["status"], body["substatus"]) = (json!("Closed"), json!("Lost"));
    stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    stage.reconcile(&referral(), "retry").await.unwrap();
    assert_eq!(stage.the_record().phase, Phase::Lost);
}
