use cosell_model::crm::{CrmWrite, Phase};
use cosell_simulators::faults::Action;
use cosell_sync::FailureKind;
use cosell_sync::port::{Crm, Leads};
use serde_json::json;

use crate::environment::{Environment, deal, referral, status, write};

/// What the engine writes into the opportunity.
fn deal_of_lead() -> CrmWrite {
    let mut fields = deal();
    fields.extend([
        ("transactioncurrencyid/isocurrencycode", json!("EUR")),
        ("customerid_account/name", json!("O'Neill & Sons")),
        ("customerid_account/address1_postalcode", json!("1011 AB")),
        ("parentcontactid/lastname", json!("O'Neill")),
    ]);
    write(&fields)
}

#[tokio::test]
async fn qualifying_gives_one_opportunity_with_customer_contact_currency_and_identifier() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    let qualified = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap();
    assert_eq!((qualified.key.entity.as_str(), qualified.phase), ("opportunity", Phase::Open));
    for (column, value) in [
        ("name", json!("Fabrikam wave 2")),
        ("estimatedvalue", json!(250_000.0)),
        ("nwcs_referralid", json!(id.to_string())),
        ("nwcs_syncwithpartnercenter", json!(true)),
        ("transactioncurrencyid/isocurrencycode", json!("EUR")),
        ("customerid_account/name", json!("O'Neill & Sons")),
    ] {
        assert_eq!(qualified.get(column), &value, "{column}");
    }
    let lead = environment.lead_now(&made.key).await;
    let again = environment.leads.qualify(&lead, id, &deal_of_lead()).await.unwrap();
    assert_eq!(again.key, qualified.key);
    assert_eq!(environment.counts().await, [1, 1, 1]);
    let read = environment.crm.get(&again.key).await.unwrap().unwrap();
    assert_eq!((&read.version, &read.fields), (&again.version, &again.fields));
    let lead = environment.lead_now(&made.key).await;
    assert_eq!((lead.phase, lead.converted_into), (Phase::Qualified, Some(again.key.clone())));
    assert_eq!(environment.leads.origin(&again.key).await.unwrap(), Some(made.key));
    let row = &environment.rows("opportunities").await[0];
    assert!(row["_parentcontactid_value"].is_string());
}

#[tokio::test]
async fn whatever_answer_is_lost_a_repetition_gives_one_of_each() {
    for (method, path) in [
        ("POST", "accounts"),
        ("POST", "QualifyLead"),
        ("POST", "contacts"),
        ("PATCH", "leads"),
        ("PATCH", "opportunities"),
    ] {
        for action in [Action::DropAfterEffect, Action::DropBeforeEffect] {
            let environment = Environment::start().await;
            let (id, made) = environment.lead().await;
            environment.fault(method, path, action);
            let failure = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap_err();
            assert!(failure.kind != FailureKind::Rejected, "{failure}");
            let lead = environment.lead_now(&made.key).await;
            if let Some(opportunity) = &lead.converted_into {
                let row = environment
                    .control("GET", &format!("rows/opportunities/{}", opportunity.id), None)
                    .await;
                assert!(
                    row["_customerid_value"].is_string()
                        && row["_parentcontactid_value"].is_string(),
                    "{method} {path}"
                );
            }
            let qualified = environment.leads.qualify(&lead, id, &deal_of_lead()).await.unwrap();
            assert_eq!(qualified.get("nwcs_referralid"), &json!(id.to_string()));
            assert_eq!(environment.counts().await, [1, 1, 1], "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_lead_that_changed_or_is_gone_is_not_qualified() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment.seller_edits(&made.key, json!({"subject": "The seller's"})).await;
    let failure = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    environment.control("DELETE", &format!("rows/leads/{}", made.key.id), None).await;
    let failure = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    assert_eq!(environment.counts().await, [0, 0, 0]);
}

#[tokio::test]
async fn an_edit_made_while_the_customer_is_looked_for_is_not_run_over() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment.fault("POST", "accounts", Action::Slow { ms: 60_000 });
    let write = deal_of_lead();
    let edit = async {
        environment.simulators.faults.met().await;
        environment.seller_edits(&made.key, json!({"subject": "The seller's"})).await;
        environment.simulators.faults.clear();
    };
    let (qualified, ()) = tokio::join!(environment.leads.qualify(&made, id, &write), edit);
    assert_eq!(qualified.unwrap_err().kind, FailureKind::Stale);
    let now = environment.lead_now(&made.key).await;
    assert_eq!((now.phase, environment.counts().await), (Phase::Open, [0, 1, 1]));
    environment.leads.qualify(&now, id, &write).await.unwrap();
    assert_eq!(environment.counts().await, [1, 1, 1], "account and contact are found again");
}

#[tokio::test]
async fn a_disqualified_lead_is_not_qualified_over_the_sellers_head() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment
        .control("POST", &format!("leads/{}/disqualify", made.key.id), Some(json!({})))
        .await;
    let lead = environment.lead_now(&made.key).await;
    let failure = environment.leads.qualify(&lead, id, &deal_of_lead()).await.unwrap_err();
    assert!(
        failure.kind == FailureKind::Rejected && failure.message.contains("reopen the lead"),
        "{failure}"
    );
    assert_eq!(
        (environment.lead_now(&made.key).await.phase, environment.counts().await),
        (Phase::Lost, [0, 0, 0])
    );
}

#[tokio::test]
async fn a_seller_who_was_quicker_keeps_opportunity_account_and_contact() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment.seller_edits(&made.key, json!({"companyname": "O'Neill Holding"})).await;
    environment.seller_qualifies(&made.key, json!({})).await;
    let failure = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "what the seller entered is to be read first");
    let lead = environment.lead_now(&made.key).await;
    let qualified = environment.leads.qualify(&lead, id, &deal_of_lead()).await.unwrap();
    assert_eq!(qualified.get("customerid_account/name"), &json!("O'Neill Holding"));
    assert_eq!(environment.lead_now(&made.key).await.converted_into, Some(qualified.key));
    assert_eq!(environment.counts().await, [1, 1, 1]);
}

#[tokio::test]
async fn the_account_that_a_seller_chose_on_the_lead_is_the_customer() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    let account = environment.seller_creates("accounts", json!({"name": "O'Neill Holding"})).await;
    let choice = json!({"parentaccountid@odata.bind": format!("/accounts({account})")});
    environment.seller_edits(&made.key, choice).await;
    let lead = environment.lead_now(&made.key).await;
    let qualified = environment.leads.qualify(&lead, id, &deal_of_lead()).await.unwrap();
    assert_eq!(qualified.get("customerid_account/name"), &json!("O'Neill Holding"));
    assert_eq!(environment.counts().await, [1, 1, 1]);
}

#[tokio::test]
async fn a_deal_that_the_seller_closed_already_stays_closed() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment.seller_qualifies(&made.key, json!({})).await;
    let opportunity = environment.lead_now(&made.key).await.converted_into.unwrap();
    environment
        .control("POST", &format!("opportunities/{}/win", opportunity.id), Some(json!({})))
        .await;
    let open = CrmWrite { phase: Some(Phase::Open), ..deal_of_lead() };
    let lead = environment.lead_now(&made.key).await;
    let qualified = environment.leads.qualify(&lead, id, &open).await.unwrap();
    assert_eq!((qualified.key, qualified.phase), (opportunity, Phase::Won));
}

#[tokio::test]
async fn an_opportunity_that_has_the_identifier_already_is_the_one() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    let carrier = environment.crm.upsert(id, &write(&deal())).await.unwrap();
    let qualified = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap();
    assert_eq!(qualified.key, carrier.key);
    assert_eq!(environment.counts().await, [1, 1, 1]);
    assert_eq!(environment.lead_now(&made.key).await.phase, Phase::Open, "its seller is notified");
}

#[tokio::test]
async fn an_opportunity_of_another_deal_keeps_its_identifier() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment.seller_qualifies(&made.key, json!({})).await;
    let opportunity = environment.lead_now(&made.key).await.converted_into.unwrap();
    let other = referral().to_string();
    environment.seller_edits(&opportunity, json!({"nwcs_referralid": other})).await;
    let lead = environment.lead_now(&made.key).await;
    let failure = environment.leads.qualify(&lead, id, &deal_of_lead()).await.unwrap_err();
    assert!(
        failure.kind == FailureKind::Rejected && failure.message.contains("`nwcs_referralid`"),
        "{failure}"
    );
    assert_eq!(environment.rows("opportunities").await[0]["nwcs_referralid"], json!(other));
}

#[tokio::test]
async fn an_unknown_currency_is_named_before_anything_is_made() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    let mut francs = deal_of_lead();
    francs.fields.insert("transactioncurrencyid/isocurrencycode".to_owned(), json!("CHF"));
    let failure = environment.leads.qualify(&made, id, &francs).await.unwrap_err();
    assert!(failure.kind == FailureKind::Rejected && failure.message.contains("CHF"), "{failure}");
    assert_eq!(environment.counts().await, [0, 0, 0]);
    assert_eq!(environment.lead_now(&made.key).await.phase, Phase::Open);
}

#[tokio::test]
async fn no_failure_shows_the_customer() {
    for (method, path, action) in [
        ("GET", "leads", status(500)),
        ("GET", "opportunities", Action::DropBeforeEffect),
        ("POST", "accounts", status(403)),
        ("POST", "QualifyLead", status(400)),
        ("POST", "QualifyLead", Action::DropBeforeEffect),
    ] {
        let environment = Environment::start().await;
        let (id, made) = environment.lead().await;
        environment.fault(method, path, action);
        let failure = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap_err();
        let shown = format!("{failure} {failure:?} {:?}", failure.source);
        for secret in ["Neill", "1011", "Fabrikam"] {
            assert!(!shown.contains(secret), "{method} {path}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_lead_qualified_without_an_opportunity_became_none() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment.seller_qualifies(&made.key, json!({"CreateOpportunity": false})).await;
    let lead = environment.lead_now(&made.key).await;
    assert_eq!((lead.phase, lead.converted_into), (Phase::Qualified, None));
    let failure = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    assert_eq!(environment.counts().await[0], 0);
}
