//! `[registration]`: what a registration is made of.

use super::draft::{self, Draft, Ruled, Table, below, end_of, rules};
use super::{choice, create, own_column, rule};
use crate::diagnostic::Diagnostics;
use crate::node::to_blame;
use crate::suggestion::hint;
use cosell_mapping::paths::{self, Access};
use cosell_mapping::registration::FIRST;
use cosell_mapping::{Required, Rule, When};

/// Without these Partner Center takes no registration (contract partner-center 2.9, 3.6).
const NEEDED: [&str; 3] = ["type", "contract.startDateTime", "contract.signDateTime"];

pub(super) fn check(deals: &Draft<'_>, diagnostics: &mut Diagnostics) {
    let Some(registration) = deals.root.get("registration") else {
        return;
    };
    let create = registration.get("create");
    if let Some(create) = create {
        create::below(FIRST, create, diagnostics);
    }
    let (rules, unread) = rules(Table::Registrations, registration);
    for ruled in &rules {
        check_rule(ruled, diagnostics);
        own_column::are_not_read(deals, ruled, diagnostics);
    }
    for node in &unread {
        rule::check_sides(Table::Registrations, *node, diagnostics);
    }
    // A deployment may switch it on, too.
    for path in NEEDED.iter().filter(|_| unread.is_empty()) {
        let is_given = create.and_then(|create| below(create, path)).is_some();
        if !is_given && !rules.iter().any(|ruled| ruled.rule.partner_center.is(path)) {
            let given = end_of(registration, &format!("create.{path}"));
            let places = draft::unmapped(deals.unmapped, "registration", path).chain([given]);
            let places = places.chain([registration.place_of("when")]);
            diagnostics.error(
                to_blame(places).unwrap_or(registration.place()),
                format!(
                    "nothing fills `{path}` of a registration, without which Partner Center \
                    takes none"
                ),
                "add a [[registration.rule]], or an entry below [registration.create]",
            );
        }
    }
}

fn check_rule(ruled: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, table } = ruled;
    let title = ruled.title();
    for (key, _) in [("to_crm", rule.to_crm), ("to_partner_center", rule.to_partner_center)]
        .iter()
        .filter(|(_, when)| *when != When::Never)
    {
        diagnostics.error(
            node.blamed(&[key]),
            format!("{title}: a registration is made once, so that `{key}` has no meaning here"),
            "take it out; what comes of a registration is mapped by an ordinary [[rule]] of \
             `registrations.0.status`",
        );
    }
    for key in ["conflict", "crm_length", "default_to_crm"] {
        if node.get(key).is_some() {
            diagnostics.warning(
                node.blamed(&[key]),
                format!("{title}: `{key}` has no effect, since a registration is made once"),
                "take it out",
            );
        }
    }
    if rule.required != Required::Never && rule.remedy.trim().is_empty() {
        diagnostics.error(
            node.blamed(&["required", "remedy"]),
            format!("{title} is required and has no `remedy`"),
            "write in `remedy` what a seller does when it is missing",
        );
    }
    let path = format!("{FIRST}.{}", rule.partner_center);
    let Some(property) = paths::property(&path) else {
        let all: Vec<String> = paths::all()
            .filter_map(|path| path.strip_prefix(FIRST)?.strip_prefix('.').map(str::to_owned))
            .collect();
        let what = format!(
            "{title}: a registration has no `{}`{}",
            rule.partner_center,
            hint(rule.partner_center.as_str(), all.iter().map(String::as_str))
        );
        diagnostics.error(
            node.place_of("partner_center"),
            what,
            "write the path from the registration on, such as contract.value",
        );
        return;
    };
    if property.access == Access::ReadOnly {
        diagnostics.error(
            node.place_of("partner_center"),
            format!("{title}: `{}` is read-only in Partner Center", rule.partner_center),
            "take the rule out",
        );
    }
    let whole = Ruled {
        rule: Rule { partner_center: path.into(), to_partner_center: When::Create, ..rule.clone() },
        node: *node,
        table: *table,
    };
    rule::kind(&whole, property.holds, diagnostics);
    choice::check(&whole, diagnostics);
}

#[cfg(test)]
mod tests {
    use super::super::tests::finds;

    #[test]
    fn registering_is_switched_on_by_one_word_and_its_rules_are_applied_on_top_by_name() {
        finds("[registration]\nwhen = \"won\"", &[]);
        finds(
            "[registration]\nwhen = \"won\"\n[[registration.rule]]\nname = \"contract_sign\"\n\
             crm = \"new_signed\"",
            &[],
        );
        finds(
            "[registration]\nwhen = \"lost\"",
            &["own.toml:3:8: error: `when` cannot be `lost`; use one of never, won"],
        );
    }

    #[test]
    fn a_registration_without_a_date_is_refused() {
        finds(
            "[registration]\nwhen = \"won\"\n[[registration.rule]]\nname = \"contract_sign\"\n\
             off = true",
            &["own.toml:5:8: error: nothing fills `contract.signDateTime` of a registration"],
        );
    }

    #[test]
    fn paths_kinds_and_directions_of_a_registration_are_checked() {
        let rule = |keys: &str| {
            format!(
                "[[registration.rule]]\nname = \"own\"\nlabel = \"Own\"\ncrm = \"new_own\"\n{keys}"
            )
        };
        finds(
            &rule("kind = \"money\"\npartner_center = \"contract.valeu\""),
            &["own.toml:7:18: error: registration rule `own`: a registration has no \
                 `contract.valeu` (did you mean `contract.value`?)"],
        );
        finds(
            &rule("kind = \"text\"\npartner_center = \"status\""),
            &["own.toml:7:18: error: registration rule `own`: `status` is read-only"],
        );
        finds(
            &rule("kind = \"text\"\npartner_center = \"contract.endDateTime\""),
            &["own.toml:6:8: error: registration rule `own`: \
                 `registrations.0.contract.endDateTime` is a date"],
        );
        finds(
            &rule(
                "kind = \"date\"\npartner_center = \"contract.endDateTime\"\nto_crm = \"always\"",
            ),
            &["own.toml:8:10: error: registration rule `own`: a registration is made once"],
        );
        finds(
            "[registration.create]\ncontract = { term = \"Forever\" }",
            &["own.toml:3:21: error: [create]: Partner Center has no code `Forever` for \
                 `registrations.0.contract.term`"],
        );
    }
}
