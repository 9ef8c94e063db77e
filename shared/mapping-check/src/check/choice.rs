//! Tables of codes: a rule's `values`, and those of `[help]`.

use std::collections::BTreeMap;

use super::draft::Ruled;
use crate::diagnostic::Diagnostics;
use crate::node::Node;
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
                node.blamed(&["kind"]),
                format!("{title} is a choice without `values`"),
                "pair Partner Center's codes with the CRM's in a table [rule.values]",
            );
        }
        (Kind::Choice, false) => {
            let Some(values) = node.get("values") else {
                return;
            };
            if rule.to_partner_center != When::Never {
                shared(&title, values, &rule.values, diagnostics);
            }
            if let Some(Holds::Code(codes)) =
                paths::property(rule.partner_center.as_str()).map(|property| property.holds)
            {
                unknown(&title, values, codes, diagnostics);
                if rule.to_crm != When::Never {
                    lacking(&title, values, codes, diagnostics);
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
    shared("[help]", values, &help.values, diagnostics);
    unknown("[help]", values, paths::HELP, diagnostics);
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
            values.place_of("private"),
            "[visibility]: `private` and `microsoft` are the same value in the CRM".to_owned(),
            "give each a value of its own",
        );
    }
}

/// Codes whose value in the CRM is another's, too.
fn shared(
    title: &str,
    node: Node<'_>,
    values: &BTreeMap<String, Code>,
    diagnostics: &mut Diagnostics,
) {
    let mut first: BTreeMap<String, &str> = BTreeMap::new();
    for (code, value) in values {
        let value = value.to_string();
        if let Some(other) = first.get(&value) {
            diagnostics.error(
                node.place_of(code),
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

fn unknown(title: &str, node: Node<'_>, codes: Codes, diagnostics: &mut Diagnostics) {
    let all = || codes.current.iter().chain(codes.old).copied();
    for (code, entry) in node.entries() {
        if all().any(|known| known == code) {
            continue;
        }
        let hint = hint(code, all());
        let what = format!("{title}: Partner Center has no code `{code}`{hint}");
        let remedy = format!("use {}", codes.current.join(", "));
        if codes.closed {
            diagnostics.error(entry.key, what, remedy);
        } else {
            diagnostics.warning(entry.key, what, remedy);
        }
    }
}

fn lacking(title: &str, node: Node<'_>, codes: Codes, diagnostics: &mut Diagnostics) {
    let lacking: Vec<&str> =
        codes.current.iter().copied().filter(|code| node.get(code).is_none()).collect();
    if codes.closed && !lacking.is_empty() {
        let what = format!(
            "{title}: `values` lacks {}; a deal that has one of them leaves the field in the CRM \
             as it is",
            lacking.join(", ")
        );
        diagnostics.warning(node.place(), what, "add them");
    }
}
