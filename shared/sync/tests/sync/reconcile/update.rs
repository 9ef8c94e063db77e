//! Edits, refusals, and what the seller is notified of.

use cosell_model::field::Field;
use cosell_model::notice::Notice;
use cosell_model::state::DealState;
use cosell_model::value::Value;

use super::*;

#[tokio::test]
async fn edits_cross_in_both_directions_and_come_to_rest() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("estimatedvalue".into(), json!(205_000)));
    });
    assert_eq!(stage.until_quiet(&opportunity()).await.kind, AuditKind::Updated);
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 205_000);
    let mut body = stage.referrals()[0].clone();
    body["details"]["notes"] = json!("call before noon");
    stage.world.put_referral(id, body);
    assert_eq!(stage.until_quiet(&Subject::Referral(id)).await.kind, AuditKind::Updated);
    assert_eq!(stage.the_record().get("description"), "call before noon");
}

#[tokio::test]
async fn what_is_missing_is_notified_to_the_seller_once_and_then_fixed() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, |record| drop(record.fields.remove("nwcs_products")));
    assert_eq!(stage.reconcile(&opportunity(), "first").await.unwrap().kind, AuditKind::Rejected);
    assert!(
        stage
            .the_record()
            .get("nwcs_audit")
            .as_str()
            .unwrap()
            .contains("Products is missing: Enter at least one")
    );
    stage.script.take_calls();
    stage.reconcile(&opportunity(), "echo").await.unwrap();
    assert_eq!(stage.script.take_calls(), ["crm.get", "pc.search"], "notified once");
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("nwcs_products".into(), json!("SOL-71402-QKD")));
    });
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn a_refusal_by_partner_center_is_notified_and_leaves_the_way_free() {
    let stage = Stage::with_opportunity();
    stage.fault("pc.create", Fault::Before(FailureKind::Rejected));
    assert_eq!(stage.reconcile(&opportunity(), "first").await.unwrap().kind, AuditKind::Rejected);
    assert!(
        stage
            .the_record()
            .get("nwcs_syncstatus")
            .as_str()
            .unwrap()
            .starts_with("✘ Partner Center rejected")
    );
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.referrals().len(), 1);
}

#[tokio::test]
async fn a_human_edit_between_read_and_write_is_never_overwritten() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("name".into(), json!("Renamed")));
    });
    stage.fault("pc.patch", Fault::Before(FailureKind::Stale));
    stage.reconcile(&opportunity(), "loses the race").await.unwrap_err();
    assert_eq!(stage.referrals()[0]["name"], "Cold-store rollout");
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.referrals()[0]["name"], "Renamed");
}

#[tokio::test]
async fn a_win_in_the_crm_wins_the_referral() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Won);
    assert_eq!(stage.until_quiet(&opportunity()).await.kind, AuditKind::Updated);
    assert_eq!(
        (&stage.referrals()[0]["status"], &stage.referrals()[0]["substatus"]),
        (&json!("Closed"), &json!("Won"))
    );
}

#[tokio::test]
async fn every_reconciliation_leaves_an_audit_entry_with_what_was_written() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("estimatedvalue".into(), json!(205_000)));
    });
    stage.reconcile(&opportunity(), "edit").await.unwrap();
    let log = stage.audit_log();
    let entry = log.iter().rfind(|entry| entry.invocation == "edit").unwrap();
    assert_eq!(entry.kind, AuditKind::Updated);
    assert_eq!(entry.changes.len(), 1);
    assert_eq!(
        (entry.changes[0].field.as_str(), entry.changes[0].after.to_json()),
        ("deal_value", json!(205_000))
    );
    assert!(entry.pair.starts_with("referral#"));
}

#[tokio::test]
async fn our_own_write_is_not_taken_for_an_edit_when_the_other_side_failed() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let value = |value: u32| {
        move |record: &mut CrmRecord| {
            drop(record.fields.insert("estimatedvalue".into(), json!(value)));
        }
    };
    stage.world.edit_record(OPPORTUNITY, value(205_000));
    stage.fault("crm.update", Fault::Before(FailureKind::Stale));
    stage.reconcile(&opportunity(), "dies after the patch").await.unwrap_err();
    // The seller saves again, and Partner Center's clock says our patch was later.
    stage.world.edit_record(OPPORTUNITY, value(210_000));
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.the_record().get("estimatedvalue"), 210_000);
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 210_000);
}

#[tokio::test]
async fn a_switch_that_the_seller_turned_off_stays_off_and_nothing_is_synced() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let before = stage.referrals();
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(false));
        record.fields.insert("description".into(), json!("internal"));
    });
    let id: ReferralId = before[0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        stage.reconcile(&Subject::Referral(id), "event").await.unwrap().kind,
        AuditKind::Skipped
    );
    assert_eq!(stage.referrals(), before);
    assert_eq!(stage.the_record().get("nwcs_syncwithpartnercenter"), false);
}

#[tokio::test]
async fn what_partner_center_refuses_does_not_keep_its_own_changes_out() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    let mut body = stage.referrals()[0].clone();
    body["details"]["notes"] = json!("call before noon");
    stage.world.put_referral(id, body);
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("nwcs_products".into(), json!("SOL-WRONG")));
    });
    stage.fault("pc.patch", Fault::Before(FailureKind::Rejected));
    let outcome = stage.reconcile(&opportunity(), "refused").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(!outcome.message.contains("Sent to Partner Center"), "{}", outcome.message);
    assert_eq!(stage.the_record().get("description"), "call before noon");
    assert!(stage.the_record().get("nwcs_syncstatus").as_str().unwrap().starts_with('✘'));
    stage.until_quiet(&opportunity()).await;
    assert_eq!(
        stage.referrals()[0]["details"]["requirements"]["solutions"][0]["id"],
        "SOL-WRONG",
        "the edit is tried again"
    );
}

#[tokio::test]
async fn a_close_that_the_crm_refuses_is_notified_once_and_left_to_the_seller() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    let mut body = stage.referrals()[0].clone();
    (body["status"], body["substatus"]) = (json!("Closed"), json!("Won"));
    stage.world.put_referral(id, body);
    let refusal = Refusal::of(Part::Close, "close its open activities first");
    stage.world.state().crm.refusals.push(refusal);
    assert_eq!(
        stage.reconcile(&Subject::Referral(id), "event").await.unwrap().kind,
        AuditKind::Rejected
    );
    assert!(stage.the_record().get("nwcs_syncstatus").as_str().unwrap().starts_with('✘'));
    stage.script.take_calls();
    for _ in 0..2 {
        stage.reconcile(&opportunity(), "poll").await.unwrap();
    }
    let calls = stage.script.take_calls();
    assert!(!calls.contains(&"crm.update"), "{calls:?}");
    stage.world.state().crm.refusals.clear();
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Won);
    stage.until_quiet(&opportunity()).await;
}

#[tokio::test]
async fn a_record_that_takes_nothing_for_a_while_is_moved_once_it_does() {
    let stage = Stage::with_referral();
    stage.until_quiet(&referral()).await;
    stage.partner_center_edits(|body| {
        (body["status"], body["substatus"]) = (json!("Active"), json!("Accepted"));
    });
    stage.world.state().crm.refusals.push(Refusal::of(Part::Update, "not today"));
    stage.reconcile(&referral(), "refused").await.unwrap();
    assert_ne!(stage.the_link().state, DealState::InSync);
    stage.world.state().crm.refusals.clear();
    stage.until_quiet(&referral()).await;
    assert_eq!(stage.the_record().phase, Phase::Open);
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn a_record_that_the_crm_would_not_take_off_hold_is_not_in_sync() {
    let stage = Stage::with_referral();
    stage.until_quiet(&referral()).await;
    let mut link = stage.the_link();
    let refusal = cosell_model::notice::Refusal { sentence: "not today".into(), code: None };
    link.phase_refused = Some(Notice::PhaseRefused { phase: Phase::Open, refusal });
    link.last_synced.get_mut(&Field::Stage).unwrap().partner_center = Value::text("Active");
    stage.world.state().links.insert(link.referral, link);
    stage.partner_center_edits(|body| {
        (body["status"], body["substatus"]) = (json!("Active"), json!("Accepted"));
    });
    stage.until_quiet(&referral()).await;
    let record = stage.the_record();
    let status = record.get("nwcs_syncstatus").as_str().unwrap().to_owned();
    assert_eq!(record.phase, Phase::OnHold);
    assert!(status.starts_with("✘ The record could not be brought to the phase open"), "{status}");
}

#[tokio::test]
async fn a_refused_close_is_tried_again_once_the_seller_moves_the_record() {
    let stage = in_sync().await;
    stage.partner_center_edits(|body| {
        (body["status"], body["substatus"]) = (json!("Closed"), json!("Lost"));
    });
    let refusal = Refusal::of(Part::Close, "close its open activities first");
    stage.world.state().crm.refusals.push(refusal);
    stage.reconcile(&opportunity(), "refused").await.unwrap();
    stage.world.state().crm.refusals.clear();
    stage.reconcile(&opportunity(), "nobody did anything").await.unwrap();
    assert_eq!(stage.the_record().phase, Phase::Open);
    stage.seller_edits(|record| record.phase = Phase::OnHold);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.the_record().phase, Phase::Lost);
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn what_a_lost_answer_overwrote_is_named_before_it_is_tried() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    let mut body = stage.referrals()[0].clone();
    body["details"]["dealValue"] = json!(33.4);
    stage.world.put_referral(id, body);
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("estimatedvalue".into(), json!(205_000));
        record.modified = "2026-11-21T12:00:00Z".parse().unwrap();
    });
    stage.fault("pc.patch", Fault::After(FailureKind::Transient));
    stage.reconcile(&opportunity(), "loses the answer").await.unwrap_err();
    stage.until_quiet(&opportunity()).await;
    let log = stage.audit_log();
    let entry = log
        .iter()
        .find(|entry| entry.kind == AuditKind::WriteAhead && entry.invocation == "loses the answer")
        .unwrap();
    assert_eq!(
        entry.changes[0].overruled.as_ref().map(cosell_model::value::Value::to_json),
        Some(json!(33.4))
    );
}
