//! One adapter on its simulated service, with the words of that CRM.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cosell_crm::Records;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::id::ReferralId;
use cosell_model::record_id::RecordIds;
use cosell_runtime::clock;
use cosell_simulators::faults::{Action, Fault};
use cosell_simulators::{Config, Simulators};
use cosell_sync::Failure;
use cosell_sync::port::{Crm, Leads};
use cosell_tests::crm::CrmSystem;
use cosell_tests::people::People;
use secrecy::SecretString;
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// A mapped field, whatever the CRM calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Notes,
    Value,
    Close,
    Sync,
    Status,
    Referral,
    Currency,
    Customer,
    PostalCode,
    ContactName,
    ContactMail,
    OwnerMail,
}

const FIELDS: [(Field, &str, &str); 13] = [
    (Field::Name, "name", "Name"),
    (Field::Notes, "description", "Description"),
    (Field::Value, "estimatedvalue", "Amount"),
    (Field::Close, "estimatedclosedate", "CloseDate"),
    (Field::Sync, "nwcs_syncwithpartnercenter", "Msp_Sync_With_Partner_Center__c"),
    (Field::Status, "nwcs_syncstatus", "Msp_Sync_Status__c"),
    (Field::Referral, "nwcs_referralid", "Msp_Referral_Id__c"),
    (Field::Currency, "transactioncurrencyid/isocurrencycode", "CurrencyIsoCode"),
    (Field::Customer, "customerid_account/name", "Account/Name"),
    (Field::PostalCode, "customerid_account/address1_postalcode", "Account/BillingPostalCode"),
    (Field::ContactName, "parentcontactid/lastname", "Contact/LastName"),
    (Field::ContactMail, "parentcontactid/emailaddress1", "Contact/Email"),
    (Field::OwnerMail, "owninguser/internalemailaddress", "Owner/Email"),
];

pub(super) struct Bench {
    pub(super) crm: Arc<dyn Crm>,
    pub(super) leads: Arc<dyn Leads>,
    pub(super) people: People,
    pub(super) simulators: Simulators,
    pub(super) system: CrmSystem,
    secret: Arc<Mutex<String>>,
}

struct Store {
    client_id: &'static str,
    secret: Arc<Mutex<String>>,
}

impl Store {
    fn secret(&self) -> SecretString {
        SecretString::from(self.secret.lock().unwrap().clone())
    }
}

#[async_trait]
impl cosell_dynamics::CredentialStore for Store {
    async fn load(&self) -> Result<cosell_dynamics::ClientCredentials, Failure> {
        Ok(cosell_dynamics::ClientCredentials {
            client_id: self.client_id.to_owned(),
            client_secret: self.secret(),
        })
    }
}

#[async_trait]
impl cosell_salesforce::CredentialStore for Store {
    async fn load(&self) -> Result<cosell_salesforce::Credentials, Failure> {
        Ok(cosell_salesforce::Credentials::ClientSecret {
            client_id: self.client_id.to_owned(),
            client_secret: self.secret(),
        })
    }
}

impl Bench {
    pub(super) fn record_ids(&self) -> RecordIds {
        let crm = match self.system {
            CrmSystem::Dynamics => cosell_dynamics::DESCRIPTOR,
            CrmSystem::Salesforce => cosell_salesforce::DESCRIPTOR,
        };
        crm.mapped.record_ids
    }

    pub(super) async fn of(system: CrmSystem) -> Self {
        let mut config = Config::default();
        config.salesforce.multi_currency = true;
        let simulators = Simulators::start(config).await.unwrap();
        // What happens in one second is the scenario's choice, and no waiting of an adapter takes
        // longer than moving the clock.
        simulators.clock.freeze();
        let http = cosell_http::client().unwrap();
        let columns = FIELDS.map(
            |(_, dynamics, salesforce)| {
                if system == CrmSystem::Dynamics { dynamics } else { salesforce }
            },
        );
        let columns = columns.map(Into::into).into();
        let leads_columns = super::leads::columns(system);
        let [sync, referral] = [Field::Sync, Field::Referral].map(|field| name(system, field));
        let secret = |text: &str| Arc::new(Mutex::new(text.to_owned()));
        let (secret, crm, leads): (_, Arc<dyn Crm>, Arc<dyn Leads>) = match system {
            CrmSystem::Dynamics => {
                let secret = secret("sim-dataverse-secret");
                let settings = cosell_dynamics::Settings::new(
                    simulators.dataverse.clone(),
                    simulators.entra.clone(),
                    "sim-tenant",
                );
                let schema =
                    cosell_dynamics::Schema::opportunities(&columns, sync, referral).unwrap();
                let store = Store { client_id: "sim-dataverse-client", secret: secret.clone() };
                let crm = Arc::new(cosell_dynamics::Dynamics::new(
                    http,
                    settings,
                    Arc::new(store),
                    schema,
                    Arc::new(clock::now),
                ));
                let schema =
                    cosell_dynamics::Schema::leads(&leads_columns, sync, referral).unwrap();
                let leads = cosell_dynamics::DynamicsLeads::new(crm.clone(), schema);
                (secret, Arc::new(Records(crm)), Arc::new(Records::new(leads)))
            }
            CrmSystem::Salesforce => {
                let secret = secret("sim-salesforce-secret");
                let mut settings = cosell_salesforce::Settings::new(simulators.salesforce.clone());
                settings.on_hold_stage = Some("Prospecting".to_owned());
                let schema =
                    cosell_salesforce::Schema::opportunities(&columns, sync, referral).unwrap();
                let store = Store { client_id: "sim-salesforce-client", secret: secret.clone() };
                let now = Arc::new(clock::now);
                let store = Arc::new(store);
                let crm = cosell_salesforce::Salesforce::new(http, settings, store, schema, now);
                let clock = simulators.clock.clone();
                let crm = Arc::new(crm.with_wait(Arc::new(move |time| {
                    clock.pass(time);
                    Box::pin(std::future::ready(()))
                })));
                let schema =
                    cosell_salesforce::Schema::leads(&leads_columns, sync, referral).unwrap();
                let leads = cosell_salesforce::SalesforceLeads::new(crm.clone(), schema);
                (secret, Arc::new(Records(crm)), Arc::new(Records::new(leads)))
            }
        };
        Self {
            crm,
            leads,
            people: People::new(simulators.control.clone(), system).unwrap(),
            simulators,
            system,
            secret,
        }
    }

    /// Whether the CRM locks a closed deal. Salesforce does not.
    pub(super) fn locks_what_is_closed(&self) -> bool {
        self.system == CrmSystem::Dynamics
    }

    pub(super) fn name(&self, field: Field) -> &'static str {
        name(self.system, field)
    }

    pub(super) fn get<'a>(&self, record: &'a CrmRecord, field: Field) -> &'a Json {
        record.get(self.name(field))
    }

    /// The mapped fields' values.
    pub(super) fn mapped(&self, record: &CrmRecord) -> Vec<Json> {
        FIELDS.map(|(field, ..)| self.get(record, field).clone()).into()
    }

    pub(super) fn write(&self, fields: &[(Field, Json)]) -> CrmWrite {
        let fields: BTreeMap<String, Json> = fields
            .iter()
            .map(|(field, value)| (self.name(*field).to_owned(), value.clone()))
            .collect();
        CrmWrite { fields, phase: None }
    }

    /// A deal without related records, made by an upsert and read when its change is some time ago.
    pub(super) async fn deal(&self) -> (ReferralId, CrmRecord) {
        let id = referral();
        let made = self.crm.upsert(id, &self.write(&deal())).await.unwrap();
        (id, self.read_later(&made.key).await)
    }

    /// The record as it is some seconds later.
    pub(super) async fn read_later(&self, key: &CrmKey) -> CrmRecord {
        self.simulators.clock.advance(3);
        self.crm.get(key).await.unwrap().unwrap()
    }

    pub(super) async fn update(
        &self,
        record: &CrmRecord,
        fields: &[(Field, Json)],
    ) -> Result<CrmRecord, Failure> {
        self.crm.update(record, &self.write(fields)).await
    }

    pub(super) async fn bring(
        &self,
        record: &CrmRecord,
        phase: Phase,
    ) -> Result<CrmRecord, Failure> {
        let write = CrmWrite { phase: Some(phase), ..CrmWrite::default() };
        self.crm.update(record, &write).await
    }

    /// The seller changes fields of the opportunity itself.
    pub(super) async fn seller_enters(&self, key: &CrmKey, fields: &[(Field, Json)]) {
        let change =
            fields.iter().map(|(field, value)| (self.name(*field).to_owned(), value.clone()));
        self.people.seller_edits(&key.id, Json::Object(change.collect())).await.unwrap();
    }

    pub(super) async fn seller_reopens(&self, key: &CrmKey) {
        let change = match self.system {
            CrmSystem::Dynamics => json!({"statecode": 0, "statuscode": 1}),
            CrmSystem::Salesforce => json!({"StageName": "Needs Analysis"}),
        };
        self.people.seller_edits(&key.id, change).await.unwrap();
    }

    pub(super) async fn seller_deletes(&self, key: &CrmKey) {
        let path = match self.system {
            CrmSystem::Dynamics => format!("dataverse/rows/opportunities/{}", key.id),
            CrmSystem::Salesforce => format!("salesforce/rows/Opportunity/{}", key.id),
        };
        self.control(reqwest::Method::DELETE, &path, Json::Null).await;
    }

    /// From now on the CRM computes the deal's value itself.
    pub(super) async fn value_is_computed(&self, key: &CrmKey) {
        match self.system {
            CrmSystem::Dynamics => {
                let change = json!({"isrevenuesystemcalculated": true});
                self.people.seller_edits(&key.id, change).await.unwrap();
            }
            CrmSystem::Salesforce => {
                let line = json!({"OpportunityId": key.id, "Quantity": 2, "UnitPrice": 500});
                self.control(reqwest::Method::POST, "salesforce/rows/OpportunityLineItem", line)
                    .await;
            }
        }
    }

    /// How many opportunities, accounts and contacts there are.
    pub(super) async fn counts(&self) -> [usize; 3] {
        let tables = match self.system {
            CrmSystem::Dynamics => [
                "dataverse/rows/opportunities",
                "dataverse/rows/accounts",
                "dataverse/rows/contacts",
            ],
            CrmSystem::Salesforce => [
                "salesforce/rows/Opportunity",
                "salesforce/rows/Account",
                "salesforce/rows/Contact",
            ],
        };
        let mut counts = [0; 3];
        for (count, table) in counts.iter_mut().zip(tables) {
            let rows = self.control(reqwest::Method::GET, table, Json::Null).await;
            let list = rows
                .as_array()
                .or_else(|| rows["value"].as_array())
                .or_else(|| rows["records"].as_array());
            *count = list.unwrap().len();
        }
        counts
    }

    /// The next `skip + 1`th request to the CRM meets this.
    pub(super) fn fault(&self, skip: u32, action: Action) {
        let service = match self.system {
            CrmSystem::Dynamics => "dataverse",
            CrmSystem::Salesforce => "salesforce",
        };
        self.simulators.faults.add(Fault { skip, ..Fault::new(service, action) });
    }

    /// As the service says that we ask too much.
    pub(super) fn throttles(&self) {
        let (status, code) = match self.system {
            CrmSystem::Dynamics => (429, "0x80072322"),
            CrmSystem::Salesforce => (403, "REQUEST_LIMIT_EXCEEDED"),
        };
        self.fault(
            0,
            Action::Status {
                status,
                retry_after: Some(17),
                code: Some(code.to_owned()),
                body: None,
                content_type: None,
            },
        );
    }

    /// How many requests the CRM has seen.
    pub(super) fn requests(&self) -> usize {
        let services = ["dataverse", "salesforce"];
        self.simulators
            .journal
            .entries()
            .iter()
            .filter(|entry| {
                services.contains(&entry.service.as_str()) && !entry.path.contains("oauth2")
            })
            .count()
    }

    pub(super) fn secret_becomes(&self, secret: &str) {
        secret.clone_into(&mut self.secret.lock().unwrap());
    }

    pub(super) async fn control(&self, method: reqwest::Method, path: &str, body: Json) -> Json {
        let url = self.simulators.control.join(&format!("control/{path}")).unwrap();
        let http = cosell_http::client().unwrap();
        let request = http.request(method, url).timeout(Duration::from_secs(20));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Json::Null)
    }
}

fn name(system: CrmSystem, field: Field) -> &'static str {
    let (_, dynamics, salesforce) = FIELDS.iter().find(|(known, ..)| *known == field).unwrap();
    if system == CrmSystem::Dynamics { dynamics } else { salesforce }
}

pub(super) fn referral() -> ReferralId {
    ReferralId::new(Uuid::new_v4())
}

pub(super) fn deal() -> Vec<(Field, Json)> {
    vec![
        (Field::Name, json!("Fabrikam wave 2")),
        (Field::Value, json!(250_000)),
        (Field::Close, json!("2026-11-30")),
        (Field::Notes, json!("First call done.")),
        (Field::Sync, json!(true)),
    ]
}

pub(super) fn customer_deal() -> Vec<(Field, Json)> {
    let mut fields = deal();
    fields.extend([
        (Field::Currency, json!("EUR")),
        (Field::Customer, json!("O'Neill & Sons")),
        (Field::PostalCode, json!("1011 AB")),
        (Field::ContactName, json!("O'Neill")),
        (Field::ContactMail, json!("ann@oneill.example")),
    ]);
    fields
}
