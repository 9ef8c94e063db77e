//! `docs/crm-fields.md` against the catalogue of fields.

#![allow(missing_docs)]

use cosell_crm::field::{CosellField, FilledBy, Kind};
use cosell_dynamics::{option, schema_name};

const DOCUMENT: &str = include_str!("../../../docs/crm-fields.md");

fn dynamics_type(kind: Kind) -> String {
    match kind {
        Kind::YesNo => "Yes/No, default No".to_owned(),
        Kind::Text { length } => format!("Text {length}"),
        Kind::Identifier { length } => format!("Text {length}, alternate key of its own"),
        Kind::Link { length } => format!("URL {length}"),
        Kind::LongText { length } => format!("Multiple lines {length}"),
        Kind::Choice(choices) => {
            format!("Choice, {} values from {}", choices.len(), option(&choices[0]))
        }
    }
}

fn salesforce_type(kind: Kind) -> String {
    match kind {
        Kind::YesNo => "Checkbox, default unchecked".to_owned(),
        Kind::Text { length } => format!("Text({length})"),
        Kind::Identifier { length } => format!("Text({length}), External ID, unique"),
        Kind::Link { .. } => "URL".to_owned(),
        Kind::LongText { length } => format!("Long Text Area({length})"),
        Kind::Choice(choices) => format!("Picklist, restricted, {} values", choices.len()),
    }
}

fn row((dynamics, salesforce): (&CosellField, &CosellField)) -> String {
    format!(
        "| {} | `{}` | {} | `{}` | {} | {} |",
        dynamics.label,
        schema_name(dynamics, "{p}"),
        dynamics_type(dynamics.kind),
        salesforce.name,
        salesforce_type(salesforce.kind),
        if dynamics.filled_by == FilledBy::Seller { "seller" } else { "sync" },
    )
}

#[test]
fn the_page_lists_every_field_as_it_is_installed() {
    let rows: Vec<String> =
        cosell_dynamics::FIELDS.iter().zip(&cosell_salesforce::FIELDS).map(row).collect();
    assert!(DOCUMENT.contains(&rows.join("\n")), "the table should be\n{}", rows.join("\n"));
}
