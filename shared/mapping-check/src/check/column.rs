//! The names of CRM columns: whether they can be any.

use super::draft::{Draft, Table};
use crate::diagnostic::Diagnostics;
use crate::node::Node;
use crate::source::Place;
use cosell_mapping::Crm;

pub(super) fn check(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    let own = |table: &str| draft.root.get(table).into_iter().flat_map(Node::entries);
    let asked = ["help", "visibility"].into_iter().flat_map(own);
    let asked = asked.filter(|(key, _)| *key == "column");
    // Leads have the columns of opportunities, which are looked at there.
    let columns = own("columns").chain(asked).filter(|_| draft.table == Table::Opportunities);
    let columns = columns.map(|(_, entry)| entry.value);
    let rules = draft.at.get("rule").into_iter().flat_map(Node::items);
    let rules = rules.flat_map(|rule| {
        let fallback = rule.get("fallback").into_iter().flat_map(Node::items);
        rule.get("crm").into_iter().chain(fallback)
    });
    for node in columns.chain(rules) {
        let Some(column) = node.text().filter(|column| !column.is_empty()) else {
            continue;
        };
        check_name(column, draft.crm, node.place(), diagnostics);
    }
}

/// Whether a column can be called so.
pub(super) fn check_name(column: &str, crm: &Crm, place: Place, diagnostics: &mut Diagnostics) {
    let mut parts = column.split('/');
    let names: Vec<&str> = parts.by_ref().take(2).collect();
    if parts.next().is_some() || !names.iter().all(|name| is_name(name)) {
        diagnostics.error(
            place,
            format!("no CRM column can be called `{column}`"),
            "write COLUMN, or LOOKUP/COLUMN for a related record's, in letters, digits and \
             underscores",
        );
    } else if let Some(rule) = crm.column_names
        && names.last().is_some_and(|name| !(rule.fits)(name))
    {
        diagnostics.error(place, format!("the column `{column}` {}", rule.wrong), rule.remedy);
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
