//! The rules of a table: the override changes them by name, adds others, and takes some out.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::entry::put;
use super::state::{Overlay, TakenOut};
use crate::node::{Node, Tree};
use crate::suggestion::hint;

pub(super) const KEY: &str = "rule";
const OFF: &str = "off";
/// What takes the place of what.
const INSTEAD: [(&str, &str); 4] = [
    ("partner_center", "from_partner_center"),
    ("from_partner_center", "partner_center"),
    ("crm", "from_crm"),
    ("from_crm", "crm"),
];

impl Overlay<'_, '_> {
    pub(super) fn change_rules<'i>(
        &mut self,
        table: &mut DeTable<'i>,
        key: Spanned<Cow<'i, str>>,
        changes: Tree<'i>,
    ) {
        let span = changes.span();
        let DeValue::Array(changes) = changes.into_inner() else {
            self.diagnostics.error(
                self.sources.place(span.start),
                "`rule` must be a list of tables",
                "begin each rule with [[rule]]",
            );
            return;
        };
        let rules =
            table.entry(key).or_insert_with(|| Spanned::new(span, DeValue::Array(DeArray::new())));
        // Of anything else the schema check says that it is no list.
        let DeValue::Array(array) = rules.get_mut() else { return };
        let mut rules: Vec<Tree<'i>> =
            std::mem::replace(array, DeArray::new()).into_iter().collect();
        let shipped: Vec<String> = rules.iter().filter_map(name).map(str::to_owned).collect();
        let mut named: Vec<String> = Vec::new();
        for change in changes {
            if let Some(name) = name(&change) {
                if named.iter().any(|known| known == name) {
                    self.diagnostics.error(
                        self.sources.place(change.span().start),
                        format!("rule `{name}` stands twice in this file"),
                        "make one of the two",
                    );
                    continue;
                }
                named.push(name.to_owned());
            }
            self.change_rule(&mut rules, change, &shipped);
        }
        *array = rules.into_iter().collect();
    }

    /// Carries one rule of the override into the shipped ones.
    fn change_rule<'i>(
        &mut self,
        rules: &mut Vec<Tree<'i>>,
        mut change: Tree<'i>,
        shipped: &[String],
    ) {
        let known = name(&change)
            .and_then(|name| rules.iter().position(|rule| self::name(rule) == Some(name)));
        let off = match change.get_mut() {
            DeValue::Table(keys) => keys.remove(OFF),
            _ => None,
        };
        let is_off = off.is_some_and(|off| {
            let off = off.get_ref().as_bool();
            if off.is_none() {
                self.diagnostics.error(
                    self.sources.place(change.span().start),
                    "`off` must be true or false",
                    "write off = true to take the rule out",
                );
            }
            off == Some(true)
        });
        let place = Node::new(&change, self.sources).place_of("name");
        let span = change.span();
        match (known, change.into_inner()) {
            (Some(at), _) if is_off => {
                let rule = rules.remove(at);
                let path = Node::new(&rule, self.sources).get("partner_center");
                let path = path.and_then(Node::text).unwrap_or_default().into();
                self.taken_out.push(TakenOut { partner_center: path, place });
            }
            (None, change) if is_off => {
                let change = Spanned::new(span, change);
                let name = name(&change).unwrap_or_default();
                let hint = hint(name, shipped.iter().map(String::as_str));
                self.diagnostics.error(
                    place,
                    format!("there is no rule `{name}` to take out{hint}"),
                    format!("name one of {}", shipped.join(", ")),
                );
            }
            (Some(at), DeValue::Table(keys)) => {
                if let DeValue::Table(rule) = rules[at].get_mut() {
                    for (one, other) in INSTEAD {
                        if keys.contains_key(one) {
                            rule.remove(other);
                        }
                    }
                    for (key, value) in keys {
                        put(rule, key, value);
                    }
                }
            }
            (_, change) => rules.push(Spanned::new(span, change)),
        }
    }
}

fn name<'a>(rule: &'a Tree<'_>) -> Option<&'a str> {
    rule.get_ref().as_table()?.get("name")?.get_ref().as_str()
}
