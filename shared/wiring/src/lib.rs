#![doc = include_str!("../README.md")]

mod credentials;
mod installation;
mod mapping;
mod settings;

use std::sync::Arc;

use aws_config::SdkConfig;
use cosell_aws::audit::DynamoAudit;
use cosell_aws::claims::DynamoClaims;
use cosell_aws::cursors::DynamoCursors;
use cosell_aws::links::DynamoLinks;
use cosell_aws::schedule::DynamoSchedule;
use cosell_aws::secrets::SecretStore;
use cosell_aws::table::Table;
use cosell_crm::descriptor::UnusableColumns;
pub use cosell_crm::{Access, Descriptor, MappingSource, UnknownCrm};
use cosell_crm::{Entrance, Registry};
use cosell_http::{ClientError, ForbiddenUrl};
use cosell_mapping::{Mapping, MappingError};
use cosell_model::id::ReferralId;
use cosell_partner_center::referrals::Referrals;
use cosell_partner_center::registration::Registration;
use cosell_partner_center::token::{
    self, TokenEndpoint, TokenSettings, TokenSettingsError, TokenSource,
};
use cosell_runtime::clock;
use cosell_runtime::config::{ConfigError, Environment};
use cosell_runtime::settings::PartnerCenterSettings;
use cosell_sync::port::{Crm, Leads, PartnerCenter, Queue};
use cosell_sync::{Engine, LeadTable, Poller};

use credentials::{CrmSecret, PartnerCenterCredentials};
pub use installation::{InstallationSettings, installation};
pub use mapping::{MappingSettings, mapping};
pub use settings::{
    ConsumerSettings, EngineSettings, PlanningSettings, PollerSettings, RegistrationSettings,
    SystemSettings,
};

/// The CRMs that there are adapters for. Where `CRM` is not set, the first is meant.
#[rustfmt::skip] // a line for each
pub const CRMS: Registry = Registry(&[
    &cosell_dynamics::DESCRIPTOR,
    &cosell_salesforce::DESCRIPTOR,
]);

/// Lambda gives a function ten seconds to start; the rest is for what comes before and after.
const WARM_UP_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

/// A deployment that cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentError {
    /// Environment variables are missing or wrong; all of them are named.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// The mapping cannot be used.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The HTTP client could not be built.
    #[error(transparent)]
    Http(#[from] ClientError),
    /// A service's address is not https.
    #[error(transparent)]
    Address(#[from] ForbiddenUrl),
    /// The token service's settings cannot be used.
    #[error(transparent)]
    Token(#[from] TokenSettingsError),
    /// The mapping names a column that the CRM cannot have.
    #[error(transparent)]
    Columns(#[from] UnusableColumns),
}

/// Both systems, as the environment names them.
#[derive(Clone)]
pub struct Systems {
    /// Partner Center.
    pub partner_center: Arc<dyn PartnerCenter>,
    /// The CRM.
    pub crm: Arc<dyn Crm>,
    /// Its leads, where they are mapped and synced.
    pub leads: Option<Arc<dyn Leads>>,
    /// The mapping between them.
    pub mapping: Arc<Mapping>,
}

impl Systems {
    /// Builds both clients on one HTTP client.
    pub fn new(settings: SystemSettings, sdk: &SdkConfig) -> Result<Self, DeploymentError> {
        let mapping = mapping::mapping(&settings.mapping)?;
        let mapping = if settings.register_deals { mapping.registering_won() } else { mapping };
        let http = cosell_http::client()?;
        let secrets = SecretStore::new(sdk).with_minimum_age(settings.refresh_token_age);
        let tokens = token_source(&settings.partner_center, &http, &secrets)?;
        let partner_center = Referrals::new(
            http.clone(),
            &settings.partner_center.url,
            &settings.partner_center.audience,
            tokens,
        )?
        .with_record_ids(mapping.record_ids);
        let entrance = Entrance {
            http,
            secret: Arc::new(CrmSecret { secrets, arn: settings.crm.access }),
            clock: Arc::new(clock::now),
        };
        let leads = mapping.of_leads().filter(|_| settings.sync_leads);
        let adapters = settings.crm.connection.adapters(entrance, &mapping, leads.as_ref())?;
        Ok(Self {
            partner_center: Arc::new(partner_center),
            crm: adapters.opportunities,
            leads: adapters.leads,
            mapping: Arc::new(mapping),
        })
    }

    /// Opens the connections that the first message needs while Lambda still gives start-up its own
    /// time: tokens are fetched and both systems are asked for a record that does not exist.
    /// Failures are left for the first message to meet.
    async fn warm_up(&self) {
        let nobody = ReferralId::new(uuid::Uuid::nil());
        let (referral, record) =
            futures::join!(self.partner_center.get(nobody), self.crm.find_by_referral(nobody));
        for failure in [referral.err(), record.err()].into_iter().flatten() {
            tracing::warn!(
                error = failure.redacted(),
                "a system could not be reached during start-up"
            );
        }
    }
}

/// What the command line looks at pairs with: connections are opened when they are needed.
pub fn operators_engine(
    settings: EngineSettings,
    sdk: &SdkConfig,
) -> Result<Engine, DeploymentError> {
    let systems = Systems::new(settings.systems.clone(), sdk)?;
    Ok(assembled(&systems, settings, sdk))
}

/// What the consumer works with.
pub async fn engine(
    settings: ConsumerSettings,
    sdk: &SdkConfig,
) -> Result<Engine, DeploymentError> {
    let systems = Systems::new(settings.engine.systems.clone(), sdk)?;
    let engine = assembled(&systems, settings.engine, sdk);
    let nobody = ReferralId::new(uuid::Uuid::nil());
    let warmed = async { futures::join!(systems.warm_up(), engine.links.by_referral(nobody)).1 };
    // Whatever is slow today must not cost the start-up itself, for which Lambda gives ten seconds.
    if let Ok(Err(failure)) = tokio::time::timeout(WARM_UP_LIMIT, warmed).await {
        tracing::warn!(
            error = failure.redacted(),
            "the links table could not be read during start-up"
        );
    }
    Ok(engine)
}

fn assembled(systems: &Systems, settings: EngineSettings, sdk: &SdkConfig) -> Engine {
    let links = Table::new(sdk, settings.links_table);
    let audit = Table::new(sdk, settings.audit_table);
    let mapping = if settings.mark_names {
        Arc::new(Mapping::clone(&systems.mapping).marking_names())
    } else {
        systems.mapping.clone()
    };
    let leads = systems.leads.clone().zip(mapping.of_leads());
    Engine {
        partner_center: systems.partner_center.clone(),
        crm: systems.crm.clone(),
        leads: leads.map(|(crm, mapping)| LeadTable { crm, mapping: Arc::new(mapping) }),
        links: Arc::new(DynamoLinks::new(links.clone())),
        claims: Arc::new(DynamoClaims::new(links.clone())),
        schedule: Arc::new(DynamoSchedule::new(links)),
        audit: Arc::new(DynamoAudit::new(audit, settings.audit_retention_days)),
        mapping,
        policy: Arc::new(settings.policy),
    }
}

/// What the poller works with.
pub async fn poller(
    settings: PollerSettings,
    queue: Arc<dyn Queue>,
    sdk: &SdkConfig,
) -> Result<Poller, DeploymentError> {
    let systems = Systems::new(settings.systems, sdk)?;
    // Late is no failure here either: the first run meets whatever is slow today.
    let _ = tokio::time::timeout(WARM_UP_LIMIT, systems.warm_up()).await;
    let links = Table::new(sdk, settings.links_table);
    let deals = Arc::new(DynamoLinks::new(links.clone()));
    Ok(Poller {
        partner_center: systems.partner_center,
        crm: systems.crm,
        leads: systems.leads.map(|leads| leads as Arc<dyn Crm>),
        queue,
        claims: Arc::new(DynamoClaims::new(links.clone())),
        cursors: Arc::new(DynamoCursors::new(links.clone())),
        schedule: Arc::new(DynamoSchedule::new(links)),
        links: deals.clone(),
        attention: deals,
        deadlines: settings.deadlines,
        overlap: settings.overlap,
    })
}

/// What the command line registers the webhook with.
pub fn registration(
    settings: &RegistrationSettings,
    sdk: &SdkConfig,
) -> Result<Registration, DeploymentError> {
    let http = cosell_http::client()?;
    let tokens = token_source(&settings.partner_center, &http, &SecretStore::new(sdk))?;
    Ok(Registration::new(http, &settings.url, &settings.audience, tokens)?)
}

/// Reads settings from this process's environment.
pub fn read<T>(
    settings: impl FnOnce(&Environment) -> Result<T, cosell_runtime::config::Noted>,
) -> Result<T, DeploymentError> {
    Ok(Environment::of_process().read(settings)?)
}

fn token_source(
    settings: &PartnerCenterSettings,
    http: &reqwest::Client,
    secrets: &SecretStore,
) -> Result<Arc<TokenSource>, DeploymentError> {
    let store = Arc::new(PartnerCenterCredentials {
        secrets: secrets.clone(),
        arn: settings.secret_arn.clone(),
    });
    let entra = TokenSettings::new(&settings.entra, &settings.tenant_id, TokenEndpoint::V1)?;
    Ok(token::source(entra, http.clone(), store, Arc::new(clock::now)))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
        entries.flat_map(below).collect()
    }

    /// Outside of its own crate, a further CRM costs one line.
    #[test]
    fn the_registry_names_each_crm_on_one_line_and_nothing_else_here_does() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut named: Vec<(PathBuf, String)> = Vec::new();
        for file in files(&root.join("src")).into_iter().chain([root.join("build.rs")]) {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let is_about_one =
                |line: &&str| CRMS.names().iter().any(|name| line.to_lowercase().contains(name));
            let lines = code.lines().filter(is_about_one);
            named.extend(lines.map(|line| (file.clone(), line.trim().to_owned())));
        }
        let registry: Vec<_> = CRMS
            .names()
            .iter()
            .map(|name| (root.join("src/lib.rs"), format!("&cosell_{name}::DESCRIPTOR,")))
            .collect();
        assert_eq!(named, registry);
    }
}
