//! What needs a person: which deals are listed, since when, and which notices are new.

use cosell_model::notice::OffReason;
use cosell_model::state::DealState;
use cosell_sync::port::{Attention, NeedsPerson};

use super::*;

async fn listed(stage: &Stage, state: &str) -> Vec<NeedsPerson> {
    let (mut listed, mut page) = (Vec::new(), Vec::new());
    loop {
        page = stage.ports.needing_a_person(state, page.last()).await.unwrap();
        if page.is_empty() {
            return listed;
        }
        listed.extend(page.clone());
    }
}

fn since(listed: &[NeedsPerson]) -> Vec<Timestamp> {
    listed.iter().map(|deal| deal.since).collect()
}

fn set(stage: &Stage, column: &str, value: Json) {
    stage.world.edit_record(OPPORTUNITY, |record| drop(record.fields.insert(column.into(), value)));
}

async fn reconcile(stage: &mut Stage) -> Outcome {
    stage.now += SignedDuration::from_mins(5);
    let now = stage.now;
    stage.reconcile(&opportunity(), &now.to_string()).await.unwrap()
}

#[tokio::test]
async fn a_record_that_is_refused_is_listed_since_then_and_until_it_is_fixed() {
    let mut stage = Stage::with_opportunity();
    set(&stage, "customerid_account/name", Json::Null);
    let outcome = reconcile(&mut stage).await;
    assert_eq!(outcome.new_notices, ["field-missing", "change-to-retry"]);
    let began = stage.now;

    // Another reason is the same trouble, and only what is new is news.
    set(&stage, "customerid_account/address1_city", Json::Null);
    let outcome = reconcile(&mut stage).await;
    assert_eq!(outcome.new_notices, ["field-missing"]);
    assert_eq!(reconcile(&mut stage).await.new_notices, [""; 0]);
    let refused = listed(&stage, "refused").await;
    assert_eq!(since(&refused), [began]);
    assert_eq!((&refused[0].subject, &refused[0].crm), (&opportunity(), &None));

    set(&stage, "customerid_account/name", json!("Norrsken"));
    set(&stage, "customerid_account/address1_city", json!("Umeå"));
    assert_eq!(reconcile(&mut stage).await.new_notices, [""; 0]);
    assert_eq!(listed(&stage, "refused").await, []);
}

#[tokio::test]
async fn a_linked_deal_is_listed_while_a_field_is_refused() {
    let mut stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    assert_eq!(listed(&stage, "in-sync").await, [], "it needs nobody");

    stage.partner_center_refuses(Some("/details/requirements/solutions"));
    set(&stage, "nwcs_products", json!("SOL-WRONG"));
    let outcome = reconcile(&mut stage).await;
    assert_eq!(outcome.new_notices, ["field-refused"]);
    let began = stage.now;
    for _ in 0..2 {
        assert_eq!(reconcile(&mut stage).await.new_notices, [""; 0]);
    }
    let partly = listed(&stage, "partly-synced").await;
    assert_eq!(since(&partly), [began]);
    let link = stage.the_link();
    assert_eq!(partly[0].subject, Subject::Referral(link.referral));
    assert_eq!(partly[0].crm, Some(link.crm));

    stage.partner_center_refuses(None);
    reconcile(&mut stage).await;
    assert_eq!(listed(&stage, "partly-synced").await, []);
}

#[tokio::test]
async fn a_deal_that_fails_is_listed_once_it_has_failed_for_long() {
    let mut stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    for attempt in 1..=12 {
        stage.now += SignedDuration::from_mins(5);
        stage.fault("crm.get", Fault::Before(FailureKind::Transient));
        stage.reconcile(&opportunity(), "fails").await.unwrap_err();
        assert_eq!(listed(&stage, "failing").await.len(), usize::from(attempt >= 10), "{attempt}");
    }
    let two_attempts_ago = stage.now - SignedDuration::from_mins(10);
    assert_eq!(since(&listed(&stage, "failing").await), [two_attempts_ago]);
    reconcile(&mut stage).await;
    assert_eq!(listed(&stage, "failing").await, []);
}

#[tokio::test]
async fn a_disconnected_deal_is_listed_unless_an_operator_wanted_it() {
    let mut stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let record = stage.world.state().records.remove(OPPORTUNITY).unwrap();
    let outcome = reconcile(&mut stage).await;
    assert_eq!(outcome.new_notices, ["disconnected"]);
    assert_eq!(since(&listed(&stage, "disconnected").await), [stage.now]);

    stage.world.put_record(record);
    reconcile(&mut stage).await;
    assert_eq!(listed(&stage, "disconnected").await, []);

    let order = Order { now: stage.now, id: "order" };
    stage.engine.unlink(stage.the_link().referral, order).await.unwrap();
    assert_eq!(stage.the_link().state.name(), "disconnected");
    assert_eq!(listed(&stage, "disconnected").await, []);
}

#[tokio::test]
async fn a_refused_record_whose_flag_is_taken_off_says_nothing_and_needs_nobody() {
    for cause in [Cause::Due, Cause::Operator] {
        let mut stage = Stage::with_opportunity();
        let mapping = Mapping::clone(&stage.engine.mapping);
        stage.engine.mapping = Arc::new(mapping.marking_names());
        set(&stage, "nwcs_products", Json::Null);
        reconcile(&mut stage).await;
        assert_eq!(listed(&stage, "refused").await.len(), 1);
        assert!(!stage.the_record().get("nwcs_syncstatus").is_null());
        assert_eq!(stage.the_record().get("name"), "✘ Cold-store rollout");

        set(&stage, "nwcs_syncwithpartnercenter", json!(false));
        let message = SyncMessage { subject: opportunity(), cause, observed: "test".into() };
        let request =
            Request { message: &message, receives: 1, now: stage.now, invocation: "unflagged" };
        let outcome = stage.engine.reconcile(request).await.unwrap();
        let off = DealState::Off { reason: OffReason::NotFlagged };
        assert_eq!(outcome.state, Some(off));
        assert_eq!(listed(&stage, "refused").await, []);
        assert!(stage.the_record().get("nwcs_syncstatus").is_null(), "{cause}");
        assert_eq!(stage.the_record().get("name"), "Cold-store rollout");
        stage.script.take_calls();
        assert_eq!(reconcile(&mut stage).await.kind, AuditKind::Skipped);
        assert!(!stage.script.take_calls().contains(&"crm.update"), "it is at rest");
    }
}

#[tokio::test]
async fn a_refused_record_that_turns_out_to_be_out_of_scope_says_nothing_any_more() {
    let mut stage = Stage::with_opportunity();
    set(&stage, "nwcs_products", Json::Null);
    reconcile(&mut stage).await;
    let policy = Policy { sync_private: false, ..Policy::clone(&stage.engine.policy) };
    stage.engine.policy = Arc::new(policy);
    reconcile(&mut stage).await;
    assert_eq!(listed(&stage, "refused").await, []);
    assert!(stage.the_record().get("nwcs_syncstatus").is_null());
}

#[tokio::test]
async fn a_record_that_never_took_part_is_not_written_though_it_carries_the_status_of_another() {
    let mut stage = Stage::with_opportunity();
    set(&stage, "nwcs_syncwithpartnercenter", json!(false));
    set(&stage, "nwcs_syncstatus", json!("copied"));
    reconcile(&mut stage).await;
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "copied");
}
