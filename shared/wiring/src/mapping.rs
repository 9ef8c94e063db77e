//! The mapping that is packed into the programs, for the CRM that the environment names: the shipped file, and the partner's own over it.

use cosell_mapping::{Examination, Layer, Mapping, MappingError, Placeholders};
use cosell_runtime::config::{Environment, Noted};
use cosell_runtime::settings::{CrmConnection, CrmSettings, CrmSystem, publisher_prefix};

include!(concat!(env!("OUT_DIR"), "/own.rs"));

/// The mappings that ship with this version.
const DYNAMICS: Layer<'static> = Layer {
    file: "infra/mapping/dynamics.toml",
    text: include_str!("../../../infra/mapping/dynamics.toml"),
};
const SALESFORCE: Layer<'static> = Layer {
    file: "infra/mapping/salesforce.toml",
    text: include_str!("../../../infra/mapping/salesforce.toml"),
};

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

/// The packed mapping for the CRM of `settings`, and what is wrong with it.
pub fn packed_mapping(settings: &MappingSettings) -> Examination {
    let (file, text) = match settings.system {
        CrmSystem::Dynamics => ("infra/mapping/own/dynamics.toml", OWN_DYNAMICS),
        CrmSystem::Salesforce => ("infra/mapping/own/salesforce.toml", OWN_SALESFORCE),
    };
    examined(settings, text.map(|text| Layer { file, text }))
}

/// The shipped mapping with `own` over it instead of the packed file.
pub fn mapping_with(settings: &MappingSettings, own: Layer<'_>) -> Examination {
    examined(settings, Some(own))
}

fn examined(settings: &MappingSettings, own: Option<Layer<'_>>) -> Examination {
    let mut placeholders = Placeholders::from([("team_phone", settings.team_phone.clone())]);
    let shipped = match settings.system {
        CrmSystem::Dynamics => {
            placeholders.insert("prefix", settings.publisher_prefix.clone());
            DYNAMICS
        }
        CrmSystem::Salesforce => SALESFORCE,
    };
    Examination::of(shipped, own, &placeholders)
}

/// The packed mapping, for a start-up: errors stop it, warnings are logged.
pub fn mapping(settings: &MappingSettings) -> Result<Mapping, MappingError> {
    let mapping = packed_mapping(settings);
    if mapping.errors() == 0 {
        for warning in &mapping.faults {
            tracing::warn!(fault = %warning, "the mapping may not do what is expected");
        }
    }
    mapping.into_mapping()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(system: CrmSystem) -> MappingSettings {
        MappingSettings { system, publisher_prefix: "nwcs".to_owned(), team_phone: String::new() }
    }

    /// With a partner's own file in `infra/mapping/own`, that file's test.
    #[test]
    fn what_is_packed_can_be_used() {
        for system in [CrmSystem::Dynamics, CrmSystem::Salesforce] {
            let mapping = packed_mapping(&settings(system));
            assert_eq!(mapping.errors(), 0, "{:#?}", mapping.faults);
        }
    }

    #[test]
    fn a_file_that_is_given_takes_the_place_of_the_packed_one() {
        let own = Layer {
            file: "mine.toml",
            text: "version = 1\n[[rule]]\nname = \"notes\"\noff = true\n",
        };
        for system in [CrmSystem::Dynamics, CrmSystem::Salesforce] {
            let mapping = mapping_with(&settings(system), own).into_mapping().unwrap();
            assert!(mapping.rules.iter().all(|rule| rule.name != "notes"));
            assert_eq!(mapping.system, system.to_string());
        }
    }
}
