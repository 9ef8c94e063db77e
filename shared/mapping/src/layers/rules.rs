//! The rules of a table: a partner's own file changes them by name, adds others, and takes some
//! out.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Origin, RULES, TakenOut, put};
use crate::document::{Content, Entry, Node};
use crate::fault::{Faults, Place};
use crate::nearest::hint;

const OFF: &str = "off";
/// What takes the place of what.
const INSTEAD: [(&str, &str); 4] = [
    ("partner_center", "from_partner_center"),
    ("from_partner_center", "partner_center"),
    ("crm", "from_crm"),
    ("from_crm", "crm"),
];

pub(super) fn change(
    table: &mut BTreeMap<String, Entry>,
    changes: Entry,
    taken_out: &mut Vec<TakenOut>,
    faults: &mut Faults,
) {
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
        value: Node { place: key, content: Content::List(Vec::new()) },
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

/// Carries one rule of the partner's file into the shipped ones, and tells which one that takes
/// out.
fn change_rule(
    rules: &mut Vec<Node>,
    mut change: Node,
    shipped: &[String],
    faults: &mut Faults,
) -> Option<TakenOut> {
    let known =
        name(&change).and_then(|name| rules.iter().position(|rule| self::name(rule) == Some(name)));
    let off = if let Content::Table(keys) = &mut change.content { keys.remove(OFF) } else { None };
    let is_off = match off.as_ref().map(|entry| &entry.value.content) {
        None | Some(Content::Scalar(Json::Bool(false))) => false,
        Some(Content::Scalar(Json::Bool(true))) => true,
        Some(_) => {
            faults.error(
                change.place,
                "`off` must be true or false",
                "write off = true to take the rule out",
            );
            false
        }
    };
    match (known, change.content) {
        (Some(at), content) if is_off => {
            let rule = rules.remove(at);
            let change = Node { place: change.place, content };
            return Some(TakenOut {
                partner_center: rule
                    .get("partner_center")
                    .and_then(Node::text)
                    .unwrap_or_default()
                    .to_owned(),
                place: change.place_of("name"),
            });
        }
        (None, content) if is_off => {
            let change = Node { place: change.place, content };
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
                for (one, other) in INSTEAD {
                    if keys.contains_key(one) {
                        rule.remove(other);
                    }
                }
                for (key, entry) in keys {
                    put(rule, key, entry);
                }
            }
        }
        (_, content) => rules.push(Node { place: change.place, content }),
    }
    None
}

/// Where each rule of a merged table comes from, by name; `own` is the same table of the partner's
/// file.
pub(crate) fn origins(merged: &Node, own: Option<&Node>) -> BTreeMap<String, Origin> {
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
