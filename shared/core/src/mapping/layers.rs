//! A partner's own file over the shipped one: only what it names is replaced.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::document::{Content, Entry, Node};
use super::fault::{Faults, Place};
use super::form::WHOLE;
use super::nearest::hint;

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
const OFF: &str = "off";
/// What both files must say alike.
const AGREED: [&str; 3] = ["version", "system", "entity"];

/// A shipped rule that the partner's file takes out.
#[derive(Clone, Debug)]
pub(super) struct TakenOut {
    /// What it mapped.
    pub(super) partner_center: String,
    /// Where that is said.
    pub(super) place: Place,
}

/// `own` over `shipped`: tables key by key, rules by name, lists and values as a whole.
pub(super) fn merge(shipped: Node, own: Node, taken_out: &mut Vec<TakenOut>, faults: &mut Faults) -> Node {
    disagreements(&shipped, &own, faults);
    let (Content::Table(mut shipped_table), Content::Table(mut own_table)) = (shipped.content, own.content) else {
        return Node {
            place: shipped.place,
            content: Content::Table(BTreeMap::new()),
        };
    };
    for key in AGREED {
        own_table.remove(key);
    }
    let changes = own_table.remove(RULES);
    for (key, entry) in own_table {
        put(&mut shipped_table, key, entry);
    }
    if let Some(changes) = changes {
        change_rules(&mut shipped_table, changes, taken_out, faults);
    }
    Node {
        place: shipped.place,
        content: Content::Table(shipped_table),
    }
}

fn disagreements(shipped: &Node, own: &Node, faults: &mut Faults) {
    if own.get("version").is_none() {
        faults.error(own.place, format!("{WHOLE} lacks `version`"), "begin it with version = 1");
    }
    for key in AGREED {
        let (Some(theirs), Some(ours)) = (shipped.get(key), own.get(key)) else {
            continue;
        };
        if theirs.to_json() != ours.to_json() {
            faults.error(
                ours.place,
                format!("`{key}` is {}, and {} in the shipped file", ours.to_json(), theirs.to_json()),
                "this file is for another mapping: use the one of this version and this CRM",
            );
        }
    }
}

/// Puts an entry into a table; what both have as tables is merged.
fn put(table: &mut BTreeMap<String, Entry>, key: String, entry: Entry) {
    let Some(present) = table.get_mut(&key) else {
        table.insert(key, entry);
        return;
    };
    match (&mut present.value.content, entry.value.content) {
        (Content::Table(present), Content::Table(own)) => {
            for (key, entry) in own {
                put(present, key, entry);
            }
        }
        (_, content) => {
            present.key = entry.key;
            present.value = Node {
                place: entry.value.place,
                content,
            };
        }
    }
}

fn change_rules(table: &mut BTreeMap<String, Entry>, changes: Entry, taken_out: &mut Vec<TakenOut>, faults: &mut Faults) {
    let Content::List(changes) = changes.value.content else {
        faults.error(
            changes.value.place,
            "`rule` must be a list of tables",
            "begin each rule with [[rule]]",
        );
        return;
    };
    let key = changes.first().map_or_else(|| Place::start_of(0), |change| change.place);
    let rules = table.entry(RULES.to_owned()).or_insert_with(|| Entry {
        key,
        value: Node {
            place: key,
            content: Content::List(Vec::new()),
        },
    });
    if let Content::List(rules) = &mut rules.value.content {
        let shipped: Vec<String> = rules.iter().filter_map(name).map(str::to_owned).collect();
        let mut seen = Vec::new();
        for change in changes {
            let known = name(&change).map(str::to_owned);
            if let Some(name) = &known {
                if seen.contains(name) {
                    faults.error(
                        change.place,
                        format!("rule `{name}` stands twice in this file"),
                        "make one of the two",
                    );
                    continue;
                }
                seen.push(name.clone());
            }
            taken_out.extend(change_rule(rules, change, &shipped, faults));
        }
    }
}

/// Carries one rule of the partner's file into the shipped ones, and tells which one that takes out.
fn change_rule(rules: &mut Vec<Node>, mut change: Node, shipped: &[String], faults: &mut Faults) -> Option<TakenOut> {
    let known = name(&change).and_then(|name| rules.iter().position(|rule| self::name(rule) == Some(name)));
    let off = if let Content::Table(keys) = &mut change.content {
        keys.remove(OFF)
    } else {
        None
    };
    let is_off = match off.as_ref().map(|entry| &entry.value.content) {
        None | Some(Content::Scalar(Json::Bool(false))) => false,
        Some(Content::Scalar(Json::Bool(true))) => true,
        Some(_) => {
            faults.error(change.place, "`off` must be true or false", "write off = true to take the rule out");
            false
        }
    };
    match (known, change.content) {
        (Some(at), content) if is_off => {
            let rule = rules.remove(at);
            let change = Node {
                place: change.place,
                content,
            };
            return Some(TakenOut {
                partner_center: rule.get("partner_center").and_then(Node::text).unwrap_or_default().to_owned(),
                place: change.place_of("name"),
            });
        }
        (None, content) if is_off => {
            let change = Node {
                place: change.place,
                content,
            };
            let name = name(&change).unwrap_or_default();
            let hint = hint(name, shipped.iter().map(String::as_str));
            faults.error(
                change.place_of("name"),
                format!("there is no rule `{name}` to take out{hint}"),
                format!("name one of {}", shipped.join(", ")),
            );
        }
        (Some(at), Content::Table(keys)) => {
            if let Content::Table(rule) = &mut rules[at].content {
                for (key, entry) in keys {
                    put(rule, key, entry);
                }
            }
        }
        (_, content) => rules.push(Node {
            place: change.place,
            content,
        }),
    }
    None
}

/// Where each rule of the merged file comes from, by name; `own` is the partner's file.
pub(super) fn origins(merged: &Node, own: Option<&Node>) -> BTreeMap<String, Origin> {
    let rules = |node: &Node| -> Vec<String> {
        let rules = node.get(RULES).map(Node::items).unwrap_or_default();
        rules.iter().filter_map(name).map(str::to_owned).collect()
    };
    let changed = own.map(rules).unwrap_or_default();
    let items = merged.get(RULES).map(Node::items).unwrap_or_default();
    let named = items.iter().filter_map(|rule| Some((name(rule)?, rule)));
    named
        .map(|(name, rule)| {
            let origin = match (rule.place.layer, changed.iter().any(|changed| changed == name)) {
                (0, false) => Origin::Shipped,
                (0, true) => Origin::Changed,
                _ => Origin::Own,
            };
            (name.to_owned(), origin)
        })
        .collect()
}

fn name(rule: &Node) -> Option<&str> {
    rule.get("name").and_then(Node::text)
}

#[cfg(test)]
#[path = "layers_tests.rs"]
mod tests;
