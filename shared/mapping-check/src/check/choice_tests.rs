use super::tests::{finds, found, rule};

#[test]
fn codes_are_those_of_partner_center_and_can_be_turned_back() {
    let size = |when: &str, values: &str| {
        let keys = format!(
            "partner_center = \"customerProfile.size\"\nkind = \"choice\"\n{when}\n[rule.values]\n\
             {values}"
        );
        found(&rule(&keys))
    };
    let found = size(
        "to_partner_center = \"create\"",
        "10to50employees = 1\n51to251employees = 2\n251to1000employees = 1",
    );
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with(
        "own.toml:11:1: error: rule `own`: Partner Center has no code `51to251employees` (did \
             you mean `51to250employees`?)"
    ));
    assert!(
        found[1].starts_with(
            "own.toml:12:22: error: rule `own`: `251to1000employees` and \
            `10to50employees` are both `1` in the CRM"
        ),
        "{found:#?}"
    );
    let found = size("to_crm = \"create\"", "10to50employees = 1");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with(
            "own.toml:9:1: warning: rule `own`: `values` lacks 1to9employees, 51to250employees"
        ),
        "{found:#?}"
    );
}

#[test]
fn a_choice_has_values_and_nothing_else_has() {
    let keys = "partner_center = \"salesStage\"\nto_crm = \"always\"";
    finds(
        &rule(&format!("{keys}\nkind = \"choice\"")),
        &["own.toml:8:8: error: rule `own` is a choice without `values`"],
    );
    finds(
        &rule(&format!("{keys}\nkind = \"text\"\ncrm_length = 9\nvalues = {{ Close = 1 }}")),
        &["own.toml:10:10: error: rule `own` has `values` and is no choice"],
    );
}

#[test]
fn help_values_are_codes_of_partner_center() {
    finds(
        "[help.values]\nGeneralOrOthers = 7\nQuotesOrLicensing = 412000005",
        &[
            "own.toml:3:1: error: [help]: Partner Center has no code `GeneralOrOthers` (did you \
             mean `GeneralOrOther`?)",
            "own.toml:4:21: error: [help]: `QuotesOrLicensing` and `GeneralOrOther` are both \
             `412000005` in the CRM",
        ],
    );
}

#[test]
fn the_two_values_of_visibility_differ_and_are_values() {
    finds(
        "[visibility.values]\nprivate = 412000001",
        &["own.toml:3:11: error: [visibility]: `private` and `microsoft` are the same value"],
    );
    finds(
        "[visibility.values]\nprivate = true\nsellers = 3",
        &[
            "own.toml:3:11: error: `private` must be text or a whole number",
            "own.toml:4:1: error: values has no key `sellers`",
        ],
    );
    let found = found("[visibility]\ncolumn = \"nwcs_products\"");
    assert!(
        found
            .iter()
            .any(|diagnostic| diagnostic.contains("both write the CRM column `nwcs_products`")),
        "{found:#?}"
    );
}
