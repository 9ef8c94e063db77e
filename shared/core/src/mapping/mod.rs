//! The mapping: the table that a partner edits. Which field goes where, when, in what form, and who wins.

mod absence;
mod check;
mod condition;
mod conversion;
mod document;
mod expression;
mod fault;
mod file;
mod form;
mod layers;
mod mark;
mod nearest;
mod observation;
mod paths;
#[cfg(feature = "schema")]
pub mod schema;
mod transform;

pub use condition::{Condition, Direction, Situation};
pub use conversion::ConversionError;
pub use expression::{Expression, ExpressionError};
pub use fault::{Fault, MappingError, Severity};
pub use file::{Examination, Layer, Placeholders};
pub use layers::Origin;
pub use mark::Mark;
pub(crate) use observation::{HELP, REFERENCE};
pub use observation::{Observation, STAGE, phase_value, stage_value};

pub use transform::{Transform, TransformError};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::crm::{CrmKey, Phase};
use crate::life_cycle::Stage;
use crate::link::Seen;
use crate::value::{Kind, Value};

/// A checked mapping for one CRM table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Version of the file's form; this program knows 1.
    pub version: u32,
    /// The CRM: `dynamics`, `salesforce`.
    pub system: String,
    /// The CRM table: `opportunity`.
    pub entity: String,
    /// The columns of the co-sell connector.
    pub columns: Columns,
    /// How can Microsoft help?
    pub help: Help,
    /// Stage and phase, both ways.
    pub stages: Stages,
    /// What every new referral carries, before the rules are applied.
    #[serde(default)]
    pub create: serde_json::Map<String, Json>,
    /// The field rules, in the file's order.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
    /// The table of leads, where leads are mapped: an invitation to a lead stands there until it is accepted.
    #[serde(default)]
    pub lead: Option<LeadTable>,
    /// Whether this is the mapping of leads ([`Self::of_leads`]).
    #[serde(skip)]
    pub is_of_leads: bool,
}

/// The table of leads. Its co-sell columns have the names of the opportunity's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LeadTable {
    /// The CRM table: `lead`.
    pub entity: String,
    /// Stage and phase, both ways.
    pub stages: Stages,
    /// The field rules, in the file's order. A field that is a rule of the opportunity's, too, has the same name there: what was seen of
    /// it goes with the deal when the lead becomes an opportunity.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
}

/// The CRM columns that Microsoft's connectors have and we keep (contract partner-center 5.3).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Sync with Partner Center: yes/no, the seller's switch.
    pub sync: String,
    /// Referral Identifier; carries the alternate key.
    pub referral_id: String,
    /// Referral Link.
    pub referral_link: String,
    /// Audit: newest line first.
    pub audit: String,
    /// How many characters the Audit column takes.
    pub audit_length: usize,
    /// Sync status: ✔ or ✘ with the reason.
    pub sync_status: String,
    /// How many characters the Sync status column takes.
    pub sync_status_length: usize,
    /// Microsoft CRM Identifier: Microsoft's own id of the deal, once Microsoft accepts.
    pub microsoft_crm_id: String,
}

/// How can Microsoft help? Choosing a value asks Microsoft to co-sell.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Help {
    /// The CRM column.
    pub column: String,
    /// Partner Center's `assistanceRequestCode` and the CRM's value for it.
    pub values: BTreeMap<String, Json>,
}

/// How a referral's stage and a CRM record's phase follow each other.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stages {
    /// Where a referral's stage puts the CRM record; a stage that is not listed changes nothing.
    pub to_crm: BTreeMap<Stage, Phase>,
    /// Where a CRM record's phase puts the referral; a phase that is not listed changes nothing.
    pub to_partner_center: BTreeMap<Phase, Stage>,
    /// What a lost CRM record means for a referral nobody has accepted yet.
    pub lost_before_accepted: Stage,
    /// What becomes of a seller's edits while the record is on hold and nobody has accepted the referral.
    #[serde(default)]
    pub on_hold_edits: OnHoldEdits,
    /// What is sent as the reason with a stage; Partner Center's own pages ask for one with Lost and Declined.
    #[serde(default)]
    pub reasons: BTreeMap<Stage, String>,
}

/// What becomes of a seller's edits while the record is on hold and nobody has accepted the referral.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnHoldEdits {
    /// They are sent when the record leaves that phase (contract partner-center 5.4).
    #[default]
    Wait,
    /// They are sent at once.
    Send,
}

/// One field.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name in audit entries and links; unique.
    pub name: String,
    /// Dotted path in the referral: `details.dealValue`. Empty where the value is computed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub partner_center: String,
    /// What the value is computed from, in place of a path; for a rule that goes to the CRM only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_partner_center: Option<Expression>,
    /// CRM column; `lookup/column` for a related record's. Empty where the value is computed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub crm: String,
    /// What the value is computed from, in place of a column; for a rule that goes to Partner Center only.
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
    pub fallback: Vec<String>,
    /// What a new referral gets when the CRM has nothing, in the CRM's form.
    #[serde(default)]
    pub default: Option<String>,
    /// What a new CRM record gets when Partner Center has nothing, in the CRM's form.
    #[serde(default)]
    pub default_to_crm: Option<String>,
    /// For a choice: Partner Center's code and the CRM's value for it.
    #[serde(default)]
    pub values: BTreeMap<String, Json>,
    /// What is done to the value on its way, in order; on its way to Partner Center it is undone, except where the rule goes there only.
    #[serde(default)]
    pub transform: Vec<Transform>,
    /// How many characters the CRM column takes; longer text is cut.
    #[serde(default)]
    pub crm_length: Option<usize>,
    /// What a seller calls the field.
    pub label: String,
    /// What a seller does when it is missing.
    #[serde(default)]
    pub cure: String,
    /// Whether the CRM's column carries a mark in front: the deal's name, where that is wanted ([`Mapping::marking_names`]).
    #[serde(skip)]
    pub marked: bool,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
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

impl std::fmt::Display for ConflictRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Crm => "crm",
            Self::PartnerCenter => "partner_center",
            Self::Newest => "newest",
            Self::Ask => "ask",
        })
    }
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

impl Mapping {
    /// The mapping of leads: a mapping of its own, with this one's columns. `None` where leads are not mapped.
    #[must_use]
    pub fn of_leads(&self) -> Option<Self> {
        let lead = self.lead.clone()?;
        Some(Self {
            entity: lead.entity,
            stages: lead.stages,
            rules: lead.rules,
            lead: None,
            is_of_leads: true,
            ..self.clone()
        })
    }

    /// Every CRM column a read must return, sorted, each once.
    pub fn crm_columns(&self) -> BTreeSet<String> {
        let connector = &self.columns;
        let own = [
            &connector.sync,
            &connector.referral_id,
            &connector.referral_link,
            &connector.audit,
            &connector.sync_status,
            &connector.microsoft_crm_id,
            &self.help.column,
        ];
        own.into_iter()
            .cloned()
            .chain(self.rules.iter().flat_map(Rule::columns).map(str::to_owned))
            .collect()
    }

    /// This mapping with ✔ or ✘ beside the deal's name in the CRM. A name that may not be written later is left alone.
    #[must_use]
    pub fn marking_names(mut self) -> Self {
        for rule in &mut self.rules {
            rule.marked = rule.is_name() && rule.to_crm.on_update() && rule.when.is_none();
        }
        self
    }

    /// The deal's name in Partner Center among the seen values, where names are marked.
    pub fn name_there(&self, seen: &BTreeMap<String, Seen>) -> Option<Value> {
        let seen = seen.get(&self.marked_name()?.name)?;
        Some(seen.partner_center.clone())
    }

    /// The rule of the name that carries a mark, if one does.
    pub(crate) fn marked_name(&self) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.marked)
    }

    /// What a seller calls the field of this rule.
    pub fn label<'a>(&'a self, field: &'a str) -> &'a str {
        let rule = self.rules.iter().find(|rule| rule.name == field);
        rule.map_or(field, |rule| rule.label.as_str())
    }

    /// The record a referral's `externalReferenceId` names, if it has the form of this CRM's ids.
    pub fn key_from_reference(&self, reference: &str) -> Option<CrmKey> {
        CrmKey::read(&self.system, &self.entity, reference)
    }

    /// The help code that the CRM's value stands for; `None` for no help, an error for a value the table lacks.
    pub fn help_code(&self, crm_value: &Json) -> Result<Option<&str>, ConversionError> {
        if crm_value.is_null() {
            return Ok(None);
        }
        let known = self.help.values.iter().find(|(_, value)| conversion::same_scalar(value, crm_value));
        known.map(|(code, _)| Some(code.as_str())).ok_or_else(|| ConversionError::NoEntry {
            value: conversion::scalar_text(crm_value),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
