//! Names in the mapping, as an administrator writes them.

use std::sync::{Arc, Mutex};

use cosell_crm::Records;
use cosell_salesforce::{Credentials, Salesforce, Schema, Settings};
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;
use secrecy::SecretString;
use serde_json::json;

use crate::environment::{Environment, MemoryStore, client};

/// The adapter with these names in its mapping.
fn mapped(environment: &Environment, fields: &[&str], sync: &str) -> Records<Salesforce> {
    let mut settings = Settings::new(environment.simulators.salesforce.clone());
    settings.single_currency = Some("USD".to_owned());
    let fields = fields.iter().map(|&field| field.into()).collect();
    let schema = Schema::opportunities(&fields, sync, "Msp_Referral_Id__c").unwrap();
    let credentials = Credentials::ClientSecret {
        client_id: "sim-salesforce-client".to_owned(),
        client_secret: SecretString::from("sim-salesforce-secret".to_owned()),
    };
    let store = Arc::new(MemoryStore(Arc::new(Mutex::new(credentials))));
    let clock = Arc::new(cosell_runtime::clock::now);
    Records::new(Salesforce::new(client(), settings, store, schema, clock))
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
