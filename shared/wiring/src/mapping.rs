//! The mapping that is built into the programs, for the CRM that the environment names. The build
//! has checked it; here it is loaded.

use cosell_mapping::{Mapping, MappingError, Placeholders};
use cosell_runtime::config::{Environment, Noted};
use cosell_runtime::settings::{CrmConnection, CrmSettings, CrmSystem, publisher_prefix};

include!(concat!(env!("OUT_DIR"), "/mappings.rs"));

/// Which of the built-in mappings, and what fills its placeholders.
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

    /// What fills the mapping's placeholders.
    pub fn placeholders(&self) -> Placeholders {
        let mut placeholders = Placeholders::from([("team_phone", self.team_phone.clone())]);
        if self.system == CrmSystem::Dynamics {
            placeholders.insert("prefix", self.publisher_prefix.clone());
        }
        placeholders
    }
}

/// The built-in mapping.
pub fn mapping(settings: &MappingSettings) -> Result<Mapping, MappingError> {
    let checked = match settings.system {
        CrmSystem::Dynamics => CHECKED_DYNAMICS,
        CrmSystem::Salesforce => CHECKED_SALESFORCE,
    };
    Mapping::load(checked, &settings.placeholders())
}

/// A file that the built-in mapping was made of, for whoever checks it again. No function has one
/// in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappingSource {
    /// Its path in the repository.
    pub file: &'static str,
    /// Its TOML.
    pub text: &'static str,
}

/// The mapping that ships with this version.
pub fn shipped_mapping(system: CrmSystem) -> MappingSource {
    let (file, text) = match system {
        CrmSystem::Dynamics => ("infra/mapping/dynamics.toml", SHIPPED_DYNAMICS),
        CrmSystem::Salesforce => ("infra/mapping/salesforce.toml", SHIPPED_SALESFORCE),
    };
    MappingSource { file, text }
}

/// The partner's override of it that was there when this was built.
pub fn mapping_override(system: CrmSystem) -> Option<MappingSource> {
    let (file, text) = match system {
        CrmSystem::Dynamics => ("infra/mapping/own/dynamics.toml", OVERRIDE_DYNAMICS),
        CrmSystem::Salesforce => ("infra/mapping/own/salesforce.toml", OVERRIDE_SALESFORCE),
    };
    text.map(|text| MappingSource { file, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With an override in `infra/mapping/own`, that file's test.
    #[test]
    fn what_is_built_in_can_be_used() {
        for system in [CrmSystem::Dynamics, CrmSystem::Salesforce] {
            let settings = MappingSettings {
                system,
                publisher_prefix: "nwcs".to_owned(),
                team_phone: String::new(),
            };
            assert_eq!(mapping(&settings).unwrap().system, system.to_string());
        }
    }
}
