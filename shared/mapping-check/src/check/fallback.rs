//! What takes the place of a value that is not there: `fallback` and `default_to_crm`.

use super::draft::Ruled;
use crate::diagnostic::Diagnostics;
use cosell_mapping::{Rule, When};
use cosell_model::value::Kind;

pub(super) fn check(ruled: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    fallback(ruled, diagnostics);
    default_to_crm(ruled, diagnostics);
}

fn fallback(ruled: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    if rule.fallback.is_empty() {
        return;
    }
    let title = ruled.title();
    if rule.to_partner_center == When::Never {
        diagnostics.warning(
            node.blamed(&["fallback", "to_partner_center"]),
            format!("{title}: `fallback` has no effect, since the CRM is not read"),
            "set to_partner_center, or take it out",
        );
    } else if rule.to_crm.on_update() {
        diagnostics.error(
            node.blamed(&["fallback", "to_crm"]),
            format!(
                "{title}: with `fallback`, what is emptied in Partner Center would come back \
                from another column"
            ),
            "set to_crm = \"never\" or \"create\"",
        );
    }
}

fn default_to_crm(ruled: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    let title = ruled.title();
    if rule.default_to_crm.is_some() && !rule.to_crm.on_create() {
        diagnostics.warning(
            node.blamed(&["default_to_crm", "to_crm"]),
            format!(
                "{title}: `default_to_crm` has no effect, since the rule does not fill new records"
            ),
            "set to_crm = \"create\" or \"always\", or take it out",
        );
    }
    if let Some(problem) = problem(rule) {
        diagnostics.error(
            node.blamed(&["default_to_crm", "kind", "crm", "values", "transform"]),
            format!("{title}: the default for the CRM {problem}"),
            "correct it",
        );
    }
}

fn problem(rule: &Rule) -> Option<String> {
    let text = rule.default_to_crm.as_deref()?;
    if rule.kind == Kind::Choice && !rule.values.values().any(|value| value.to_string() == text) {
        return Some("is none of the CRM's `values`".to_owned());
    }
    let error = rule.default_to_crm()?.err()?;
    Some(format!("is not of its kind: {error}"))
}
