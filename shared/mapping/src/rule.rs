//! A rule: one field, where it stands on both sides, and how it syncs.

pub(crate) mod carried;
mod conversion;
mod currency;
mod deal_name;
mod fallback;
mod transformed;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::Display;

use crate::code::Code;
use crate::condition::{Condition, Situation};
use crate::expression::Expression;
use crate::paths;
use crate::transform::Transform;
use cosell_model::field::RuleName;
use cosell_model::path::{ColumnPath, ReferralPath};
use cosell_model::value::Kind;

/// One field.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name in audit entries and links; unique.
    pub name: RuleName,
    /// Dotted path in the referral: `details.dealValue`. Empty where the value is computed.
    #[serde(default, skip_serializing_if = "ReferralPath::is_empty")]
    pub partner_center: ReferralPath,
    /// What the value is computed from, in place of a path; for a rule that goes to the CRM only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_partner_center: Option<Expression>,
    /// CRM column; `lookup/column` for a related record's. Empty where the value is computed.
    #[serde(default, skip_serializing_if = "ColumnPath::is_empty")]
    pub crm: ColumnPath,
    /// What the value is computed from, in place of a column; for a rule that goes to Partner
    /// Center only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_crm: Option<Expression>,
    /// Its type.
    pub kind: Kind,
    /// When it is copied to the CRM.
    #[serde(default)]
    pub to_crm: When,
    /// When it is copied to Partner Center.
    #[serde(default)]
    pub to_partner_center: When,
    /// For which deals it is there; for all when left out.
    #[serde(default)]
    pub when: Option<Condition>,
    /// Who wins when both sides changed.
    #[serde(default)]
    pub conflict: ConflictRule,
    /// A new referral cannot do without it.
    #[serde(default)]
    pub required: Required,
    /// Columns that are read in its place, in this order, where the CRM column has nothing.
    #[serde(default)]
    pub fallback: Vec<ColumnPath>,
    /// What a new referral gets when the CRM has nothing, in the CRM's form.
    #[serde(default)]
    pub default: Option<String>,
    /// What a new CRM record gets when Partner Center has nothing, in the CRM's form.
    #[serde(default)]
    pub default_to_crm: Option<String>,
    /// For a choice: Partner Center's code and the CRM's value for it.
    #[serde(default)]
    pub values: BTreeMap<String, Code>,
    /// What is done to the value on its way, in order; on its way to Partner Center it is undone,
    /// except where the rule goes there only.
    #[serde(default)]
    pub transform: Vec<Transform>,
    /// How many characters the CRM column takes; longer text is cut.
    #[serde(default)]
    pub crm_length: Option<usize>,
    /// What a seller calls the field.
    pub label: String,
    /// What a seller does when it is missing.
    #[serde(default)]
    pub remedy: String,
    /// Whether the CRM's column carries a mark in front: the deal's name, where that is wanted
    /// ([`crate::Mapping::marking_names`]).
    #[serde(skip)]
    pub marked: bool,
}

impl Rule {
    /// Whether Microsoft takes the field only when a deal is created.
    pub fn is_locked(&self) -> bool {
        self.to_partner_center.on_create() && paths::is_locked(self.partner_center.as_str())
    }

    /// Whether it is part of a customer contact.
    pub fn is_contact(&self) -> bool {
        paths::is_at_or_below(self.partner_center.as_str(), "customerProfile.team")
    }

    /// Whether the rule is there for such a deal.
    pub fn applies(&self, situation: Situation) -> bool {
        self.when.as_ref().is_none_or(|when| when.holds(situation))
    }

    /// Whether no deal has both rules.
    pub fn excludes(&self, other: &Self) -> bool {
        let conditions = self.when.as_ref().zip(other.when.as_ref());
        conditions.is_some_and(|(one, other)| one.excludes(other))
    }
}

/// When a rule applies in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Not in this direction.
    #[default]
    Never,
    /// When the record is created there.
    Create,
    /// When it changes later.
    Update,
    /// Both.
    Always,
}

impl When {
    /// On creation.
    pub fn on_create(self) -> bool {
        matches!(self, Self::Create | Self::Always)
    }

    /// On later changes.
    pub fn on_update(self) -> bool {
        matches!(self, Self::Update | Self::Always)
    }
}

/// Who wins when both sides changed the same field differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Display)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ConflictRule {
    /// The CRM.
    Crm,
    /// Partner Center.
    PartnerCenter,
    /// The side whose record changed last, by that system's clock; Partner Center on a tie.
    #[default]
    Newest,
    /// An operator decides; until then both sides keep their value.
    Ask,
}

/// When a new referral cannot do without a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Required {
    /// It can.
    #[default]
    Never,
    /// Only when Microsoft's help is asked.
    Cosell,
    /// Always.
    Always,
}
