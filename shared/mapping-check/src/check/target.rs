//! What concerns several rules: names, and targets that are written twice.

use std::collections::BTreeMap;

use super::draft::{Draft, Ruled};
use super::own_column;
use crate::diagnostic::Diagnostics;
use crate::node::to_blame;
use cosell_mapping::{When, paths};

pub(super) fn check(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    names(draft, diagnostics);
    crm_targets(draft, diagnostics);
    partner_center_targets(draft, diagnostics);
}

fn names(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for Ruled { rule, node, .. } in &draft.rules {
        if let Some(line) = names.insert(rule.name.as_str(), node.line()) {
            let what = format!(
                "{} `{}` stands twice, the first time in line {line}",
                draft.table.rule(),
                rule.name
            );
            diagnostics.error(node.place_of("name"), what, "give it another name");
        }
    }
}

/// Columns are compared without case, as both CRMs do.
fn crm_targets(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    let writing: Vec<&Ruled<'_>> =
        draft.rules.iter().filter(|ruled| ruled.rule.to_crm != When::Never).collect();
    for (at, ruled) in writing.iter().enumerate() {
        let column = &ruled.rule.crm;
        let own = own_column::all(draft).find(|own| own.is(column));
        let same = |other: &&&Ruled<'_>| {
            other.rule.crm.as_str().eq_ignore_ascii_case(column.as_str())
                && !ruled.rule.excludes(&other.rule)
        };
        let cause = |ruled: &Ruled<'_>| ruled.node.blamed(&["crm", "to_crm", "when"]);
        let other = writing[..at].iter().rfind(same).map(|other| (other.title(), cause(other)));
        let own = own.map(|own| (own.title(), own.place(draft)));
        if let Some((other, place)) = other.or(own) {
            diagnostics.error(
                to_blame([cause(ruled), place]).unwrap_or(place),
                format!("{} and {other} both write the CRM column `{column}`", ruled.title()),
                "set to_crm = \"never\" in one of them, or give it another column",
            );
        }
    }
}

/// A path and one below it are one target, too.
fn partner_center_targets(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    let writing: Vec<&Ruled<'_>> =
        draft.rules.iter().filter(|ruled| ruled.rule.to_partner_center != When::Never).collect();
    for (at, ruled) in writing.iter().enumerate() {
        let path = ruled.rule.partner_center.as_str();
        let other = writing[..at].iter().find(|other| {
            let excluded = ruled.rule.excludes(&other.rule);
            let other = other.rule.partner_center.as_str();
            !excluded && (paths::is_at_or_below(path, other) || paths::is_at_or_below(other, path))
        });
        if let Some(other) = other {
            let cause = |ruled: &Ruled<'_>| {
                ruled.node.blamed(&["partner_center", "to_partner_center", "when"])
            };
            diagnostics.error(
                to_blame([cause(ruled), cause(other)]).unwrap_or(ruled.node.place()),
                format!(
                    "{} and {} both write `{path}` in Partner Center",
                    ruled.title(),
                    other.title()
                ),
                "set to_partner_center = \"never\" in one of them",
            );
        }
    }
}
