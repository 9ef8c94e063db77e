use cosell_simulators::{Config, Simulators};
use cosell_wiring::CRMS;

use super::*;
use crate::crm::tests::simulated;

fn mapping(system: &str) -> Mapping {
    let (crm, own) = (Some(CRMS.named(system).unwrap()), None);
    Which { own, crm }.examination().unwrap().into_mapping().unwrap()
}

/// What is found, having only read.
async fn found(
    simulators: &Simulators,
    mapping: &Mapping,
    installation: &dyn Installation,
) -> Vec<String> {
    simulators.journal.clear();
    let findings =
        compared(std::iter::once(mapping).chain(&mapping.of_leads()), installation).await.unwrap();
    let calls = simulators.journal.entries();
    assert!(!calls.is_empty() && calls.iter().all(|call| call.method == "GET"), "{calls:?}");
    let wrong = findings.into_iter().filter(|finding| !finding.is_right());
    wrong.map(|finding| crm::listed(&[finding])).collect()
}

#[tokio::test]
async fn the_shipped_mappings_fit_the_crms_with_the_co_sell_fields() {
    for system in CRMS.names() {
        let (simulators, installation) = simulated(system, Config::default()).await;
        let wrong = found(&simulators, &mapping(system), installation.as_ref()).await;
        assert_eq!(wrong, Vec::<String>::new(), "{system}");
    }
}

#[tokio::test]
async fn each_column_that_does_not_fit_is_listed_with_the_remedy() {
    for (system, short, expected) in [
        (
            "dynamics",
            400,
            [
                "nwcs_absent  Deal value: missing; or hidden",
                "description  Estimated close date: is Memo, should be a date; name another column",
                "name  Deal name: is 300 characters long, should be 400; lengthen the column, or set crm_length of rule `name` to 300",
                "nwcs_howcanmicrosofthelp  How can Microsoft help?: is a list without 7, should be",
                "nobody/name  Customer: missing",
            ],
        ),
        (
            "salesforce",
            400,
            [
                "nwcs_absent  Deal value: missing; or hidden",
                "description  Estimated close date: is textarea, should be a date; name another column",
                "Name  Deal name: is 120 characters long, should be 400; lengthen the column, or set crm_length of rule `name` to 120",
                "Msp_How_Can_Microsoft_Help__c  How can Microsoft help?: is a list without 7, should be",
                "nobody/name  Customer: missing",
            ],
        ),
    ] {
        let mut mapping = mapping(system);
        mapping.help.values.insert("GeneralOrOther".to_owned(), "7".into());
        for rule in &mut mapping.rules {
            match rule.name.as_str() {
                "deal_value" => rule.crm = "nwcs_absent".into(),
                "closing_date" => rule.crm = "description".into(),
                "name" => rule.crm_length = Some(short),
                "customer_name" => rule.crm = "nobody/name".into(),
                _ => {}
            }
        }
        let (simulators, installation) = simulated(system, Config::default()).await;
        let wrong = found(&simulators, &mapping, installation.as_ref()).await;
        for text in expected {
            assert!(wrong.iter().any(|line| line.contains(text)), "{text}\n---\n{wrong:#?}");
        }
        // Description is now also that of the notes, which fits; help is listed of the lead, too.
        assert_eq!(wrong.len(), expected.len() + 1, "{wrong:#?}");
    }
}

#[tokio::test]
async fn a_field_that_the_user_may_not_write_is_listed() {
    let (simulators, installation) = simulated("salesforce", Config::default()).await;
    let mut mapping = mapping("salesforce");
    let rule = mapping.rules.iter_mut().find(|rule| rule.name == "notes").unwrap();
    rule.crm = "LastModifiedDate".into();
    rule.kind = cosell_model::value::Kind::Date;
    rule.crm_length = None;
    let wrong = found(&simulators, &mapping, installation.as_ref()).await;
    assert!(
        wrong.len() == 1
            && wrong[0].contains(
                "LastModifiedDate  Notes: is read-only in a new record for the signed-in user"
            ),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn a_crm_without_the_co_sell_fields_lacks_each_of_them() {
    for system in CRMS.names() {
        let mut config = Config::default();
        config.dataverse.install_columns = false;
        config.salesforce.install_fields = false;
        let (simulators, installation) = simulated(system, config).await;
        let wrong = found(&simulators, &mapping(system), installation.as_ref()).await;
        // Each of the nine in both tables.
        assert_eq!(
            wrong.iter().filter(|line| line.contains(": missing; ")).count(),
            18,
            "{wrong:#?}"
        );
        assert_eq!(wrong.len(), 18, "{wrong:#?}");
    }
}
