use cosell_mapping_check::{Examination, MappingFile};

use super::*;
use cosell_model::record_id::RecordIds;
use cosell_model::value::Value;
use serde_json::Value as Json;

const DYNAMICS: &str = include_str!("../../../infra/mapping/dynamics.toml");
const SALESFORCE: &str = include_str!("../../../infra/mapping/salesforce.toml");

/// What came of checking a shipped mapping.
fn examined(system: &'static str, text: &str) -> Examination {
    let crm =
        cosell_mapping_check::Crm::of_guids(system).with_currency_lookup("transactioncurrencyid");
    let shipped = MappingFile { name: "shipped.toml", text };
    Examination::of(&crm, shipped, None, &placeholders())
}

/// A shipped mapping as the functions read it: in its checked form.
fn loaded(system: &'static str, text: &str) -> Mapping {
    let examination = examined(system, text);
    let ids = RecordIds::guids(system);
    Mapping::load(examination.checked_form().unwrap(), ids, &placeholders()).unwrap()
}

fn placeholders() -> Placeholders {
    Placeholders::from([("prefix", "nwcs".to_owned()), ("team_phone", "+46700000002".to_owned())])
}

/// The mapping that ships for Dynamics 365.
pub(crate) fn shipped() -> Mapping {
    loaded("dynamics", DYNAMICS)
}

fn shipped_for_salesforce() -> Mapping {
    loaded("salesforce", SALESFORCE)
}

#[test]
fn a_reference_is_read_as_an_id_of_the_mappings_own_crm() {
    const GUID: &str = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";
    let mapping = shipped();
    let id = |text: &str| mapping.record_ids.key(&mapping.entity, text).map(|key| key.id);
    assert_eq!(id(&GUID.to_uppercase()), Some(GUID.to_owned()));
    assert_eq!(id("006Kd00000AbC1xIAF"), None);
}

#[test]
fn a_street_of_several_lines_becomes_one() {
    let mapping = shipped_for_salesforce();
    let rule = |name: &str| mapping.rules.iter().find(|rule| rule.name == name).unwrap();
    let across =
        |name: &str, text: &str| rule(name).across_to_partner_center(&Value::text(text)).unwrap();
    assert_eq!(
        across("customer_street", "Hamngatan 4,\r\n  Box 12\r\n\r\n"),
        Value::text("Hamngatan 4, Box 12")
    );
    assert_eq!(across("notes", "one\ntwo"), Value::text("one\ntwo"), "notes have lines");
}

#[test]
fn solutions_cross_as_ids_and_keep_what_was_known() {
    let mapping = shipped();
    let rule = mapping.rules.iter().find(|rule| rule.name == "solutions").unwrap();
    let crossed = rule.across_to_partner_center(&Value::text(" SOL-1; SOL-2,\nSOL-3 ")).unwrap();
    assert_eq!(crossed, Value::List(vec!["SOL-1".into(), "SOL-2".into(), "SOL-3".into()]));
    assert_eq!(rule.across_to_crm(&crossed).unwrap(), Value::text("SOL-1; SOL-2; SOL-3"));
    let present =
        serde_json::json!([{ "id": "SOL-2", "type": "Name", "name": "Halcyon", "price": 5 }]);
    let json = rule.partner_center_json(&crossed, Some(&present));
    assert_eq!(json[1]["name"], "Halcyon");
    assert_eq!(json[0], serde_json::json!({ "type": "Name", "id": "SOL-1" }));
}

#[test]
fn a_country_by_name_is_refused() {
    let mapping = shipped();
    let rule = mapping.rules.iter().find(|rule| rule.name == "customer_country").unwrap();
    assert_eq!(rule.across_to_partner_center(&Value::text("se")).unwrap(), Value::text("SE"));
    assert_eq!(
        rule.across_to_partner_center(&Value::text("Sweden")),
        Err(ConversionError::Country)
    );
}

#[test]
fn a_help_value_outside_the_table_is_named() {
    let mapping = shipped();
    assert_eq!(mapping.help_code(&412_000_002.into()).unwrap(), Some("ProofOfConceptOrDemo"));
    assert_eq!(mapping.help_code(&Json::Null).unwrap(), None);
    assert!(mapping.help_code(&7.into()).unwrap_err().to_string().contains('7'));
}

/// The checked form of the mapping that ships for Dynamics 365.
fn checked() -> String {
    examined("dynamics", DYNAMICS).checked_form().unwrap().to_owned()
}

#[test]
fn settings_fill_the_placeholders_of_the_checked_form_as_texts_whatever_they_hold() {
    let hostile = "\"\nversion = 2\n#{prefix}";
    let placeholders =
        Placeholders::from([("prefix", "nwcs".into()), ("team_phone", hostile.into())]);
    let mapping = Mapping::load(&checked(), RecordIds::none(), &placeholders).unwrap();
    assert_eq!((mapping.version, mapping.columns.sync.as_str()), (1, "nwcs_syncwithpartnercenter"));
    assert_eq!(mapping.create["team"][0]["phoneNumber"], hostile);
}

#[test]
fn a_placeholder_that_no_setting_fills_is_named() {
    let error =
        Mapping::load(&checked(), RecordIds::none(), &Placeholders::new()).unwrap_err().to_string();
    assert_eq!(error, "the mapping cannot be used: no setting fills {prefix}, {team_phone}");
}

#[test]
fn what_is_loaded_is_what_was_checked() {
    let examination = examined("dynamics", DYNAMICS);
    let checked = serde_json::to_value(examination.mapping().unwrap()).unwrap();
    assert_eq!(serde_json::to_value(self::shipped()).unwrap(), checked);
}
