use super::*;
use crate::value::Value;

/// The mapping that ships for Dynamics 365, as the functions read it.
pub(crate) fn shipped() -> Mapping {
    Mapping::parse(&file(), &placeholders()).unwrap()
}

fn file() -> String {
    include_str!("../../../../infra/mapping/dynamics.toml").to_owned()
}

fn placeholders() -> Placeholders {
    Placeholders::from([("prefix", "nwcs".to_owned()), ("team_phone", "+46700000002".to_owned())])
}

fn faults(text: &str) -> String {
    Mapping::parse(text, &placeholders()).unwrap_err().to_string()
}

#[test]
fn the_shipped_file_is_sound_and_its_columns_carry_the_prefix() {
    let mapping = shipped();
    assert!(mapping.crm_columns().contains("nwcs_syncwithpartnercenter"));
    assert!(mapping.crm_columns().contains("customerid_account/address1_country"));
    assert!(mapping.rules.len() > 15);
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let text = file().replace("crm_length = 300", "crm_lenght = 300");
    assert!(faults(&text).contains("crm_lenght"), "{}", faults(&text));
}

#[test]
fn a_missing_placeholder_is_named() {
    let error = Mapping::parse(&file(), &Placeholders::new()).unwrap_err();
    assert!(matches!(error, MappingError::Placeholder(name) if name == "prefix"));
}

#[test]
fn a_placeholder_cannot_leave_its_quotes() {
    let hostile = Placeholders::from([("prefix", "nwcs".into()), ("team_phone", "\"\nversion = 2\n#".into())]);
    let mapping = Mapping::parse(&file(), &hostile).unwrap();
    assert_eq!(mapping.version, 1);
}

#[test]
fn every_fault_of_the_rules_is_told_at_once() {
    let text = file()
        .replace("partner_center = \"details.notes\"", "partner_center = \"customerProfile.size\"")
        .replace("partner_center = \"details.currency\"", "partner_center = \"eTag\"")
        .replace("crm = \"estimatedclosedate\"", "crm = \"estimatedvalue\"");
    let faults = faults(&text);
    for expected in [
        "Microsoft locks `customerProfile.size`",
        "`eTag` is read-only",
        "two rules write the CRM column `estimatedvalue`",
    ] {
        assert!(faults.contains(expected), "{faults}");
    }
}

#[test]
fn solutions_cross_as_ids_and_keep_what_was_known() {
    let mapping = shipped();
    let rule = mapping.rules.iter().find(|rule| rule.name == "solutions").unwrap();
    let crossed = rule.across_to_partner_center(&Value::text(" SOL-1; SOL-2,\nSOL-3 ")).unwrap();
    assert_eq!(crossed, Value::List(vec!["SOL-1".into(), "SOL-2".into(), "SOL-3".into()]));
    assert_eq!(rule.across_to_crm(&crossed).unwrap(), Value::text("SOL-1; SOL-2; SOL-3"));
    let present = serde_json::json!([{ "id": "SOL-2", "type": "Name", "name": "Halcyon", "price": 5 }]);
    let json = rule.partner_center_json(&crossed, Some(&present));
    assert_eq!(json[1]["name"], "Halcyon");
    assert_eq!(json[0], serde_json::json!({ "type": "Name", "id": "SOL-1" }));
}

#[test]
fn a_country_by_name_is_refused() {
    let mapping = shipped();
    let rule = mapping.rules.iter().find(|rule| rule.name == "customer_country").unwrap();
    assert_eq!(rule.across_to_partner_center(&Value::text("se")).unwrap(), Value::text("SE"));
    assert_eq!(rule.across_to_partner_center(&Value::text("Sweden")), Err(ConversionError::Country));
}

#[test]
fn a_help_value_outside_the_table_is_named() {
    let mapping = shipped();
    assert_eq!(mapping.help_code(&412_000_002.into()).unwrap(), Some("ProofOfConceptOrDemo"));
    assert_eq!(mapping.help_code(&Json::Null).unwrap(), None);
    assert!(mapping.help_code(&7.into()).unwrap_err().to_string().contains('7'));
}
