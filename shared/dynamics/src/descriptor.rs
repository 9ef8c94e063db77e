//! What is known of Dynamics 365 Sales without asking it, and how its ports are built.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use cosell_crm::descriptor::{Clock, UnusableColumns};
use cosell_crm::installation::Installation;
use cosell_crm::secret::{CLIENT_ID, CLIENT_SECRET, SecretSource};
use cosell_crm::{
    Access, Adapters, BuiltInMapping, Connection, CrmError, Descriptor, Entrance, MappingSource,
    Records,
};
use cosell_mapping::{Mapping, Placeholders};
use cosell_model::path::ColumnPath;
use cosell_runtime::config::{Environment, Noted};
use cosell_sync::Failure;
use cosell_sync::port::Leads;
use secrecy::ExposeSecret;

use crate::credentials::{ClientCredentials, CredentialStore};
use crate::fields::{self, FIELDS};
use crate::installation;
use crate::leads::DynamicsLeads;
use crate::mapped::{CRM, PREFIX};
use crate::sales::Dynamics;
use crate::schema::Schema;
use crate::settings::{Settings, publisher_prefix};

/// Dynamics 365 Sales.
pub const DESCRIPTOR: Descriptor = Descriptor {
    mapped: CRM,
    mapping: include!(concat!(env!("OUT_DIR"), "/mapping.rs")),
    placeholders,
    connection,
    fields: &FIELDS,
    field_name: |field, placeholders| {
        let prefix = placeholders.get(PREFIX).map(String::as_str).unwrap_or_default();
        fields::schema_name(field, prefix).to_lowercase()
    },
    choice_value: |choice| fields::option(choice).into(),
};

fn placeholders(environment: &Environment) -> Result<Placeholders, Noted> {
    Ok(Placeholders::from([(PREFIX, publisher_prefix(environment)?)]))
}

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
        let opportunities = Arc::new(Dynamics::new(
            entrance.http,
            self.clone(),
            credentials,
            deals,
            entrance.clock,
        ));
        let leads = leads.map(|mapping| schema(Schema::leads, mapping)).transpose()?;
        let leads = leads.map(|schema| {
            let leads = DynamicsLeads::new(opportunities.clone(), schema);
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
        let access = match access {
            Access::Token(token) => installation::Access::Token(token),
            Access::Deployment(secret) => {
                installation::Access::Application(Arc::new(FromSecret(secret)))
            }
        };
        installation::installer(http, self, access, clock, installation::PAUSE)
    }
}

type Schemas = fn(&BTreeSet<ColumnPath>, &str, &str) -> Result<Schema, CrmError>;

fn unusable(error: CrmError) -> UnusableColumns {
    UnusableColumns::from(Box::from(error))
}

/// `{"client_id", "client_secret"}`.
struct FromSecret(Arc<dyn SecretSource>);

#[async_trait]
impl CredentialStore for FromSecret {
    async fn load(&self) -> Result<ClientCredentials, Failure> {
        let secret = self.0.load().await?;
        Ok(ClientCredentials {
            client_id: secret.text(CLIENT_ID)?.expose_secret().to_owned(),
            client_secret: secret.text(CLIENT_SECRET)?,
        })
    }
}
