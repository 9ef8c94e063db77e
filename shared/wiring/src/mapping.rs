//! The mapping that is packed into the programs, for the CRM that the environment names: the
//! shipped file, and the partner's own over it.

use cosell_crm::Descriptor;
use cosell_mapping::{Examination, Layer, Mapping, MappingError, Placeholders};
use cosell_runtime::config::{Environment, Noted};

use crate::CRMS;

include!(concat!(env!("OUT_DIR"), "/own.rs"));

/// Which of the packed mappings, and what fills its placeholders.
#[derive(Clone, Debug)]
pub struct MappingSettings {
    /// `CRM`.
    pub crm: &'static Descriptor,
    /// The values of its placeholders: `TEAM_PHONE`, the deal team's telephone number in new
    /// referrals (empty when unset), and the CRM's own.
    pub placeholders: Placeholders,
}

impl MappingSettings {
    /// Reads the variables named at the fields; none must be set.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        Self::of(CRMS.read(environment)?, environment)
    }

    /// Those of this CRM, whatever `CRM` says.
    pub fn of(crm: &'static Descriptor, environment: &Environment) -> Result<Self, Noted> {
        let mut placeholders = (crm.placeholders)(environment)?;
        placeholders.insert("team_phone", environment.optional("TEAM_PHONE").unwrap_or_default());
        Ok(Self { crm, placeholders })
    }
}

/// The packed mapping for the CRM of `settings`, and what is wrong with it.
pub fn packed_mapping(settings: &MappingSettings) -> Examination {
    let own = OWN.iter().find(|(crm, _)| *crm == settings.crm.name());
    let file = format!("infra/mapping/own/{}.toml", settings.crm);
    examined(settings, own.map(|(_, text)| Layer { file: &file, text }))
}

/// The shipped mapping with `own` over it instead of the packed file.
pub fn mapping_with(settings: &MappingSettings, own: Layer<'_>) -> Examination {
    examined(settings, Some(own))
}

fn examined(settings: &MappingSettings, own: Option<Layer<'_>>) -> Examination {
    let crm = settings.crm;
    Examination::of(&crm.mapped, crm.mapping, own, &settings.placeholders)
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

    fn settings() -> impl Iterator<Item = MappingSettings> {
        let nothing_set = Environment::of::<&str, &str>([]);
        CRMS.0.iter().map(move |crm| MappingSettings::of(crm, &nothing_set).unwrap())
    }

    /// With a partner's own file in `infra/mapping/own`, that file's test.
    #[test]
    fn what_is_packed_can_be_used() {
        for settings in settings() {
            let mapping = packed_mapping(&settings);
            assert_eq!(mapping.errors(), 0, "{:#?}", mapping.faults);
        }
    }

    #[test]
    fn a_file_that_is_given_takes_the_place_of_the_packed_one() {
        let own = Layer {
            file: "mine.toml",
            text: "version = 1\n[[rule]]\nname = \"notes\"\noff = true\n",
        };
        for settings in settings() {
            let mapping = mapping_with(&settings, own).into_mapping().unwrap();
            assert!(mapping.rules.iter().all(|rule| rule.name != "notes"));
            assert_eq!(mapping.system, settings.crm.name());
        }
    }
}
