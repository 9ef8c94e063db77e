//! What the seller of a closed record reads: the state, as far as the CRM takes notes there.

use cosell_model::notice::OffReason;
use cosell_model::state::DealState;

use super::*;

fn status(stage: &Stage) -> String {
    stage.the_record().get("nwcs_syncstatus").as_str().unwrap_or_default().to_owned()
}

fn audit(stage: &Stage) -> String {
    stage.the_record().get("nwcs_audit").as_str().unwrap_or_default().to_owned()
}

/// A won deal, at rest, in a CRM that takes notes on closed records or does not.
async fn won(takes_notes: bool) -> Stage {
    let stage = in_sync().await;
    stage.world.state().crm.closed_takes_notes = takes_notes;
    stage.seller_edits(|record| record.phase = Phase::Won);
    stage.reconcile(&opportunity(), "won").await.unwrap();
    stage.reconcile(&opportunity(), "echo").await.unwrap();
    assert_eq!((stage.the_link().state, status(&stage).as_str()), (DealState::InSync, "✔ Synced"));
    stage.script.take_calls();
    stage
}

fn updates(stage: &Stage) -> usize {
    stage.script.take_calls().iter().filter(|call| **call == "crm.update").count()
}

#[tokio::test]
async fn an_edit_for_a_closed_referral_takes_the_tick_off_and_is_said_once() {
    let stage = won(true).await;
    stage.seller_edits(|record| drop(record.fields.insert("name".into(), json!("Renamed"))));
    stage.reconcile(&opportunity(), "refused").await.unwrap();
    assert!(matches!(stage.the_link().state, DealState::PartlySynced { blocked: true, .. }));
    assert!(status(&stage).starts_with("✘ Deal name was not sent"), "{}", status(&stage));
    assert_eq!(updates(&stage), 1);
    let again = stage.reconcile(&opportunity(), "echo").await.unwrap();
    assert_eq!((again.kind, updates(&stage)), (AuditKind::Unchanged, 0));
    assert_eq!(audit(&stage).matches("Deal name was not sent").count(), 1);
    stage.seller_edits(|record| {
        drop(record.fields.insert("name".into(), json!("Cold-store rollout")));
    });
    stage.reconcile(&opportunity(), "taken back").await.unwrap();
    assert_eq!((stage.the_link().state, status(&stage).as_str()), (DealState::InSync, "✔ Synced"));
}

#[tokio::test]
async fn a_change_that_waits_for_a_closed_record_takes_the_tick_off_until_it_is_reopened() {
    let stage = in_sync().await;
    stage.world.state().crm.closed_takes_notes = true;
    with_open_referral(&stage).await;
    stage.partner_center_edits(|body| body["name"] = json!("Theirs"));
    stage.reconcile(&opportunity(), "waits").await.unwrap();
    assert!(!matches!(stage.the_link().state, DealState::InSync), "{:?}", stage.the_link().state);
    assert!(!status(&stage).starts_with('✔'), "{}", status(&stage));
}

/// The record is won and Partner Center refuses to hear of it, so the referral stays open.
async fn with_open_referral(stage: &Stage) {
    stage.partner_center_refuses(Some("/status"));
    stage.seller_edits(|record| record.phase = Phase::Won);
    stage.reconcile(&opportunity(), "won").await.unwrap();
    assert!(status(stage).starts_with('✘'), "{}", status(stage));
}

#[tokio::test]
async fn a_crm_that_refuses_notes_on_closed_records_is_asked_once_for_each_state() {
    let stage = won(false).await;
    stage.seller_edits(|record| drop(record.fields.insert("name".into(), json!("Renamed"))));
    stage.reconcile(&opportunity(), "refused").await.unwrap();
    assert_eq!(updates(&stage), 1);
    for _ in 0..3 {
        let again = stage.reconcile(&opportunity(), "echo").await.unwrap();
        assert_eq!((again.kind, updates(&stage)), (AuditKind::Unchanged, 0));
    }
    // Reopened, it is written as any other.
    stage.seller_edits(|record| record.phase = Phase::Open);
    stage.reconcile(&opportunity(), "reopened").await.unwrap();
    assert!(status(&stage).starts_with('✘'), "{}", status(&stage));
}

#[tokio::test]
async fn a_win_that_is_sent_costs_no_write_of_the_closed_record() {
    for takes_notes in [false, true] {
        let stage = in_sync().await;
        stage.world.state().crm.closed_takes_notes = takes_notes;
        stage.seller_edits(|record| record.phase = Phase::Won);
        stage.script.take_calls();
        stage.reconcile(&opportunity(), "won").await.unwrap();
        stage.reconcile(&opportunity(), "echo").await.unwrap();
        assert_eq!(updates(&stage), 0);
    }
}

#[tokio::test]
async fn a_closed_deal_that_is_switched_off_or_loses_its_referral_or_is_unlinked_has_no_tick() {
    let stage = won(true).await;
    stage.seller_edits(|record| {
        drop(record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(false)));
    });
    stage.reconcile(&opportunity(), "off").await.unwrap();
    assert_eq!(stage.the_link().state, DealState::Off { reason: OffReason::SwitchedOff });
    assert!(status(&stage).starts_with("Off:"), "{}", status(&stage));

    let stage = won(true).await;
    let id = stage.the_link().referral;
    stage.world.state().hidden.insert(id);
    stage.reconcile(&opportunity(), "gone").await.unwrap();
    assert!(status(&stage).starts_with("✘ Not synced any more"), "{}", status(&stage));
    stage.world.state().hidden.clear();
    stage.reconcile(&opportunity(), "back").await.unwrap();
    assert_eq!(status(&stage), "✔ Synced");

    let stage = won(true).await;
    let order = Order { now: stage.now, id: "order" };
    for _ in 0..2 {
        stage.engine.unlink(stage.the_link().referral, order).await.unwrap();
    }
    assert!(status(&stage).contains("an operator unlinked the deal"), "{}", status(&stage));
    assert_eq!(audit(&stage).matches("Unlinked by your administrator").count(), 1);
    assert!(!stage.the_record().get("nwcs_referralid").is_null(), "what is closed keeps it");
}

#[tokio::test]
async fn a_record_that_was_merged_away_is_not_written() {
    let stage = won(true).await;
    stage.world.state().records.get_mut(OPPORTUNITY).unwrap().merged_into =
        Some(record("another", json!({})).key);
    stage.reconcile(&opportunity(), "merged").await.unwrap();
    assert_eq!(stage.the_link().state.name(), "disconnected");
    assert_eq!(updates(&stage), 0);
}
