//! Notices whose write was not answered: nobody knows whether they arrived, so they are written once
//! more. The seller reads each at least once.

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
async fn an_edit_of_another_column_after_a_write_that_never_arrived_loses_no_line() {
    let stage = dropping().await;
    stage.fault("crm.update", Fault::Pass);
    stage.fault("crm.update", Fault::Before(FailureKind::Transient));
    assert!(stage.reconcile(&opportunity(), "fails").await.is_err());
    stage.seller_edits(|record| {
        drop(record.fields.insert("nwcs_our_own_column".into(), json!("of no field")));
    });
    stage.until_quiet(&opportunity()).await;
    assert_eq!(lines(&stage, DROPPED), 1);
}

#[tokio::test]
async fn a_line_whose_answer_was_lost_is_written_once_more() {
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
        assert_eq!(lines(&stage, DROPPED), 2);
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
async fn a_notice_that_the_record_does_not_take_has_one_entry_however_often_it_is_tried() {
    let stage = dropping().await;
    stage.reconcile(&opportunity(), "finds it").await.unwrap();
    let entries = |stage: &Stage| {
        let log = stage.audit_log();
        log.iter().filter(|entry| entry.kind == AuditKind::DroppedWrite).count()
    };
    assert_eq!(entries(&stage), 1);
    let mut link = stage.the_link();
    link.notified.clear();
    stage.world.state().links.insert(link.referral, link);
    stage.world.state().crm.refusals.push(Refusal::of(Part::Update, "not today"));
    for _ in 0..3 {
        stage.reconcile(&opportunity(), "tries").await.unwrap();
    }
    assert_eq!(entries(&stage), 1);
    stage.world.state().crm.refusals.clear();
    stage.until_quiet(&opportunity()).await;
    assert_eq!((lines(&stage, DROPPED), entries(&stage)), (2, 1));
}

#[tokio::test]
async fn a_line_that_arrived_is_not_repeated_though_its_reconciliation_fails_after_it() {
    let stage = in_sync().await;
    stage.world.state().crm.ignores.insert("estimatedvalue".to_owned());
    stage.partner_center_edits(|body| {
        body["details"]["dealValue"] = json!(205_000);
        body["details"]["notes"] = json!("call before noon");
        body["status"] = json!("Closed");
        body["substatus"] = json!("Lost");
    });
    // The columns, the line of what was not kept, and then the phase.
    stage.fault("crm.update", Fault::Pass);
    stage.fault("crm.update", Fault::Pass);
    stage.fault("crm.update", Fault::Before(FailureKind::Transient));
    assert!(stage.reconcile(&opportunity(), "fails").await.is_err());
    assert_eq!(lines(&stage, DROPPED), 1);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.the_record().phase, Phase::Lost);
    assert_eq!(lines(&stage, DROPPED), 1);
}
