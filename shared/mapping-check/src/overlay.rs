//! Overlay: a partner's override over the shipped file. Only what it names is replaced.

mod entry;
pub(crate) mod origin;
pub(crate) mod rules;
pub(crate) mod state;

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::deserializer::to_json;
use crate::node::Tree;
use crate::schema::WHOLE;
use entry::put;
use state::Overlay;

/// What both files must say alike.
const AGREED: &[&str] = &["version", "system", "entity"];
/// The tables that have rules of their own, and what both files must say alike of them.
const RULED: [(&str, &[&str]); 2] = [("lead", &["entity"]), ("registration", &[])];

impl Overlay<'_, '_> {
    /// `changes` over `shipped`: tables key by key, rules by name, lists and values as a whole.
    pub(crate) fn apply<'i>(&mut self, shipped: &mut Tree<'i>, changes: Tree<'i>) {
        if self.node(&changes).get("version").is_none() {
            let place = self.node(&changes).place();
            self.diagnostics.error(
                place,
                format!("{WHOLE} lacks `version`"),
                "begin it with version = 1",
            );
        }
        self.disagreements(shipped, &changes, AGREED);
        let span = shipped.span();
        let (DeValue::Table(shipped), DeValue::Table(mut changes)) =
            (shipped.get_mut(), changes.into_inner())
        else {
            return;
        };
        for key in AGREED {
            changes.remove(*key);
        }
        for (name, agreed) in RULED {
            let Some((key, changes)) = changes.remove_entry(name) else {
                continue;
            };
            match shipped.get_mut(name) {
                Some(present) => self.apply_to_table(name, present, changes, agreed),
                None => drop(shipped.insert(key, changes)),
            }
        }
        self.apply_entries("", shipped, &span, changes);
    }

    fn apply_to_table<'i>(
        &mut self,
        name: &'static str,
        shipped: &mut Tree<'i>,
        changes: Tree<'i>,
        agreed: &[&str],
    ) {
        self.disagreements(shipped, &changes, agreed);
        let (span, changes_span) = (shipped.span(), changes.span());
        match (shipped.get_mut(), changes.into_inner()) {
            (DeValue::Table(shipped), DeValue::Table(mut changes)) => {
                for key in agreed {
                    changes.remove(*key);
                }
                self.apply_entries(name, shipped, &span, changes);
            }
            (_, value) => *shipped = Spanned::new(changes_span, value),
        }
    }

    /// The entries of `changes` over those of a table that may have rules.
    fn apply_entries<'i>(
        &mut self,
        name: &'static str,
        shipped: &mut DeTable<'i>,
        span: &Range<usize>,
        mut changes: DeTable<'i>,
    ) {
        let rules = changes.remove_entry(rules::KEY);
        for (key, value) in changes {
            put(shipped, span, key, value, &mut self.removed);
        }
        if let Some((key, changes)) = rules {
            self.change_rules(name, shipped, key, changes);
        }
    }

    fn disagreements(&mut self, shipped: &Tree<'_>, changes: &Tree<'_>, agreed: &[&str]) {
        for key in agreed {
            let (Some(theirs), Some(ours)) =
                (self.node(shipped).get(key), self.node(changes).get(key))
            else {
                continue;
            };
            let (place, theirs, ours) = (ours.place(), to_json(theirs), to_json(ours));
            if theirs != ours {
                self.diagnostics.error(
                    place,
                    format!("`{key}` is {ours}, and {theirs} in the shipped file"),
                    "this file is for another mapping: use the one of this version and this CRM",
                );
            }
        }
    }
}

#[cfg(test)]
#[path = "overlay_tests.rs"]
mod tests;
