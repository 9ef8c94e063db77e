//! Tables of codes: a rule's `values`, and those of `[help]`.

use std::collections::BTreeMap;

use super::draft::Ruled;
use crate::diagnostic::Diagnostics;
use crate::node::{Node, to_blame};
use crate::source::Place;
use crate::suggestion::hint;
use cosell_mapping::paths::{self, Codes, Holds};
use cosell_mapping::{Code, Help, Visibility, When};
use cosell_model::value::Kind;

pub(super) fn check(ruled: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    let title = ruled.title();
    match (rule.kind, rule.values.is_empty()) {
        (Kind::Choice, true) => {
            diagnostics.error(
                node.blamed(&["values", "kind"]),
                format!("{title} is a choice without `values`"),
                "pair Partner Center's codes with the CRM's in a table [rule.values]",
            );
        }
        (Kind::Choice, false) => {
            let Some(values) = node.get("values") else {
                return;
            };
            if rule.to_partner_center != When::Never {
                let sent = node.blamed_if_set(&["to_partner_center"]);
                shared(&title, values, &rule.values, sent, diagnostics);
            }
            if let Some(Holds::Code(codes)) =
                paths::property(rule.partner_center.as_str()).map(|property| property.holds)
            {
                let path = node.blamed_if_set(&["partner_center"]);
                unknown(&title, values, codes, path, diagnostics);
                if rule.to_crm != When::Never {
                    let place = node.blamed(&["values", "partner_center", "to_crm"]);
                    lacking(&title, values, codes, place, diagnostics);
                }
            }
        }
        (_, false) => {
            diagnostics.error(
                node.blamed(&["values", "kind"]),
                format!("{title} has `values` and is no choice"),
                "set kind = \"choice\", or take them out",
            );
        }
        _ => {}
    }
}

/// Help is read from the CRM only: a code that the table lacks is one that sellers are not offered.
pub(super) fn check_help(help: &Help, node: Node<'_>, diagnostics: &mut Diagnostics) {
    let Some(values) = node.get("values") else {
        return;
    };
    shared("[help]", values, &help.values, None, diagnostics);
    unknown("[help]", values, paths::HELP, None, diagnostics);
}

/// A column that says the same of every deal tells nothing.
pub(super) fn check_visibility(
    visibility: &Visibility,
    node: Node<'_>,
    diagnostics: &mut Diagnostics,
) {
    let Some(values) = node.get("values") else {
        return;
    };
    if visibility.values.private.is(visibility.values.microsoft.json()) {
        diagnostics.error(
            values.blamed(&["private", "microsoft"]),
            "[visibility]: `private` and `microsoft` are the same value in the CRM".to_owned(),
            "give each a value of its own",
        );
    }
}

/// Codes whose value in the CRM is another's, too. `sent` is where it says that they are sent.
pub(super) fn shared(
    title: &str,
    node: Node<'_>,
    values: &BTreeMap<String, Code>,
    sent: Option<Place>,
    diagnostics: &mut Diagnostics,
) {
    let mut first: BTreeMap<String, &str> = BTreeMap::new();
    for (code, value) in values {
        let value = value.to_string();
        if let Some(other) = first.get(&value) {
            let places = [node.place_of(code), node.place_of(other)].into_iter().chain(sent);
            diagnostics.error(
                to_blame(places).unwrap_or(node.place()),
                format!(
                    "{title}: `{code}` and `{other}` are both `{value}` in the CRM, which \
                    cannot be turned back"
                ),
                "give each a value of its own, or set to_partner_center = \"never\"",
            );
        } else {
            first.insert(value, code);
        }
    }
}

/// Codes that Partner Center has not at the path, which is named at `path`.
fn unknown(
    title: &str,
    node: Node<'_>,
    codes: Codes,
    path: Option<Place>,
    diagnostics: &mut Diagnostics,
) {
    let all = || codes.current.iter().chain(codes.old).copied();
    for (code, entry) in node.entries() {
        if all().any(|known| known == code) {
            continue;
        }
        let hint = hint(code, all());
        let what = format!("{title}: Partner Center has no code `{code}`{hint}");
        let remedy = format!("use {}", codes.current.join(", "));
        let place = to_blame([entry.key].into_iter().chain(path)).unwrap_or(entry.key);
        if codes.closed {
            diagnostics.error(place, what, remedy);
        } else {
            diagnostics.warning(place, what, remedy);
        }
    }
}

fn lacking(title: &str, node: Node<'_>, codes: Codes, place: Place, diagnostics: &mut Diagnostics) {
    let lacking: Vec<&str> =
        codes.current.iter().copied().filter(|code| node.get(code).is_none()).collect();
    if codes.closed && !lacking.is_empty() {
        let what = format!(
            "{title}: `values` lacks {}; a deal that has one of them leaves the field in the CRM \
             as it is",
            lacking.join(", ")
        );
        diagnostics.warning(place, what, "add them");
    }
}
