use crate::{Examination, MappingFile, Origin};
use cosell_mapping::{ConflictRule, Crm, Mapping, Placeholders, Required, When};
use cosell_model::life_cycle::Stage;

fn examined(own: &str) -> Examination {
    let placeholders = Placeholders::from([
        ("prefix", "nwcs".to_owned()),
        ("team_phone", "+46700000002".to_owned()),
    ]);
    let shipped = MappingFile {
        name: "shipped.toml",
        text: include_str!("../../../infra/mapping/dynamics.toml"),
    };
    let own = MappingFile { name: "own.toml", text: own };
    Examination::of(
        &Crm::of_guids("dynamics").with_currency_lookup("transactioncurrencyid"),
        shipped,
        Some(own),
        &placeholders,
    )
}

fn found(own: &str) -> Vec<String> {
    examined(own).diagnostics.iter().map(ToString::to_string).collect()
}

#[test]
fn only_what_is_named_is_replaced() {
    let own = "version = 1\n[[rule]]\nname = \"notes\"\nconflict = \"crm\"\n[stages.reasons]\n\
        Lost = \"Other\"\n[help.values]\nGeneralOrOther = 7\n[columns]\naudit_length = 9000";
    let examination = examined(own);
    assert_eq!(examination.origins["notes"], Origin::Changed);
    assert_eq!(examination.origins["name"], Origin::Shipped);
    let mapping = examination.into_mapping().unwrap();
    let notes = mapping.rules.iter().find(|rule| rule.name == "notes").unwrap();
    assert_eq!(
        (notes.conflict, notes.to_crm, notes.crm_length),
        (ConflictRule::Crm, When::Always, Some(2000))
    );
    assert_eq!(mapping.help.values["GeneralOrOther"], 7.into());
    assert_eq!(mapping.help.values["QuotesOrLicensing"], 412_000_003.into());
    assert_eq!(
        (mapping.columns.audit_length, mapping.columns.audit.as_str()),
        (9000, "nwcs_audit")
    );
    let reasons: Vec<&str> = mapping.stages.reasons.values().map(String::as_str).collect();
    assert_eq!(reasons, ["Other", "Others"]);
}

#[test]
fn a_new_name_adds_a_rule_behind_the_shipped_ones_and_off_takes_one_out() {
    let own = "version = 1\n[[rule]]\nname = \"campaign\"\nlabel = \"Campaign\"\n\
        partner_center = \"campaignId\"\ncrm = \"{prefix}_campaign\"\nkind = \"text\"\n\
        to_partner_center = \"always\"\n[[rule]]\nname = \"notes\"\noff = true";
    let examination = examined(own);
    assert_eq!(examination.origins["campaign"], Origin::Own);
    let mapping = examination.into_mapping().unwrap();
    assert_eq!(mapping.rules.last().unwrap().crm, "nwcs_campaign");
    assert!(mapping.rules.iter().all(|rule| rule.name != "notes"));
}

#[test]
fn a_rule_that_is_not_there_cannot_be_taken_out() {
    let found = found("version = 1\n[[rule]]\nname = \"note\"\noff = true");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with(
            "own.toml:3:8: error: there is no rule `note` to take out (did you mean `notes`?)"
        ),
        "{found:#?}"
    );
}

#[test]
fn a_file_for_another_version_or_crm_is_refused() {
    let found = found("version = 2\nsystem = \"salesforce\"");
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found[0].starts_with("own.toml:1:11: error: `version` is 2, and 1 in the shipped file"),
        "{found:#?}"
    );
    assert!(
        found[1].starts_with("own.toml:2:10: error: `system` is \"salesforce\", and \"dynamics\""),
        "{found:#?}"
    );
    let found = self::found("[stages]\nlost_before_accepted = \"Lost\"");
    assert!(found[0].starts_with("own.toml:1:1: error: the mapping lacks `version`"), "{found:#?}");
}

#[test]
fn a_name_that_stands_twice_in_the_override_is_found() {
    let found = found("version = 1\n[[rule]]\nname = \"notes\"\n[[rule]]\nname = \"notes\"");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("own.toml:4:1: error: rule `notes` stands twice in this file"),
        "{found:#?}"
    );
}

#[test]
fn an_own_rule_is_whole() {
    let found = found("version = 1\n[[rule]]\nname = \"own\"\nof = true");
    let found = found.join("\n");
    assert!(found.contains("own.toml:4:1: error: rule `own` has no key `of`"), "{found}");
    assert!(found.contains("own.toml:2:1: error: rule `own` lacks `partner_center`"), "{found}");
}

#[test]
fn a_misspelt_rule_is_one_error_with_the_name_that_was_meant() {
    for (own, expected) in [
        (
            "[[rule]]\nname = \"notse\"\nconflict = \"crm\"",
            "own.toml:3:8: error: there is no rule `notse` to change (did you mean `notes`?); \
             correct the name; a rule of your own needs `label`, `kind`, `partner_center`, `crm`, \
             too",
        ),
        (
            "[[lead.rule]]\nname = \"deal_valeu\"\ncrm = \"new_value\"",
            "own.toml:3:8: error: there is no rule `deal_valeu` to change (did you mean \
             `deal_value`?); correct the name; a rule of your own needs `label`, `kind`, \
             `partner_center`, too",
        ),
        (
            "[[registration.rule]]\nname = \"contract_signs\"\nrequired = \"never\"",
            "own.toml:3:8: error: there is no rule `contract_signs` to change (did you mean \
             `contract_sign`?)",
        ),
    ] {
        let found = found(&format!("version = 1\n{own}"));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].starts_with(expected), "{found:#?}");
    }
}

#[test]
fn a_whole_rule_may_have_a_name_that_is_like_a_shipped_one() {
    let own = "version = 1\n[[rule]]\nname = \"note\"\nlabel = \"Campaign\"\nkind = \"text\"\n\
        partner_center = \"campaignId\"\ncrm = \"new_campaign\"\nto_partner_center = \"always\"";
    assert_eq!(examined(own).diagnostics, []);
}

fn leads(own: &str) -> (Mapping, Examination) {
    let examination = examined(own);
    assert_eq!(examination.diagnostics, []);
    (examination.mapping().unwrap().of_leads().unwrap(), examination)
}

#[test]
fn the_rules_and_stages_of_leads_are_changed_added_and_taken_out_as_those_of_opportunities() {
    let own = "version = 1\n[lead.stages]\nlost_before_accepted = \"Lost\"\n[[lead.rule]]\nname = \"notes\"\ncrm = \"new_notes\"\n\
               [[lead.rule]]\nname = \"deal_value\"\noff = true\n\
               [[lead.rule]]\nname = \"campaign\"\nlabel = \"Campaign\"\npartner_center = \"campaignId\"\ncrm = \"{prefix}_campaign\"\ncrm_length = 9\n\
               kind = \"text\"\nto_crm = \"always\"";
    let (mapping, examination) = leads(own);
    let rule = |name: &str| mapping.rules.iter().find(|rule| rule.name == name);
    let notes = rule("notes").unwrap();
    assert_eq!((notes.crm.as_str(), notes.to_crm), ("new_notes", When::Always));
    assert!(rule("deal_value").is_none());
    assert_eq!(rule("campaign").unwrap().crm, "nwcs_campaign");
    assert_eq!(mapping.stages.lost_before_accepted, Stage::Lost);
    assert!(!mapping.stages.to_crm.is_empty(), "what is not named stays");
    let origins = &examination.lead_origins;
    assert_eq!(
        [origins["notes"], origins["campaign"], origins["name"]],
        [Origin::Changed, Origin::Own, Origin::Shipped]
    );
    let opportunities = examination.mapping().unwrap();
    assert!(opportunities.rules.iter().any(|rule| rule.name == "deal_value"));
    assert_eq!(examination.origins["notes"], Origin::Shipped);
}

#[test]
fn a_table_of_leads_is_for_the_shipped_ones_table() {
    let found = found("version = 1\n[lead]\nentity = \"contact\"");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with(
        "own.toml:3:10: error: `entity` is \"contact\", and \"lead\" in the shipped file"
    ));
}

#[test]
fn false_takes_a_single_entry_out() {
    let own = "version = 1\n[help.values]\nPostSalesCustomerSuccess = false\n[stages.to_crm]\nExpired = false\n[stages.reasons]\nDeclined = false\n\
               [[rule]]\nname = \"notes\"\ncrm_length = 9\n[[rule]]\nname = \"contact_email\"\nremedy = false\nrequired = false\n\
               [create.consent]\nconsentToContact = false\n[lead.stages.to_partner_center]\nlost = false";
    let mapping = examined(own).into_mapping();
    let found = found(own);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0]
            .contains("warning: rule `contact_email`: Partner Center takes no new deal without"),
        "{found:#?}"
    );
    let mapping = mapping.unwrap();
    assert!(
        !mapping.help.values.contains_key("PostSalesCustomerSuccess")
            && mapping.help.values.contains_key("GeneralOrOther")
    );
    assert!(
        !mapping.stages.to_crm.contains_key(&Stage::Expired)
            && mapping.stages.to_crm.contains_key(&Stage::New)
    );
    assert_eq!(mapping.stages.reasons.keys().collect::<Vec<_>>(), [&Stage::Lost]);
    let rule = mapping.rules.iter().find(|rule| rule.name == "contact_email").unwrap();
    assert_eq!((rule.required, rule.remedy.as_str()), (Required::Never, ""));
    assert_eq!(
        mapping.create["consent"]["consentToContact"], false,
        "what is true or false is set"
    );
    let leads = mapping.of_leads().unwrap();
    assert!(!leads.stages.to_partner_center.values().any(|stage| *stage == Stage::Lost));
}

#[test]
fn what_is_not_there_or_is_needed_cannot_be_taken_out() {
    for (own, expected) in [
        (
            "[help.values]\nNobody = false",
            "own.toml:3:10: error: `Nobody` must be text or a whole number, and is true or false; \
             write it so, or remove it",
        ),
        (
            "[[rule]]\nname = \"notes\"\ndefault = false",
            "own.toml:4:11: error: `default` must be text in quotation marks",
        ),
        ("[columns]\naudit = false", "own.toml:3:1: error: columns lacks `audit`; add it"),
        (
            "[[rule]]\nname = \"notes\"\ncrm = false",
            "own.toml:4:1: error: rule `notes` lacks `crm`",
        ),
    ] {
        let found = found(&format!("version = 1\n{own}"));
        assert!(found.iter().any(|diagnostic| diagnostic.starts_with(expected)), "{found:#?}");
    }
}
