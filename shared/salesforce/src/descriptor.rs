//! What is known of Salesforce without asking it, and how its ports are built.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use cosell_crm::descriptor::{Clock, UnusableColumns};
use cosell_crm::installation::Installation;
use cosell_crm::secret::{CLIENT_ID, CLIENT_SECRET, SecretSource};
use cosell_crm::{
    Access, Adapters, BuiltInMapping, Connection, Descriptor, Entrance, MappingSource, Records,
};
use cosell_mapping::{Crm, Mapping, Placeholders};
use cosell_model::path::ColumnPath;
use cosell_runtime::config::{Environment, Noted};
use cosell_sync::Failure;
use cosell_sync::port::Leads;
use secrecy::ExposeSecret;

use crate::credentials::{CredentialStore, Credentials};
use crate::error::SalesforceError;
use crate::fields::FIELDS;
use crate::installation::{self, GivenToken};
use crate::leads::SalesforceLeads;
use crate::mapped::CRM;
use crate::opportunities::Salesforce;
use crate::record_id::RECORD_IDS;
use crate::schema::Schema;
use crate::settings::Settings;

/// Salesforce.
pub const DESCRIPTOR: Descriptor = Descriptor {
    mapped: Crm { record_ids: RECORD_IDS, ..CRM },
    mapping: include!(concat!(env!("OUT_DIR"), "/mapping.rs")),
    placeholders: |_| Ok(Placeholders::new()),
    connection,
    fields: &FIELDS,
    field_name: |field, _| field.name.to_owned(),
    choice_value: |choice| choice.label.into(),
};

fn connection(environment: &Environment) -> Result<Arc<dyn Connection>, Noted> {
    Ok(Arc::new(Settings::read(environment)?))
}

impl Connection for Settings {
    fn adapters(
        &self,
        entrance: Entrance,
        deals: &Mapping,
        leads: Option<&Mapping>,
    ) -> Result<Adapters, UnusableColumns> {
        let schema = |of: Schemas, mapping: &Mapping| {
            let own = &mapping.columns;
            of(&mapping.crm_columns(), own.sync.as_str(), own.referral_id.as_str())
                .map_err(unusable)
        };
        let credentials = Arc::new(FromSecret(entrance.secret));
        let deals = schema(Schema::opportunities, deals)?;
        let opportunities = Arc::new(Salesforce::new(
            entrance.http,
            self.clone(),
            credentials,
            deals,
            entrance.clock,
        ));
        let leads = leads.map(|mapping| schema(Schema::leads, mapping)).transpose()?;
        let leads = leads.map(|schema| {
            let leads = SalesforceLeads::new(opportunities.clone(), schema);
            Arc::new(Records::new(leads)) as Arc<dyn Leads>
        });
        Ok(Adapters { opportunities: Arc::new(Records(opportunities)), leads })
    }

    fn installation(
        &self,
        http: reqwest::Client,
        access: Access<Arc<dyn SecretSource>>,
        clock: Clock,
    ) -> Box<dyn Installation> {
        let credentials: Arc<dyn CredentialStore> = match access {
            Access::Token(token) => Arc::new(GivenToken::new(token)),
            Access::Deployment(secret) => Arc::new(FromSecret(secret)),
        };
        installation::installer(http, self.clone(), credentials, clock, installation::PAUSE)
    }
}

type Schemas = fn(&BTreeSet<ColumnPath>, &str, &str) -> Result<Schema, SalesforceError>;

fn unusable(error: SalesforceError) -> UnusableColumns {
    UnusableColumns::from(Box::from(error))
}

/// `{"client_id", "client_secret"}`, or with a certificate `{"client_id", "username",
/// "private_key"}`.
struct FromSecret(Arc<dyn SecretSource>);

#[async_trait]
impl CredentialStore for FromSecret {
    async fn load(&self) -> Result<Credentials, Failure> {
        let secret = self.0.load().await?;
        let client_id = secret.text(CLIENT_ID)?.expose_secret().to_owned();
        Ok(match secret.optional_text("private_key") {
            Some(private_key) => Credentials::Certificate {
                client_id,
                username: secret.text("username")?.expose_secret().to_owned(),
                private_key,
            },
            None => {
                Credentials::ClientSecret { client_id, client_secret: secret.text(CLIENT_SECRET)? }
            }
        })
    }
}
