use cosell_model::crm::{CrmWrite, Phase};
use cosell_simulators::faults::Action;
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;
use serde_json::{Value as Json, json};

use crate::environment::{Environment, deal, referral, status, write};

fn customer_deal() -> Vec<(&'static str, Json)> {
    let mut fields = deal();
    fields.extend([
        ("transactioncurrencyid/isocurrencycode", json!("EUR")),
        ("customerid_account/name", json!("O'Neill & Sons + Co")),
        ("customerid_account/address1_postalcode", json!("1011 AB")),
        ("customerid_account/address1_country", json!("NL")),
        ("parentcontactid/firstname", json!("Ann")),
        ("parentcontactid/lastname", json!("O'Neill")),
        ("parentcontactid/emailaddress1", json!("ann@oneill.example")),
    ]);
    fields
}

#[tokio::test]
async fn an_upsert_creates_then_finds_its_own_row() {
    let environment = Environment::start().await;
    let id = referral();
    assert!(environment.crm.find_by_referral(id).await.unwrap().is_none());
    let created = environment.crm.upsert(id, &write(&deal())).await.unwrap();
    assert_eq!(created.get("estimatedvalue"), &json!(250_000.0));
    assert_eq!(created.get("nwcs_referralid"), &json!(id.to_string()));
    assert_eq!(created.phase, Phase::Open);
    assert!(created.request_id.is_some());
    let again =
        environment.crm.upsert(id, &write(&[("description", json!("Second try"))])).await.unwrap();
    assert_eq!((&again.key, again.get("name")), (&created.key, &json!("Fabrikam wave 2")));
    assert_ne!(again.version, created.version);
    assert_eq!(environment.rows("opportunities").await.len(), 1);
    let found = environment.crm.find_by_referral(id).await.unwrap().unwrap();
    let read = environment.crm.get(&again.key).await.unwrap().unwrap();
    for other in [found, read] {
        assert_eq!(
            (&other.key, &other.version, &other.fields),
            (&again.key, &again.version, &again.fields)
        );
    }
}

#[tokio::test]
async fn customer_contact_and_currency_are_made_and_bound() {
    let environment = Environment::start().await;
    let record = environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap();
    assert_eq!(record.get("transactioncurrencyid/isocurrencycode"), &json!("EUR"));
    assert_eq!(record.get("customerid_account/name"), &json!("O'Neill & Sons + Co"));
    assert_eq!(record.get("parentcontactid/emailaddress1"), &json!("ann@oneill.example"));
    let opportunity = &environment.rows("opportunities").await[0];
    let account = &environment.rows("accounts").await[0];
    let contact = &environment.rows("contacts").await[0];
    assert_eq!(opportunity["_parentaccountid_value"], account["accountid"]);
    assert_eq!(contact["_parentcustomerid_value"], account["accountid"]);
    assert_eq!(account["address1_country"], json!("NL"));
}

#[tokio::test]
async fn customer_and_contact_are_found_again_for_another_deal() {
    let environment = Environment::start().await;
    environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap();
    environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap();
    assert_eq!(environment.rows("opportunities").await.len(), 2);
    assert_eq!(environment.rows("accounts").await.len(), 1);
    assert_eq!(environment.rows("contacts").await.len(), 1);
    assert_eq!(environment.calls("GET", "transactioncurrencies"), 1, "the currency is remembered");
}

#[tokio::test]
async fn another_postal_code_is_another_customer() {
    let environment = Environment::start().await;
    environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap();
    let mut elsewhere = customer_deal();
    elsewhere.push(("customerid_account/address1_postalcode", json!("9711 LX")));
    environment.crm.upsert(referral(), &write(&elsewhere)).await.unwrap();
    assert_eq!(environment.rows("accounts").await.len(), 2);
    assert_eq!(environment.rows("contacts").await.len(), 2, "a contact belongs to its account");
}

#[tokio::test]
async fn a_repeated_create_leaves_the_sellers_choice_of_customer() {
    let environment = Environment::start().await;
    let id = referral();
    let created = environment.crm.upsert(id, &write(&customer_deal())).await.unwrap();
    let other = environment.seller_creates("accounts", json!({"name": "Fabrikam Holding"})).await;
    environment
        .seller_edits(
            &created.key,
            json!({"customerid_account@odata.bind": format!("/accounts({other})")}),
        )
        .await;
    let again = environment.crm.upsert(id, &write(&customer_deal())).await.unwrap();
    assert_eq!(again.get("customerid_account/name"), &json!("Fabrikam Holding"));
    assert_eq!(environment.rows("accounts").await.len(), 2);
}

#[tokio::test]
async fn a_deal_arrives_without_a_customer_or_contact_that_nobody_could_find_again() {
    let environment = Environment::start().await;
    let contact_only = [
        ("customerid_account/name", json!(" ")),
        ("customerid_account/address1_postalcode", json!("1011 AB")),
        ("parentcontactid/firstname", json!("Ann")),
        ("parentcontactid/lastname", json!("O'Neill")),
    ];
    let nameless = [
        ("customerid_account/name", json!("Fabrikam")),
        ("parentcontactid/firstname", json!("Ann")),
    ];
    for (parties, accounts) in [(&contact_only[..], 0), (&nameless[..], 1)] {
        let fields = [&deal()[..], parties].concat();
        let record = environment.crm.upsert(referral(), &write(&fields)).await.unwrap();
        assert_eq!(record.get("name"), &json!("Fabrikam wave 2"));
        assert!(record.get("parentcontactid/emailaddress1").is_null());
        assert_eq!(record.get("customerid_account/name").is_null(), accounts == 0);
        assert_eq!(environment.rows("accounts").await.len(), accounts);
        assert!(environment.rows("contacts").await.is_empty());
    }
}

#[tokio::test]
async fn a_contact_with_an_address_needs_no_customer() {
    let environment = Environment::start().await;
    let mut fields = customer_deal();
    fields.retain(|(name, _)| !name.starts_with("customerid_account/"));
    let record = environment.crm.upsert(referral(), &write(&fields)).await.unwrap();
    assert_eq!(record.get("parentcontactid/emailaddress1"), &json!("ann@oneill.example"));
    assert!(record.get("customerid_account/name").is_null());
}

#[tokio::test]
async fn an_unknown_currency_is_rejected_with_its_remedy_and_nothing_is_made() {
    let environment = Environment::start().await;
    let mut fields = customer_deal();
    fields.push(("transactioncurrencyid/isocurrencycode", json!("CHF")));
    let failure = environment.crm.upsert(referral(), &write(&fields)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert!(failure.message.contains("CHF") && failure.message.contains("add it"), "{failure}");
    assert!(
        environment.rows("opportunities").await.is_empty()
            && environment.rows("accounts").await.is_empty()
    );
}

#[tokio::test]
async fn a_lost_answer_to_an_upsert_is_an_unknown_outcome_and_its_repetition_gives_one_row() {
    let environment = Environment::start().await;
    let id = referral();
    environment.fault("PATCH", "opportunities", Action::DropAfterEffect);
    let failure = environment.crm.upsert(id, &write(&customer_deal())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown, "{failure}");
    environment.crm.upsert(id, &write(&customer_deal())).await.unwrap();
    for entity_set in ["opportunities", "accounts", "contacts"] {
        assert_eq!(environment.rows(entity_set).await.len(), 1, "{entity_set}");
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_new_account_is_of_unknown_outcome_and_the_account_is_found_next_time() {
    let environment = Environment::start().await;
    let id = referral();
    environment.fault("POST", "accounts", Action::DropAfterEffect);
    let failure = environment.crm.upsert(id, &write(&customer_deal())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown, "{failure}");
    environment.crm.upsert(id, &write(&customer_deal())).await.unwrap();
    assert_eq!(environment.rows("accounts").await.len(), 1);
}

#[tokio::test]
async fn a_create_that_stopped_before_its_phase_is_completed_by_repeating_it() {
    let environment = Environment::start().await;
    let id = referral();
    let won = CrmWrite { phase: Some(Phase::Won), ..write(&deal()) };
    environment.fault("POST", "WinOpportunity", Action::DropAfterEffect);
    let failure = environment.crm.upsert(id, &won).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown, "{failure}");
    assert_eq!(environment.crm.upsert(id, &won).await.unwrap().phase, Phase::Won);
    assert_eq!(environment.rows("opportunities").await.len(), 1);
}

#[tokio::test]
async fn a_new_deal_can_wait_on_hold() {
    let environment = Environment::start().await;
    let record = environment
        .crm
        .upsert(referral(), &CrmWrite { phase: Some(Phase::OnHold), ..write(&deal()) })
        .await
        .unwrap();
    assert_eq!(record.phase, Phase::OnHold);
}

#[tokio::test]
async fn no_failure_shows_the_customer() {
    let environment = Environment::start().await;
    for (method, path, action) in [
        ("GET", "accounts", Action::DropBeforeEffect),
        ("GET", "accounts", status(500)),
        ("POST", "accounts", Action::DropBeforeEffect),
        ("GET", "contacts", status(403)),
        ("PATCH", "opportunities", Action::DropBeforeEffect),
    ] {
        environment.fault(method, path, action);
        let failure =
            environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap_err();
        let shown = format!("{failure} {failure:?} {:?}", failure.source);
        for secret in ["Neill", "oneill", "1011", "Fabrikam"] {
            assert!(!shown.contains(secret), "{method} {path}: {shown}");
        }
    }
}
