use super::super::table::TABLES;
use super::*;

fn column(kind: &str) -> Column {
    Column { kind: kind.to_owned(), ..Column::default() }
}

fn text(max_length: u64, format: &str) -> Column {
    Column { max_length: Some(max_length), format: Some(format.to_owned()), ..column("String") }
}

fn choice(options: impl IntoIterator<Item = u64>) -> Column {
    Column { options: Some(options.into_iter().collect()), ..column("Picklist") }
}

/// An opportunity table that lacks nothing.
fn complete() -> SurveyedTable {
    let memo = Column { max_length: Some(4000), ..column("Memo") };
    let columns = [
        ("nwcs_syncwithpartnercenter", column("Boolean")),
        ("nwcs_referralid", text(100, "Text")),
        ("nwcs_referrallink", text(255, "Url")),
        ("nwcs_howcanmicrosofthelp", choice(412_000_000..412_000_006)),
        ("nwcs_products", text(2000, "Text")),
        ("nwcs_referralvisibility", choice(412_000_000..412_000_002)),
        ("nwcs_microsoftcrmid", text(100, "Text")),
        ("nwcs_syncstatus", text(100, "Text")),
        ("nwcs_audit", memo),
    ];
    let key = Key { columns: vec!["nwcs_referralid".to_owned()], status: "Active".to_owned() };
    SurveyedTable {
        table: TABLES[0],
        prefix: "nwcs".to_owned(),
        found: Found {
            columns: columns.map(|(name, column)| (name.to_owned(), column)).into(),
            keys: vec![key],
        },
    }
}

fn without(name: &str) -> SurveyedTable {
    let mut table = complete();
    assert!(table.found.columns.remove(name).is_some());
    table
}

/// What is found of one column when it is like this, if it is not right.
fn complaint(name: &str, column: Column) -> Option<(String, String, String)> {
    let mut table = complete();
    table.found.columns.insert(name.to_owned(), column);
    let finding = table.findings().into_iter().find(|finding| finding.name == name).unwrap();
    match finding.state {
        State::Right => None,
        State::Wrong { is, should, remedy } => Some((is, should, remedy)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_complete_table_lacks_nothing() {
    let table = complete();
    assert_eq!(table.findings().len(), FIELDS.len() + 1);
    assert!(table.findings().iter().all(Finding::is_right), "{:?}", table.findings());
    assert!(table.missing().is_empty());
}

#[test]
fn a_longer_column_and_further_choices_do_no_harm() {
    assert_eq!(complaint("nwcs_syncstatus", text(4000, "Text")), None);
    assert_eq!(complaint("nwcs_howcanmicrosofthelp", choice(412_000_000..412_000_009)), None);
}

#[test]
fn another_type_is_reported_with_what_is_and_should_be() {
    let (is, should, remedy) = complaint("nwcs_audit", text(4000, "Text")).unwrap();
    assert_eq!((is.as_str(), should.as_str()), ("Text 4000", "Multiple lines 4000"));
    assert!(
        remedy.contains("cannot be changed") && remedy.contains("PUBLISHER_PREFIX"),
        "{remedy}"
    );
    let (is, ..) = complaint("nwcs_referralid", column("Integer")).unwrap();
    assert_eq!(is, "Integer");
}

#[test]
fn a_shorter_column_a_plain_link_and_a_missing_choice_have_remedies() {
    let (is, should, remedy) = complaint("nwcs_syncstatus", text(50, "Text")).unwrap();
    assert_eq!((is.as_str(), should.as_str()), ("Text 50", "Text 100"));
    assert!(remedy.ends_with("length to 100"), "{remedy}");
    let (is, should, _) = complaint("nwcs_referrallink", text(255, "Text")).unwrap();
    assert_eq!((is.as_str(), should.as_str()), ("Text 255", "URL 255"));
    let (is, _, remedy) =
        complaint("nwcs_howcanmicrosofthelp", choice(412_000_000..412_000_005)).unwrap();
    assert_eq!(is, "a choice without 412000005");
    assert!(remedy.contains("412000005 General or other"), "{remedy}");
    assert!(complaint("nwcs_howcanmicrosofthelp", column("Picklist")).is_some());
}

#[test]
fn a_key_is_made_with_its_column_but_not_over_a_wrong_one() {
    let mut table = without("nwcs_referralid");
    table.found.keys.clear();
    let missing: Vec<String> = table.missing().into_iter().map(|missing| missing.name).collect();
    assert_eq!(missing, ["nwcs_referralid", "nwcs_ReferralKey"]);
    table.found.columns.insert("nwcs_referralid".to_owned(), column("Memo"));
    assert!(table.missing().is_empty());
    assert!(!table.findings().iter().all(Finding::is_right));
}

#[test]
fn a_key_counts_only_over_its_column_alone_and_when_its_index_is_built() {
    let state = |columns: &[&str], status: &str| {
        let mut table = complete();
        table.found.keys[0] = Key {
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            status: status.to_owned(),
        };
        (table.is_indexing(), table.findings().pop().unwrap().state)
    };
    assert!(matches!(
        state(&["nwcs_referralid", "name"], "Active"),
        (false, State::Missing { .. })
    ));
    for (status, is_indexing, remedy) in [
        ("Pending", true, "in a few minutes"),
        ("InProgress", true, "in a few minutes"),
        ("Failed", false, "reactivate"),
    ] {
        let (indexing, state) = state(&["nwcs_referralid"], status);
        assert_eq!(indexing, is_indexing, "{status}");
        assert!(
            matches!(&state, State::Wrong { remedy: named, .. } if named.contains(remedy)),
            "{state:?}"
        );
    }
}

#[test]
fn every_object_of_the_catalogue_is_a_table() {
    let names = [cosell_model::crm::OPPORTUNITY, cosell_model::crm::LEAD];
    assert_eq!(TABLES.map(|table| table.name.to_owned()), names);
}
