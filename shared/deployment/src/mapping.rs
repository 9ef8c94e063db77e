//! The mapping that is packed into the programs, for the CRM that the environment names.

use cosell_core::mapping::{Mapping, MappingError, Placeholders};
use cosell_runtime::config::{Environment, Noted};
use cosell_runtime::settings::{CrmConnection, CrmSettings, CrmSystem, publisher_prefix};

/// The mappings that ship with this version, packed into the binaries: a file that cannot be used stops the start-up.
const DYNAMICS: &str = include_str!("../../../infra/mapping/dynamics.toml");
const SALESFORCE: &str = include_str!("../../../infra/mapping/salesforce.toml");

/// Which of the packed mappings, and what fills its placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingSettings {
    /// `CRM`.
    pub system: CrmSystem,
    /// `PUBLISHER_PREFIX`: the prefix of the custom columns, without the underscore; Dynamics only.
    pub publisher_prefix: String,
    /// `TEAM_PHONE`: the deal team's telephone number in new referrals; empty when unset.
    pub team_phone: String,
}

impl MappingSettings {
    /// Reads the variables named at the fields; none must be set.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        let system = environment.parsed_or("CRM", CrmSystem::Dynamics);
        let publisher_prefix = publisher_prefix(environment);
        Ok(Self {
            system: system?,
            publisher_prefix: publisher_prefix?,
            team_phone: environment.optional("TEAM_PHONE").unwrap_or_default(),
        })
    }

    /// Those of a deployment.
    pub(crate) fn of(crm: &CrmSettings, team_phone: &str) -> Self {
        Self {
            system: crm.connection.system(),
            publisher_prefix: match &crm.connection {
                CrmConnection::Dynamics(dynamics) => dynamics.publisher_prefix.clone(),
                CrmConnection::Salesforce(_) => String::new(),
            },
            team_phone: team_phone.to_owned(),
        }
    }
}

/// The mapping for the CRM of `settings`.
pub fn mapping(settings: &MappingSettings) -> Result<Mapping, MappingError> {
    let mut placeholders = Placeholders::from([("team_phone", settings.team_phone.clone())]);
    let text = match settings.system {
        CrmSystem::Dynamics => {
            placeholders.insert("prefix", settings.publisher_prefix.clone());
            DYNAMICS
        }
        CrmSystem::Salesforce => SALESFORCE,
    };
    Mapping::parse(text, &placeholders)
}
