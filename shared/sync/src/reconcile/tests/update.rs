//! Edits, refusals, and what the seller is told.

use super::*;

#[tokio::test]
async fn edits_cross_in_both_directions_and_come_to_rest() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("estimatedvalue".into(), json!(205_000)));
    });
    assert_eq!(stage.settle(&opportunity()).await.kind, AuditKind::Updated);
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 205_000);
    let mut body = stage.referrals()[0].clone();
    body["details"]["notes"] = json!("call before noon");
    stage.world.put_referral(id, body);
    assert_eq!(stage.settle(&Subject::Referral(id)).await.kind, AuditKind::Updated);
    assert_eq!(stage.the_record().get("description"), "call before noon");
}

#[tokio::test]
async fn what_is_missing_is_told_to_the_seller_once_and_then_mended() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, |record| drop(record.fields.remove("nwcs_products")));
    assert_eq!(stage.look(&opportunity(), "first").await.unwrap().kind, AuditKind::Rejected);
    assert!(
        stage
            .the_record()
            .get("nwcs_audit")
            .as_str()
            .unwrap()
            .contains("Products is missing: Enter at least one")
    );
    stage.world.take_calls();
    stage.look(&opportunity(), "echo").await.unwrap();
    assert_eq!(stage.world.take_calls(), ["crm.get", "pc.search"], "told once");
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("nwcs_products".into(), json!("SOL-71402-QKD")));
    });
    stage.settle(&opportunity()).await;
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn a_refusal_by_partner_center_is_told_and_leaves_the_way_free() {
    let stage = Stage::with_opportunity();
    stage.fault("pc.create", Fault::Before(FailureKind::Rejected));
    assert_eq!(stage.look(&opportunity(), "first").await.unwrap().kind, AuditKind::Rejected);
    assert!(
        stage
            .the_record()
            .get("nwcs_syncstatus")
            .as_str()
            .unwrap()
            .starts_with("✘ Partner Center rejected")
    );
    stage.settle(&opportunity()).await;
    assert_eq!(stage.referrals().len(), 1);
}

#[tokio::test]
async fn a_human_edit_between_read_and_write_is_never_overwritten() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("name".into(), json!("Renamed")))
    });
    stage.fault("pc.patch", Fault::Before(FailureKind::Stale));
    stage.look(&opportunity(), "loses the race").await.unwrap_err();
    assert_eq!(stage.referrals()[0]["name"], "Cold-store rollout");
    stage.settle(&opportunity()).await;
    assert_eq!(stage.referrals()[0]["name"], "Renamed");
}

#[tokio::test]
async fn a_win_in_the_crm_wins_the_referral() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Won);
    assert_eq!(stage.settle(&opportunity()).await.kind, AuditKind::Updated);
    assert_eq!(
        (&stage.referrals()[0]["status"], &stage.referrals()[0]["substatus"]),
        (&json!("Closed"), &json!("Won"))
    );
}

#[tokio::test]
async fn every_look_leaves_an_audit_entry_with_what_was_written() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("estimatedvalue".into(), json!(205_000)));
    });
    stage.look(&opportunity(), "edit").await.unwrap();
    let trail = stage.world.trail.lock().unwrap();
    let entry = trail.iter().rfind(|entry| entry.invocation == "edit").unwrap();
    assert_eq!(entry.kind, AuditKind::Updated);
    assert_eq!(entry.changes.len(), 1);
    assert_eq!(
        (entry.changes[0].field.as_str(), entry.changes[0].after.to_json()),
        ("deal_value", json!(205_000))
    );
    assert!(entry.pair.starts_with("referral#"));
}

#[tokio::test]
async fn our_own_write_is_not_taken_for_an_edit_when_the_other_half_failed() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let value = |value: u32| {
        move |record: &mut CrmRecord| {
            drop(record.fields.insert("estimatedvalue".into(), json!(value)))
        }
    };
    stage.world.edit_record(OPPORTUNITY, value(205_000));
    stage.fault("crm.update", Fault::Before(FailureKind::Stale));
    stage.look(&opportunity(), "dies after the patch").await.unwrap_err();
    // The seller saves again, and Partner Center's clock says our patch was later.
    stage.world.edit_record(OPPORTUNITY, value(210_000));
    stage.settle(&opportunity()).await;
    assert_eq!(stage.the_record().get("estimatedvalue"), 210_000);
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 210_000);
}

#[tokio::test]
async fn a_switch_that_the_seller_turned_off_stays_off_and_nothing_crosses() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let before = stage.referrals();
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(false));
        record.fields.insert("description".into(), json!("internal"));
    });
    let id: ReferralId = before[0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(stage.look(&Subject::Referral(id), "event").await.unwrap().kind, AuditKind::Skipped);
    assert_eq!(stage.referrals(), before);
    assert_eq!(stage.the_record().get("nwcs_syncwithpartnercenter"), false);
}

#[tokio::test]
async fn what_partner_center_refuses_does_not_keep_its_own_changes_out() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    let mut body = stage.referrals()[0].clone();
    body["details"]["notes"] = json!("call before noon");
    stage.world.put_referral(id, body);
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("nwcs_products".into(), json!("SOL-WRONG")));
    });
    stage.fault("pc.patch", Fault::Before(FailureKind::Rejected));
    let outcome = stage.look(&opportunity(), "refused").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(!outcome.message.contains("Sent to Partner Center"), "{}", outcome.message);
    assert_eq!(stage.the_record().get("description"), "call before noon");
    assert!(stage.the_record().get("nwcs_syncstatus").as_str().unwrap().starts_with('✘'));
    stage.settle(&opportunity()).await;
    assert_eq!(
        stage.referrals()[0]["details"]["requirements"]["solutions"][0]["id"],
        "SOL-WRONG",
        "the edit is tried again"
    );
}

#[tokio::test]
async fn a_close_that_the_crm_refuses_is_told_once_and_left_to_the_seller() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    let mut body = stage.referrals()[0].clone();
    (body["status"], body["substatus"]) = (json!("Closed"), json!("Won"));
    stage.world.put_referral(id, body);
    *stage.world.refuse_closing.lock().unwrap() = true;
    assert_eq!(
        stage.look(&Subject::Referral(id), "event").await.unwrap().kind,
        AuditKind::Rejected
    );
    assert!(stage.the_record().get("nwcs_syncstatus").as_str().unwrap().starts_with('✘'));
    stage.world.take_calls();
    for _ in 0..2 {
        stage.look(&opportunity(), "poll").await.unwrap();
    }
    let calls = stage.world.take_calls();
    assert!(!calls.contains(&"crm.update"), "{calls:?}");
    *stage.world.refuse_closing.lock().unwrap() = false;
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Won);
    stage.settle(&opportunity()).await;
}

#[tokio::test]
async fn what_a_lost_answer_overwrote_is_named_before_it_is_tried() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    let mut body = stage.referrals()[0].clone();
    body["details"]["dealValue"] = json!(33.4);
    stage.world.put_referral(id, body);
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("estimatedvalue".into(), json!(205_000));
        record.modified = "2026-11-21T12:00:00Z".parse().unwrap();
    });
    stage.fault("pc.patch", Fault::After(FailureKind::Transient));
    stage.look(&opportunity(), "loses the answer").await.unwrap_err();
    stage.settle(&opportunity()).await;
    let trail = stage.world.trail.lock().unwrap();
    let intended = trail
        .iter()
        .find(|entry| entry.kind == AuditKind::WriteAhead && entry.invocation == "loses the answer")
        .unwrap();
    assert_eq!(
        intended.changes[0].overruled.as_ref().map(cosell_model::value::Value::to_json),
        Some(json!(33.4))
    );
}
