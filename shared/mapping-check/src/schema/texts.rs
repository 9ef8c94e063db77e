//! Texts that may not be empty: names, and where a value stands. Texts that stand in one line.

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
/// What stands in a line of *Sync status*, of the audit log, or of what is printed.
const ONE_LINE: [&str; 3] = ["label", "name", "remedy"];
/// What is below these is Partner Center's, or the CRM's.
const FOREIGN: [&str; 2] = ["create", "values"];

pub(super) fn check(node: Node<'_>, diagnostics: &mut Diagnostics) {
    for (key, entry) in node.entries().filter(|(key, _)| !FOREIGN.contains(key)) {
        let is_empty = entry.value.text().is_some_and(|text| text.trim().is_empty());
        if is_empty && KEYS.contains(&key) {
            diagnostics.error(entry.value.place(), format!("`{key}` is empty"), "fill it in");
        }
        let breaks = entry.value.text().is_some_and(|text| text.contains(breaks_a_line));
        if breaks && ONE_LINE.contains(&key) {
            diagnostics.error(
                entry.value.place(),
                format!("`{key}` has a line break or another control character"),
                "write it on one line: it stands in texts of one line",
            );
        }
        check(entry.value, diagnostics);
    }
    node.items().for_each(|item| check(item, diagnostics));
}

/// Control characters, and what Unicode has for a line break beside them.
fn breaks_a_line(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}
