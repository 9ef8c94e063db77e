//! Leads of Microsoft's: leads in the CRM until somebody accepts them.

use cosell_tests::LocalStack;
use cosell_tests::people::People;
use cosell_tests::seller::Deal;
use serde_json::{Value as Json, json};

use super::audit_log;

super::with_each_crm![PLAIN:
    a_lead_accepted_in_partner_center_becomes_one_opportunity => Beside,
    a_lead_that_the_seller_qualifies_is_accepted => Beside,
    a_lead_that_the_seller_turns_down_is_declined => Beside,
    a_lead_of_the_marketplace_without_a_contact_is_qualified_like_any => Beside,
];

/// Microsoft sends a lead, and it stands in the CRM; returns both ids.
async fn sent(people: &People, name: &str) -> (String, String) {
    let referral = people.microsoft_sends_lead(name).await.unwrap();
    let lead = stands_in_the_crm(people, &referral).await;
    (referral, lead)
}

/// The lead of this referral; it is no opportunity.
async fn stands_in_the_crm(people: &People, referral: &str) -> String {
    let is_there =
        |row: &Json| row["id"] == json!(referral) && !row["externalReferenceId"].is_null();
    let named = people.see_referral("the lead reaches the CRM", is_there).await.unwrap();
    let lead = named["externalReferenceId"].as_str().unwrap().to_owned();
    let of_it = |deal: &&Deal| deal.referral == referral;
    assert_eq!(
        people.deals().await.unwrap().iter().filter(of_it).count(),
        0,
        "nobody has accepted it"
    );
    lead
}

/// Exactly one opportunity, and the referral names it.
async fn goes_on_as_one_opportunity(people: &People, referral: &str, lead: &str) -> Deal {
    let synced = |deal: &Deal| deal.referral == referral && deal.is_synced();
    let deal = people.see_deal("the lead becomes an opportunity", synced).await.unwrap();
    assert_ne!(deal.id, lead);
    let renamed = |row: &Json| {
        row["id"] == json!(referral)
            && row["externalReferenceId"] == json!(deal.id)
            && row["status"] == "Active"
    };
    people
        .see_referral("Partner Center names the opportunity, and the deal is accepted", renamed)
        .await
        .unwrap();
    let of_it = |deal: &&Deal| deal.referral == referral;
    assert_eq!(people.deals().await.unwrap().iter().filter(of_it).count(), 1, "one opportunity");
    deal
}

async fn a_lead_accepted_in_partner_center_becomes_one_opportunity(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (referral, lead) = sent(&people, "Harbour cranes").await;
    people
        .edits_referral(&referral, json!({ "status": "Active", "substatus": "Accepted" }))
        .await
        .unwrap();
    let deal = goes_on_as_one_opportunity(&people, &referral, &lead).await;
    let kinds = audit_log::kinds(stack, &deal.id, "qualified", 1).await;
    assert_eq!(audit_log::number(&kinds, "qualified"), 1, "{kinds:?}");
}

async fn a_lead_that_the_seller_qualifies_is_accepted(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (referral, lead) = sent(&people, "Ferry telemetry").await;
    people.seller_qualifies_lead(&lead).await.unwrap();
    goes_on_as_one_opportunity(&people, &referral, &lead).await;
}

async fn a_lead_that_the_seller_turns_down_is_declined(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (referral, lead) = sent(&people, "Kiosk printers").await;
    people.seller_disqualifies_lead(&lead).await.unwrap();
    let declined = |row: &Json| row["id"] == json!(referral) && row["substatus"] == "Declined";
    people.see_referral("the referral is declined", declined).await.unwrap();
    let of_it = |deal: &&Deal| deal.referral == referral;
    assert_eq!(people.deals().await.unwrap().iter().filter(of_it).count(), 0);
}

async fn a_lead_of_the_marketplace_without_a_contact_is_qualified_like_any(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let referral = people.customer_asks_in_marketplace("Tide gauges").await.unwrap();
    let lead = stands_in_the_crm(&people, &referral).await;
    people.seller_qualifies_lead(&lead).await.unwrap();
    goes_on_as_one_opportunity(&people, &referral, &lead).await;
}
