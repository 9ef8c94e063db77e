//! Whether a new referral gets all that Partner Center asks for.

use super::condition::NEW;
use super::create;
use super::draft::{self, Draft, Ruled, below, end_of};
use crate::diagnostic::Diagnostics;
use crate::node::{Node, to_blame};
use cosell_mapping::paths::NEEDED;
use cosell_mapping::{Required, Situation};
use cosell_model::deal::DealKind;
use toml::de::DeValue;

pub(super) fn check(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    let create = draft.root.get("create");
    if let Some(create) = create {
        create::check(create, diagnostics);
    }
    // With a rule that could not be read, what it fills would be called missing.
    if !draft.unread.is_empty() {
        return;
    }
    for (path, cosell) in NEEDED {
        let filling: Vec<&Ruled<'_>> =
            draft.rules.iter().filter(|ruled| fills(ruled, path)).collect();
        let is_filled = |deal: &DealKind| {
            filling.iter().any(|ruled| ruled.rule.applies(Situation::of_new(*deal)))
        };
        let unfilled = NEW.into_iter().filter(|deal| !cosell || *deal == DealKind::Cosell);
        let unfilled: Vec<DealKind> = unfilled.filter(|deal| !is_filled(deal)).collect();
        let is_given = create.and_then(|create| below(create, path)).is_some_and(is_something);
        if is_given {
            continue;
        }
        let when = if *cosell { " when Microsoft's help is asked" } else { "" };
        let unmapped = || draft::unmapped(draft.unmapped, "", path);
        if let (Some(deal), Some(first)) = (unfilled.first(), filling.first()) {
            let conditions = filling.iter().map(|ruled| ruled.node.blamed(&["when"]));
            diagnostics.error(
                to_blame(conditions.chain(unmapped())).unwrap_or(first.node.place()),
                format!(
                    "nothing fills `{path}` of a {deal} deal, without which Partner Center \
                    takes no new deal{when}"
                ),
                "widen `when`, or add a rule for the other deals",
            );
        }
        if filling.is_empty() {
            let idle = draft.rules.iter().filter(|ruled| ruled.rule.partner_center.is(path));
            let idle = idle.map(|ruled| ruled.node.blamed(&["to_partner_center"]));
            let given = end_of(draft.root, &format!("create.{path}"));
            let places = unmapped().chain(idle).chain([given]);
            diagnostics.error(
                to_blame(places).unwrap_or(draft.root.place()),
                format!(
                    "nothing fills `{path}`, without which Partner Center takes no new \
                    deal{when}"
                ),
                "add a rule with to_partner_center = \"create\" or \"always\", or an entry below \
                 [create]",
            );
        }
        for ruled in filling.iter().filter(|ruled| !insists(ruled, *cosell)) {
            diagnostics.warning(
                ruled.node.blamed(&["required", "default", "partner_center", "to_partner_center"]),
                format!(
                    "{}: Partner Center takes no new deal without `{path}`{when}",
                    ruled.title()
                ),
                format!(
                    "set required = \"{}\", or a default",
                    if *cosell { "cosell" } else { "always" }
                ),
            );
        }
    }
}

fn fills(ruled: &Ruled<'_>, path: &str) -> bool {
    ruled.rule.to_partner_center.on_create() && ruled.rule.partner_center.is(path)
}

/// Whether a seller is notified before Partner Center refuses.
fn insists(ruled: &Ruled<'_>, cosell: bool) -> bool {
    let rule = &ruled.rule;
    rule.default.is_some()
        || rule.required == Required::Always
        || (cosell && rule.required == Required::Cosell)
}

/// A text may be empty here: a placeholder is filled by whoever needs it.
fn is_something(node: Node<'_>) -> bool {
    match node.value() {
        DeValue::Array(items) => !items.is_empty(),
        DeValue::Table(table) => !table.is_empty(),
        _ => true,
    }
}
