//! A CRM that takes a field without a word and does not keep it.

use super::*;

const AMOUNT: &str = "estimatedvalue";

/// A linked pair whose amount the CRM calculates itself.
async fn calculated() -> (Stage, Subject) {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    stage.world.state().crm.ignores.insert(AMOUNT.to_owned());
    let referral = Subject::Referral(stage.the_link().referral);
    (stage, referral)
}

fn edit_referral(stage: &Stage, pointer: &str, value: Json) {
    let mut body = stage.referrals()[0].clone();
    *body.pointer_mut(pointer).unwrap() = value;
    stage.world.put_referral(stage.the_link().referral, body);
}

fn edit(stage: &Stage, column: &str, value: Json) {
    stage.world.edit_record(OPPORTUNITY, |record| drop(record.fields.insert(column.into(), value)));
}

/// How often the seller reads that the amount was not taken over, with this value.
fn notices(stage: &Stage, value: u32) -> usize {
    let record = stage.the_record();
    let audit = record.get("nwcs_audit").as_str().unwrap_or_default();
    audit
        .lines()
        .filter(|line| {
            line.contains("Deal value was not taken over by the CRM")
                && line.ends_with(&format!("Partner Center has {value}."))
        })
        .count()
}

fn entries(stage: &Stage) -> usize {
    let log = stage.audit_log();
    log.iter().filter(|entry| entry.kind == AuditKind::DroppedWrite).count()
}

#[tokio::test]
async fn it_is_notified_once_in_the_crm_and_in_the_audit_log_until_partner_center_changes_again() {
    let (stage, referral) = calculated().await;
    for (turn, value) in [205_000, 210_000].into_iter().enumerate() {
        edit_referral(&stage, "/details/dealValue", json!(value));
        for subject in [&referral, &opportunity(), &referral, &opportunity()] {
            stage.reconcile(subject, "reconciles").await.unwrap();
        }
        assert_eq!((notices(&stage, value), entries(&stage)), (1, turn + 1));
        assert_eq!(stage.the_record().get(AMOUNT), 184_000);
        assert_eq!(
            stage.referrals()[0]["details"]["dealValue"],
            value,
            "the CRM's own amount is not sent back"
        );
    }
    assert_eq!(
        stage.the_record().get("nwcs_syncstatus"),
        "⚠ Partly synced: Deal value",
        "the amounts do not agree"
    );
    let entry = stage.audit_log();
    let entry = entry.iter().find(|entry| entry.kind == AuditKind::DroppedWrite).unwrap();
    assert_eq!(entry.message, "Deal value was not taken over by the CRM.");
    assert_eq!(entry.changes[0].after.to_json(), json!(184_000), "what was really stored");
}

#[tokio::test]
async fn notifying_of_it_costs_one_write_and_nothing_after() {
    let (stage, referral) = calculated().await;
    edit_referral(&stage, "/details/dealValue", json!(205_000));
    let mut calls = Vec::new();
    for _ in 0..3 {
        stage.script.take_calls();
        stage.reconcile(&referral, "reconciles").await.unwrap();
        calls.push(stage.script.take_calls());
    }
    let notified = ["pc.get", "crm.get", "links.save", "crm.update", "crm.update", "links.save"];
    assert_eq!(calls[0], notified);
    assert_eq!(calls[1], ["pc.get", "crm.get"]);
    assert_eq!(calls[2], ["pc.get", "crm.get"]);
}

#[tokio::test]
async fn it_rides_on_a_write_that_is_made_anyway() {
    let (stage, referral) = calculated().await;
    edit_referral(&stage, "/details/dealValue", json!(205_000));
    stage.reconcile(&referral, "not kept").await.unwrap();
    edit(&stage, "description", json!("call before noon"));
    stage.script.take_calls();
    stage.reconcile(&opportunity(), "edit").await.unwrap();
    let writes = stage.script.take_calls().into_iter().filter(|call| *call == "crm.update").count();
    assert_eq!((writes, notices(&stage, 205_000)), (1, 1));
    assert_eq!(stage.referrals()[0]["details"]["notes"], "call before noon");
}

#[tokio::test]
async fn what_the_crm_comes_to_later_is_an_edit_like_any_other() {
    let (stage, referral) = calculated().await;
    edit_referral(&stage, "/details/dealValue", json!(205_000));
    stage.until_quiet(&referral).await;
    edit(&stage, AMOUNT, json!(190_000));
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 190_000);
    assert_eq!(entries(&stage), 1);
}

#[tokio::test]
async fn a_new_record_that_does_not_keep_a_field_is_notified_of_too() {
    let stage = Stage::with_referral();
    stage.world.state().crm.ignores.insert(AMOUNT.to_owned());
    assert_eq!(stage.reconcile(&referral(), "created").await.unwrap().kind, AuditKind::Created);
    assert_eq!(entries(&stage), 1);
    for _ in 0..3 {
        stage.reconcile(&referral(), "echo").await.unwrap();
    }
    assert_eq!((notices(&stage, 62_000), entries(&stage)), (1, 1));
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 62_000);
}

#[tokio::test]
async fn it_waits_behind_what_the_seller_must_fix() {
    let (stage, referral) = calculated().await;
    edit_referral(&stage, "/details/dealValue", json!(205_000));
    stage.reconcile(&referral, "not kept").await.unwrap();
    edit(&stage, "nwcs_products", json!("SOL-WRONG"));
    stage.partner_center_refuses(Some("/details/requirements/solutions"));
    for _ in 0..2 {
        stage.reconcile(&opportunity(), "refused").await.unwrap();
        assert_eq!(notices(&stage, 205_000), 1);
    }
    stage.partner_center_refuses(None);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(notices(&stage, 205_000), 1);
}

#[tokio::test]
async fn a_record_that_was_closed_meanwhile_is_notified_once_it_is_reopened() {
    let (stage, referral) = calculated().await;
    let mut body = stage.referrals()[0].clone();
    body["details"]["dealValue"] = json!(205_000);
    (body["status"], body["substatus"]) = (json!("Closed"), json!("Won"));
    stage.world.put_referral(stage.the_link().referral, body);
    stage.until_quiet(&referral).await;
    assert_eq!(
        (stage.the_record().phase, notices(&stage, 205_000), entries(&stage)),
        (Phase::Won, 1, 1)
    );
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Open);
    stage.until_quiet(&opportunity()).await;
    assert_eq!((notices(&stage, 205_000), entries(&stage)), (1, 1));
}

#[tokio::test]
async fn a_reconciliation_that_dies_on_the_way_is_made_good() {
    for call in ["crm.update", "links.save"] {
        for fault in [Fault::Before(FailureKind::Transient), Fault::After(FailureKind::Transient)] {
            let (stage, referral) = calculated().await;
            edit_referral(&stage, "/details/dealValue", json!(205_000));
            stage.fault(call, Fault::Pass);
            stage.fault(call, fault);
            let mut failed = 0;
            for _ in 0..6 {
                failed += usize::from(stage.reconcile(&referral, "reconciles").await.is_err());
            }
            assert_eq!(failed, 1, "{call} {fault:?}");
            // The line stands once more where its write arrived and nobody knows it.
            let is_lost = matches!(
                (call, &fault),
                ("crm.update", Fault::After(_)) | ("links.save", Fault::Before(_))
            );
            assert_eq!(notices(&stage, 205_000), 1 + usize::from(is_lost), "{call} {fault:?}");
            assert!(entries(&stage) >= 1, "{call} {fault:?}");
            assert_eq!(stage.referrals()[0]["details"]["dealValue"], 205_000);
        }
    }
}
