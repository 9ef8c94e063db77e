use super::tests::{finds, found, rule};

fn with(name: &str, when: &str) -> String {
    format!("[[rule]]\nname = \"{name}\"\nwhen = {when}")
}

#[test]
fn a_condition_that_never_holds_is_reported() {
    for never in [
        "{ deal = [\"private\"], direction = \"incoming\" }",
        "{ deal = [\"inbound_cosell\", \"qualified_lead\"], direction = \"outgoing\" }",
    ] {
        finds(&with("notes", never), &["own.toml:4:8: error: rule `notes`: `when` never holds"]);
    }
    let size = "partner_center = \"customerProfile.size\"\nkind = \"choice\"\n\
        to_partner_center = \"create\"\nvalues = { 1to9employees = 7 }\n";
    finds(
        &rule(&format!("{size}when = {{ stage = [\"Won\"] }}")),
        &["own.toml:10:8: error: rule `own`: `when` never holds"],
    );
    finds(&rule(&format!("{size}when = {{ deal = [\"services_cosell\"] }}")), &[]);
    finds(
        &with("notes", "{}"),
        &["own.toml:4:8: warning: rule `notes`: `when` holds for every deal"],
    );
    let lead = with("notes", "{ deal = [\"cosell\"] }").replace("[[rule]]", "[[lead.rule]]");
    finds(&lead, &["own.toml:4:8: error: lead rule `notes`: `when` never holds"]);
}

#[test]
fn a_condition_speaks_of_kinds_and_stages_that_there_are() {
    finds(
        &with(
            "notes",
            "{ deal = [\"co_sell\"], direction = \"in\", stage = \"Won\", help = true }",
        ),
        &[
            "own.toml:4:18: error: `deal` cannot be `co_sell` (did you mean `cosell`?); use one of \
             private, partner_led",
            "own.toml:4:42: error: `direction` cannot be `in`",
            "own.toml:4:56: error: `stage` must be a list of New, Active",
            "own.toml:4:63: error: when has no key `help`",
        ],
    );
}

#[test]
fn two_rules_may_write_one_target_if_no_deal_has_both() {
    let second = rule(
        "partner_center = \"details.notes\"\nkind = \"text\"\ncrm_length = 9\n\
        to_crm = \"always\"\nto_partner_center = \"always\"\nwhen = { direction = \"incoming\" }",
    )
    .replace("new_own", "description");
    finds(&format!("{}\n{second}", with("notes", "{ direction = \"outgoing\" }")), &[]);
    let clash = found(&format!("{}\n{second}", with("notes", "{ stage = [\"Active\"] }")));
    assert_eq!(clash.len(), 2, "{clash:#?}");
    assert!(
        clash[0].contains("both write the CRM column `description`")
            && clash[1].contains("both write `details.notes`"),
        "{clash:#?}"
    );
}

#[test]
fn what_a_new_deal_needs_must_come_for_each_kind_of_deal() {
    finds(
        &with("customer_city", "{ deal = [\"cosell\", \"partner_led\"] }"),
        &["own.toml:4:8: error: nothing fills `customerProfile.address.city` of a private deal, \
             without which Partner Center takes no new deal"],
    );
    finds(&with("contact_phone", "{ deal = [\"cosell\"] }"), &[]);
}
