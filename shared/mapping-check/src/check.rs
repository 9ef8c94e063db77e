//! Semantic checks: what contradicts itself, Partner Center or the sync in a mapping that has the
//! right form.

mod choice;
mod column;
mod condition;
mod create;
mod draft;
mod expression;
mod fallback;
mod lead;
mod own_column;
mod referral;
mod registration;
mod rule;
mod stages;
mod target;
mod transform;

use cosell_mapping::Crm;
use draft::{Draft, Table};

use crate::diagnostic::Diagnostics;
use crate::node::Node;
use crate::overlay::state::Unmapped;

/// Finds all that makes no sense in a merged file.
pub(crate) fn check(
    crm: &Crm,
    root: Node<'_>,
    unmapped: &[Unmapped],
    diagnostics: &mut Diagnostics,
) {
    check_system(crm, root, diagnostics);
    let deals = Draft::of(crm, Table::Opportunities, root, root, unmapped);
    check_table(&deals, diagnostics);
    if let (Some(help), Some(node)) = (&deals.help, root.get("help")) {
        choice::check_help(help, node, diagnostics);
    }
    if let (Some(visibility), Some(node)) = (&deals.visibility, root.get("visibility")) {
        choice::check_visibility(visibility, node, diagnostics);
    }
    referral::check(&deals, diagnostics);
    registration::check(&deals, diagnostics);
    if let Some(at) = root.get("lead") {
        let leads = Draft::of(crm, Table::Leads, root, at, &[]);
        check_table(&leads, diagnostics);
        lead::check(&deals, &leads, diagnostics);
    }
}

/// A mapping names the CRM that it is for: the columns of another would only be refused there.
fn check_system(crm: &Crm, root: Node<'_>, diagnostics: &mut Diagnostics) {
    let Some(node) = root.get("system") else { return };
    if let Some(system) = node.text().filter(|system| *system != crm.system()) {
        let what = format!("`system` cannot be `{system}`; use {}", crm.system());
        diagnostics.error(node.place(), what, "correct the value");
    }
}

fn check_table(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    for ruled in &draft.rules {
        rule::check(ruled, draft.crm, diagnostics);
        choice::check(ruled, diagnostics);
        transform::check(ruled, diagnostics);
        fallback::check(ruled, diagnostics);
        condition::check(ruled, diagnostics);
        expression::check(ruled, draft.crm, diagnostics);
    }
    for node in &draft.unread {
        rule::check_sides(draft.table, *node, diagnostics);
        rule::check_path(draft.table, *node, diagnostics);
    }
    column::check(draft, diagnostics);
    own_column::check(draft, diagnostics);
    target::check(draft, diagnostics);
    stages::check(draft, diagnostics);
}

#[cfg(test)]
mod blame_tests;
#[cfg(test)]
mod choice_tests;
#[cfg(test)]
mod condition_tests;
#[cfg(test)]
mod expression_tests;
#[cfg(test)]
mod fallback_tests;
#[cfg(test)]
mod lead_tests;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod transform_tests;
