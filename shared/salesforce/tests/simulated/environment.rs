//! A simulated organisation with the adapter connected to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cosell_crm::Records;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::id::ReferralId;
use cosell_salesforce::{
    CredentialStore, Credentials, Salesforce, SalesforceLeads, Schema, Settings,
};
use cosell_simulators::faults::{Action, Fault};
use cosell_simulators::{Config, Simulators};
use cosell_sync::Failure;
use cosell_sync::port::Crm;
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use uuid::Uuid;

const FIELDS: [&str; 12] = [
    "Name",
    "Description",
    "Amount",
    "CloseDate",
    "CurrencyIsoCode",
    "NextStep",
    "Msp_Audit__c",
    "Account/Name",
    "Account/BillingPostalCode",
    "Contact/Email",
    "Contact/LastName",
    "Owner/LastName",
];

const LEAD_FIELDS: [&str; 10] = [
    "Company",
    "FirstName",
    "LastName",
    "Email",
    "PostalCode",
    "Description",
    "CurrencyIsoCode",
    "Msp_Audit__c",
    "Msp_Products__c",
    "Owner/LastName",
];

pub(crate) struct Environment {
    pub(crate) simulators: Simulators,
    pub(crate) crm: Records<Salesforce>,
    pub(crate) leads: Records<SalesforceLeads>,
    credentials: Arc<Mutex<Credentials>>,
    control: reqwest::Client,
}

pub(crate) struct MemoryStore(pub(crate) Arc<Mutex<Credentials>>);

#[async_trait]
impl CredentialStore for MemoryStore {
    async fn load(&self) -> Result<Credentials, Failure> {
        Ok(self.0.lock().unwrap().clone())
    }
}

#[expect(clippy::disallowed_methods, reason = "tests need no process-wide client")]
pub(crate) fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.timeout(Duration::from_secs(20)).build().unwrap()
}

impl Environment {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}, |_| {}).await
    }

    /// An organisation that is on hold at a stage of its own, with other settings and options.
    pub(crate) async fn with(
        adjust: impl FnOnce(&mut Settings),
        options: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config::default();
        options(&mut config);
        let given = config.salesforce.clone();
        let simulators = Simulators::start(config).await.unwrap();
        let mut settings = Settings::new(simulators.salesforce.clone());
        settings.on_hold_stage = Some("Prospecting".to_owned());
        settings.single_currency = Some("USD".to_owned());
        adjust(&mut settings);
        let credentials = Arc::new(Mutex::new(Credentials::ClientSecret {
            client_id: given.client_id,
            client_secret: SecretString::from(given.client_secret),
        }));
        let set = |fields: &[&str]| fields.iter().map(|&field| field.into()).collect();
        let (sync, referral) = ("Msp_Sync_With_Partner_Center__c", "Msp_Referral_Id__c");
        let schema = Schema::opportunities(&set(&FIELDS), sync, referral).unwrap();
        let store = Arc::new(MemoryStore(credentials.clone()));
        let now = Arc::new(cosell_runtime::clock::now);
        let crm = Salesforce::new(client(), settings, store, schema, now);
        // Two things happen in one second unless the test, or the adapter's own waiting, moves the
        // clock.
        let clock = simulators.clock.clone();
        clock.freeze();
        let crm = Arc::new(crm.with_wait(Arc::new(move |time| {
            clock.pass(time);
            Box::pin(std::future::ready(()))
        })));
        let leads = SalesforceLeads::new(
            crm.clone(),
            Schema::leads(&set(&LEAD_FIELDS), sync, referral).unwrap(),
        );
        Self {
            leads: Records::new(leads),
            simulators,
            crm: Records(crm),
            credentials,
            control: client(),
        }
    }

    pub(crate) fn sign_in_with(&self, credentials: Credentials) {
        *self.credentials.lock().unwrap() = credentials;
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.control
    }

    pub(crate) async fn switches(&self, switches: Json) {
        self.control("PUT", "switches", Some(switches)).await;
    }

    pub(crate) async fn rows(&self, object: &str) -> Vec<Json> {
        let answer = self.control("GET", &format!("rows/{object}"), None).await;
        let list = answer.as_array().or_else(|| answer["records"].as_array());
        list.expect("a list of rows").clone()
    }

    /// A record that the seller makes in the user interface; its id.
    pub(crate) async fn seller_creates(&self, object: &str, body: Json) -> String {
        let row = self.control("POST", &format!("rows/{object}"), Some(body)).await;
        row["Id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn seller_edits(&self, key: &CrmKey, body: Json) {
        self.control("PATCH", &format!("rows/Opportunity/{}", key.id), Some(body)).await;
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Option<Json>) -> Json {
        let url = self.simulators.control.join(&format!("control/salesforce/{path}")).unwrap();
        let request =
            self.control.request(method.parse().unwrap(), url).json(&body.unwrap_or(Json::Null));
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Json::Null)
    }

    pub(crate) fn fault(&self, method: &str, path_contains: &str, action: Action) {
        self.simulators.faults.add(Fault {
            method: Some(method.to_owned()),
            path_contains: Some(path_contains.to_owned()),
            ..Fault::new("salesforce", action)
        });
    }

    pub(crate) fn calls(&self, method: &str, path_contains: &str) -> usize {
        self.simulators.journal.count("salesforce", method, path_contains)
    }

    /// An opportunity made by an upsert, old enough that its stamps tell any later change.
    pub(crate) async fn opportunity(&self) -> CrmRecord {
        let made = self.crm.upsert(referral(), &write(&deal())).await.unwrap();
        self.rested(&made.key).await
    }

    /// The record, read when its last change is some seconds ago.
    pub(crate) async fn rested(&self, key: &CrmKey) -> CrmRecord {
        self.simulators.clock.advance(12);
        self.crm.get(key).await.unwrap().unwrap()
    }
}

pub(crate) fn referral() -> ReferralId {
    ReferralId::new(Uuid::new_v4())
}

/// A plain deal, without related records.
pub(crate) fn deal() -> Vec<(&'static str, Json)> {
    vec![
        ("Name", json!("Fabrikam wave 2")),
        ("Amount", json!(250_000)),
        ("CloseDate", json!("2026-11-30")),
        ("Msp_Sync_With_Partner_Center__c", json!(true)),
    ]
}

pub(crate) fn customer_deal() -> Vec<(&'static str, Json)> {
    let mut fields = deal();
    fields.extend([
        ("Account/Name", json!(r"O'Neill & Sons \ Co")),
        ("Account/BillingPostalCode", json!("1011 AB")),
        ("Account/BillingCountry", json!("NL")),
        ("Contact/FirstName", json!("Ann")),
        ("Contact/LastName", json!("O'Neill")),
        ("Contact/Email", json!("ann@oneill.example")),
    ]);
    fields
}

pub(crate) fn write(fields: &[(&str, Json)]) -> CrmWrite {
    let fields: BTreeMap<String, Json> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    CrmWrite { fields, phase: None }
}

pub(crate) fn to_phase(phase: Phase) -> CrmWrite {
    CrmWrite { phase: Some(phase), ..CrmWrite::default() }
}

pub(crate) fn status(status: u16, code: Option<&str>) -> Action {
    Action::Status {
        status,
        retry_after: None,
        code: code.map(str::to_owned),
        body: None,
        content_type: None,
    }
}
