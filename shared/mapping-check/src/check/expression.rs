//! A rule's expressions: that they go one way, and name what there is.

use super::draft::Ruled;
use super::{column, rule};
use crate::diagnostic::Diagnostics;
use crate::suggestion::nearest;
use cosell_mapping::paths::{self, Holds};
use cosell_mapping::{Crm, Expression, When};

pub(super) fn check(ruled: &Ruled<'_>, crm: &Crm, diagnostics: &mut Diagnostics) {
    let rule = &ruled.rule;
    if let Some(expression) = &rule.from_partner_center {
        from_partner_center(ruled, expression, diagnostics);
        rule::length(ruled, Holds::Text, diagnostics);
    }
    if let Some(expression) = &rule.from_crm {
        for column in expression.columns() {
            column::check_name(column.as_str(), crm, ruled.node.place_of("from_crm"), diagnostics);
        }
        if !rule.fallback.is_empty() {
            diagnostics.error(
                ruled.node.blamed(&["fallback", "from_crm"]),
                format!("{}: `fallback` has no effect beside `from_crm`", ruled.title()),
                "write the other columns into the expression: {{ first or second }}",
            );
        }
    }
    let backwards = [
        (
            "from_partner_center",
            rule.from_partner_center.is_some(),
            "to_partner_center",
            rule.to_partner_center,
        ),
        ("from_crm", rule.from_crm.is_some(), "to_crm", rule.to_crm),
    ];
    for (key, is_set, direction, when) in backwards {
        if is_set && when != When::Never {
            diagnostics.error(
                ruled.node.blamed(&[key, direction]),
                format!("{}: what `{key}` computes cannot be turned back", ruled.title()),
                format!("set {direction} = \"never\", and make another rule for the way back"),
            );
        }
    }
}

fn from_partner_center(ruled: &Ruled<'_>, expression: &Expression, diagnostics: &mut Diagnostics) {
    for name in expression.names().filter(|name| paths::property(name).is_none()) {
        let all: Vec<String> = paths::all().collect();
        let remedy = match nearest(name, all.iter().map(String::as_str)) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "docs/mapping.md tells which there are".to_owned(),
        };
        let what = format!("{}: a referral has no `{name}`", ruled.title());
        diagnostics.error(ruled.node.place_of("from_partner_center"), what, remedy);
    }
}
