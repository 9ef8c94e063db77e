use std::collections::BTreeSet;

use cosell_simulators::faults::Action;
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;
use jiff::Timestamp;
use serde_json::json;

use crate::environment::{COLUMNS, Environment};

#[tokio::test]
async fn flagged_records_are_listed_over_all_pages_oldest_first() {
    let environment = Environment::with(|settings| settings.page_size = 2, &COLUMNS).await;
    let mut flagged = BTreeSet::new();
    for number in 0..5 {
        let body = json!({"name": format!("Deal {number}"), "nwcs_syncwithpartnercenter": true});
        flagged.insert(environment.seller_creates("opportunities", body).await);
        environment.simulators.clock.advance(1);
    }
    environment.seller_creates("opportunities", json!({"name": "Not flagged"})).await;
    let changes = environment.crm.changed_since(Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(
        changes.iter().map(|change| change.key.id.clone()).collect::<BTreeSet<_>>(),
        flagged
    );
    assert_eq!(changes.len(), 5);
    assert!(changes.is_sorted_by_key(|change| change.modified));
    assert_eq!(environment.calls("GET", "opportunities?"), 3, "pages of two");
    let first = environment.crm.get(&changes[0].key).await.unwrap().unwrap();
    assert_eq!(first.version, changes[0].version);
}

#[tokio::test]
async fn only_changes_since_the_given_second_are_listed() {
    let environment = Environment::start().await;
    let flagged = json!({"name": "Deal", "nwcs_syncwithpartnercenter": true});
    environment.seller_creates("opportunities", flagged.clone()).await;
    environment.simulators.clock.advance(60);
    let late = environment.seller_creates("opportunities", flagged).await;
    let all = environment.crm.changed_since(Timestamp::UNIX_EPOCH).await.unwrap();
    let since = all[1].modified;
    let changes = environment.crm.changed_since(since).await.unwrap();
    assert_eq!(changes.iter().map(|change| change.key.id.as_str()).collect::<Vec<_>>(), [late]);
}

#[tokio::test]
async fn a_next_page_elsewhere_is_never_asked_for() {
    let environment = Environment::start().await;
    let elsewhere =
        environment.simulators.certificates.join("api/data/v9.2/opportunities").unwrap();
    let body = json!({"value": [], "@odata.nextLink": elsewhere}).to_string();
    environment.fault(
        "GET",
        "opportunities",
        Action::Status {
            status: 200,
            retry_after: None,
            code: None,
            body: Some(body),
            content_type: None,
        },
    );
    let failure = environment.crm.changed_since(Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert!(failure.message.contains("origin"), "{failure}");
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert_eq!(environment.simulators.journal.count("certificates", "GET", ""), 0);
}
