//! Deal registration of won deals, as data (contract partner-center 2.9, 3.6).

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::rule::{Rule, When};
use cosell_model::path::ColumnPath;

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

/// Where the first registration of a referral stands.
pub const FIRST: &str = "registrations.0";

impl Registration {
    /// The CRM columns that its rules read.
    pub fn columns(&self) -> impl Iterator<Item = &ColumnPath> {
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
