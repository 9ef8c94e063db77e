use crate::{Examination, MappingFile};
use cosell_mapping::{ColumnNames, Crm, Placeholders};

const CRM: Crm = Crm {
    column_names: Some(ColumnNames {
        fits: |name| name.bytes().all(|byte| !byte.is_ascii_uppercase()),
        wrong: "has capital letters",
        remedy: "write it in lower case",
    }),
    ..Crm::of_guids("dynamics").with_currency_lookup("transactioncurrencyid")
};

/// What is found when `own` is applied on top of the shipped mapping for Dynamics.
pub(crate) fn found(own: &str) -> Vec<String> {
    found_in(&format!("version = 1\n{own}"))
}

/// As [`found`], of the whole text of the override.
pub(crate) fn found_in(text: &str) -> Vec<String> {
    let placeholders = Placeholders::from([
        ("prefix", "nwcs".to_owned()),
        ("team_phone", "+46700000002".to_owned()),
    ]);
    let shipped = MappingFile {
        name: "shipped.toml",
        text: include_str!("../../../../infra/mapping/dynamics.toml"),
    };
    let own = MappingFile { name: "own.toml", text };
    let examination = Examination::of(&CRM, shipped, Some(own), &placeholders);
    assert_eq!(examination.mapping().is_none(), examination.errors() > 0);
    examination.diagnostics.iter().map(ToString::to_string).collect()
}

/// Asserts that exactly these diagnostics are found, each beginning with its place; lines of `own`
/// begin with 2.
#[track_caller]
pub(crate) fn finds(own: &str, expected: &[&str]) {
    let found = found(own);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\nis not\n{expected}");
    }
}

/// A rule of the partner's own, beginning in line 2, with these keys beside name, label and column.
pub(super) fn rule(keys: &str) -> String {
    format!("[[rule]]\nname = \"own\"\nlabel = \"Own\"\ncrm = \"new_own\"\n{keys}\n")
}

#[test]
fn an_unknown_path_is_reported_with_the_nearest() {
    finds(
        &rule("partner_center = \"details.dealvalues\"\nkind = \"money\"\nto_crm = \"always\""),
        &["own.toml:6:18: error: rule `own`: a referral has no `details.dealvalues`; did you \
             mean `details.dealValue`?"],
    );
    finds(
        &rule("partner_center = \"weather\"\nkind = \"text\"\nto_crm = \"always\"\ncrm_length = 9"),
        &["own.toml:6:18: error: rule `own`: a referral has no `weather`; docs/mapping.md"],
    );
}

#[test]
fn a_path_below_a_free_form_object_is_allowed_and_one_below_a_text_is_not() {
    let below = |path: &str| {
        rule(&format!(
            "partner_center = \"{path}\"\nkind = \"text\"\ncrm_length = 9\nto_crm = \"always\""
        ))
    };
    finds(&below("details.requirements.additionalRequirements.iot.deviceCategory"), &[]);
    finds(&below("details.requirements.offers.0.id"), &[]);
    finds(
        &below("details.notes.first"),
        &["own.toml:6:18: error: rule `own`: a referral has no `details.notes.first`"],
    );
}

#[test]
fn a_kind_that_does_not_fit_its_path_is_reported() {
    for (path, kind, what) in [
        (
            "details.dealValue",
            "date",
            "a number, which cannot be mapped as date; set kind to one of money",
        ),
        (
            "favorite",
            "text",
            "true or false, which cannot be mapped as text; set kind to one of bool",
        ),
        (
            "details.requirements.solutions",
            "text",
            "a list of solutions, which cannot be mapped as text",
        ),
        ("campaignId", "country", "text, which cannot be mapped as country"),
    ] {
        let own =
            rule(&format!("partner_center = \"{path}\"\nkind = \"{kind}\"\nto_crm = \"always\""));
        let found = found(&own);
        let expected = format!("own.toml:7:8: error: rule `own`: `{path}` is {what}");
        assert!(found.iter().any(|found| found.starts_with(&expected)), "{found:#?}");
    }
    finds(
        &rule("partner_center = \"team\"\nkind = \"text\"\ncrm_length = 9\nto_crm = \"always\""),
        &["own.toml:6:18: error: rule `own`: `team` is a list; name a path below it, such as \
             team.0, team.0.firstName"],
    );
}

#[test]
fn a_number_or_a_date_that_is_only_read_may_be_text() {
    for path in ["details.dealValue", "createdDateTime"] {
        finds(
            &rule(&format!(
                "partner_center = \"{path}\"\nkind = \"text\"\ncrm_length = 40\nto_crm = \"always\""
            )),
            &[],
        );
    }
}

#[test]
fn what_partner_center_does_not_take_is_not_sent() {
    let sent = |path: &str, when: &str| {
        rule(&format!(
            "partner_center = \"{path}\"\nkind = \"text\"\nto_partner_center = \"{when}\""
        ))
    };
    finds(
        &sent("createdVia", "create"),
        &["own.toml:8:21: error: rule `own`: `createdVia` is read-only in Partner Center; set \
             to_partner_center = \"never\""],
    );
    finds(
        &sent("mpnId", "always"),
        &["own.toml:8:21: error: rule `own`: Microsoft locks `mpnId` once the referral exists; \
             set to_partner_center = \"create\""],
    );
    finds(&sent("mpnId", "create"), &[]);
    finds(
        &sent("status", "always"),
        &["own.toml:8:21: error: rule `own`: `status` is kept by the sync itself"],
    );
    finds(
        &sent("details.customerAction", "always"),
        &["own.toml:8:21: warning: rule `own`: Microsoft does not say whether \
             `details.customerAction` can be written"],
    );
}

#[test]
fn one_target_has_one_rule() {
    let both =
        "kind = \"text\"\ncrm_length = 9\nto_crm = \"always\"\nto_partner_center = \"always\"";
    finds(
        &format!(
            "[[rule]]\nname = \"own\"\nlabel = \"Own\"\ncrm = \"description\"\n\
             partner_center = \"Details.notes\"\n{both}"
        ),
        &[
            "own.toml:5:7: error: rule `own` and rule `notes` both write the CRM column \
             `description`",
            "own.toml:6:18: error: rule `own` and rule `notes` both write `Details.notes` in \
             Partner Center",
        ],
    );
    finds(
        &rule(&format!("partner_center = \"details.requirements.solutions.0.name\"\n{both}")),
        &["own.toml:6:18: error: rule `own` and rule `solutions` both write \
             `details.requirements.solutions.0.name`"],
    );
    finds(
        &format!(
            "[[rule]]\nname = \"own\"\nlabel = \"Own\"\ncrm = \"nwcs_audit\"\n\
             partner_center = \"campaignId\"\n{both}"
        ),
        &["own.toml:5:7: error: rule `own` and [columns] audit both write the CRM column \
             `nwcs_audit`"],
    );
}

#[test]
fn a_default_has_the_form_of_its_kind() {
    for (rule, default, is_good) in [
        ("deal_value", "1000", true),
        ("deal_value", "much", false),
        ("closing_date", "2026-12-31", true),
        ("closing_date", "soon", false),
        ("customer_country", "se", true),
        ("customer_country", "Sweden", false),
    ] {
        let found = found(&format!("[[rule]]\nname = \"{rule}\"\ndefault = \"{default}\""));
        assert_eq!(found.is_empty(), is_good, "{found:#?}");
        assert!(
            is_good
                || found[0]
                    .starts_with(&format!("own.toml:4:11: error: rule `{rule}`: the default ")),
            "{found:#?}"
        );
    }
}

#[test]
fn what_a_new_deal_needs_must_come_from_somewhere() {
    let off = "[[rule]]\nname = \"customer_city\"\noff = true\n";
    let found = found(off);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with(
        "own.toml:3:8: error: nothing fills `customerProfile.address.city`, without which \
             Partner Center takes no new deal;"
    ));
    finds(&format!("[create.customerProfile.address]\ncity = \"Ume\u{e5}\"\n{off}"), &[]);
    finds(
        "[[rule]]\nname = \"contact_phone\"\nrequired = \"never\"",
        &["own.toml:4:12: warning: rule `contact_phone`: Partner Center takes no new deal \
             without `customerProfile.team.0.phoneNumber` when"],
    );
}

#[test]
fn create_holds_what_a_referral_has() {
    finds(
        "[create.consent]\nconsentToShareInfoWithOthers = true",
        &["own.toml:3:1: error: [create]: a referral has no \
             `consent.consentToShareInfoWithOthers` (did you mean \
             `consent.consentToToShareInfoWithOthers`?)"],
    );
}

#[test]
fn what_is_required_has_a_remedy() {
    finds(
        &rule(
            "partner_center = \"campaignId\"\nkind = \"text\"\nto_partner_center = \"always\"\n\
             required = \"always\"",
        ),
        &["own.toml:9:12: error: rule `own` is required and has no `remedy`"],
    );
}

#[test]
fn a_text_column_without_a_length_and_a_key_without_effect_are_warnings() {
    finds(
        &rule(
            "partner_center = \"statusReason\"\nkind = \"text\"\nto_crm = \"always\"\n\
             default = \"none\"",
        ),
        &[
            "own.toml:5:7: warning: rule `own`: no `crm_length`",
            "own.toml:9:11: warning: rule `own`: `default` has no effect",
        ],
    );
}

#[test]
fn schema_and_semantic_errors_are_reported_together() {
    finds(
        "[stages.to_crm]\nNew = \"onhold\"\n[[rule]]\nname = \"notes\"\nto_crm = \"allways\"\n\
         crm = \"a b\"\npartner_center = \"details.note\"\n[[rule]]\nname = \"currency\"\n\
         partner_center = \"eTag\"",
        &[
            "own.toml:3:7: error: `New` cannot be `onhold` (did you mean `on_hold`?); use one of \
             on_hold, open, won, lost",
            "own.toml:6:10: error: `to_crm` cannot be `allways` (did you mean `always`?)",
            "own.toml:7:7: error: no CRM column can be called `a b`",
            "own.toml:8:18: error: rule `notes`: a referral has no `details.note`; did you mean \
             `details.notes`?",
            "own.toml:11:18: error: rule `currency`: `eTag` is read-only",
            "own.toml:11:18: error: lead rule `currency` has the path `details.currency`, and the \
             opportunity's rule of this name `eTag`",
            "own.toml:11:18: warning: rule `currency`: no `crm_length`",
        ],
    );
}

#[test]
fn a_column_has_a_name_that_the_crm_can_have() {
    let column = |column: &str| {
        let keys =
            "partner_center = \"campaignId\"\nkind = \"text\"\nto_partner_center = \"always\"";
        rule(keys).replace("new_own", column)
    };
    for good in ["new_own", "new_Region/new_name", "_own"] {
        finds(&column(good), &[]);
    }
    finds(&column("new own"), &["own.toml:5:7: error: no CRM column can be called `new own`"]);
    finds(&column("a/b/c"), &["own.toml:5:7: error: no CRM column can be called `a/b/c`"]);
    finds(&column("new_Own"), &["own.toml:5:7: error: the column `new_Own` has capital letters"]);
    finds(
        "[columns]\naudit = \"New_Audit\"",
        &["own.toml:3:9: error: the column `New_Audit` has capital letters"],
    );
}

#[test]
fn what_the_link_keeps_beside_the_rules_is_no_name_of_a_rule() {
    for name in ["stage", "help", "visibility", "crm_id", "customer_contact", "registration"] {
        let keys =
            "partner_center = \"campaignId\"\nkind = \"text\"\nto_partner_center = \"always\"";
        let own = rule(keys).replace("name = \"own\"", &format!("name = \"{name}\""));
        finds(&own, &[&format!("own.toml:3:8: error: the name `{name}` is the sync's own")]);
    }
}

#[test]
fn what_create_holds_has_the_form_that_partner_center_takes() {
    finds(
        "[create]\nqualification = \"SaleQualified\"\ntype = \"Shared\"\nid = \"1\"\n\
         campaignId = 5\n[create.consent]\nconsentToContact = \"yes\"",
        &[
            "own.toml:3:17: error: [create]: Partner Center has no code `SaleQualified` for \
             `qualification` (did you mean `SalesQualified`?)",
            "own.toml:4:1: error: [create]: `type` is kept by the sync itself",
            "own.toml:5:1: error: [create]: `id` is read-only in Partner Center",
            "own.toml:6:14: error: [create]: `campaignId` must be text",
            "own.toml:8:20: error: [create]: `consent.consentToContact` must be true or false",
        ],
    );
}

#[test]
fn a_conflict_rule_of_a_field_that_is_updated_one_way_is_a_warning() {
    let one_way = |keys: &str| {
        rule(&format!(
            "partner_center = \"campaignId\"\nkind = \"text\"\nconflict = \"ask\"\n{keys}"
        ))
    };
    finds(
        &one_way("to_partner_center = \"always\""),
        &["own.toml:8:12: warning: rule `own`: `conflict` has no effect, since the rule updates \
             one side at most; set to_crm = \"update\" or \"always\", or take it out"],
    );
    finds(
        &one_way("crm_length = 9\nto_crm = \"always\"\nto_partner_center = \"create\""),
        &["own.toml:8:12: warning: rule `own`: `conflict` has no effect"],
    );
    finds(&one_way("crm_length = 9\nto_crm = \"update\"\nto_partner_center = \"always\""), &[]);
    finds(
        "[[lead.rule]]\nname = \"customer_name\"\nconflict = \"crm\"\n\
         [[registration.rule]]\nname = \"contract_value\"\nconflict = \"crm\"",
        &[
            "own.toml:4:12: warning: lead rule `customer_name`: `conflict` has no effect",
            "own.toml:7:12: warning: registration rule `contract_value`: `conflict` has no effect",
        ],
    );
}

/// Which lookup that is, the CRM's descriptor says.
#[test]
fn the_currency_of_a_record_is_its_own_behind_a_lookup_and_no_other_column_is() {
    let text = include_str!("../../../../infra/mapping/dynamics.toml");
    let found = |crm: Crm| {
        let shipped = MappingFile { name: "shipped.toml", text };
        let placeholders =
            Placeholders::from([("prefix", "nwcs".to_owned()), ("team_phone", "+4670".to_owned())]);
        Examination::of(&crm, shipped, None, &placeholders).diagnostics
    };
    assert_eq!(found(CRM), []);
    let of_no_lookup = found(Crm::of_guids("dynamics"));
    let of_no_lookup: Vec<&str> = of_no_lookup.iter().map(|found| found.what.as_str()).collect();
    let related = "`transactioncurrencyid/isocurrencycode` belongs to a related record";
    assert!(of_no_lookup.len() == 2 && of_no_lookup[0].contains(related), "{of_no_lookup:#?}");
}
