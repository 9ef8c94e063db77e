//! What is there against what is wanted. Values in, findings out.

use cosell_crm::field::{Choice, CosellField, Kind};
use cosell_crm::finding::{Finding, State};
use cosell_crm::installation::Missing;
use serde_json::Value as Json;

use super::definition;
use super::table::{Column, Found, Key, Table};
use crate::fields::{FIELDS, option, schema_name};

/// One thing that a table needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Column(&'static CosellField),
    /// The alternate key over this column.
    Key(&'static CosellField),
}

/// A table and what it has.
pub(super) struct SurveyedTable {
    pub(super) table: Table,
    pub(super) prefix: String,
    pub(super) found: Found,
}

fn parts() -> impl Iterator<Item = Part> {
    let identifiers = FIELDS.iter().filter(|field| matches!(field.kind, Kind::Identifier { .. }));
    FIELDS.iter().map(Part::Column).chain(identifiers.map(Part::Key))
}

impl Part {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Column(field) => field.label,
            Self::Key(_) => "Alternate key of Referral Identifier",
        }
    }

    /// As people look for it: a column's logical name, a key's schema name.
    pub(super) fn name(self, prefix: &str) -> String {
        match self {
            Self::Column(field) => logical(field, prefix),
            Self::Key(_) => definition::key_name(prefix),
        }
    }

    /// The collection of definitions it belongs to, and its own.
    pub(super) fn definition(self, prefix: &str) -> (&'static str, Json) {
        match self {
            Self::Column(field) => ("Attributes", definition::column(field, prefix)),
            Self::Key(field) => ("Keys", definition::key(field, prefix)),
        }
    }

    pub(super) fn is_in(self, found: &Found, prefix: &str) -> bool {
        match self {
            Self::Column(field) => found.columns.contains_key(&logical(field, prefix)),
            Self::Key(field) => key_over(found, &logical(field, prefix)).is_some(),
        }
    }
}

impl SurveyedTable {
    pub(super) fn findings(&self) -> Vec<Finding> {
        let finding = |part: Part| {
            Finding::new(self.table.name, part.label(), part.name(&self.prefix), self.state(part))
        };
        parts().map(finding).collect()
    }

    /// What can be made now: a key needs its column to be as it should, or to be made with it.
    pub(super) fn missing(&self) -> Vec<Missing<(Table, Part)>> {
        let can_be_made = |part: &Part| match part {
            Part::Column(_) => true,
            Part::Key(field) => {
                matches!(self.state(Part::Column(field)), State::Right | State::Missing { .. })
            }
        };
        let missing = parts().filter(|part| !part.is_in(&self.found, &self.prefix));
        let missing = missing.filter(can_be_made).map(|part| Missing {
            place: self.table.name,
            what: part.label(),
            name: part.name(&self.prefix),
            part: (self.table, part),
        });
        missing.collect()
    }

    /// The logical names of the columns that are there.
    pub(super) fn present_columns(&self) -> Vec<String> {
        let names = FIELDS.iter().map(|field| logical(field, &self.prefix));
        names.filter(|name| self.found.columns.contains_key(name)).collect()
    }

    pub(super) fn is_indexing(&self) -> bool {
        let identifiers =
            FIELDS.iter().filter_map(|field| key_over(&self.found, &logical(field, &self.prefix)));
        identifiers.into_iter().any(|key| is_indexing(&key.status))
    }

    fn state(&self, part: Part) -> State {
        if !part.is_in(&self.found, &self.prefix) {
            let remedy = "`cosell crm install` creates it".to_owned();
            return State::Missing { remedy };
        }
        match part {
            Part::Column(field) => self
                .found
                .columns
                .get(&logical(field, &self.prefix))
                .map(|column| compared(field, column)),
            Part::Key(field) => key_over(&self.found, &logical(field, &self.prefix)).map(key_state),
        }
        .unwrap_or(State::Right)
    }
}

fn logical(field: &CosellField, prefix: &str) -> String {
    schema_name(field, prefix).to_lowercase()
}

fn key_over<'a>(found: &'a Found, column: &str) -> Option<&'a Key> {
    found.keys.iter().find(|key| key.columns == [column])
}

fn is_indexing(status: &str) -> bool {
    matches!(status, "Pending" | "InProgress")
}

fn key_state(key: &Key) -> State {
    let remedy = match key.status.as_str() {
        "Active" => return State::Right,
        status if is_indexing(status) => {
            "its index is being built; run `cosell crm check` again in a few minutes"
        }
        _ => {
            "two rows share a Referral Identifier: clear it on the copy, then reactivate the key \
             in the table's settings"
        }
    };
    State::Wrong {
        is: if key.status.is_empty() { "without a status".to_owned() } else { key.status.clone() },
        should: "Active".to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn compared(field: &CosellField, column: &Column) -> State {
    let kind = field.kind;
    let wrong = |is: String, remedy: String| State::Wrong { is, should: wanted(kind), remedy };
    if column.kind != definition::attribute_type(kind) {
        let remedy = "a column's type cannot be changed: if nothing uses it, delete it and \
                      install; otherwise set PUBLISHER_PREFIX to another prefix";
        return wrong(present(column), remedy.to_owned());
    }
    match kind {
        Kind::YesNo => State::Right,
        Kind::Choice(choices) => match absent(choices, column) {
            Some(absent) if absent.is_empty() => State::Right,
            Some(absent) => wrong(
                format!("a choice without {}", numbers(&absent)),
                format!("add these choices to the column: {}", labels(&absent)),
            ),
            None => wrong(
                "a choice of a shared list".to_owned(),
                format!(
                    "make it a choice of its own with {}",
                    labels(&choices.iter().collect::<Vec<_>>())
                ),
            ),
        },
        Kind::Text { length }
        | Kind::Identifier { length }
        | Kind::Link { length }
        | Kind::LongText { length } => {
            if column.max_length.is_none_or(|most| most < u64::from(length)) {
                wrong(present(column), format!("raise the column's maximum length to {length}"))
            } else if matches!(kind, Kind::Link { .. }) && column.format.as_deref() != Some("Url") {
                wrong(present(column), "set the column's format to URL".to_owned())
            } else {
                State::Right
            }
        }
    }
}

fn absent(choices: &'static [Choice], column: &Column) -> Option<Vec<&'static Choice>> {
    let options = column.options.as_ref()?;
    Some(choices.iter().filter(|choice| !options.contains(&u64::from(option(choice)))).collect())
}

fn numbers(choices: &[&Choice]) -> String {
    let numbers: Vec<String> = choices.iter().map(|choice| option(choice).to_string()).collect();
    numbers.join(", ")
}

fn labels(choices: &[&Choice]) -> String {
    let labels: Vec<String> =
        choices.iter().map(|choice| format!("{} {}", option(choice), choice.label)).collect();
    labels.join(", ")
}

fn wanted(kind: Kind) -> String {
    match kind {
        Kind::YesNo => "Yes/No".to_owned(),
        Kind::Text { length } | Kind::Identifier { length } => format!("Text {length}"),
        Kind::Link { length } => format!("URL {length}"),
        Kind::LongText { length } => format!("Multiple lines {length}"),
        Kind::Choice(choices) => {
            format!("a choice with {}", numbers(&choices.iter().collect::<Vec<_>>()))
        }
    }
}

fn present(column: &Column) -> String {
    let length = column.max_length.map(|most| format!(" {most}")).unwrap_or_default();
    match (column.kind.as_str(), column.format.as_deref()) {
        ("Boolean", _) => "Yes/No".to_owned(),
        ("String", Some("Url")) => format!("URL{length}"),
        ("String", _) => format!("Text{length}"),
        ("Memo", _) => format!("Multiple lines{length}"),
        ("Picklist", _) => "a choice".to_owned(),
        (other, _) => other.to_owned(),
    }
}

#[cfg(test)]
#[path = "comparison_tests.rs"]
mod tests;
