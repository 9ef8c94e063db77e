use cosell_sync::port::Crm;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::environment::{Environment, deal, referral, write};

fn ago(seconds: i64) -> Timestamp {
    cosell_runtime::clock::now() - SignedDuration::from_secs(seconds)
}

#[tokio::test]
async fn flagged_deals_are_listed_page_by_page_though_they_share_a_stamp() {
    let environment = Environment::start().await;
    let fields = json!({
        "Name": "Deal {n}", "StageName": "Prospecting", "CloseDate": "2026-11-30",
        "Msp_Sync_With_Partner_Center__c": true
    });
    environment
        .control("POST", "rows/Opportunity/many", Some(json!({"count": 7, "fields": fields})))
        .await;
    environment
        .seller_creates(
            "Opportunity",
            json!({"Name": "Not flagged", "StageName": "Prospecting", "CloseDate": "2026-11-30"}),
        )
        .await;
    environment.switches(json!({"query_batch": 3})).await;
    let changes = environment.crm.changed_since(ago(60)).await.unwrap();
    assert_eq!(changes.len(), 7);
    assert!(changes.is_sorted_by_key(|change| (change.modified, change.key.id.clone())));
    assert_eq!(environment.calls("GET", "query"), 3);
    assert!(environment.crm.changed_since(ago(-5)).await.unwrap().is_empty());
}

/// The queue drops a notice of a version that it has had.
#[tokio::test]
async fn an_edit_in_the_second_of_a_listed_change_is_another_version_later() {
    let environment = Environment::start().await;
    let record = environment.crm.upsert(referral(), &write(&deal())).await.unwrap();
    let mut versions = Vec::new();
    environment.seller_edits(&record.key, json!({"Amount": 1})).await;
    for passes in [0, 1, 20, 60] {
        environment.simulators.clock.advance(passes);
        versions.push(environment.crm.changed_since(ago(60)).await.unwrap().remove(0).version);
    }
    assert!(versions[0] != versions[1] && versions[1] != versions[2], "{versions:?}");
    assert_eq!(versions[2], versions[3]);
}

#[tokio::test]
async fn a_deleted_deal_is_listed_so_that_it_is_looked_at() {
    let environment = Environment::start().await;
    let record = environment.crm.upsert(referral(), &write(&deal())).await.unwrap();
    environment.control("DELETE", &format!("rows/Opportunity/{}", record.key.id), None).await;
    let changes = environment.crm.changed_since(ago(60)).await.unwrap();
    assert_eq!(changes.iter().map(|change| &change.key).collect::<Vec<_>>(), [&record.key]);
    assert!(environment.crm.get(&record.key).await.unwrap().is_none());
}

#[tokio::test]
async fn what_automation_touched_is_listed_and_still_can_be_written() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    environment.simulators.clock.advance(2);
    let since = ago(-4);
    environment
        .control("POST", &format!("rows/Opportunity/{}/automation", record.key.id), None)
        .await;
    assert_eq!(environment.crm.changed_since(since).await.unwrap().len(), 1);
    let change = write(&[("NextStep", json!("Call"))]);
    assert!(environment.crm.update(&record, &change).await.is_ok(), "no value has changed");
}

#[tokio::test]
async fn a_list_that_expires_is_read_again_from_its_start() {
    let environment = Environment::start().await;
    let fields = json!({
        "Name": "Deal {n}", "StageName": "Prospecting", "CloseDate": "2026-11-30",
        "Msp_Sync_With_Partner_Center__c": true
    });
    environment
        .control("POST", "rows/Opportunity/many", Some(json!({"count": 5, "fields": fields})))
        .await;
    environment.switches(json!({"query_batch": 3})).await;
    environment.fault(
        "GET",
        "/query/",
        crate::environment::status(400, Some("INVALID_QUERY_LOCATOR")),
    );
    assert_eq!(environment.crm.changed_since(ago(60)).await.unwrap().len(), 5);
}
