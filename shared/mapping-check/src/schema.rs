//! Schema checks: which keys there are, and what each takes. The grammar is [`Mapping`] itself, as
//! its `Deserialize` has it; what no type says is in [`words`] and [`texts`].

mod texts;
mod words;

use cosell_mapping::Mapping;
use serde::Deserialize;
use toml::de::DeValue;

use crate::deserializer::ValueDeserializer;
use crate::deserializer::error::{Problem, SchemaError, Wanted};
use crate::deserializer::repair::{Repair, Repairs, Step};
use crate::diagnostic::Diagnostics;
use crate::node::Node;
use crate::source::Place;
use crate::suggestion::hint;

/// How a sentence speaks of the file.
pub(crate) const WHOLE: &str = "the mapping";

/// Notes where a merged file does not have the form of a mapping. A mapping where it has.
pub(crate) fn check(root: Node<'_>, diagnostics: &mut Diagnostics) -> Option<Mapping> {
    words::check(root, diagnostics);
    texts::check(root, diagnostics);
    let mut repairs = Repairs::new();
    loop {
        match Mapping::deserialize(ValueDeserializer::new(root, &repairs)) {
            Ok(mapping) => return Some(mapping).filter(|_| !diagnostics.has_errors()),
            Err(error) => {
                Finding::of(root, &error).note(diagnostics);
                if !repair(&mut repairs, &error) {
                    return None;
                }
            }
        }
    }
}

/// Has the value with the error read otherwise the next time, so that the errors behind it are
/// found. Whether there is a way.
fn repair(repairs: &mut Repairs, error: &SchemaError) -> bool {
    let mut path = error.path.clone().unwrap_or_default();
    match &error.problem {
        Problem::UnknownKey { key, .. } | Problem::UnknownEntry { key, .. } => {
            path.push(Step::Key(key.clone()));
            repairs.insert(path, Repair::Ignored);
            return true;
        }
        Problem::Missing(key) => path.push(Step::Key((*key).to_owned())),
        _ => {}
    }
    // Where no stand-in fits, one for what it stands in does.
    while let Some(step) = path.last() {
        let repair = match step {
            Step::Key(_) => Repair::StandIn,
            Step::Item(_) => Repair::Ignored,
        };
        if repairs.insert(path.clone(), repair).is_none() {
            return true;
        }
        path.pop();
    }
    false
}

/// An error, the value that has it, and what sentences call it.
struct Finding<'a> {
    problem: &'a Problem,
    node: Node<'a>,
    path: &'a [Step],
    /// What the table or list in question is called, or the key whose value it is.
    name: &'a str,
}

impl<'a> Finding<'a> {
    fn of(root: Node<'a>, error: &'a SchemaError) -> Self {
        let path: &[Step] = error.path.as_deref().unwrap_or_default();
        let node = path.iter().try_fold(root, |node, step| match step {
            Step::Key(key) => node.get(key),
            Step::Item(at) => node.item(*at),
        });
        let name = path.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Item(_) => None,
        });
        Self {
            problem: &error.problem,
            node: node.unwrap_or(root),
            path,
            name: name.unwrap_or(WHOLE),
        }
    }

    fn is_item(&self) -> bool {
        matches!(self.path.last(), Some(Step::Item(_)))
    }

    /// How a sentence speaks of the table: an item of a list by its `name`, if it has one.
    fn title(&self) -> String {
        match (self.is_item(), self.node.get("name").and_then(Node::text)) {
            (false, _) => self.name.to_owned(),
            (true, Some(name)) => format!("{} `{name}`", self.name),
            (true, None) => format!("a {} without name", self.name),
        }
    }

    fn note(self, diagnostics: &mut Diagnostics) {
        let Self { node, name, .. } = self;
        match self.problem {
            Problem::UnknownKey { key, known } => {
                // Carried out before, where it belongs.
                let off = ["off"].into_iter().filter(|_| self.is_item() && name == "rule");
                let known: Vec<&str> = known.iter().copied().chain(off).collect();
                diagnostics.error(
                    node.key_place(key),
                    format!(
                        "{} has no key `{key}`{}",
                        self.title(),
                        hint(key, known.iter().copied())
                    ),
                    format!("use one of {}", known.join(", ")),
                );
            }
            Problem::UnknownEntry { key, known } => {
                unknown_entry(name, key, known, node.key_place(key), diagnostics);
            }
            Problem::Missing(key) => {
                let what = format!("{} lacks `{key}`", self.title());
                diagnostics.error(node.blamed(&[*key]), what, "add it");
            }
            Problem::UnknownWord { word, known } => {
                unknown_word(name, word, known, node.place(), diagnostics);
            }
            Problem::UnknownName { name: given, known } => diagnostics.error(
                node.place(),
                format!(
                    "`{name}`: there is no {name} `{given}`{}",
                    hint(given, known.iter().copied())
                ),
                "docs/mapping.md lists what there is",
            ),
            Problem::Misfit(wanted) => self.misfit(wanted, diagnostics),
            Problem::TooLarge => {
                diagnostics.error(node.place(), "this number is too large", "write a smaller one");
            }
            Problem::Refused(why) => diagnostics.error(
                node.place(),
                format!("`{name}`: {why}"),
                "docs/mapping.md shows how it is written",
            ),
        }
    }

    fn misfit(&self, wanted: &Wanted, diagnostics: &mut Diagnostics) {
        let Self { node, name, .. } = self;
        let remedy = match node.value() {
            DeValue::Boolean(false) => {
                "write it so, or remove it: there is nothing of this name that false would take out"
            }
            _ => "write it so",
        };
        let wanted = match wanted {
            Wanted::Text | Wanted::Table if self.is_item() => {
                Wanted::List(Box::new(wanted.clone())).to_string()
            }
            other => other.to_string(),
        };
        let what = format!("`{name}` must be {wanted}, and is {}", described(*node));
        diagnostics.error(node.place(), what, remedy);
    }
}

/// What it is, for a sentence.
fn described(node: Node<'_>) -> &'static str {
    match node.value() {
        DeValue::Table(_) => "a table",
        DeValue::Array(_) => "a list",
        DeValue::Boolean(_) => "true or false",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::String(_) | DeValue::Datetime(_) => "text",
    }
}

/// Notes a word that is none of those that a key takes, once.
fn unknown_word(
    name: &str,
    word: &str,
    known: &[&str],
    place: Place,
    diagnostics: &mut Diagnostics,
) {
    if !diagnostics.has_error_at(place) {
        let hint = hint(word, known.iter().copied());
        diagnostics.error(
            place,
            format!("`{name}` cannot be `{word}`{hint}"),
            format!("use one of {}", known.join(", ")),
        );
    }
}

/// Notes a key that is none of the words that a table's keys can be, once.
fn unknown_entry(
    name: &str,
    key: &str,
    known: &[&str],
    place: Place,
    diagnostics: &mut Diagnostics,
) {
    if !diagnostics.has_error_at(place) {
        let hint = hint(key, known.iter().copied());
        diagnostics.error(
            place,
            format!("`{name}` knows no `{key}`{hint}"),
            format!("use one of {}", known.join(", ")),
        );
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
