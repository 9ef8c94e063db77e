use super::tests::{finds, rule};

#[test]
fn a_transform_that_does_not_exist_is_reported_with_the_nearest() {
    finds(
        "[[rule]]\nname = \"notes\"\ntransform = [\"trimm\", \"limit\", 3]",
        &[
            "own.toml:4:14: error: `transform`: there is no transform `trimm` (did you mean \
             `trim`?); docs/mapping.md",
            "own.toml:4:23: error: `transform`: `limit` needs a whole number from 1",
            "own.toml:4:32: error: `transform` must be a list of texts, and is a number",
        ],
    );
}

#[test]
fn what_cannot_be_undone_is_reported_of_a_rule_that_goes_both_ways() {
    finds(
        "[[rule]]\nname = \"notes\"\ntransform = [\"trim\", \"first_line\"]\n[[lead.rule]]\n\
         name = \"notes\"\noff = true",
        &["own.toml:4:22: error: rule `notes`: `first_line` cannot be undone, and the rule goes \
             both ways; set to_crm or to_partner"],
    );
    finds(
        "[[rule]]\nname = \"notes\"\nto_crm = \"never\"\ntransform = [\"first_line\"]\n\
         [[lead.rule]]\nname = \"notes\"\noff = true",
        &[],
    );
}

#[test]
fn each_transform_takes_what_the_one_before_gives() {
    let day = |keys: &str| {
        rule(&format!(
            "partner_center = \"expirationDateTime\"\nkind = \"date\"\nto_crm = \"always\"\n{keys}"
        ))
    };
    finds(&day("transform = [\"days:-3\", \"date_as:%F\", \"upper\"]\ncrm_length = 10"), &[]);
    finds(
        &day("transform = [\"date_as:%F\", \"round:2\"]\ncrm_length = 10"),
        &[
            "own.toml:9:28: error: rule `own`: `round:2` takes a number, and gets text",
            "own.toml:10:14: warning",
        ],
    );
    finds(
        &day("transform = [\"date_as:%F\"]"),
        &["own.toml:5:7: warning: rule `own`: no `crm_length`"],
    );
}

#[test]
fn towards_partner_center_the_last_one_gives_what_the_path_holds() {
    let day = |transform: &str| {
        rule(&format!(
            "partner_center = \"registrations.0.contract.signDateTime\"\nkind = \"date\"\n\
             to_partner_center = \"always\"\ntransform = [\"{transform}\"]"
        ))
    };
    finds(&day("date_from:%F"), &[]);
    finds(
        &day("upper"),
        &["own.toml:9:13: error: rule `own`: the value is text, and must be a day"],
    );
}

#[test]
fn several_items_are_only_read_and_made_one() {
    let team = |keys: &str| {
        rule(&format!(
            "partner_center = \"customerProfile.team.*.lastName\"\nkind = \"text\"\n\
             crm_length = 80\nto_crm = \"always\"\n{keys}"
        ))
    };
    finds(&team("transform = [\"last\"]"), &[]);
    finds(
        &team(""),
        &["own.toml:6:18: error: rule `own`: the value is a list, and must be text; pick one \
             with first or last"],
    );
    finds(
        &team("transform = [\"upper\"]"),
        &["own.toml:10:14: error: rule `own`: `upper` takes text, and gets a list"],
    );
    let written = team("transform = [\"last\"]")
        .replace("to_crm", "to_partner_center")
        .replace("\"always\"", "\"create\"");
    assert!(
        super::tests::found(&written)
            .iter()
            .any(|diagnostic| diagnostic
                .contains("stands for several items, which can only be read"))
    );
}

#[test]
fn a_choice_takes_no_transform() {
    finds(
        &rule(
            "partner_center = \"customerProfile.size\"\nkind = \"choice\"\n\
             to_partner_center = \"create\"\nvalues = { 1to9employees = \"S\" }\n\
             transform = [\"upper\"]",
        ),
        &["own.toml:10:13: error: rule `own`: a rule of this kind takes no transform"],
    );
}
