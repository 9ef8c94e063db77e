use std::collections::BTreeMap;

use super::*;

fn field(kind: &str) -> Field {
    Field {
        kind: kind.to_owned(),
        length: None,
        is_external_id: false,
        is_unique: false,
        values: Vec::new(),
        access: Access::Write,
    }
}

fn text(kind: &str, length: u64) -> Field {
    Field { length: Some(length), ..field(kind) }
}

fn identifier(length: u64) -> Field {
    Field { is_external_id: true, is_unique: true, ..text("string", length) }
}

fn choice(values: &[&str]) -> Field {
    Field { values: values.iter().map(|&value| value.to_owned()).collect(), ..field("picklist") }
}

/// An object that has what the catalogue wants.
fn complete() -> FoundObject {
    let found = |wanted: &'static CosellField| match wanted.kind {
        Kind::YesNo => field("boolean"),
        Kind::Text { length } => text("string", length.into()),
        Kind::Identifier { length } => identifier(length.into()),
        Kind::Link { .. } => text("url", 255),
        Kind::LongText { length } => text("textarea", length.into()),
        Kind::Choice(choices) => {
            choice(&choices.iter().map(|choice| choice.label).collect::<Vec<_>>())
        }
    };
    FoundObject {
        object: "Opportunity",
        fields: FIELDS.iter().map(|wanted| (wanted.name, found(wanted))).collect(),
        is_certain: true,
    }
}

/// What is found of one field when it is like this, if it is not right.
fn complaint(name: &'static str, field: Field) -> Option<(String, String, String)> {
    let mut object = complete();
    assert!(object.fields.insert(name, field).is_some(), "{name}");
    let finding = object.findings().into_iter().find(|finding| finding.name == name).unwrap();
    match finding.state {
        State::Right => None,
        State::Wrong { is, should, remedy } => Some((is, should, remedy)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_complete_object_lacks_nothing() {
    let object = complete();
    assert_eq!(object.findings().len(), FIELDS.len() + 1);
    assert!(object.findings().iter().all(Finding::is_right), "{:?}", object.findings());
    assert!(object.missing().is_empty() && object.is_writable());
}

#[test]
fn a_longer_field_and_further_values_do_no_harm() {
    assert_eq!(complaint("Msp_Microsoft_Crm_Id__c", text("string", 255)), None);
    let values = ["Other", "Only my organisation", "Microsoft sellers"];
    assert_eq!(complaint("Msp_Referral_Visibility__c", choice(&values)), None);
}

#[test]
fn another_type_is_reported_with_what_is_and_should_be() {
    let (is, should, remedy) = complaint("Msp_Audit__c", text("string", 255)).unwrap();
    assert_eq!((is.as_str(), should.as_str()), ("Text(255)", "Long Text Area(32768)"));
    assert!(remedy.contains("delete the field"), "{remedy}");
    let (is, ..) = complaint("Msp_Referral_Link__c", field("email")).unwrap();
    assert_eq!(is, "email");
}

#[test]
fn a_shorter_field_and_a_missing_value_have_remedies() {
    let (is, should, remedy) = complaint("Msp_Audit__c", text("textarea", 255)).unwrap();
    assert_eq!((is.as_str(), should.as_str()), ("Text Area(255)", "Long Text Area(32768)"));
    assert!(remedy.ends_with("length to 32768"), "{remedy}");
    let (is, _, remedy) =
        complaint("Msp_Referral_Visibility__c", choice(&["Microsoft sellers"])).unwrap();
    assert_eq!(is, "a picklist without \"Only my organisation\"");
    assert!(remedy.contains("\"Only my organisation\""), "{remedy}");
}

#[test]
fn an_identifier_must_find_its_record_and_no_other() {
    for (is_external_id, is_unique) in [(true, false), (false, true), (false, false)] {
        let field = Field { is_external_id, is_unique, ..text("string", 64) };
        let (is, should, remedy) = complaint("Msp_Referral_Id__c", field).unwrap();
        assert_eq!(should, "Text(64), External ID, unique");
        assert_ne!(is, should);
        assert!(remedy.contains("External ID") && remedy.contains("unique"), "{remedy}");
    }
    assert!(complaint("Msp_Referral_Id__c", identifier(36)).is_some());
}

#[test]
fn hidden_and_read_only_fields_are_no_missing_ones() {
    let mut object = complete();
    for (name, access) in [("Msp_Audit__c", Access::Hidden), ("Msp_Products__c", Access::Read)] {
        object.fields.get_mut(name).unwrap().access = access;
    }
    assert!(object.missing().is_empty() && !object.is_writable());
    let permission = object.findings().pop().unwrap();
    let State::Wrong { is, remedy, .. } = permission.state else { panic!("{permission:?}") };
    assert_eq!(is, "hidden for Msp_Audit__c; read-only for Msp_Products__c");
    assert!(remedy.contains("Msp_Cosell_Sync"), "{remedy}");
}

#[test]
fn what_cannot_be_looked_up_may_be_hidden() {
    let object = FoundObject { object: "Lead", fields: BTreeMap::new(), is_certain: false };
    let findings = object.findings();
    assert_eq!(
        findings.len(),
        FIELDS.len(),
        "nothing is said of rights on fields that are not seen"
    );
    assert!(matches!(
        &findings[0].state,
        State::Missing { remedy }
            if remedy.contains("hidden") && remedy.contains("CRM_ACCESS_TOKEN")
    ));
}
