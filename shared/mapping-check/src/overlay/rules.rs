//! The rules of a table: the override changes them by name, adds others, and takes some out.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::entry::put;
use super::state::{Overlay, Unmapped};
use crate::node::Tree;
use crate::source::Place;
use crate::suggestion::{hint, nearest};

pub(super) const KEY: &str = "rule";
const OFF: &str = "off";
/// A side of a rule: where the value stands there, or in its place what it is computed from.
pub(crate) const SIDES: [(&str, &str); 2] =
    [("partner_center", "from_partner_center"), ("crm", "from_crm")];
/// What every rule has beside its name and its sides.
const NEEDED: [&str; 2] = ["label", "kind"];

impl Overlay<'_, '_> {
    pub(super) fn change_rules<'i>(
        &mut self,
        table_name: &'static str,
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
            self.change_rule(table_name, &mut rules, change, &shipped);
        }
        *array = rules.into_iter().collect();
    }

    /// Carries one rule of the override into the shipped ones.
    fn change_rule<'i>(
        &mut self,
        table: &'static str,
        rules: &mut Vec<Tree<'i>>,
        mut change: Tree<'i>,
        shipped: &[String],
    ) {
        let is_off = self.takes_out(&mut change);
        let place = self.node(&change).place_of("name");
        let given = name(&change).unwrap_or_default();
        let hint = hint(given, shipped.iter().map(String::as_str));
        match rules.iter().position(|rule| !given.is_empty() && name(rule) == Some(given)) {
            Some(at) if is_off => {
                let rule = rules.remove(at);
                self.unmapped.extend(path(&rule).map(|path| Unmapped {
                    table,
                    partner_center: path.into(),
                    place,
                }));
            }
            Some(at) => self.change_keys(table, &mut rules[at], change),
            None if is_off => self.diagnostics.error(
                place,
                format!("there is no rule `{given}` to take out{hint}"),
                format!("name one of {}", shipped.join(", ")),
            ),
            None => match nearest(given, shipped.iter().map(String::as_str)) {
                Some(meant) if !lacking(&change).is_empty() => self.diagnostics.error(
                    place,
                    format!("there is no rule `{given}` to change (did you mean `{meant}`?)"),
                    format!(
                        "correct the name; a rule of your own needs {}, too",
                        lacking(&change).join(", ")
                    ),
                ),
                _ => rules.push(change),
            },
        }
    }

    /// Whether the rule is to be taken out; the key that says so is not the rule's.
    fn takes_out(&mut self, change: &mut Tree<'_>) -> bool {
        let place = self.sources.place(change.span().start);
        let DeValue::Table(keys) = change.get_mut() else { return false };
        let Some(off) = keys.remove(OFF) else { return false };
        let off = off.get_ref().as_bool();
        if off.is_none() {
            self.diagnostics.error(
                place,
                "`off` must be true or false",
                "write off = true to take the rule out",
            );
        }
        off == Some(true)
    }

    /// Puts the keys of `change` into a shipped rule.
    fn change_keys<'i>(&mut self, table: &'static str, rule: &mut Tree<'i>, change: Tree<'i>) {
        let before = path(rule).map(str::to_owned);
        let place_of = |key: &Spanned<Cow<'_, str>>| self.sources.place(key.span().start);
        let span = rule.span();
        let (DeValue::Table(keys), DeValue::Table(changes)) = (rule.get_mut(), change.into_inner())
        else {
            return;
        };
        let mut place: Option<Place> = None;
        for (key, value) in changes {
            let (one, computed) = SIDES[0];
            if [one, computed].contains(&key.get_ref().as_ref()) {
                place = Some(place_of(&key));
            }
            for other in SIDES.iter().filter_map(|side| other(*side, key.get_ref())) {
                if keys.remove(other).is_some() {
                    self.removed.note(&span, other, key.span().start);
                }
            }
            put(keys, &span, key, value, &mut self.removed);
        }
        let unmapped = before.filter(|before| path(rule) != Some(before)).zip(place);
        self.unmapped.extend(unmapped.map(|(path, place)| Unmapped {
            table,
            partner_center: path.into(),
            place,
        }));
    }
}

/// What a side's key takes the place of.
fn other((path, computed): (&'static str, &'static str), key: &str) -> Option<&'static str> {
    match key {
        _ if key == path => Some(computed),
        _ if key == computed => Some(path),
        _ => None,
    }
}

/// What a rule of its own would have.
fn lacking(rule: &Tree<'_>) -> Vec<String> {
    let Some(keys) = rule.get_ref().as_table() else { return Vec::new() };
    let sides = SIDES
        .iter()
        .filter(|(path, computed)| !keys.contains_key(*path) && !keys.contains_key(*computed));
    let needed = NEEDED.iter().filter(|key| !keys.contains_key(**key));
    needed.copied().chain(sides.map(|(path, _)| *path)).map(|key| format!("`{key}`")).collect()
}

fn name<'a>(rule: &'a Tree<'_>) -> Option<&'a str> {
    rule.get_ref().as_table()?.get("name")?.get_ref().as_str()
}

fn path<'a>(rule: &'a Tree<'_>) -> Option<&'a str> {
    rule.get_ref().as_table()?.get("partner_center")?.get_ref().as_str()
}
