//! Overlay: a partner's override over the shipped file. Only what it names is replaced.

mod entry;
pub(crate) mod origin;
mod rules;
pub(crate) mod state;

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
                Some(present) => self.apply_to_table(present, changes, agreed),
                None => drop(shipped.insert(key, changes)),
            }
        }
        self.apply_entries(shipped, changes);
    }

    /// No new referral is made by these tables' rules, so nothing is missed of what is taken out
    /// here.
    fn apply_to_table<'i>(&mut self, shipped: &mut Tree<'i>, changes: Tree<'i>, agreed: &[&str]) {
        self.disagreements(shipped, &changes, agreed);
        let span = changes.span();
        match (shipped.get_mut(), changes.into_inner()) {
            (DeValue::Table(shipped), DeValue::Table(mut changes)) => {
                for key in agreed {
                    changes.remove(*key);
                }
                let kept = std::mem::take(&mut self.taken_out);
                self.apply_entries(shipped, changes);
                self.taken_out = kept;
            }
            (_, value) => *shipped = Spanned::new(span, value),
        }
    }

    /// The entries of `changes` over those of a table that may have rules.
    fn apply_entries<'i>(&mut self, shipped: &mut DeTable<'i>, mut changes: DeTable<'i>) {
        let rules = changes.remove_entry(rules::KEY);
        for (key, value) in changes {
            put(shipped, key, value);
        }
        if let Some((key, changes)) = rules {
            self.change_rules(shipped, key, changes);
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
