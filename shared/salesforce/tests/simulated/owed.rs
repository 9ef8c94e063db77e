//! What the adapter owes: each of these fails until it is mended.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cosell_core::crm::{CrmWrite, Phase};
use cosell_engine::FailureKind;
use cosell_engine::port::Crm;
use cosell_salesforce::{Credentials, Salesforce, Schema, Settings};
use cosell_simulators::faults::{Action, Fault};
use secrecy::SecretString;
use serde_json::json;

use crate::environment::{Environment, MemoryStore, client, customer_deal, deal, referral, status, to_phase, write};

/// As `plan_bare_record` writes it: the name, what the seller is told, and the phase.
#[tokio::test]
async fn a_bare_deal_can_be_made() {
    let environment = Environment::start().await;
    let bare = CrmWrite {
        phase: Some(Phase::OnHold),
        ..write(&[
            ("Name", json!("Fabrikam wave 2")),
            ("Msp_Sync_With_Partner_Center__c", json!(true)),
            ("Msp_Audit__c", json!("2026-11-21 10:00 UTC  Currency was refused.")),
        ])
    };
    let made = environment.crm.upsert(referral(), &bare).await;
    assert!(made.is_ok(), "{:?}", made.unwrap_err());
}

/// It must not shut the gate for every other deal of the batch.
#[tokio::test]
async fn an_inactive_owner_is_one_deals_trouble() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    environment.fault("POST", "composite", status(400, Some("INACTIVE_OWNER_OR_USER")));
    let change = write(&[("NextStep", json!("Call"))]);
    let failure = environment.crm.update(&record.key, &record.version, &change).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
}

#[tokio::test]
async fn another_unique_field_that_is_taken_is_told_and_not_tried_for_ever() {
    let environment = Environment::start().await;
    let body = json!([{
        "errorCode": "DUPLICATE_VALUE",
        "message": "duplicate value found: Customer_Key__c duplicates value on record with id: 001Kd00000Zq9Yb",
        "fields": [],
    }]);
    environment.crm.find_by_referral(referral()).await.unwrap();
    environment.simulators.faults.add(Fault {
        skip: 1,
        ..Fault::new(
            "salesforce",
            Action::Status {
                status: 400,
                retry_after: None,
                code: None,
                body: Some(body.to_string()),
                content_type: None,
            },
        )
    });
    let failure = environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
}

#[tokio::test]
async fn a_read_that_is_refused_keeps_the_message() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    for (http, code) in [
        (403, None),
        (403, Some("INSUFFICIENT_ACCESS")),
        (400, Some("OPERATION_TOO_LARGE")),
        (414, None),
    ] {
        environment.fault("POST", "composite", status(http, code));
        let failure = environment.crm.get(&record.key).await.unwrap_err();
        assert_ne!(failure.kind, FailureKind::Rejected, "{http} {code:?}: {failure}");
    }
}

#[tokio::test]
async fn a_single_currency_that_nobody_named_waits_for_the_administrator() {
    let environment = Environment::with(|settings| settings.single_currency = None, |_| {}).await;
    let mut fields = deal();
    fields.push(("CurrencyIsoCode", json!("EUR")));
    let failure = environment.crm.upsert(referral(), &write(&fields)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials, "{failure}");
}

/// The lock is somebody's save under way: what it leaves must be looked at before the write is sent again.
#[tokio::test]
async fn an_edit_that_held_the_lock_is_not_overwritten_where_nothing_guards_the_write() {
    let environment = Environment::with(|settings| settings.conditional_updates = false, |_| {}).await;
    environment.switches(json!({"conditional_updates": false})).await;
    let record = environment.opportunity().await;
    let lock = format!("rows/Opportunity/{}/lock", record.key.id);
    environment.control("POST", &lock, Some(json!({"times": 1}))).await;
    let change = write(&[("Amount", json!(2))]);
    let update = environment.crm.update(&record.key, &record.version, &change);
    let edit = async {
        tokio::time::sleep(Duration::from_millis(120)).await;
        environment.seller_edits(&record.key, json!({"Amount": 1})).await;
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
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    let wait = 1_000_000_000 - cosell_runtime::clock::now().subsec_nanosecond();
    tokio::time::sleep(Duration::from_nanos(u64::from(wait.unsigned_abs()))).await;
    environment.seller_edits(&record.key, json!({"NextStep": "An automation's"})).await;
    environment.seller_edits(&record.key, json!({"Amount": 1})).await;
    let delay = format!("rows/Opportunity/{}/delay", record.key.id);
    environment.control("POST", &delay, Some(json!({"seconds": 5}))).await;
    let record = environment.rested(&record.key).await;
    environment.simulators.clock.advance(5);
    let change = write(&[("Amount", json!(2))]);
    let updated = environment.crm.update(&record.key, &record.version, &change).await;
    assert_eq!(
        updated.map(|record| record.get("Amount").clone()).map_err(|failure| failure.kind),
        Err(FailureKind::Stale)
    );
}

#[tokio::test]
async fn settings_of_one_stage_for_two_phases_do_not_write_for_ever() {
    let environment = Environment::with(|settings| settings.open_stage = Some("Prospecting".to_owned()), |_| {}).await;
    let record = environment.opportunity().await;
    let mut kinds = Vec::new();
    let mut record = record;
    for _ in 0..3 {
        let done = environment.crm.update(&record.key, &record.version, &to_phase(Phase::Open)).await;
        kinds.push(done.map(|record| record.phase).map_err(|failure| failure.kind));
        record = environment.rested(&record.key).await;
    }
    assert_ne!(kinds, vec![Err(FailureKind::Stale); 3], "each of them wrote the stage");
}

/// The adapter with these names in its mapping.
fn mapped(environment: &Environment, fields: &[&str], sync: &str) -> Salesforce {
    let mut settings = Settings::new(environment.simulators.salesforce.clone());
    settings.single_currency = Some("USD".to_owned());
    let fields = fields.iter().map(|&field| field.to_owned()).collect();
    let schema = Schema::opportunities(&fields, sync, "Msp_Referral_Id__c").unwrap();
    let credentials = Credentials::ClientSecret {
        client_id: "sim-salesforce-client".to_owned(),
        client_secret: SecretString::from("sim-salesforce-secret".to_owned()),
    };
    let store = Arc::new(MemoryStore(Arc::new(Mutex::new(credentials))));
    Salesforce::new(client(), settings, store, schema, Arc::new(cosell_runtime::clock::now))
}

#[tokio::test]
async fn a_field_written_in_another_case_is_read_or_refused_but_not_empty() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    let crm = mapped(&environment, &["Name", "amount"], "Msp_Sync_With_Partner_Center__c");
    match crm.get(&record.key).await {
        Ok(read) => assert_eq!(read.unwrap().get("amount"), &json!(250_000.0)),
        Err(failure) => assert_eq!(failure.kind, FailureKind::Credentials, "{failure}"),
    }
}

#[tokio::test]
async fn a_checkbox_written_in_another_case_is_read_or_refused_but_not_empty() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    let crm = mapped(&environment, &["Name"], "msp_sync_with_partner_center__c");
    match crm.get(&record.key).await {
        Ok(read) => assert_eq!(read.unwrap().get("msp_sync_with_partner_center__c"), &json!(true)),
        Err(failure) => assert_eq!(failure.kind, FailureKind::Credentials, "{failure}"),
    }
}

/// Another branch of the same name, which only warns: our own search told them apart by the postal code.
#[tokio::test]
async fn a_duplicate_rule_that_only_warns_does_not_give_the_deal_another_customer() {
    let environment = Environment::start().await;
    environment
        .seller_creates(
            "Account",
            json!({"Name": r"O'Neill & Sons \ Co", "BillingPostalCode": "9711 LX", "BillingCountry": "DE"}),
        )
        .await;
    let rule = json!({"object": "Account", "field": "Name", "allow_save": true});
    environment.switches(json!({"duplicate_rules": [rule]})).await;
    let record = environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap();
    assert_eq!(record.get("Account/BillingPostalCode"), &json!("1011 AB"));
}
