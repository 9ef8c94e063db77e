//! The domain's rules, each seen in the other system.

use cosell_tests::LocalStack;
use cosell_tests::crm::CrmSystem;
use cosell_tests::people::People;
use cosell_tests::seller::{Deal, Entry, Stage};
use serde_json::{Value as Json, json};

super::with_each_crm![PLAIN:
    a_deal_arrives_as_the_kind_that_it_is => Beside,
    losing_an_invitation_declines_it => Beside,
    losing_a_deal_loses_it => Beside,
    winning_a_deal_wins_it => Beside,
    an_invitation_that_expired_is_lost => Beside,
    what_is_lost_in_partner_center_is_lost_in_the_crm => Beside,
    solutions_are_replaced_as_a_whole_and_keep_their_names => Beside,
    the_customer_is_found_again => Beside,
    the_seller_is_notified_of_an_unknown_currency => Beside,
    every_mapped_field_is_updated_both_ways => Beside,
];

fn of(opportunity: &str) -> impl Fn(&Json) -> bool {
    move |row| row["externalReferenceId"] == json!(opportunity)
}

/// A deal of the seller's own, shared with these entries; its referral.
async fn shared(people: &People, name: &str, entries: &[Entry]) -> (String, Json) {
    let opportunity = people.seller_prepares(name).await.unwrap();
    people.seller_enters(&opportunity, &[entries, &[Entry::Sync]].concat()).await.unwrap();
    let synced = |deal: &Deal| deal.id == opportunity && deal.is_synced();
    people.see_deal("the deal is shared", synced).await.unwrap();
    let referral = people.see_referral("it is in Partner Center", of(&opportunity)).await.unwrap();
    (opportunity, referral)
}

/// An invitation of Microsoft's that the seller accepted; both ids.
async fn accepted(people: &People, name: &str) -> (String, String) {
    let (referral, deal) = invited(people, name).await;
    people.seller_enters(&deal.id, &[Entry::Active]).await.unwrap();
    let active = |row: &Json| row["id"] == json!(referral) && row["status"] == "Active";
    people.see_referral("it is accepted", active).await.unwrap();
    (referral, deal.id)
}

async fn invited(people: &People, name: &str) -> (String, Deal) {
    let referral = people.microsoft_invites(name).await.unwrap();
    let on_hold = |deal: &Deal| deal.referral == referral && deal.stage == Stage::OnHold;
    let deal = people.see_deal("the invitation arrives on hold", on_hold).await.unwrap();
    (referral, deal)
}

async fn ends(people: &People, what: &str, referral: &str, substatus: &str) -> Json {
    let closed = |row: &Json| {
        row["id"] == json!(referral)
            && row["status"] == "Closed"
            && row["substatus"] == json!(substatus)
    };
    people.see_referral(what, closed).await.unwrap()
}

async fn a_deal_arrives_as_the_kind_that_it_is(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let consent = |row: &Json| row["consent"]["consentToShareReferralWithMicrosoftSellers"].clone();
    let (_, private) = shared(&people, "Silo sensors", &[]).await;
    assert_eq!((&private["type"], consent(&private)), (&json!("Independent"), json!(false)));
    let (_, partner_led) = shared(&people, "Silo drones", &[Entry::Visible(true)]).await;
    assert_eq!((&partner_led["type"], consent(&partner_led)), (&json!("Independent"), json!(true)));
    let (opportunity, _) = shared(&people, "Silo robots", &[Entry::Help]).await;
    let referrals = people.referrals().await.unwrap();
    let engagement: Vec<&Json> = referrals.iter().filter(|row| of(&opportunity)(row)).collect();
    assert_eq!(engagement.len(), 2, "the partner's own referral and Microsoft's");
    assert!(engagement.iter().all(|row| row["type"] == "Shared" && consent(row) == json!(true)));
    assert_eq!(engagement[0]["engagementId"], engagement[1]["engagementId"]);
    let (_, inbound) = invited(&people, "Silo audits").await;
    assert!(inbound.is_synced(), "{inbound:?}");
}

async fn losing_an_invitation_declines_it(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (referral, deal) = invited(&people, "Paper mill").await;
    people.seller_loses(&deal.id).await.unwrap();
    let declined = ends(&people, "losing an invitation declines it", &referral, "Declined").await;
    assert_eq!(declined["statusReason"], "Others");
}

async fn losing_a_deal_loses_it(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (referral, opportunity) = accepted(&people, "Sugar mill").await;
    people.seller_loses(&opportunity).await.unwrap();
    ends(&people, "losing a deal loses it", &referral, "Lost").await;
}

async fn winning_a_deal_wins_it(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (referral, opportunity) = accepted(&people, "Saw mill").await;
    people.seller_wins(&opportunity).await.unwrap();
    ends(&people, "winning a deal wins it", &referral, "Won").await;
}

async fn an_invitation_that_expired_is_lost(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (referral, deal) = invited(&people, "Wind mill").await;
    people.invitation_expires(&referral).await.unwrap();
    let closed = |seen: &Deal| seen.id == deal.id && seen.stage == Stage::Closed;
    people.see_deal("an invitation that expired is lost", closed).await.unwrap();
}

async fn what_is_lost_in_partner_center_is_lost_in_the_crm(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (referral, opportunity) = accepted(&people, "Oil mill").await;
    let lost = json!({
        "status": "Closed", "substatus": "Lost", "statusReason": "Customer chose another vendor"
    });
    people.edits_referral(&referral, lost).await.unwrap();
    let closed = |seen: &Deal| seen.id == opportunity && seen.stage == Stage::Closed;
    people.see_deal("what is lost there is lost here", closed).await.unwrap();
}

async fn solutions_are_replaced_as_a_whole_and_keep_their_names(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (referral, opportunity) = accepted(&people, "Cheese cellar").await;
    let first = |row: &Json| row["details"]["requirements"]["solutions"][0].clone();
    let before =
        people.see_referral("as it was", |row| row["id"] == json!(referral)).await.unwrap();
    assert!(first(&before)["name"].is_string(), "{before}");
    people
        .seller_enters(&opportunity, &[Entry::Products(Some("SOL-71402-QKD; SOL-80200-ABC"))])
        .await
        .unwrap();
    let both = |row: &Json| {
        row["id"] == json!(referral)
            && row["details"]["requirements"]["solutions"].as_array().map(Vec::len) == Some(2)
    };
    let after = people.see_referral("both are there", both).await.unwrap();
    assert_eq!(first(&after), first(&before), "what is known of a solution stays");
    people.seller_enters(&opportunity, &[Entry::Products(Some("the blue one"))]).await.unwrap();
    let notified = |deal: &Deal| deal.id == opportunity && deal.audit.contains("the blue one");
    people.see_deal("what is no solution is named", notified).await.unwrap();
}

async fn the_customer_is_found_again(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let account =
        |row: &Json| ["AccountId", "_customerid_value", "customerid"].map(|name| row[name].clone());
    let mut customers = Vec::new();
    for name in ["Fish market", "Fish auction"] {
        let (_, deal) = invited(&people, name).await;
        let row = people.see_row("its row", |row| is_row(row, &deal.id)).await.unwrap();
        assert!(account(&row).iter().any(|id| !id.is_null()), "{row}");
        customers.push(account(&row));
    }
    assert_eq!(customers[0], customers[1], "one account for one customer");
}

async fn the_seller_is_notified_of_an_unknown_currency(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (referral, opportunity) = accepted(&people, "Fish farm").await;
    people.edits_referral(&referral, json!({ "details": { "currency": "THB" } })).await.unwrap();
    let notified = |deal: &Deal| deal.id == opportunity && deal.audit.contains("THB");
    people.see_deal("the currency is named", notified).await.unwrap();
}

fn is_row(row: &Json, id: &str) -> bool {
    row["Id"] == json!(id) || row["opportunityid"] == json!(id)
}

async fn every_mapped_field_is_updated_both_ways(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (referral, opportunity) = accepted(&people, "Ice rink").await;
    let change = json!({
        "name": "Ice rink II",
        "details": {
            "dealValue": 71_000, "closingDateTime": "2027-08-31T00:00:00Z", "notes": "Two rinks",
            "requirements": { "solutions": [{ "id": "SOL-80200-ABC", "type": "Name" }] }
        }
    });
    people.edits_referral(&referral, change).await.unwrap();
    let [name, value, date, notes, products] = match people.crm() {
        CrmSystem::Dynamics => {
            ["name", "estimatedvalue", "estimatedclosedate", "description", "nwcs_products"]
        }
        CrmSystem::Salesforce => ["Name", "Amount", "CloseDate", "Description", "Msp_Products__c"],
    };
    let here = |row: &Json| {
        is_row(row, &opportunity)
            && row[name] == "Ice rink II"
            && row[value].as_f64() == Some(71_000.0)
            && row[date] == "2027-08-31"
            && row[notes] == "Two rinks"
            && row[products] == "SOL-80200-ABC"
    };
    people.see_row("all fields reach the CRM", here).await.unwrap();
    let change = json!({
        name: "Ice rink III", value: 72_000, date: "2027-09-30", notes: "Three rinks",
        products: "SOL-71402-QKD"
    });
    people.seller_edits(&opportunity, change).await.unwrap();
    let there = |row: &Json| {
        let details = &row["details"];
        row["id"] == json!(referral)
            && row["name"] == "Ice rink III"
            && details["dealValue"].as_f64() == Some(72_000.0)
            && details["closingDateTime"].as_str().is_some_and(|at| at.starts_with("2027-09-30"))
            && details["notes"] == "Three rinks"
            && details["requirements"]["solutions"][0]["id"] == "SOL-71402-QKD"
    };
    people.see_referral("all fields reach Partner Center", there).await.unwrap();
}
