//! Names in a query looked up: fields, and fields of parents up to five steps away.

use super::refusals::{invalid_field, invalid_type};
use super::{Name, Query, Selection};
use crate::salesforce::organisation::Organisation;
use crate::salesforce::refusal::{Outcome, Refusal};
use crate::salesforce::schema::{Field, Kind, Object};

/// Parents a path may climb.
const MOST_STEPS: usize = 5;

/// One reference followed.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The reference's own field: `AccountId`.
    pub(crate) field: String,
    /// What it is called in the answer: `Account`.
    pub(crate) relationship: String,
}

/// A field, and how to get to it.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) steps: Vec<Step>,
    pub(crate) field: Field,
}

impl Organisation {
    pub(crate) fn queried_object(&self, query: &Query) -> Outcome<std::sync::Arc<Object>> {
        let name = &query.object;
        self.object(&name.text).map_err(|_| invalid_type(&query.text, name.at, &name.text))
    }

    pub(crate) fn selected(&self, object: &Object, query: &Query) -> Outcome<Vec<Column>> {
        let names = match &query.selection {
            Selection::Count => return Ok(Vec::new()),
            Selection::All(which) => return self.all_fields(object, query, which),
            Selection::Fields(names) => names,
        };
        let mut columns: Vec<Column> = Vec::new();
        for name in names {
            let column = self.column(object, query, name)?;
            let same = |other: &Column| other.path() == column.path();
            if columns.iter().any(same) {
                let reason = format!("duplicate field selected: {}", name.text);
                return Err(invalid_field(&query.text, name.at, &reason));
            }
            columns.push(column);
        }
        Ok(columns)
    }

    fn all_fields(&self, object: &Object, query: &Query, which: &str) -> Outcome<Vec<Column>> {
        if which != "STANDARD" && query.limit.is_none_or(|limit| limit > 200) {
            let text =
                format!("The SOQL FIELDS function with {which} must have a LIMIT of at most 200");
            return Err(Refusal::bad("MALFORMED_QUERY", text));
        }
        let fields = object.fields.iter().filter(|field| self.is_visible(object, field));
        let wanted =
            fields.filter(|field| which == "ALL" || field.is_custom() == (which == "CUSTOM"));
        let column = |field: &Field| Column { steps: Vec::new(), field: field.clone() };
        Ok(wanted.map(column).collect())
    }

    pub(crate) fn column(&self, object: &Object, query: &Query, name: &Name) -> Outcome<Column> {
        let mut parts: Vec<&str> = name.text.split('.').collect();
        if parts.len() > 1 && parts[0].eq_ignore_ascii_case(object.name) {
            parts.remove(0);
        }
        let refused = |reason: &str| invalid_field(&query.text, name.at, reason);
        let Some((last, parents)) =
            parts.split_last().filter(|(_, parents)| parents.len() <= MOST_STEPS)
        else {
            return Err(refused("the path is too long"));
        };
        let mut steps = Vec::new();
        let mut at = std::sync::Arc::new(object.clone());
        for parent in parents {
            let found =
                at.fields.iter().filter(|field| self.is_visible(&at, field)).find_map(|field| {
                    let relationship =
                        field.relationship().filter(|found| found.eq_ignore_ascii_case(parent))?;
                    Some((field, relationship))
                });
            let Some((field, relationship)) = found else {
                let reason = format!(
                    "Didn't understand relationship '{parent}' in field path. If you are \
                     attempting to use a custom relationship, be sure to append the '__r' after \
                     the custom relationship name."
                );
                return Err(refused(&reason));
            };
            let Kind::Reference(to) = &field.kind else {
                continue;
            };
            steps.push(Step { field: field.name.clone(), relationship });
            at = self.object(to.first().map_or("", String::as_str))?;
        }
        let Some(field) = self.field(&at, last) else {
            let reason = format!(
                "No such column '{last}' on entity '{}'. If you are attempting to use a custom \
                 field, be sure to append the '__c' after the custom field name. Please reference \
                 your WSDL or the describe call for the appropriate names.",
                at.name
            );
            return Err(refused(&reason));
        };
        Ok(Column { steps, field: field.clone() })
    }
}

impl Column {
    fn path(&self) -> Vec<&str> {
        let steps = self.steps.iter().map(|step| step.relationship.as_str());
        steps.chain([self.field.name.as_str()]).collect()
    }
}
