#![doc = include_str!("../README.md")]

mod absence;
pub mod attributes;
mod carried;
mod check;
mod condition;
mod conversion;
mod crm;
mod currency;
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
mod reason;
mod registration;
mod rule;
#[cfg(feature = "schema")]
pub mod schema;
pub mod solutions;
mod transform;
mod visibility;

pub use carried::Carried;
pub use condition::{Condition, Direction, Situation};
pub use conversion::ConversionError;
pub use crm::{ColumnNames, Crm};
pub use expression::{Expression, ExpressionError};
pub use fault::{Fault, MappingError, Severity};
pub use file::{Examination, Layer, Placeholders};
pub use layers::Origin;
pub use mark::Mark;
pub use observation::{
    CONTACT, HELP, Observation, REFERENCE, STAGE, Unreadable, VISIBILITY, phase_value, stage_value,
};
pub use reason::ReasonColumn;
pub use registration::{RegisterWhen, Registration};
pub use visibility::{Visibility, VisibilityValues};

pub use rule::{ConflictRule, Required, Rule, When};
pub use transform::{Transform, TransformError};

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use cosell_model::crm::Phase;
use cosell_model::life_cycle::Stage;
use cosell_model::link::LastSynced;
use cosell_model::record_id::RecordIds;
use cosell_model::value::Value;

/// A checked mapping for one CRM table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Version of the file's form; this program knows 1.
    pub version: u32,
    /// The CRM.
    pub system: String,
    /// How the CRM writes the ids of its records.
    #[serde(skip, default = "RecordIds::none")]
    pub record_ids: RecordIds,
    /// The CRM table: `opportunity`.
    pub entity: String,
    /// The columns of the co-sell connector.
    pub columns: Columns,
    /// How can Microsoft help?
    pub help: Help,
    /// Referral Visibility, where the CRM has such a column.
    #[serde(default)]
    pub visibility: Option<Visibility>,
    /// Stage and phase, both ways.
    pub stages: Stages,
    /// What every new referral carries, before the rules are applied.
    #[serde(default)]
    pub create: serde_json::Map<String, Json>,
    /// The field rules, in the file's order.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
    /// The table of leads, where leads are mapped: an invitation to a lead stands there until it is
    /// accepted.
    #[serde(default)]
    pub lead: Option<LeadTable>,
    /// Whether this is the mapping of leads ([`Self::of_leads`]).
    #[serde(skip)]
    pub is_of_leads: bool,
    /// Deal registration of won deals, where it is mapped.
    #[serde(default)]
    pub registration: Option<Registration>,
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
    /// The field rules, in the file's order. A field that is a rule of the opportunity's, too, has
    /// the same name there: what was seen of it goes with the deal when the lead becomes an
    /// opportunity.
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
    /// What becomes of a seller's edits while the record is on hold and nobody has accepted the
    /// referral.
    #[serde(default)]
    pub on_hold_edits: OnHoldEdits,
    /// What is sent as the reason with a stage; Partner Center's own pages ask for one with Lost
    /// and Declined.
    #[serde(default)]
    pub reasons: BTreeMap<Stage, String>,
    /// Where a seller says why a deal was lost or declined; it goes before `reasons`.
    #[serde(default)]
    pub reason: Option<ReasonColumn>,
}

/// What becomes of a seller's edits while the record is on hold and nobody has accepted the
/// referral.
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

impl Mapping {
    /// The mapping of leads: a mapping of its own, with this one's columns. `None` where leads are
    /// not mapped.
    #[must_use]
    pub fn of_leads(&self) -> Option<Self> {
        let lead = self.lead.clone()?;
        Some(Self {
            entity: lead.entity,
            stages: lead.stages,
            rules: lead.rules,
            lead: None,
            is_of_leads: true,
            registration: None,
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
            .chain(self.visibility.iter().map(|visibility| visibility.column.clone()))
            .chain(self.stages.reason.iter().map(|reason| reason.column.clone()))
            .chain(self.rules.iter().flat_map(Rule::columns).map(str::to_owned))
            .chain(
                self.registering().into_iter().flat_map(Registration::columns).map(str::to_owned),
            )
            .collect()
    }

    /// This mapping with ✔ or ✘ beside the deal's name in the CRM. A name that may not be written
    /// later is left alone.
    #[must_use]
    pub fn marking_names(mut self) -> Self {
        for rule in &mut self.rules {
            rule.marked = rule.is_name() && rule.to_crm.on_update() && rule.when.is_none();
        }
        self
    }

    /// The deal's name in Partner Center among the seen values, where names are marked.
    pub fn name_there(&self, seen: &BTreeMap<String, LastSynced>) -> Option<Value> {
        let seen = seen.get(&self.marked_name()?.name)?;
        Some(seen.partner_center.clone())
    }

    /// The rule of the name that carries a mark, if one does.
    pub fn marked_name(&self) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.marked)
    }

    /// What a seller calls the field of this rule.
    pub fn label<'a>(&'a self, field: &'a str) -> &'a str {
        let rule = self.rules.iter().find(|rule| rule.name == field);
        rule.map_or_else(|| own_label(field), |rule| rule.label.as_str())
    }

    /// The help code that the CRM's value stands for; `None` for no help, an error for a value the
    /// table lacks.
    pub fn help_code(&self, crm_value: &Json) -> Result<Option<&str>, ConversionError> {
        if crm_value.is_null() {
            return Ok(None);
        }
        let known =
            self.help.values.iter().find(|(_, value)| conversion::same_scalar(value, crm_value));
        known
            .map(|(code, _)| Some(code.as_str()))
            .ok_or_else(|| ConversionError::NoEntry { value: conversion::scalar_text(crm_value) })
    }
}

/// What a seller calls what the sync itself sends, for which there is no rule.
fn own_label(field: &str) -> &str {
    match field {
        HELP => "How can Microsoft help?",
        VISIBILITY => "Referral Visibility",
        CONTACT => "Customer contact",
        other => other,
    }
}

#[cfg(test)]
mod fixtures;
#[cfg(test)]
pub(crate) mod tests;
