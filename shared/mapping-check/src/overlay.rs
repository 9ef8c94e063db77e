//! Overlay: a partner's override over the shipped file. Only what it names is replaced.

mod rules;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::Diagnostics;
use crate::node::{Node, Tree};
use crate::schema::WHOLE;
use crate::source::{Place, Sources};
use cosell_model::path::ReferralPath;

pub use rules::Origin;
pub(crate) use rules::origins;

/// What both files must say alike.
const AGREED: &[&str] = &["version", "system", "entity"];
/// The tables that have rules of their own, and what both files must say alike of them.
const RULED: [(&str, &[&str]); 2] = [("lead", &["entity"]), ("registration", &[])];

/// A shipped rule that the override takes out.
#[derive(Clone, Debug)]
pub(crate) struct TakenOut {
    /// What it mapped.
    pub(crate) partner_center: ReferralPath,
    /// Where that is said.
    pub(crate) place: Place,
}

/// What the merge of two files needs to know, and what it finds.
pub(crate) struct Overlay<'s, 'd> {
    sources: &'s Sources<'s>,
    pub(crate) taken_out: Vec<TakenOut>,
    diagnostics: &'d mut Diagnostics,
}

impl<'s, 'd> Overlay<'s, 'd> {
    pub(crate) fn new(sources: &'s Sources<'s>, diagnostics: &'d mut Diagnostics) -> Self {
        Self { sources, taken_out: Vec::new(), diagnostics }
    }

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

    /// No new referral is made by these tables' rules, so nothing is missed of what is taken out here.
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
            let (place, theirs, ours) = (ours.place(), theirs.to_json(), ours.to_json());
            if theirs != ours {
                self.diagnostics.error(
                    place,
                    format!("`{key}` is {ours}, and {theirs} in the shipped file"),
                    "this file is for another mapping: use the one of this version and this CRM",
                );
            }
        }
    }

    fn node<'a>(&'a self, tree: &'a Tree<'a>) -> Node<'a> {
        Node::new(tree, self.sources)
    }
}

/// Puts an entry into a table: what both have as tables is merged, and `false` takes out what is neither true nor false.
fn put<'i>(table: &mut DeTable<'i>, key: Spanned<std::borrow::Cow<'i, str>>, value: Tree<'i>) {
    let Some(present) = table.get_mut(key.get_ref().as_ref()) else {
        table.insert(key, value);
        return;
    };
    let removes = matches!(value.get_ref(), DeValue::Boolean(false));
    match (present.get_mut(), value.get_ref()) {
        (DeValue::Table(inner), DeValue::Table(_)) => {
            let DeValue::Table(changes) = value.into_inner() else { return };
            let mut span = None;
            for (key, value) in changes {
                let (key_span, before) = (key.span(), inner.len());
                put(inner, key, value);
                if inner.len() < before {
                    // What is missed here now is missed because of this line.
                    span = Some(key_span);
                }
            }
            if let Some(span) = span {
                let inner = std::mem::replace(inner, DeTable::new());
                *present = Spanned::new(span, DeValue::Table(inner));
            }
        }
        (there, _) if removes && !there.is_bool() => {
            table.remove(key.get_ref().as_ref());
        }
        _ => {
            // The key's place is the override's, too.
            table.remove(key.get_ref().as_ref());
            table.insert(key, value);
        }
    }
}

#[cfg(test)]
#[path = "overlay_tests.rs"]
mod tests;
