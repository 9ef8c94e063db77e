//! Each state of a deal, and how a deal comes to it and leaves it.

use cosell_mapping::ConflictRule;
use cosell_model::notice::{Notice, OffReason};
use cosell_model::state::{DealState, UnlinkedDeal, WaitingFor};

use super::*;

fn state(stage: &Stage) -> DealState {
    stage.the_link().state
}

fn status(stage: &Stage) -> String {
    stage.the_record().get("nwcs_syncstatus").as_str().unwrap_or_default().to_owned()
}

fn unlinked(stage: &Stage) -> UnlinkedDeal {
    let deals = stage.world.state().unlinked.clone();
    assert_eq!(deals.len(), 1, "exactly one deal that is not linked");
    deals.into_values().next().unwrap()
}

fn kinds(stage: &Stage, kind: AuditKind) -> usize {
    stage.audit_log().iter().filter(|entry| entry.kind == kind).count()
}

/// The state after a reconciliation: the outcome's and the link's are the same.
async fn after(stage: &Stage, subject: &Subject) -> DealState {
    let outcome = stage.reconcile(subject, "reconciles").await.unwrap();
    assert_eq!(outcome.state.as_ref(), Some(&state(stage)));
    state(stage)
}

#[tokio::test]
async fn in_sync() {
    let stage = super::in_sync().await;
    assert_eq!(state(&stage), DealState::InSync);
    assert_eq!(status(&stage), "✔ Synced");
    assert_eq!(after(&stage, &opportunity()).await, DealState::InSync);
}

#[tokio::test]
async fn partly_synced_until_a_person_acts() {
    let stage = super::in_sync().await;
    stage.partner_center_refuses(Some("/name"));
    stage.seller_edits(|record| drop(record.fields.insert("name".into(), json!("Renamed"))));
    let DealState::PartlySynced { fields, blocked: true, reasons } =
        after(&stage, &opportunity()).await
    else {
        panic!("{:?}", state(&stage));
    };
    assert_eq!(fields, ["name".into()].into());
    assert_eq!(reasons[0].code(), "field-refused");
    assert!(status(&stage).starts_with("✘ Deal name was refused"), "{}", status(&stage));
    stage.partner_center_refuses(None);
    assert_eq!(after(&stage, &opportunity()).await, DealState::InSync);
    assert_eq!(status(&stage), "✔ Synced");
}

#[tokio::test]
async fn partly_synced_while_the_crm_has_a_value_of_its_own() {
    let stage = super::in_sync().await;
    stage.world.state().crm.ignores.insert("estimatedvalue".into());
    stage.partner_center_edits(|body| body["details"]["dealValue"] = json!(205_000));
    let DealState::PartlySynced { fields, blocked: false, reasons } =
        after(&stage, &opportunity()).await
    else {
        panic!("{:?}", state(&stage));
    };
    assert_eq!(fields, ["deal_value".into()].into());
    assert_eq!(reasons[0].code(), "dropped-write");
    assert_eq!(status(&stage), "⚠ Partly synced: Deal value");
    stage
        .seller_edits(|record| drop(record.fields.insert("estimatedvalue".into(), json!(205_000))));
    assert_eq!(after(&stage, &opportunity()).await, DealState::InSync);
}

#[tokio::test]
async fn waiting_for_an_answer() {
    let mut stage = Stage::with_referral();
    stage.until_quiet(&referral()).await;
    stage.partner_center_edits(|body| body["expirationDateTime"] = json!("2026-12-05T09:00:00Z"));
    stage.now = "2026-12-01T09:00:00Z".parse().unwrap();
    let DealState::Waiting { for_what: WaitingFor::Answer, until, .. } =
        after(&stage, &referral()).await
    else {
        panic!("{:?}", state(&stage));
    };
    assert_eq!(until, "2026-12-05T09:00:00Z".parse().ok());
    stage.seller_edits(|record| record.phase = Phase::Open);
    assert_eq!(after(&stage, &referral()).await, DealState::InSync);
}

#[tokio::test]
async fn waiting_for_the_date_of_a_win() {
    let mut stage = super::in_sync().await;
    let mapping = Mapping::clone(&stage.engine.mapping);
    stage.engine.mapping = Arc::new(mapping.registering_won());
    stage.partner_center_edits(|body| {
        body["createdDateTime"] = json!("2026-11-21T09:00:00Z");
        body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
    });
    stage.until_quiet(&opportunity()).await;
    stage.seller_edits(|record| record.phase = Phase::Won);
    let DealState::Waiting { for_what: WaitingFor::WinDate, until, .. } =
        after(&stage, &opportunity()).await
    else {
        panic!("{:?}", state(&stage));
    };
    assert_eq!(until, "2026-11-24T09:05:00Z".parse().ok());
    stage.seller_edits(|record| record.phase = Phase::Open);
    assert_eq!(after(&stage, &opportunity()).await, DealState::InSync);
}

#[tokio::test]
async fn waiting_for_acceptance() {
    let stage = Stage::with_referral();
    stage.until_quiet(&referral()).await;
    stage.seller_edits(|record| {
        drop(record.fields.insert("description".into(), json!("60 lorries")));
    });
    let acceptance = DealState::Waiting {
        for_what: WaitingFor::Acceptance,
        until: None,
        fields: ["notes".into()].into(),
    };
    assert_eq!(after(&stage, &referral()).await, acceptance);
    assert_eq!(status(&stage), "⚠ Sent once the deal is accepted: Notes");
    stage.seller_edits(|record| record.phase = Phase::Open);
    assert_eq!(after(&stage, &referral()).await, DealState::InSync);
}

#[tokio::test]
async fn waiting_for_a_referral_that_may_come_back_and_then_disconnected() {
    let mut stage = super::in_sync().await;
    let id = stage.the_link().referral;
    stage.world.state().hidden.insert(id);
    let DealState::Waiting { for_what: WaitingFor::Referral, until, .. } =
        after(&stage, &opportunity()).await
    else {
        panic!("{:?}", state(&stage));
    };
    assert_eq!(until, Some(stage.now + SignedDuration::from_hours(24)));
    stage.now += SignedDuration::from_hours(25);
    let reason = DisconnectReason::ReferralInvisible;
    assert_eq!(after(&stage, &opportunity()).await, DealState::Disconnected { reason });
    assert_eq!(kinds(&stage, AuditKind::Disconnected), 1, "said once");
    stage.world.state().hidden.clear();
    assert_eq!(after(&stage, &opportunity()).await, DealState::InSync);
}

#[tokio::test]
async fn needing_a_decision() {
    let mut stage = super::in_sync().await;
    let mut mapping = Mapping::clone(&stage.engine.mapping);
    mapping.rules.iter_mut().find(|rule| rule.name == "name").unwrap().conflict = ConflictRule::Ask;
    stage.engine.mapping = Arc::new(mapping);
    stage.seller_edits(|record| drop(record.fields.insert("name".into(), json!("Ours"))));
    stage.partner_center_edits(|body| body["name"] = json!("Theirs"));
    let decision = DealState::NeedsDecision { fields: ["name".into()].into() };
    assert_eq!(after(&stage, &opportunity()).await, decision);
    stage.partner_center_edits(|body| body["name"] = json!("Ours"));
    assert_eq!(after(&stage, &opportunity()).await, DealState::InSync);
}

#[tokio::test]
async fn paused() {
    let mut stage = super::in_sync().await;
    let mut turn = 0;
    while !matches!(state(&stage), DealState::Paused { .. }) {
        turn += 1;
        assert!(turn < 20, "nobody stops the two");
        stage.now += SignedDuration::from_mins(1);
        if turn % 2 == 0 {
            stage.partner_center_edits(|body| body["name"] = json!("by the integration"));
        } else {
            stage.seller_edits(|record| {
                drop(record.fields.insert("name".into(), json!("BY THE FLOW")));
            });
        }
        drop(stage.reconcile(&opportunity(), &format!("turn {turn}")).await);
    }
    let DealState::Paused { until } = state(&stage) else { unreachable!() };
    assert!(status(&stage).starts_with("⚠ Paused until"), "{}", status(&stage));
    stage.reconcile(&opportunity(), "paused").await.unwrap_err();
    assert!(matches!(state(&stage), DealState::Paused { .. }));
    assert_eq!(kinds(&stage, AuditKind::Flapping), 1);
    stage.now = until + SignedDuration::from_mins(1);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(state(&stage), DealState::InSync);
}

fn failing(state: &DealState) -> (u32, Timestamp, Timestamp, &str) {
    match state {
        DealState::Failing { attempts, since, last, cause, .. } => {
            (*attempts, *since, *last, cause)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn repeated_failures_are_one_state_that_counts_and_one_entry() {
    for (call, edits) in [("pc.get", false), ("crm.get", false), ("links.save", true)] {
        let mut stage = super::in_sync().await;
        if edits {
            stage
                .seller_edits(|record| drop(record.fields.insert("name".into(), json!("Renamed"))));
        }
        let began = stage.now;
        for attempt in 1..=3 {
            fails(&stage, call, attempt).await;
            if call != "links.save" {
                let state = state(&stage);
                let (attempts, since, last, cause) = failing(&state);
                assert_eq!((attempts, since, last), (attempt, began, stage.now), "{call}");
                assert!(cause.ends_with("transient"), "{cause}");
                assert_eq!(kinds(&stage, AuditKind::Failed), 1, "{call}");
            }
            stage.now += SignedDuration::from_mins(1);
        }
        stage.until_quiet(&opportunity()).await;
        assert_eq!(state(&stage), DealState::InSync, "{call}");
    }
}

async fn fails(stage: &Stage, call: &'static str, attempt: u32) {
    stage.fault(call, Fault::Before(FailureKind::Transient));
    let invocation = format!("attempt {attempt}");
    stage.reconcile(&opportunity(), &invocation).await.unwrap_err();
}

/// What is about to be written is said before each attempt; what failed is one entry until it goes
/// through.
#[tokio::test]
async fn repeated_failures_of_a_write_are_one_entry_and_one_more_that_counts_them() {
    for call in ["pc.patch", "crm.update"] {
        let mut stage = super::in_sync().await;
        if call == "pc.patch" {
            stage.seller_edits(|record| drop(record.fields.insert("name".into(), json!("Ours"))));
        } else {
            stage.partner_center_edits(|body| body["name"] = json!("Theirs"));
        }
        let from = stage.audit_log().len();
        for attempt in 1..=3 {
            fails(&stage, call, attempt).await;
            assert_eq!(failing(&state(&stage)).0, attempt, "{call}");
            stage.now += SignedDuration::from_mins(1);
        }
        stage.until_quiet(&opportunity()).await;
        assert_eq!(state(&stage), DealState::InSync, "{call}");
        let entries = stage.audit_log().split_off(from);
        let kinds: Vec<AuditKind> = entries.iter().map(|entry| entry.kind).collect();
        let ahead = AuditKind::WriteAhead;
        assert_eq!(
            kinds,
            [ahead, AuditKind::Failed, AuditKind::Recovered, AuditKind::Updated],
            "{call}"
        );
        let counted = &entries[2].message;
        assert!(counted.starts_with("Had failed 3 times from "), "{counted}");
    }
}

#[tokio::test]
async fn a_service_that_does_not_answer_hides_nobody_from_whom_it_needs() {
    let mut stage = super::in_sync().await;
    stage
        .world
        .edit_record(OPPORTUNITY, |record| drop(record.fields.insert("name".into(), Json::Null)));
    stage.until_quiet(&opportunity()).await;
    let stood = state(&stage);
    assert!(stood.needs_a_person(), "{stood:?}");
    stage.now += SignedDuration::from_mins(1);
    fails(&stage, "crm.get", 1).await;
    fails(&stage, "crm.get", 2).await;
    let DealState::Failing { before, .. } = state(&stage) else { panic!("{:?}", state(&stage)) };
    assert_eq!(*before, stood);
    assert!(state(&stage).needs_a_person());
    stage.until_quiet(&opportunity()).await;
    assert_eq!(state(&stage), stood);
}

#[tokio::test]
async fn another_failure_goes_on_counting_and_has_an_entry_of_its_own() {
    let stage = super::in_sync().await;
    stage.fault("crm.get", Fault::Before(FailureKind::Transient));
    stage.reconcile(&opportunity(), "fails").await.unwrap_err();
    stage.fault("pc.get", Fault::Before(FailureKind::Credentials));
    stage.reconcile(&opportunity(), "fails otherwise").await.unwrap_err();
    assert_eq!(failing(&state(&stage)).0, 2);
    assert_eq!(kinds(&stage, AuditKind::Failed), 2);
    for kind in [FailureKind::Transient, FailureKind::Credentials].repeat(5) {
        let call = if kind == FailureKind::Transient { "crm.get" } else { "pc.get" };
        stage.fault(call, Fault::Before(kind));
        stage.reconcile(&opportunity(), "fails in turn").await.unwrap_err();
    }
    assert_eq!(failing(&state(&stage)).0, 12);
    assert!(state(&stage).needs_a_person());
    assert_eq!(kinds(&stage, AuditKind::Failed), 2, "each cause has one");
    stage.until_quiet(&opportunity()).await;
    assert_eq!(kinds(&stage, AuditKind::Recovered), 1);
}

#[tokio::test]
async fn a_throttled_deal_says_when_it_is_tried_again() {
    let stage = super::in_sync().await;
    let retry_after = std::time::Duration::from_mins(2);
    stage.fault("crm.get", Fault::Before(FailureKind::Throttled { retry_after }));
    stage.reconcile(&opportunity(), "throttled").await.unwrap_err();
    let DealState::Failing { next, .. } = state(&stage) else { panic!("{:?}", state(&stage)) };
    assert_eq!(next, stage.now + SignedDuration::from_mins(2));
}

#[tokio::test]
async fn off_and_on_again() {
    let stage = super::in_sync().await;
    let switch = |on: bool| {
        stage.seller_edits(|record| {
            drop(record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(on)));
        });
    };
    switch(false);
    let off = DealState::Off { reason: OffReason::SwitchedOff };
    assert_eq!(after(&stage, &opportunity()).await, off);
    assert!(status(&stage).starts_with("Off:"), "{}", status(&stage));
    switch(true);
    assert_eq!(after(&stage, &opportunity()).await, DealState::InSync);
    assert_eq!(status(&stage), "✔ Synced");
}

#[tokio::test]
async fn disconnected_and_back() {
    let stage = super::in_sync().await;
    let record = stage.world.state().records.remove(OPPORTUNITY).unwrap();
    let reason = DisconnectReason::RecordDeleted;
    assert_eq!(after(&stage, &opportunity()).await, DealState::Disconnected { reason });
    stage.world.put_record(record);
    assert_eq!(after(&stage, &opportunity()).await, DealState::InSync);
}

#[tokio::test]
async fn unlinked_by_an_operator() {
    let stage = super::in_sync().await;
    let order = Order { now: stage.now, id: "order" };
    stage.engine.unlink(stage.the_link().referral, order).await.unwrap();
    let reason = DisconnectReason::Unlinked;
    assert_eq!(after(&stage, &opportunity()).await, DealState::Disconnected { reason });
}

#[tokio::test]
async fn a_deal_that_is_not_linked_is_refused_off_or_failing_and_then_linked() {
    let stage = Stage::with_opportunity();
    stage.seller_edits(|record| drop(record.fields.remove("nwcs_products")));
    let outcome = stage.reconcile(&opportunity(), "refused").await.unwrap();
    let refused = unlinked(&stage);
    assert_eq!(outcome.state, Some(refused.state.clone()));
    let DealState::Refused { reasons } = &refused.state else { panic!("{refused:?}") };
    assert_eq!(reasons[0], Notice::FieldMissing { field: "solutions".into() });
    assert!(status(&stage).starts_with("✘ Products is missing"), "{}", status(&stage));
    stage.reconcile(&opportunity(), "again").await.unwrap();
    assert_eq!(kinds(&stage, AuditKind::Rejected), 1, "said once");

    for attempt in 1..=3 {
        fails(&stage, "crm.get", attempt).await;
        assert_eq!(failing(&unlinked(&stage).state).0, attempt);
    }
    assert_eq!(kinds(&stage, AuditKind::Failed), 1, "repeated failures are one entry");

    stage.seller_edits(|record| {
        drop(record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(false)));
    });
    stage.reconcile(&opportunity(), "off").await.unwrap();
    let off = DealState::Off { reason: OffReason::NotFlagged };
    assert_eq!(unlinked(&stage).state, off);
    stage.seller_edits(|record| {
        record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(true));
        record.fields.insert("nwcs_products".into(), json!("SOL-71402-QKD"));
    });
    stage.until_quiet(&opportunity()).await;
    assert_eq!(state(&stage), DealState::InSync);
}

#[tokio::test]
async fn a_deal_that_could_not_be_created_counts_its_attempts() {
    let mut stage = Stage::with_opportunity();
    for attempt in 1..=3 {
        fails(&stage, "pc.create", attempt).await;
        assert_eq!(failing(&unlinked(&stage).state).0, attempt);
        stage.now += SignedDuration::from_mins(10);
    }
    stage.until_quiet(&opportunity()).await;
    assert_eq!(state(&stage), DealState::InSync);
}
