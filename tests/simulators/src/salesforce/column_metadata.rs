//! `&columns=true`: what the columns of a query are, in place of its rows (contract salesforce
//! 3.1).
//!
//! The contract names `columnMetadata` only; its members are those the `sf` program reads and what
//! is remembered of the service.

use serde_json::{Value, json};

use super::organisation::Organisation;
use super::refusal::Outcome;
use super::schema::{Field, Kind, Write};
use super::soql::{Column, Query};

impl Organisation {
    pub(crate) fn column_metadata(&self, query: &Query) -> Outcome<Value> {
        let object = self.queried_object(query)?;
        let columns = self.selected(&object, query)?;
        let own = |column: &&Column| column.steps.is_empty();
        Ok(json!({
            "columnMetadata": tree(&columns.iter().collect::<Vec<_>>(), 0),
            "entityName": object.name,
            "groupBy": false,
            "idSelected": columns.iter().filter(own).any(|column| column.field.kind == Kind::Id),
            "keyPrefix": object.prefix,
        }))
    }
}

/// Columns of parents hang below the parent's name.
fn tree(columns: &[&Column], depth: usize) -> Vec<Value> {
    let mut shown: Vec<Value> = Vec::new();
    let mut parents: Vec<&str> = Vec::new();
    for column in columns {
        let Some(step) = column.steps.get(depth) else {
            shown.push(leaf(&column.field));
            continue;
        };
        let name = step.relationship.as_str();
        if parents.contains(&name) {
            continue;
        }
        parents.push(name);
        let below: Vec<&Column> = columns
            .iter()
            .filter(|other| other.steps.get(depth).is_some_and(|step| step.relationship == name))
            .copied()
            .collect();
        shown.push(json!({
            "aggregate": false,
            "columnName": name,
            "displayName": name,
            "joinColumns": tree(&below, depth + 1),
        }));
    }
    shown
}

fn leaf(field: &Field) -> Value {
    let is_number =
        matches!(field.kind, Kind::Currency(_) | Kind::Double(_) | Kind::Percent | Kind::Int);
    json!({
        "aggregate": false,
        "booleanType": field.kind == Kind::Bool,
        "columnName": field.name,
        "custom": field.is_custom(),
        "displayName": field.name,
        "insertable": field.write != Write::Never,
        "joinColumns": [],
        "numberType": is_number,
        "textType": !is_number && field.kind != Kind::Bool,
        "updatable": field.write == Write::Always,
    })
}
