use cosell_model::crm::{CrmKey, CrmWrite, Phase};
use cosell_simulators::faults::Action;
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;
use serde_json::json;
use uuid::Uuid;

use crate::environment::{Environment, referral, write};

#[tokio::test]
async fn an_update_changes_what_it_names_in_one_call() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    environment.simulators.journal.clear();
    let updated = environment
        .crm
        .update(&record, &write(&[("estimatedvalue", json!(275_000))]))
        .await
        .unwrap();
    assert_eq!(
        environment.calls("PATCH", "opportunities") + environment.calls("GET", "opportunities"),
        1
    );
    assert_eq!(updated.get("estimatedvalue"), &json!(275_000.0));
    let read = environment.crm.get(&record.key).await.unwrap().unwrap();
    assert_eq!((read.version, read.fields), (updated.version, updated.fields));
}

#[tokio::test]
async fn a_stale_version_is_stale_and_changes_nothing() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    environment.seller_edits(&record.key, json!({"name": "Renamed by the seller"})).await;
    for change in [
        write(&[("name", json!("Renamed by us"))]),
        CrmWrite { phase: Some(Phase::Won), ..CrmWrite::default() },
    ] {
        let failure = environment.crm.update(&record, &change).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    }
    let read = environment.crm.get(&record.key).await.unwrap().unwrap();
    assert_eq!((read.get("name"), read.phase), (&json!("Renamed by the seller"), Phase::Open));
}

#[tokio::test]
async fn a_deleted_record_is_absent_and_an_update_of_it_stale() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    environment.control("DELETE", &format!("rows/opportunities/{}", record.key.id), None).await;
    assert!(environment.crm.get(&record.key).await.unwrap().is_none());
    let failure =
        environment.crm.update(&record, &write(&[("name", json!("x"))])).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    assert!(environment.rows("opportunities").await.is_empty(), "an update never creates");
}

#[tokio::test]
async fn a_404_without_a_code_means_a_deleted_record_on_a_write_and_a_wrong_address_on_a_read() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    let bare = Action::Status {
        status: 404,
        retry_after: None,
        code: None,
        body: Some(String::new()),
        content_type: None,
    };
    environment.fault("PATCH", "opportunities", bare.clone());
    let change = write(&[("name", json!("x"))]);
    let failure = environment.crm.update(&record, &change).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    environment.fault("GET", "opportunities", bare);
    let failure = environment.crm.get(&record.key).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(failure.message.contains("origin"), "{failure}");
}

#[tokio::test]
async fn a_changed_currency_is_bound_and_read_back() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    let change = write(&[
        ("transactioncurrencyid/isocurrencycode", json!("SEK")),
        ("estimatedvalue", json!(1)),
    ]);
    let updated = environment.crm.update(&record, &change).await.unwrap();
    assert_eq!(updated.get("transactioncurrencyid/isocurrencycode"), &json!("SEK"));
}

#[tokio::test]
async fn null_clears_a_column() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    let updated = environment
        .crm
        .update(&record, &write(&[("estimatedclosedate", json!(null))]))
        .await
        .unwrap();
    assert!(updated.get("estimatedclosedate").is_null());
}

#[tokio::test]
async fn a_shared_record_is_not_rewritten_through_an_opportunity() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    for path in ["customerid_account/name", "parentcontactid/emailaddress1", "owninguser/lastname"]
    {
        let failure =
            environment.crm.update(&record, &write(&[(path, json!("Contoso"))])).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Rejected);
        assert!(
            failure.message.contains(path) && !failure.message.contains("Contoso"),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_key_of_another_system_is_refused_without_a_call() {
    let environment = Environment::start().await;
    for (system, entity, id) in [
        ("salesforce", "opportunity", Uuid::nil().to_string()),
        ("dynamics", "opportunity", "006xx".to_owned()),
    ] {
        let key = CrmKey { system: system.to_owned(), entity: entity.to_owned(), id };
        assert_eq!(environment.crm.get(&key).await.unwrap_err().kind, FailureKind::Rejected);
    }
    assert_eq!(environment.calls("GET", ""), 0);
}

#[tokio::test]
async fn a_referral_id_written_later_makes_the_record_findable_once() {
    let environment = Environment::start().await;
    let id = referral();
    let mut records = Vec::new();
    for _ in 0..2 {
        let made =
            environment.seller_creates("opportunities", json!({"name": "Made in Dynamics"})).await;
        let key =
            CrmKey { system: "dynamics".to_owned(), entity: "opportunity".to_owned(), id: made };
        records.push(environment.crm.get(&key).await.unwrap().unwrap());
    }
    let change = write(&[("nwcs_referralid", json!(id.to_string()))]);
    environment.crm.update(&records[0], &change).await.unwrap();
    assert_eq!(environment.crm.find_by_referral(id).await.unwrap().unwrap().key, records[0].key);
    let failure = environment.crm.update(&records[1], &change).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (FailureKind::Rejected, Some("0x80060892"))
    );
}
