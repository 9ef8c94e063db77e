//! The mapping of one CRM table.

mod deal_name;
mod new_deal;
mod visible;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::code::scalar_text;
use crate::columns::Columns;
use crate::conversion_error::ConversionError;
use crate::help::Help;
use crate::lead::LeadTable;
use crate::registration::{RegisterWhen, Registration};
use crate::rule::Rule;
use crate::stages::Stages;
use crate::visibility::Visibility;
use cosell_model::field::Field;
use cosell_model::path::ColumnPath;
use cosell_model::record_id::RecordIds;

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
    pub fn crm_columns(&self) -> BTreeSet<ColumnPath> {
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
            .chain(self.rules.iter().flat_map(Rule::columns).cloned())
            .chain(self.registering().into_iter().flat_map(Registration::columns).cloned())
            .collect()
    }

    /// What a seller calls the field of this name.
    pub fn label<'a>(&'a self, field: &'a str) -> &'a str {
        match Field::from(field) {
            Field::Help => "How can Microsoft help?",
            Field::Visibility => "Referral Visibility",
            Field::Contact => "Customer contact",
            _ => {
                let rule = self.rules.iter().find(|rule| rule.name == *field);
                rule.map_or(field, |rule| rule.label.as_str())
            }
        }
    }

    /// The help code that the CRM's value stands for; `None` for no help, an error for a value the
    /// table lacks.
    pub fn help_code(&self, crm_value: &Json) -> Result<Option<&str>, ConversionError> {
        if crm_value.is_null() {
            return Ok(None);
        }
        let known = self.help.values.iter().find(|(_, value)| value.is(crm_value));
        known
            .map(|(code, _)| Some(code.as_str()))
            .ok_or_else(|| ConversionError::NoEntry { value: scalar_text(crm_value) })
    }

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
