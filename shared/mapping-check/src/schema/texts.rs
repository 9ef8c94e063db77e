//! Texts that may not be empty: names, and where a value stands.

use crate::diagnostic::Diagnostics;
use crate::node::Node;

/// Their keys, in whatever table of the mapping.
const KEYS: [&str; 12] = [
    "audit",
    "column",
    "crm",
    "entity",
    "label",
    "microsoft_crm_id",
    "name",
    "partner_center",
    "referral_id",
    "referral_link",
    "sync",
    "sync_status",
];
/// What is below these is Partner Center's, or the CRM's.
const FOREIGN: [&str; 2] = ["create", "values"];

pub(super) fn check(node: Node<'_>, diagnostics: &mut Diagnostics) {
    for (key, entry) in node.entries().filter(|(key, _)| !FOREIGN.contains(key)) {
        let is_empty = entry.value.text().is_some_and(|text| text.trim().is_empty());
        if is_empty && KEYS.contains(&key) {
            diagnostics.error(entry.value.place(), format!("`{key}` is empty"), "fill it in");
        }
        check(entry.value, diagnostics);
    }
    node.items().for_each(|item| check(item, diagnostics));
}
