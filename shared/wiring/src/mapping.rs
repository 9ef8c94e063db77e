//! The mapping that is built into the programs, for the CRM that the environment names. The build
//! of the CRM's crate has checked it; here it is loaded.

use cosell_crm::Descriptor;
use cosell_mapping::{Mapping, MappingError, Placeholders, TEAM_PHONE};
use cosell_runtime::config::{Environment, Noted};

use crate::CRMS;

/// Which of the built-in mappings, and what fills its placeholders.
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
        placeholders.insert(TEAM_PHONE, environment.optional("TEAM_PHONE").unwrap_or_default());
        Ok(Self { crm, placeholders })
    }
}

/// The built-in mapping for the CRM of `settings`.
pub fn mapping(settings: &MappingSettings) -> Result<Mapping, MappingError> {
    let MappingSettings { crm, placeholders } = settings;
    Mapping::load(crm.mapping.checked, crm.mapped.record_ids, placeholders)
}

#[cfg(test)]
mod tests {
    use cosell_crm::MappingSource;
    use cosell_mapping_check::{Examination, MappingFile};

    use super::*;

    fn settings() -> impl Iterator<Item = MappingSettings> {
        let nothing_set = Environment::of::<&str, &str>([]);
        CRMS.0.iter().map(move |crm| MappingSettings::of(crm, &nothing_set).unwrap())
    }

    /// With an override in `infra/mapping/own`, that file's test.
    #[test]
    fn what_is_built_in_can_be_used() {
        for settings in settings() {
            let mapping = mapping(&settings).unwrap();
            assert_eq!(mapping.system, settings.crm.name());
            assert_eq!(mapping.record_ids.system, settings.crm.name());
        }
    }

    /// The build knows of a CRM what its descriptor says.
    #[test]
    fn the_checks_of_the_build_are_those_of_the_descriptor() {
        for settings in settings() {
            let file = |source: MappingSource| MappingFile { name: source.file, text: source.text };
            let built_in = settings.crm.mapping;
            let (shipped, overriding) = (file(built_in.shipped), built_in.overriding.map(file));
            let examination =
                Examination::of(&settings.crm.mapped, shipped, overriding, &settings.placeholders);
            assert_eq!(examination.errors(), 0, "{:#?}", examination.diagnostics);
            assert_eq!(examination.checked_form(), Some(built_in.checked));
        }
    }
}
