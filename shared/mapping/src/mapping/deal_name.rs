//! The rule of the deal's name, where the CRM shows a mark beside it.

use std::collections::BTreeMap;

use super::Mapping;
use crate::rule::Rule;
use cosell_model::field::Field;
use cosell_model::link::LastSynced;
use cosell_model::value::Value;

impl Mapping {
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
    pub fn name_there(&self, seen: &BTreeMap<Field, LastSynced>) -> Option<Value> {
        let seen = seen.get(&Field::rule(&self.marked_name()?.name))?;
        Some(seen.partner_center.clone())
    }

    /// The rule of the name that carries a mark, if one does.
    pub fn marked_name(&self) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.marked)
    }
}
