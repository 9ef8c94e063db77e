use cosell_model::crm::Phase;
use cosell_simulators::faults::{Action, Fault};
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;
use serde_json::json;

use crate::environment::{Environment, referral, status, to_phase, write};

#[tokio::test]
async fn an_update_that_its_stamp_guards_changes_what_it_names_and_reads_back_in_one_call() {
    let environment =
        Environment::with(|settings| settings.conditional_updates = true, |_| {}).await;
    let record = environment.opportunity().await;
    environment.simulators.journal.clear();
    let change = write(&[("Amount", json!(275_000)), ("Description", json!(null))]);
    let updated = environment.crm.update(&record, &change).await.unwrap();
    assert_eq!(environment.calls("POST", "composite"), 1);
    assert_eq!(environment.calls("GET", "") + environment.calls("POST", ""), 1, "and nothing else");
    assert_eq!(updated.get("Amount"), &json!(275_000.0));
    let read = environment.crm.get(&record.key).await.unwrap().unwrap();
    assert_eq!(read.fields, updated.fields);
}

/// The stamps have seconds: the header alone would let this edit be overwritten.
#[tokio::test]
async fn an_edit_in_the_second_of_the_last_change_is_not_overwritten() {
    let environment =
        Environment::with(|settings| settings.conditional_updates = true, |_| {}).await;
    let made =
        environment.crm.upsert(referral(), &write(&crate::environment::deal())).await.unwrap();
    environment.seller_edits(&made.key, json!({"Amount": 1})).await;
    let change = write(&[("Amount", json!(2))]);
    let failure = environment.crm.update(&made, &change).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    let read = environment.crm.get(&made.key).await.unwrap().unwrap();
    assert_eq!(read.get("Amount"), &json!(1.0));
}

/// The comparison waits for a later second: what comes after it has another stamp.
#[tokio::test]
async fn an_edit_between_the_comparison_and_the_write_is_not_overwritten() {
    let environment =
        Environment::with(|settings| settings.conditional_updates = true, |_| {}).await;
    let made =
        environment.crm.upsert(referral(), &write(&crate::environment::deal())).await.unwrap();
    let save = Fault { skip: 1, ..Fault::new("salesforce", Action::Slow { ms: 60_000 }) };
    environment.simulators.faults.add(save);
    let change = write(&[("Amount", json!(2))]);
    let update = environment.crm.update(&made, &change);
    let edit = async {
        environment.simulators.faults.met().await;
        environment.seller_edits(&made.key, json!({"Amount": 1})).await;
        environment.simulators.faults.clear();
    };
    let (updated, ()) = tokio::join!(update, edit);
    assert_eq!(updated.unwrap_err().kind, FailureKind::Stale);
    assert_eq!(environment.rows("Opportunity").await[0]["Amount"], json!(1.0));
}

#[tokio::test]
async fn a_service_that_ignores_the_header_is_read_before_each_write() {
    let environment = Environment::start().await;
    environment.switches(json!({"conditional_updates": false})).await;
    let record = environment.opportunity().await;
    environment.seller_edits(&record.key, json!({"Amount": 1})).await;
    let change = write(&[("Amount", json!(2))]);
    let failure = environment.crm.update(&record, &change).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    let record = environment.rested(&record.key).await;
    assert!(environment.crm.update(&record, &change).await.is_ok());
    // Nothing guards it: a lost answer must not be repeated over what is entered meanwhile.
    let record = environment.rested(&record.key).await;
    environment
        .simulators
        .faults
        .add(Fault { skip: 1, ..Fault::new("salesforce", Action::DropAfterEffect) });
    let failure = environment.crm.update(&record, &change).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown, "{failure}");
}

#[tokio::test]
async fn a_lost_answer_to_a_guarded_update_may_be_repeated() {
    let environment =
        Environment::with(|settings| settings.conditional_updates = true, |_| {}).await;
    let record = environment.opportunity().await;
    environment.fault("POST", "composite", Action::DropAfterEffect);
    let change = write(&[("Amount", json!(2))]);
    let failure = environment.crm.update(&record, &change).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Transient, "{failure}");
    environment.simulators.clock.advance(2);
    let failure = environment.crm.update(&record, &change).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "it has landed: {failure}");
}

#[tokio::test]
async fn a_lock_is_waited_for_where_the_stamp_guards_and_a_long_one_passes_on() {
    let environment =
        Environment::with(|settings| settings.conditional_updates = true, |_| {}).await;
    let record = environment.opportunity().await;
    let lock = format!("rows/Opportunity/{}/lock", record.key.id);
    environment.control("POST", &lock, Some(json!({"times": 2}))).await;
    let change = write(&[("Amount", json!(2))]);
    let updated = environment.crm.update(&record, &change).await.unwrap();
    assert_eq!(updated.get("Amount"), &json!(2.0));

    let record = environment.rested(&record.key).await;
    environment.control("POST", &lock, Some(json!({"times": 9}))).await;
    let failure = environment.crm.update(&record, &change).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (FailureKind::Transient, Some("UNABLE_TO_LOCK_ROW"))
    );
}

#[tokio::test]
async fn a_deal_is_closed_and_reopened_by_its_stage() {
    let environment = Environment::start().await;
    let mut record = environment.opportunity().await;
    for (phase, stage) in [
        (Phase::Won, "Closed Won"),
        (Phase::Lost, "Closed Lost"),
        (Phase::OnHold, "Prospecting"),
        (Phase::Open, "Qualification"),
    ] {
        record = environment.crm.update(&record, &to_phase(phase)).await.unwrap();
        assert_eq!(record.phase, phase);
        assert_eq!(environment.rows("Opportunity").await[0]["StageName"], json!(stage));
    }
}

#[tokio::test]
async fn an_open_deal_keeps_the_sellers_own_stage() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    environment.seller_edits(&record.key, json!({"StageName": "Negotiation/Review"})).await;
    let record = environment.rested(&record.key).await;
    let updated = environment.crm.update(&record, &to_phase(Phase::Open)).await.unwrap();
    assert_eq!(
        updated.version.split('.').next(),
        record.version.split('.').next(),
        "nothing was written"
    );
    assert_eq!(environment.rows("Opportunity").await[0]["StageName"], json!("Negotiation/Review"));
}

#[tokio::test]
async fn an_amount_that_the_product_lines_make_stays_and_is_read_back() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    let line = json!({"OpportunityId": record.key.id, "Quantity": 2, "UnitPrice": 500});
    environment.seller_creates("OpportunityLineItem", line).await;
    let record = environment.rested(&record.key).await;
    assert_eq!(record.get("Amount"), &json!(1000.0));
    let change = write(&[("Amount", json!(7)), ("NextStep", json!("Call"))]);
    let updated = environment.crm.update(&record, &change).await.unwrap();
    assert_eq!((updated.get("Amount"), updated.get("NextStep")), (&json!(1000.0), &json!("Call")));
}

/// Between our write and our reading back, somebody else's edit must not pass for known.
#[tokio::test]
async fn an_edit_right_behind_our_write_is_left_for_the_next_reconciliation() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    // One by one, since the text looks like a reference: there is a gap to slip into.
    let change = write(&[("Name", json!("@{ours}"))]);
    environment.fault("GET", "query", Action::Slow { ms: 60_000 });
    let update = environment.crm.update(&record, &change);
    let edit = async {
        environment.simulators.faults.met().await;
        environment.seller_edits(&record.key, json!({"Amount": 1})).await;
        environment.simulators.faults.clear();
    };
    let (updated, ()) = tokio::join!(update, edit);
    assert_eq!(updated.unwrap_err().kind, FailureKind::OutcomeUnknown);
}

#[tokio::test]
async fn a_customer_is_not_exchanged_by_an_update() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    let change = write(&[("Account/Name", json!("Contoso"))]);
    let failure = environment.crm.update(&record, &change).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert!(
        failure.message.contains("Account/Name") && !failure.message.contains("Contoso"),
        "{failure}"
    );
}

#[tokio::test]
async fn an_administrators_rule_is_shown_in_their_words() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    let rule = json!({
        "object": "Opportunity", "field": "NextStep", "value": "Call",
        "message": "Sellers do not call here."
    });
    environment.switches(json!({"validation_rules": [rule]})).await;
    let change = write(&[("NextStep", json!("Call"))]);
    let failure = environment.crm.update(&record, &change).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert!(failure.message.ends_with("Sellers do not call here."), "{failure}");
    assert!(
        !failure.redacted().contains("Sellers"),
        "the log gets the code only: {}",
        failure.redacted()
    );
    environment.fault("POST", "composite", status(403, Some("REQUEST_LIMIT_EXCEEDED")));
    let change = write(&[("NextStep", json!("Write"))]);
    let failure = environment.crm.update(&record, &change).await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::Throttled { .. }), "{failure}");
}

/// The lock is somebody's save under way: what it leaves must be looked at before the write is sent
/// again.
#[tokio::test]
async fn an_edit_that_held_the_lock_is_not_overwritten_where_nothing_guards_the_write() {
    let environment = Environment::start().await;
    environment.switches(json!({"conditional_updates": false})).await;
    let record = environment.opportunity().await;
    let lock = format!("rows/Opportunity/{}/lock", record.key.id);
    environment.control("POST", &lock, Some(json!({"times": 1}))).await;
    environment.simulators.journal.clear();
    // It compares, meets the lock, and would come too late if it came again.
    environment
        .simulators
        .faults
        .add(Fault { skip: 2, ..Fault::new("salesforce", Action::Slow { ms: 60_000 }) });
    let change = write(&[("Amount", json!(2))]);
    let update = environment.crm.update(&record, &change);
    let edit = async {
        environment.simulators.journal.reaches(2, "salesforce", "POST", "composite").await;
        environment.seller_edits(&record.key, json!({"Amount": 1})).await;
        environment.simulators.faults.clear();
    };
    let (updated, ()) = tokio::join!(update, edit);
    let stored = environment.rows("Opportunity").await[0]["Amount"].clone();
    assert_eq!(
        stored,
        json!(1.0),
        "the seller's edit, and not ours: {:?}",
        updated.map(|record| record.key)
    );
}

/// A stamp is taken inside the transaction, and seen when that ends (contract salesforce 3.1).
#[tokio::test]
async fn an_edit_of_the_same_second_that_is_committed_late_is_not_overwritten() {
    let environment =
        Environment::with(|settings| settings.conditional_updates = true, |_| {}).await;
    let record = environment.opportunity().await;
    environment.seller_edits(&record.key, json!({"NextStep": "An automation's"})).await;
    environment.seller_edits(&record.key, json!({"Amount": 1})).await;
    let delay = format!("rows/Opportunity/{}/delay", record.key.id);
    environment.control("POST", &delay, Some(json!({"seconds": 5}))).await;
    environment.simulators.clock.advance(3);
    let record = environment.crm.get(&record.key).await.unwrap().unwrap();
    environment.simulators.clock.advance(5);
    let change = write(&[("Amount", json!(2))]);
    let updated = environment.crm.update(&record, &change).await;
    assert_eq!(
        updated.map(|record| record.get("Amount").clone()).map_err(|failure| failure.kind),
        Err(FailureKind::Stale)
    );
}
