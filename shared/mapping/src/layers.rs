//! A partner's own file over the shipped one: only what it names is replaced.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::document::{Content, Entry, Node};
use super::fault::{Faults, Place};
use super::form::WHOLE;

mod rules;

pub(super) use rules::origins;

/// Where a rule comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The shipped file.
    Shipped,
    /// The shipped file, with keys that the partner's own file replaces.
    Changed,
    /// The partner's own file.
    Own,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Shipped => "shipped",
            Self::Changed => "shipped, changed",
            Self::Own => "own",
        })
    }
}

const RULES: &str = "rule";
/// What both files must say alike.
const AGREED: &[&str] = &["version", "system", "entity"];
/// The tables that have rules of their own, and what both files must say alike of them.
const RULED: [(&str, &[&str]); 2] = [("lead", &["entity"]), ("registration", &[])];

/// A shipped rule that the partner's file takes out.
#[derive(Clone, Debug)]
pub(super) struct TakenOut {
    /// What it mapped.
    pub(super) partner_center: String,
    /// Where that is said.
    pub(super) place: Place,
}

/// `own` over `shipped`: tables key by key, rules by name, lists and values as a whole.
pub(super) fn merge(
    shipped: Node,
    own: Node,
    taken_out: &mut Vec<TakenOut>,
    faults: &mut Faults,
) -> Node {
    if own.get("version").is_none() {
        faults.error(own.place, format!("{WHOLE} lacks `version`"), "begin it with version = 1");
    }
    disagreements(&shipped, &own, AGREED, faults);
    let place = shipped.place;
    let (Content::Table(mut shipped_table), Content::Table(mut own_table)) =
        (shipped.content, own.content)
    else {
        return Node { place, content: Content::Table(BTreeMap::new()) };
    };
    let ruled = RULED.map(|(name, agreed)| (name, agreed, own_table.remove(name)));
    own_table.retain(|key, _| !AGREED.contains(&key.as_str()));
    lay(&mut shipped_table, own_table, taken_out, faults);
    for (name, agreed, changes) in ruled {
        match (shipped_table.get_mut(name), changes) {
            (Some(present), Some(changes)) => lay_table(present, changes, agreed, faults),
            (None, Some(changes)) => drop(shipped_table.insert(name.to_owned(), changes)),
            (_, None) => {}
        }
    }
    Node { place, content: Content::Table(shipped_table) }
}

/// The entries of `own` over those of a table that may have rules.
fn lay(
    shipped: &mut BTreeMap<String, Entry>,
    mut own: BTreeMap<String, Entry>,
    taken_out: &mut Vec<TakenOut>,
    faults: &mut Faults,
) {
    let changes = own.remove(RULES);
    for (key, entry) in own {
        put(shipped, key, entry);
    }
    if let Some(changes) = changes {
        rules::change(shipped, changes, taken_out, faults);
    }
}

/// No new referral is made by these tables' rules, so nothing is missed of what is taken out here.
fn lay_table(shipped: &mut Entry, own: Entry, agreed: &[&str], faults: &mut Faults) {
    disagreements(&shipped.value, &own.value, agreed, faults);
    match (&mut shipped.value.content, own.value.content) {
        (Content::Table(shipped), Content::Table(mut own)) => {
            own.retain(|key, _| !agreed.contains(&key.as_str()));
            lay(shipped, own, &mut Vec::new(), faults);
        }
        (_, content) => {
            shipped.value = Node { place: own.value.place, content };
        }
    }
}

fn disagreements(shipped: &Node, own: &Node, agreed: &[&str], faults: &mut Faults) {
    for key in agreed {
        let (Some(theirs), Some(ours)) = (shipped.get(key), own.get(key)) else {
            continue;
        };
        if theirs.to_json() != ours.to_json() {
            faults.error(
                ours.place,
                format!(
                    "`{key}` is {}, and {} in the shipped file",
                    ours.to_json(),
                    theirs.to_json()
                ),
                "this file is for another mapping: use the one of this version and this CRM",
            );
        }
    }
}

/// Puts an entry into a table: what both have as tables is merged, and `false` takes out what is
/// neither true nor false.
fn put(table: &mut BTreeMap<String, Entry>, key: String, entry: Entry) {
    let Some(present) = table.get_mut(&key) else {
        table.insert(key, entry);
        return;
    };
    match (&mut present.value.content, entry.value.content) {
        (Content::Table(table), Content::Table(own)) => {
            for (key, entry) in own {
                let (place, before) = (entry.key, table.len());
                put(table, key, entry);
                if table.len() < before {
                    // What is missed here now is missed because of this line.
                    present.value.place = place;
                }
            }
        }
        (there, Content::Scalar(Json::Bool(false)))
            if !matches!(there, Content::Scalar(Json::Bool(_))) =>
        {
            drop(table.remove(&key));
        }
        (_, content) => {
            present.key = entry.key;
            present.value = Node { place: entry.value.place, content };
        }
    }
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
