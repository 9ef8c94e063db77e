//! Deal registration of won deals, as data (contract partner-center 2.9, 3.6).

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::form::{Form, Key, RULE, needed, optional};
use super::{Mapping, Rule, When};

/// Which deals are registered, and what a registration is made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// Which deals are registered.
    pub when: RegisterWhen,
    /// What every registration carries, before the rules are applied.
    #[serde(default)]
    pub create: serde_json::Map<String, Json>,
    /// Its field rules; their paths begin at the registration: `contract.value`.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
}

/// Which deals are registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RegisterWhen {
    /// None.
    #[default]
    Never,
    /// Co-sell and partner-led deals once they are won.
    Won,
}

/// `[registration]`.
pub(super) const REGISTRATION: &[Key] = &[
    needed("when", Form::OneOf(&["never", "won"])),
    optional("create", Form::Free),
    optional("rule", Form::Tables(RULE)),
];

/// Where the first registration of a referral stands.
pub(super) const FIRST: &str = "registrations.0";

impl Mapping {
    /// This mapping with won deals registered, whatever it says itself.
    #[must_use]
    pub fn registering_won(mut self) -> Self {
        if let Some(registration) = &mut self.registration {
            registration.when = RegisterWhen::Won;
        }
        self
    }

    /// The registration of won deals, where it is wanted.
    pub fn registering(&self) -> Option<&Registration> {
        self.registration.as_ref().filter(|registration| registration.when == RegisterWhen::Won)
    }
}

impl Registration {
    /// The CRM columns that its rules read.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flat_map(Rule::columns)
    }

    /// The rules, each writing on creation: a registration is made once, and never changed.
    pub fn rules_of_creation(&self) -> impl Iterator<Item = Rule> + '_ {
        self.rules.iter().map(|rule| Rule {
            to_crm: When::Never,
            to_partner_center: When::Create,
            ..rule.clone()
        })
    }
}
