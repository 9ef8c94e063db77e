//! Notices whose write was not answered: the seller reads each once; where somebody else edited a
//! synced field of the record meanwhile, once or twice, and never not at all.

use super::*;

const AUDIT: &str = "nwcs_audit";

/// How many lines of Audit contain this.
fn lines(stage: &Stage, text: &str) -> usize {
    let record = stage.the_record();
    record.get(AUDIT).as_str().unwrap_or_default().matches(text).count()
}

/// A pair with a field that the CRM takes and does not keep, of which its seller is about to read.
async fn dropping() -> Stage {
    let stage = in_sync().await;
    stage.world.state().crm.ignores.insert("estimatedvalue".to_owned());
    stage.partner_center_edits(|body| body["details"]["dealValue"] = json!(205_000));
    stage
}

const DROPPED: &str = "Deal value was not taken over by the CRM";

#[tokio::test]
async fn a_sellers_edit_after_a_write_that_never_arrived_loses_no_line() {
    for kind in [FailureKind::OutcomeUnknown, FailureKind::Transient] {
        let stage = in_sync().await;
        stage.partner_center_edits(|body| body["details"]["notes"] = json!("call before noon"));
        stage.fault("crm.update", Fault::Before(kind));
        assert!(stage.reconcile(&opportunity(), "fails").await.is_err());
        stage.seller_edits(|record| {
            drop(record.fields.insert("estimatedvalue".into(), json!(190_000)));
        });
        stage.until_quiet(&opportunity()).await;
        assert_eq!(lines(&stage, "Received from Partner Center: Notes"), 1);
        assert_eq!(lines(&stage, "Sent to Partner Center: Deal value"), 1);
    }
}

#[tokio::test]
async fn a_line_whose_answer_was_lost_stands_once_and_twice_if_the_seller_edits_meanwhile() {
    for edits in [false, true] {
        let stage = dropping().await;
        stage.fault("crm.update", Fault::Pass);
        stage.fault("crm.update", Fault::After(FailureKind::OutcomeUnknown));
        assert!(stage.reconcile(&opportunity(), "fails").await.is_err());
        if edits {
            stage.seller_edits(|record| {
                drop(record.fields.insert("description".into(), json!("call before noon")));
            });
        }
        stage.until_quiet(&opportunity()).await;
        assert_eq!(lines(&stage, DROPPED), 1 + usize::from(edits));
    }
}

#[tokio::test]
async fn a_seller_who_clears_audit_after_a_write_that_never_arrived_loses_no_line() {
    let stage = in_sync().await;
    stage.partner_center_edits(|body| body["details"]["notes"] = json!("call before noon"));
    stage.fault("crm.update", Fault::Before(FailureKind::OutcomeUnknown));
    assert!(stage.reconcile(&opportunity(), "fails").await.is_err());
    stage.seller_edits(|record| drop(record.fields.insert(AUDIT.into(), Json::Null)));
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.the_record().get("description"), "call before noon");
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
    assert_eq!(lines(&stage, "Received from Partner Center: Notes"), 1);
}

#[tokio::test]
async fn a_notice_that_arrived_is_not_repeated_though_the_next_reconciliation_fails_as_well() {
    let stage = dropping().await;
    stage.fault("crm.update", Fault::Pass);
    stage.fault("crm.update", Fault::After(FailureKind::OutcomeUnknown));
    assert!(stage.reconcile(&opportunity(), "fails").await.is_err());
    stage.partner_center_edits(|body| body["details"]["notes"] = json!("call before noon"));
    stage.fault("crm.update", Fault::Before(FailureKind::Transient));
    assert!(stage.reconcile(&opportunity(), "fails, too").await.is_err());
    stage.until_quiet(&opportunity()).await;
    assert_eq!(lines(&stage, DROPPED), 1);
}

#[tokio::test]
async fn a_notice_that_arrives_late_is_not_repeated_by_a_reconciliation_that_came_in_between() {
    let stage = dropping().await;
    stage.fault("crm.update", Fault::Pass);
    stage.fault("crm.update", Fault::Before(FailureKind::OutcomeUnknown));
    assert!(stage.reconcile(&opportunity(), "hangs").await.is_err());
    assert_eq!(lines(&stage, DROPPED), 0);
    let world = stage.world.clone();
    stage.script.before("crm.update", move || {
        world.edit_record(OPPORTUNITY, |record| {
            let before = record.get(AUDIT).as_str().unwrap_or_default();
            let text = format!("2026-11-21 10:00 UTC  {DROPPED}.\n{before}");
            record.fields.insert(AUDIT.into(), json!(text));
        });
        true
    });
    assert!(stage.reconcile(&opportunity(), "in between").await.is_err());
    stage.until_quiet(&opportunity()).await;
    assert_eq!(lines(&stage, DROPPED), 1);
}
