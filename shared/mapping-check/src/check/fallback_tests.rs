use super::tests::finds;

#[test]
fn a_fallback_is_for_what_is_read_and_not_written_later() {
    let city = |keys: &str| format!("[[rule]]\nname = \"customer_city\"\n{keys}");
    finds(
        &city("fallback = [\"customerid_account/address2_city\", \"customerid_account/Bad\"]"),
        &["own.toml:4:49: error: the column `customerid_account/Bad` has capital letters"],
    );
    finds(
        "[[rule]]\nname = \"notes\"\nfallback = [\"new_notes\"]",
        &["own.toml:4:12: error: rule `notes`: with `fallback`, what is emptied in Partner \
             Center would come back"],
    );
    finds(
        "[[lead.rule]]\nname = \"customer_city\"\nfallback = [\"new_city\"]",
        &["own.toml:4:12: warning: lead rule `customer_city`: `fallback` has no effect, since \
             the CRM is not read"],
    );
}

#[test]
fn a_default_for_the_crm_is_one_that_it_can_have() {
    finds("[[lead.rule]]\nname = \"notes\"\ndefault_to_crm = \"-\"", &[]);
    finds(
        "[[rule]]\nname = \"deal_value\"\ndefault_to_crm = \"much\"",
        &["own.toml:4:18: error: rule `deal_value`: the default for the CRM is not of its kind: \
             expected a number"],
    );
    finds(
        "[[rule]]\nname = \"team_email\"\ndefault_to_crm = \"x\"",
        &["own.toml:4:18: warning: rule `team_email`: `default_to_crm` has no effect"],
    );
    let size = super::tests::rule(
        "partner_center = \"customerProfile.size\"\nkind = \"choice\"\nto_crm = \"create\"\n\
         values = { 1to9employees = 7 }\ndefault_to_crm = \"8\"",
    );
    let found = super::tests::found(&size);
    let expected =
        "own.toml:10:18: error: rule `own`: the default for the CRM is none of the CRM's `values`";
    assert!(found.iter().any(|diagnostic| diagnostic.starts_with(expected)), "{found:#?}");
}
