//! A simulated environment with the adapter connected to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cosell_crm::Records;
use cosell_dynamics::{
    ClientCredentials, CredentialStore, Dynamics, DynamicsLeads, Schema, Settings,
};
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::id::ReferralId;
use cosell_simulators::faults::{Action, Fault};
use cosell_simulators::{Config, Simulators};
use cosell_sync::Failure;
use cosell_sync::port::Crm;
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use uuid::Uuid;

pub(crate) const COLUMNS: [&str; 9] = [
    "name",
    "description",
    "estimatedvalue",
    "estimatedclosedate",
    "nwcs_audit",
    "transactioncurrencyid/isocurrencycode",
    "customerid_account/name",
    "parentcontactid/emailaddress1",
    "owninguser/lastname",
];

const LEAD_COLUMNS: [&str; 8] = [
    "subject",
    "description",
    "estimatedamount",
    "companyname",
    "address1_postalcode",
    "lastname",
    "emailaddress1",
    "transactioncurrencyid/isocurrencycode",
];

pub(crate) struct Environment {
    pub(crate) simulators: Simulators,
    pub(crate) crm: Records<Dynamics>,
    pub(crate) leads: Records<DynamicsLeads>,
    secret: Arc<Mutex<SecretString>>,
    control: reqwest::Client,
}

pub(crate) struct MemoryStore {
    pub(crate) client_id: String,
    pub(crate) client_secret: Arc<Mutex<SecretString>>,
}

#[async_trait]
impl CredentialStore for MemoryStore {
    async fn load(&self) -> Result<ClientCredentials, Failure> {
        Ok(ClientCredentials {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.lock().unwrap().clone(),
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "tests need no process-wide client")]
pub(crate) fn client(patience: Duration) -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    builder.timeout(patience).build().unwrap()
}

impl Environment {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}, &COLUMNS).await
    }

    /// An environment with other settings or columns.
    pub(crate) async fn with(adjust: impl FnOnce(&mut Settings), columns: &[&str]) -> Self {
        Self::connected(adjust, columns, Duration::from_secs(20)).await
    }

    /// An environment whose answers are waited for as long as `patience`.
    pub(crate) async fn patient_for(patience: Duration) -> Self {
        Self::connected(|_| {}, &COLUMNS, patience).await
    }

    async fn connected(
        adjust: impl FnOnce(&mut Settings),
        columns: &[&str],
        patience: Duration,
    ) -> Self {
        let config = Config::default();
        let options = config.dataverse.clone();
        let simulators = Simulators::start(config).await.unwrap();
        let mut settings =
            Settings::new(simulators.dataverse.clone(), simulators.entra.clone(), options.tenant);
        adjust(&mut settings);
        let secret = Arc::new(Mutex::new(SecretString::from(options.client_secret)));
        let credentials =
            MemoryStore { client_id: options.client_id, client_secret: secret.clone() };
        let columns = columns.iter().map(|&column| column.into()).collect();
        let schema =
            Schema::opportunities(&columns, "nwcs_syncwithpartnercenter", "nwcs_referralid")
                .unwrap();
        let crm = Arc::new(Dynamics::new(
            client(patience),
            settings,
            Arc::new(credentials),
            schema,
            Arc::new(cosell_runtime::clock::now),
        ));
        let columns = LEAD_COLUMNS.map(Into::into).into();
        let schema =
            Schema::leads(&columns, "nwcs_syncwithpartnercenter", "nwcs_referralid").unwrap();
        let control = client(Duration::from_secs(20));
        Self {
            simulators,
            leads: Records::new(DynamicsLeads::new(crm.clone(), schema)),
            crm: Records(crm),
            secret,
            control,
        }
    }

    /// Somebody stores another client secret; returns the one before.
    pub(crate) fn replace_secret(&self, secret: impl Into<SecretString>) -> SecretString {
        std::mem::replace(&mut *self.secret.lock().unwrap(), secret.into())
    }

    /// All rows of a table, as its service stores them.
    pub(crate) async fn rows(&self, entity_set: &str) -> Vec<Json> {
        let answer = self.control("GET", &format!("rows/{entity_set}"), None).await;
        let list = answer.as_array().or_else(|| answer["value"].as_array());
        list.expect("a list of rows").clone()
    }

    /// A row that the seller makes in the user interface; its id.
    pub(crate) async fn seller_creates(&self, entity_set: &str, body: Json) -> String {
        let row = self.control("POST", &format!("rows/{entity_set}"), Some(body)).await;
        let id_column = if entity_set == "opportunities" {
            "opportunityid".to_owned()
        } else {
            format!("{}id", entity_set.trim_end_matches('s'))
        };
        row[id_column].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn seller_edits(&self, key: &CrmKey, body: Json) {
        let set = if key.entity == "lead" { "leads" } else { "opportunities" };
        self.control("PATCH", &format!("rows/{set}/{}", key.id), Some(body)).await;
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Option<Json>) -> Json {
        let url = self.simulators.control.join(&format!("control/dataverse/{path}")).unwrap();
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
            ..Fault::new("dataverse", action)
        });
    }

    pub(crate) fn calls(&self, method: &str, path_contains: &str) -> usize {
        self.simulators.journal.count("dataverse", method, path_contains)
    }

    /// An opportunity made by an upsert.
    pub(crate) async fn opportunity(&self) -> CrmRecord {
        self.crm.upsert(referral(), &write(&deal())).await.unwrap()
    }
}

pub(crate) fn referral() -> ReferralId {
    ReferralId::new(Uuid::new_v4())
}

/// A plain deal, without related records.
pub(crate) fn deal() -> Vec<(&'static str, Json)> {
    vec![
        ("name", json!("Fabrikam wave 2")),
        ("estimatedvalue", json!(250_000)),
        ("estimatedclosedate", json!("2026-11-30")),
        ("nwcs_syncwithpartnercenter", json!(true)),
    ]
}

pub(crate) fn write(fields: &[(&str, Json)]) -> CrmWrite {
    let fields: BTreeMap<String, Json> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    CrmWrite { fields, phase: None }
}

pub(crate) fn to_phase(phase: Phase) -> CrmWrite {
    CrmWrite { phase: Some(phase), ..CrmWrite::default() }
}

pub(crate) fn status(status: u16) -> Action {
    Action::Status { status, retry_after: None, code: None, body: None, content_type: None }
}
