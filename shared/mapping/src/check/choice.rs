//! Tables of codes: a rule's `values`, and those of `[help]`.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Ruled;
use crate::conversion::{same_scalar, scalar_text};
use crate::document::Node;
use crate::fault::Faults;
use crate::nearest::hint;
use crate::paths::{self, Codes, Holds};
use crate::{Help, Visibility, When};
use cosell_model::value::Kind;

pub(super) fn check(ruled: &Ruled<'_>, faults: &mut Faults) {
    let Ruled { rule, node, .. } = ruled;
    let title = ruled.title();
    match (rule.kind, rule.values.is_empty()) {
        (Kind::Choice, true) => {
            faults.error(
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
                shared(&title, values, &rule.values, faults);
            }
            if let Some(Holds::Code(codes)) =
                paths::property(&rule.partner_center).map(|property| property.holds)
            {
                unknown(&title, values, codes, faults);
                if rule.to_crm != When::Never {
                    lacking(&title, values, codes, faults);
                }
            }
        }
        (_, false) => {
            faults.error(
                node.blamed(&["values", "kind"]),
                format!("{title} has `values` and is no choice"),
                "set kind = \"choice\", or take them out",
            );
        }
        _ => {}
    }
}

/// Help is read from the CRM only: a code that the table lacks is one that sellers are not offered.
pub(super) fn check_help(help: &Help, node: &Node, faults: &mut Faults) {
    let Some(values) = node.get("values") else {
        return;
    };
    shared("[help]", values, &help.values, faults);
    unknown("[help]", values, paths::HELP, faults);
}

/// A column that says the same of every deal tells nothing.
pub(super) fn check_visibility(visibility: &Visibility, node: &Node, faults: &mut Faults) {
    let Some(values) = node.get("values") else {
        return;
    };
    if same_scalar(&visibility.values.private, &visibility.values.microsoft) {
        faults.error(
            values.place_of("private"),
            "[visibility]: `private` and `microsoft` are the same value in the CRM".to_owned(),
            "give each a value of its own",
        );
    }
}

/// Codes whose value in the CRM is another's, too.
fn shared(title: &str, node: &Node, values: &BTreeMap<String, Json>, faults: &mut Faults) {
    let mut first: BTreeMap<String, &str> = BTreeMap::new();
    for (code, value) in values {
        let value = scalar_text(value);
        if let Some(other) = first.get(&value) {
            faults.error(
                node.place_of(code),
                format!("{title}: `{code}` and `{other}` are both `{value}` in the CRM, which cannot be turned back"),
                "give each a value of its own, or set to_partner_center = \"never\"",
            );
        } else {
            first.insert(value, code);
        }
    }
}

fn unknown(title: &str, node: &Node, codes: Codes, faults: &mut Faults) {
    let all = || codes.current.iter().chain(codes.old).copied();
    for (code, entry) in node.entries() {
        if all().any(|known| known == code) {
            continue;
        }
        let hint = hint(code, all());
        let what = format!("{title}: Partner Center has no code `{code}`{hint}");
        let remedy = format!("use {}", codes.current.join(", "));
        if codes.closed {
            faults.error(entry.key, what, remedy);
        } else {
            faults.warning(entry.key, what, remedy);
        }
    }
}

fn lacking(title: &str, node: &Node, codes: Codes, faults: &mut Faults) {
    let lacking: Vec<&str> =
        codes.current.iter().copied().filter(|code| node.get(code).is_none()).collect();
    if codes.closed && !lacking.is_empty() {
        let what = format!(
            "{title}: `values` lacks {}; a deal that has one of them leaves the field in the CRM as it is",
            lacking.join(", ")
        );
        faults.warning(node.place, what, "add them");
    }
}
