use reqwest::Method;
use serde_json::json;

use crate::world::{World, deal};

const REFERRAL: &str = "sobjects/Opportunity/Msp_Referral_Id__c/1d2e-77";

#[tokio::test]
async fn an_upsert_creates_once_and_updates_from_then_on() {
    let world = World::start().await;
    let first = world.patch(REFERRAL, deal(json!({}))).await;
    assert_eq!(
        (first.is(201).body["created"].as_bool(), &first.body["success"]),
        (Some(true), &json!(true))
    );
    let id = first.id();
    let second = world.patch(REFERRAL, json!({"NextStep": "Call"})).await;
    assert_eq!(
        second.is(200).body,
        json!({"id": id, "success": true, "errors": [], "created": false})
    );
    let row = world.row("Opportunity", id).await;
    assert_eq!((&row["Msp_Referral_Id__c"], &row["NextStep"]), (&json!("1d2e-77"), &json!("Call")));
    assert_eq!(world.get(REFERRAL).await.is(200).body["Id"], id);
    world.get("sobjects/Opportunity/Msp_Referral_Id__c/1D2E-77").await.is(200);
    world.delete(REFERRAL).await.is(204);
    world.get(REFERRAL).await.refused(404, "NOT_FOUND");
    assert_ne!(world.patch(REFERRAL, deal(json!({}))).await.is(201).id(), id);
}

#[tokio::test]
async fn version_45_answers_an_updating_upsert_with_nothing() {
    let world = World::start().await;
    let path = "/services/data/v45.0/sobjects/Opportunity/Msp_Referral_Id__c/1";
    let first = world.patch(path, deal(json!({}))).await;
    assert!(first.is(201).body.get("created").is_none());
    assert!(first.header("location").starts_with("/services/data/v45.0/"));
    world.patch(path, json!({"NextStep": "Call"})).await.is(204);
}

#[tokio::test]
async fn an_upsert_by_several_or_no_records_or_fields_is_no_write() {
    let world = World::start().await;
    let lead =
        |name: &str| json!({"LastName": name, "Company": "Litware", "Email": "ek@litware.example"});
    let (one, two) =
        (world.create("Lead", lead("Ek")).await, world.create("Lead", lead("Ek")).await);
    let several =
        world.patch("sobjects/Lead/Email/ek%40litware.example", json!({"LastName": "Lind"})).await;
    let url = |id: &str| format!("/services/data/v67.0/sobjects/Lead/{id}");
    assert_eq!(several.is(300).body, json!([url(&one), url(&two)]));
    let unknown = world.patch("sobjects/Opportunity/Nope__c/1", deal(json!({}))).await;
    let text = "Provided external ID field does not exist or is not accessible: Nope__c";
    assert_eq!(unknown.refused(404, "NOT_FOUND"), text);
    world.patch("sobjects/Opportunity/NextStep/1", deal(json!({}))).await.refused(404, "NOT_FOUND");
    world
        .patch(&format!("{REFERRAL}?updateOnly=true"), deal(json!({})))
        .await
        .refused(404, "NOT_FOUND");
    let repeated = world.patch(REFERRAL, deal(json!({"Msp_Referral_Id__c": "1d2e-77"}))).await;
    repeated.refused(400, "INVALID_FIELD");
    assert_eq!(world.query("SELECT Id FROM Opportunity").await.body["totalSize"], 0);
}

#[tokio::test]
async fn a_unique_value_another_transaction_holds_is_refused_and_names_its_record() {
    let world = World::start().await;
    let body = deal(json!({"Msp_Referral_Id__c": "1d2e-77"}));
    let row = world.control(Method::POST, "rows/Opportunity", body).await.is(201).body.clone();
    let id = row["Id"].as_str().unwrap();
    world
        .control(Method::POST, &format!("rows/Opportunity/{id}/delay"), json!({"seconds": 5}))
        .await
        .is(204);
    let late = world.patch(REFERRAL, deal(json!({}))).await;
    let short = &id[..15];
    let text = format!(
        "duplicate value found: Msp_Referral_Id__c duplicates value on record with id: {short}"
    );
    assert_eq!(late.refused(400, "DUPLICATE_VALUE"), text);
    world.simulators.clock.advance(5);
    world.patch(REFERRAL, json!({"NextStep": "Call"})).await.is(200);
    world.switch(json!({"long_duplicate_id": true})).await;
    let again =
        world.post("sobjects/Opportunity", deal(json!({"Msp_Referral_Id__c": "1D2E-77"}))).await;
    assert!(again.refused(400, "DUPLICATE_VALUE").ends_with(id));
}
