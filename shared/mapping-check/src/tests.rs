use cosell_mapping::{Crm, Mapping, Placeholders, When};
use proptest::prelude::*;

use super::*;

const CRM: Crm = Crm::of_guids("dynamics").with_currency_lookup("transactioncurrencyid");
const SALESFORCE: Crm = Crm::of_guids("salesforce");

fn shipped() -> Mapping {
    parse(&CRM, &file(), &placeholders()).unwrap()
}

fn file() -> String {
    include_str!("../../../infra/mapping/dynamics.toml").to_owned()
}

fn placeholders() -> Placeholders {
    Placeholders::from([("prefix", "nwcs".to_owned()), ("team_phone", "+46700000002".to_owned())])
}

fn found(text: &str) -> String {
    parse(&CRM, text, &placeholders()).unwrap_err().to_string()
}

#[test]
fn the_shipped_file_is_sound_and_its_columns_carry_the_prefix() {
    let mapping = shipped();
    assert!(mapping.crm_columns().contains("nwcs_syncwithpartnercenter"));
    assert!(mapping.crm_columns().contains("customerid_account/address1_country"));
    assert!(mapping.rules.len() > 15);
}

fn shipped_for_salesforce() -> Mapping {
    let text = include_str!("../../../infra/mapping/salesforce.toml");
    let placeholders = Placeholders::from([("team_phone", "+46700000002".to_owned())]);
    parse(&SALESFORCE, text, &placeholders).unwrap()
}

#[test]
fn both_shipped_files_have_the_same_rules_in_the_same_directions() {
    let (dynamics, salesforce) = (shipped(), shipped_for_salesforce());
    let of = |mapping: &Mapping| -> Vec<_> {
        let rules = mapping.rules.iter();
        rules
            .map(|rule| {
                let directions =
                    (rule.to_crm, rule.to_partner_center, rule.conflict, rule.required);
                (rule.name.clone(), rule.partner_center.clone(), rule.kind, directions)
            })
            .collect()
    };
    assert_eq!(of(&dynamics), of(&salesforce));
    let help = |mapping: &Mapping| mapping.help.values.keys().cloned().collect::<Vec<_>>();
    assert_eq!(help(&dynamics), help(&salesforce));
    assert_eq!(dynamics.create["consent"], salesforce.create["consent"]);
    let stages = |mapping: &Mapping| {
        let stages = &mapping.stages;
        (stages.to_crm.clone(), stages.to_partner_center.clone(), stages.on_hold_edits)
    };
    assert_eq!(stages(&dynamics), stages(&salesforce));
}

/// The rows of contract partner-center 5.5: the path, and whether the connector brings it to the
/// CRM and to Partner Center. What it does not sync is left out, and so is what the sync does by
/// itself: `id`, portal link, `externalReferenceId`, `status`, `microsoftMsxId`.
const CONNECTORS_ROWS: [(&str, bool, bool); 18] = [
    ("name", true, true),
    ("details.dealValue", true, true),
    ("details.currency", true, true),
    ("details.closingDateTime", true, true),
    ("details.notes", true, true),
    ("customerProfile.name", true, true),
    ("customerProfile.address.postalCode", true, true),
    ("customerProfile.address.country", true, true),
    ("customerProfile.address.addressLine1", true, true),
    ("customerProfile.address.city", true, true),
    ("customerProfile.address.state", true, true),
    ("customerProfile.team.0.firstName", true, true),
    ("customerProfile.team.0.lastName", true, true),
    ("customerProfile.team.0.email", true, true),
    ("customerProfile.team.0.phoneNumber", true, true),
    ("team.0.firstName", false, true),
    ("team.0.email", false, true),
    ("details.requirements.solutions", true, true),
];

#[test]
fn the_shipped_files_cover_every_row_of_microsofts_connectors() {
    for mapping in [shipped(), shipped_for_salesforce()] {
        for (path, to_crm, to_partner_center) in CONNECTORS_ROWS {
            let rule = mapping.rules.iter().find(|rule| rule.partner_center == path);
            let rule = rule.unwrap_or_else(|| panic!("{}: no rule for {path}", mapping.system));
            let covers = |wanted: bool, when: When| !wanted || when.on_create();
            assert!(covers(to_crm, rule.to_crm), "{path} to the CRM");
            assert!(covers(to_partner_center, rule.to_partner_center), "{path} to Partner Center");
        }
        // What has a table of its own.
        assert_eq!(mapping.help.values.len(), 6);
        assert!(mapping.visibility.is_some());
        assert_eq!(mapping.stages.to_crm.len(), 6, "every status");
        assert!(mapping.lead.is_some(), "an unaccepted lead is a lead");
        let columns = &mapping.columns;
        let by_the_sync = [&columns.referral_id, &columns.referral_link, &columns.microsoft_crm_id];
        assert!(by_the_sync.iter().all(|column| mapping.crm_columns().contains(*column)));
    }
}

#[test]
fn a_related_record_of_salesforce_is_filled_on_creation_only() {
    let text = include_str!("../../../infra/mapping/salesforce.toml");
    let street = "crm = \"Account/BillingStreet\"\ncrm_length = 255\nkind = \"text\"\nto_crm = ";
    let text = text.replacen(&format!("{street}\"create\""), &format!("{street}\"always\""), 1);
    let found = found(&text);
    assert!(found.contains("`Account/BillingStreet` belongs to a related record"), "{found}");
}

#[test]
fn the_mapping_of_another_crm_is_refused() {
    let text = file().replace("system = \"dynamics\"", "system = \"hubspot\"");
    assert!(
        found(&text).contains("`system` cannot be `hubspot`; use dynamics"),
        "{}",
        found(&text)
    );
}

#[test]
fn both_shipped_files_are_without_fault() {
    let salesforce = include_str!("../../../infra/mapping/salesforce.toml");
    for (crm, text) in [(CRM, file().as_str()), (SALESFORCE, salesforce)] {
        let file = MappingFile { name: "shipped", text };
        assert_eq!(Examination::of(&crm, file, None, &placeholders()).diagnostics, []);
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_what_was_meant() {
    let text = file().replace("crm_length = 300", "crm_lenght = 300");
    let line = 1 + text.lines().position(|line| line.starts_with("crm_lenght")).unwrap();
    let found = found(&text);
    let expected = format!(
        "mapping:{line}:1: error: rule `name` has no key `crm_lenght` (did you mean \
         `crm_length`?); use one of name,"
    );
    assert!(found.contains(&expected), "{found}");
}

#[test]
fn every_syntax_error_is_reported() {
    let text = file().replace("version = 1", "version = = 1").replacen(
        "kind = \"money\"",
        "kind = money",
        1,
    );
    let found = found(&text);
    assert_eq!(found.matches("this is not TOML").count(), 2, "{found}");
}

#[test]
fn a_missing_placeholder_is_named_with_its_place() {
    let error = parse(&CRM, &file(), &Placeholders::new()).unwrap_err();
    let text = file();
    let line = 1 + text.lines().position(|line| line.starts_with("sync = ")).unwrap();
    assert!(
        error
            .to_string()
            .contains(&format!("mapping:{line}:8: error: no setting fills {{prefix}}")),
        "{error}"
    );
}

#[test]
fn a_placeholder_is_a_text_whatever_it_holds() {
    let hostile = "\"\nversion = 2\n#";
    let placeholders =
        Placeholders::from([("prefix", "nwcs".into()), ("team_phone", hostile.into())]);
    let mapping = parse(&CRM, &file(), &placeholders).unwrap();
    assert_eq!(mapping.version, 1);
    assert_eq!(mapping.create["team"][0]["phoneNumber"], hostile);
}

#[test]
fn a_file_of_another_version_is_not_looked_at_further() {
    let text = file()
        .replace("version = 1", "version = 2")
        .replace("kind = \"money\"", "kind = \"monye\"");
    let found = found(&text);
    assert!(found.contains("has version 2; this program reads version 1"), "{found}");
    assert!(!found.contains("monye"), "{found}");
}

proptest! {
    /// Whatever an administrator makes of the two files: diagnostics, and a mapping unless one of
    /// them is an error.
    #[test]
    fn any_slip_of_the_pen_is_reported_and_never_panics(
        at in 0_usize..9000,
        length in 0_usize..40,
        put in "[a-z0-9_ .=\\[\\]{}\"'#\n\u{e4}-]{0,12}",
        own in prop::option::of("version = \
            1\n(\\[\\[rule\\]\\]|\\[create\\]|\\[\\[lead.rule\\]\\]|name = \"notes\"|off = \
            true|rule = 1|values = \\{\\}|when = \\{\\}|transform = \\[\"trim\"\\]|from_crm = \
            \"\\{\\{ a \\}\\}\"|crm = false|fallback = \\[\\]|\n){0,6}"),
    ) {
        let mut text: Vec<char> = file().chars().collect();
        let from = at.min(text.len());
        let to = (from + length).min(text.len());
        text.splice(from..to, put.chars());
        let text: String = text.into_iter().collect();
        let own = own.as_deref().map(|text| MappingFile { name: "own", text });
        let shipped = MappingFile { name: "shipped", text: &text };
        let examination = Examination::of(&CRM, shipped, own, &placeholders());
        prop_assert_eq!(examination.mapping().is_none(), examination.errors() > 0);
        for diagnostic in &examination.diagnostics {
            let of_own = own.filter(|_| diagnostic.file == "own").map(|own| own.text);
            let lines = of_own.unwrap_or(&text).split('\n').count();
            prop_assert!((1..=lines).contains(&diagnostic.line), "{}", diagnostic);
            prop_assert!(!diagnostic.what.is_empty() && !diagnostic.remedy.is_empty());
        }
    }
}
