//! A rule's expressions: that they go one way, and name what there is.

use super::{Ruled, column, rule};
use crate::crm::Crm;
use crate::fault::Faults;
use crate::nearest::nearest;
use crate::paths::{self, Holds};
use crate::{Expression, When};

pub(super) fn check(ruled: &Ruled<'_>, crm: &Crm, faults: &mut Faults) {
    let rule = &ruled.rule;
    if let Some(expression) = &rule.from_partner_center {
        from_partner_center(ruled, expression, faults);
        rule::length(ruled, Holds::Text, faults);
    }
    if let Some(expression) = &rule.from_crm {
        for column in expression.columns() {
            column::check_name(column, crm, ruled.node.place_of("from_crm"), faults);
        }
        if !rule.fallback.is_empty() {
            faults.error(
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
            faults.error(
                ruled.node.blamed(&[key, direction]),
                format!("{}: what `{key}` computes cannot be turned back", ruled.title()),
                format!("set {direction} = \"never\", and make another rule for the way back"),
            );
        }
    }
}

fn from_partner_center(ruled: &Ruled<'_>, expression: &Expression, faults: &mut Faults) {
    for name in expression.names().filter(|name| paths::property(name).is_none()) {
        let all: Vec<String> = paths::all().collect();
        let remedy = match nearest(name, all.iter().map(String::as_str)) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "docs/mapping.md tells which there are".to_owned(),
        };
        let what = format!("{}: a referral has no `{name}`", ruled.title());
        faults.error(ruled.node.place_of("from_partner_center"), what, remedy);
    }
}
