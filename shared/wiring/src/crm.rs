//! The adapters of the CRM that the settings name.

use std::collections::BTreeSet;
use std::sync::Arc;

use cosell_aws::secrets::SecretStore;
use cosell_dynamics::{Dynamics, DynamicsLeads};
use cosell_mapping::Mapping;
use cosell_runtime::clock;
use cosell_runtime::settings::{CrmConnection, CrmSettings, DynamicsSettings, SalesforceSettings};
use cosell_salesforce::{Salesforce, SalesforceLeads};
use cosell_sync::port::{Crm, Leads};

use crate::DeploymentError;
use crate::credentials::{DynamicsCredentials, SalesforceCredentials};

/// The adapter of opportunities. What is built for leads shares its connection and tokens.
pub(crate) enum Adapter {
    Dynamics(Arc<Dynamics>),
    Salesforce(Arc<Salesforce>),
}

/// The adapter of opportunities, reading what `mapping` maps.
pub(crate) fn adapter(
    settings: CrmSettings,
    mapping: &Mapping,
    http: reqwest::Client,
    secrets: SecretStore,
) -> Result<Adapter, DeploymentError> {
    let (columns, arn) = (names(mapping), settings.secret_arn);
    let connector = &mapping.columns;
    let (sync, referral_id) = (connector.sync.as_str(), connector.referral_id.as_str());
    Ok(match settings.connection {
        CrmConnection::Dynamics(dynamics) => {
            let schema = cosell_dynamics::Schema::opportunities(&columns, sync, referral_id)?;
            let credentials = Arc::new(DynamicsCredentials { secrets, arn });
            Adapter::Dynamics(Arc::new(Dynamics::new(
                http,
                environment(dynamics),
                credentials,
                schema,
                Arc::new(clock::now),
            )))
        }
        CrmConnection::Salesforce(salesforce) => {
            let schema = cosell_salesforce::Schema::opportunities(&columns, sync, referral_id)?;
            let credentials = Arc::new(SalesforceCredentials { secrets, arn });
            let organisation = organisation(salesforce);
            let salesforce =
                Salesforce::new(http, organisation, credentials, schema, Arc::new(clock::now));
            Adapter::Salesforce(Arc::new(salesforce))
        }
    })
}

/// The columns that are read, as the adapters name them.
fn names(mapping: &Mapping) -> BTreeSet<String> {
    mapping.crm_columns().iter().map(ToString::to_string).collect()
}

/// The adapter of leads beside `adapter`, where `mapping` maps leads and they are `wanted`.
pub(crate) fn leads(
    adapter: &Adapter,
    mapping: &Mapping,
    wanted: bool,
) -> Result<Option<Arc<dyn Leads>>, DeploymentError> {
    let Some(mapping) = mapping.of_leads().filter(|_| wanted) else {
        return Ok(None);
    };
    let columns = names(&mapping);
    let connector = &mapping.columns;
    let (sync, referral_id) = (connector.sync.as_str(), connector.referral_id.as_str());
    Ok(Some(match adapter {
        Adapter::Dynamics(opportunities) => {
            let schema = cosell_dynamics::Schema::leads(&columns, sync, referral_id)?;
            Arc::new(DynamicsLeads::new(opportunities.clone(), schema))
        }
        Adapter::Salesforce(opportunities) => {
            let schema = cosell_salesforce::Schema::leads(&columns, sync, referral_id)?;
            Arc::new(SalesforceLeads::new(opportunities.clone(), schema))
        }
    }))
}

impl Adapter {
    /// The port of opportunities.
    pub(crate) fn opportunities(&self) -> Arc<dyn Crm> {
        match self {
            Self::Dynamics(dynamics) => dynamics.clone(),
            Self::Salesforce(salesforce) => salesforce.clone(),
        }
    }
}

pub(crate) fn environment(settings: DynamicsSettings) -> cosell_dynamics::Settings {
    cosell_dynamics::Settings {
        open_status: settings.open_status,
        on_hold_status: settings.on_hold_status,
        lost_status: settings.lost_status,
        disqualified_status: settings.disqualified_status,
        ..cosell_dynamics::Settings::new(settings.url, settings.entra, settings.tenant_id)
    }
}

pub(crate) fn organisation(settings: SalesforceSettings) -> cosell_salesforce::Settings {
    cosell_salesforce::Settings {
        api_version: settings.api_version,
        audience: settings.audience,
        on_hold_stage: settings.on_hold_stage,
        open_stage: settings.active_stage,
        won_stage: settings.won_stage,
        lost_stage: settings.lost_stage,
        disqualified_statuses: settings.disqualified_statuses,
        single_currency: settings.currency,
        conditional_updates: settings.conditional_updates,
        ..cosell_salesforce::Settings::new(settings.url)
    }
}
