use super::tests::{finds, rule};

#[test]
fn what_is_wrong_with_a_leads_rule_is_reported_of_that_rule() {
    let lead = |keys: &str| rule(keys).replace("[[rule]]", "[[lead.rule]]");
    finds(
        &lead("partner_center = \"campaignid\"\nkind = \"date\"\nto_crm = \"always\""),
        &["own.toml:7:8: error: lead rule `own`: `campaignid` is text, which cannot be mapped as \
             date"],
    );
    finds(
        &lead(
            "partner_center = \"campaignId\"\nkind = \"text\"\ncrm_length = 9\nto_crm = \"create\"",
        )
        .replace("new_own", "new_account/new_own"),
        &["own.toml:5:7: error: lead rule `own`: a lead has no related record to fill, and \
             `new_account/new_own` is one's"],
    );
    finds(
        &lead(
            "partner_center = \"campaignId\"\nkind = \"text\"\ncrm_length = 9\n\
             to_crm = \"always\"\nrequired = \"always\"\ndefault = \"x\"",
        ),
        &[
            "own.toml:10:12: warning: lead rule `own`: `required` has no effect, since a lead is \
             never made in Partner Center",
            "own.toml:11:11: warning: lead rule `own`: `default` has no effect",
        ],
    );
    finds(
        &lead(
            "partner_center = \"campaignId\"\nkind = \"text\"\ncrm_length = 9\nto_crm = \"always\"",
        )
        .replace("new_own", "subject"),
        &["own.toml:5:7: error: lead rule `own` and lead rule `name` both write the CRM column \
             `subject`"],
    );
}

#[test]
fn a_leads_rule_with_the_name_of_an_opportunitys_is_for_the_same_field() {
    finds(
        "[[lead.rule]]\nname = \"notes\"\npartner_center = \"campaignId\"",
        &["own.toml:4:18: error: lead rule `notes` has the path `campaignId`, and the \
             opportunity's rule of this name `details.notes`"],
    );
    finds(
        "[[lead.rule]]\nname = \"customer_country\"\nkind = \"text\"\ncrm_length = 2",
        &["own.toml:4:8: error: lead rule `customer_country` is of another kind than the \
             opportunity's rule of this name"],
    );
    finds(
        "[[rule]]\nname = \"deal_value\"\ntransform = [\"times:0.001\"]",
        &["own.toml:4:13: error: lead rule `deal_value` has not the `transform` of the \
             opportunity's rule of this name"],
    );
}

#[test]
fn a_lead_is_never_on_hold_nor_won_and_an_opportunity_never_qualified() {
    finds(
        "[lead.stages.to_crm]\nNew = \"on_hold\"\nActive = \"qualified\"\n\
         [lead.stages.to_partner_center]\nwon = \"Won\"\n[stages.to_partner_center]\n\
         qualified = \"Active\"",
        &[
            "own.toml:3:7: error: `New` cannot be `on_hold`; use one of open, lost",
            "own.toml:4:10: error: `Active` cannot be `qualified`; use one of open, lost",
            "own.toml:6:1: error: `to_partner_center` knows no `won`",
            "own.toml:8:1: error: `to_partner_center` knows no `qualified`",
        ],
    );
    finds(
        "[lead.stages.to_partner_center]\nqualified = \"Expired\"",
        &["own.toml:3:13: error: [lead.stages.to_partner_center] qualified = Expired: only \
             Microsoft sets that stage"],
    );
}
