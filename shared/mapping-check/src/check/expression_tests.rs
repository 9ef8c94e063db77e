use super::tests::finds;

/// A rule of the partner's own with an expression, beginning in line 2.
fn own(keys: &str) -> String {
    format!("[[rule]]\nname = \"own\"\nlabel = \"Own\"\nkind = \"text\"\n{keys}\n")
}

fn to_crm(expression: &str) -> String {
    own(&format!(
        "crm = \"new_own\"\ncrm_length = 80\nto_crm = \"always\"\n\
         from_partner_center = \"{expression}\""
    ))
}

fn to_partner_center(expression: &str) -> String {
    own(&format!(
        "partner_center = \"campaignId\"\nto_partner_center = \"always\"\n\
         from_crm = \"{expression}\""
    ))
}

#[test]
fn an_expression_names_paths_that_a_referral_has() {
    finds(
        &to_crm("{{ name }}{% if customerProfile.team %} {{ details.notes|upper }}{% endif %}"),
        &[],
    );
    finds(
        &to_crm("{{ nmae }} {{ details.weather }}"),
        &[
            "own.toml:9:23: error: rule `own`: a referral has no `details.weather`",
            "own.toml:9:23: error: rule `own`: a referral has no `nmae`; did you mean `name`?",
        ],
    );
}

#[test]
fn an_expression_names_columns_that_the_crm_can_have() {
    finds(
        &to_partner_center("{{ name }} {{ customerid_account.name }} {{ {prefix}_campaign }}"),
        &[],
    );
    finds(
        &to_partner_center("{{ Name }} {{ a.b.c }}"),
        &[
            "own.toml:8:12: error: the column `Name` has capital letters",
            "own.toml:8:12: error: no CRM column can be called `a/b/c`",
        ],
    );
}

#[test]
fn an_expression_goes_one_way() {
    finds(
        &to_crm("{{ name }}").replace("crm_length", "to_partner_center = \"update\"\ncrm_length"),
        &["own.toml:10:23: error: rule `own`: what `from_partner_center` computes cannot be \
             turned back; set to_partner_center = \"never\""],
    );
    finds(
        &to_partner_center("{{ name }}")
            .replace("to_partner_center", "to_crm = \"create\"\ncrm_length = 9\nto_partner_center"),
        &["own.toml:10:12: error: rule `own`: what `from_crm` computes cannot be turned back; \
             set to_crm = \"never\""],
    );
    finds(
        &to_partner_center("{{ name }}").replace("to_partner", "fallback = [\"name\"]\nto_partner"),
        &["own.toml:7:12: error: rule `own`: `fallback` has no effect beside `from_crm`"],
    );
}

#[test]
fn what_is_no_expression_is_reported_with_its_place() {
    finds(
        &to_crm("{{ name|shout }}"),
        &["own.toml:9:23: error: `from_partner_center`: it cannot be read: filter shout is \
             unknown; docs/mapping.md shows how"],
    );
    finds(&to_crm("{{name}}"), &[]);
}

#[test]
fn an_expression_stands_in_place_of_the_path_and_not_beside_it() {
    finds(
        &to_crm("{{ name }}").replace("crm_length", "partner_center = \"name\"\ncrm_length"),
        &["own.toml:10:23: error: rule `own` has both `partner_center` and \
             `from_partner_center`; take one of the two out"],
    );
    finds(
        "[[rule]]\nname = \"notes\"\nto_partner_center = \"never\"\n\
         from_partner_center = \"{{ name }}: {{ details.notes }}\"",
        &[],
    );
    finds(
        &own("crm = \"new_own\"\nto_crm = \"always\""),
        &["own.toml:2:1: error: rule `own` lacks `partner_center`"],
    );
    finds(
        "[[lead.rule]]\nname = \"notes\"\nto_partner_center = \"never\"\n\
         from_partner_center = \"{{ name }}: {{ details.notes }}\"",
        &["own.toml:5:23: error: lead rule `notes` has not the `from_partner_center` of the \
             opportunity's rule of this name"],
    );
}
