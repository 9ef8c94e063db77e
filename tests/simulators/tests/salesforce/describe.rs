use cosell_simulators::salesforce::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test]
async fn all_objects_are_listed_and_unchanged_ones_not_sent_again() {
    let world = World::start().await;
    let answer = world.get("sobjects/").await;
    assert_eq!(
        (&answer.is(200).body["encoding"], &answer.body["maxBatchSize"]),
        (&json!("UTF-8"), &json!(200))
    );
    let objects = answer.body["sobjects"].as_array().unwrap();
    let opportunity = objects.iter().find(|object| object["name"] == "Opportunity").unwrap();
    assert_eq!(
        (&opportunity["keyPrefix"], &opportunity["createable"]),
        (&json!("006"), &json!(true))
    );
    let future = [("if-modified-since", "Wed, 01 Jan 2070 00:00:00 GMT")];
    world.call(Method::GET, "sobjects", &future, None).await.is(304);
    world.call(Method::GET, "sobjects/Lead/describe", &future, None).await.is(304);
}

#[tokio::test]
async fn the_required_fields_are_those_of_the_contract() {
    let world = World::start().await;
    for (object, expected) in [
        ("Opportunity", vec!["CloseDate", "Name", "StageName"]),
        ("Lead", vec!["Company", "LastName"]),
        ("Account", vec!["Name"]),
        ("Contact", vec!["LastName"]),
        ("OpportunityContactRole", vec!["ContactId", "OpportunityId"]),
    ] {
        let body = world.get(&format!("sobjects/{object}/describe")).await.is(200).body.clone();
        let is = |field: &Value, flag: &str| field[flag] == true;
        let fields = body["fields"].as_array().unwrap();
        let required = fields.iter().filter(|field| {
            is(field, "createable") && !is(field, "nillable") && !is(field, "defaultedOnCreate")
        });
        let mut names: Vec<&str> = required.map(|field| field["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{object}");
    }
}

#[tokio::test]
async fn fields_tell_their_type_length_and_choices() {
    let world = World::start().await;
    let field = async |name: &str| -> Value {
        let body = world.get("sobjects/Opportunity/describe").await.body;
        let fields = body["fields"].as_array().unwrap().clone();
        fields.into_iter().find(|field| field["name"] == name).unwrap_or_default()
    };
    let referral = field("Msp_Referral_Id__c").await;
    for (key, value) in [
        ("type", json!("string")),
        ("length", json!(64)),
        ("externalId", json!(true)),
        ("unique", json!(true)),
        ("custom", json!(true)),
    ] {
        assert_eq!(referral[key], value, "{key}");
    }
    let account = field("AccountId").await;
    assert_eq!(
        (&account["referenceTo"], &account["relationshipName"]),
        (&json!(["Account"]), &json!("Account"))
    );
    let stages = field("StageName").await;
    assert_eq!(
        (&stages["picklistValues"][8]["value"], &stages["restrictedPicklist"]),
        (&json!("Closed Won"), &json!(false))
    );
    let amount = field("Amount").await;
    assert_eq!(
        (&amount["type"], &amount["precision"], &amount["scale"]),
        (&json!("currency"), &json!(18), &json!(2))
    );
    assert_eq!(field("Description").await["filterable"], false);
    assert_eq!(field("CurrencyIsoCode").await, Value::Null);
    world
        .switch(
            json!({"multi_currency": true, "hidden_fields": ["Opportunity.Msp_Referral_Id__c"]}),
        )
        .await;
    assert_eq!(field("CurrencyIsoCode").await["restrictedPicklist"], true);
    assert_eq!(field("Msp_Referral_Id__c").await, Value::Null);
}

#[tokio::test]
async fn an_organisation_may_start_with_currencies_and_without_our_fields() {
    let options = Options { multi_currency: true, install_fields: false, ..Options::default() };
    let mut world = World::start_with(options).await;
    world.switch(json!({"query_batch": 5})).await;
    world.query("SELECT CurrencyIsoCode FROM Opportunity").await.is(200);
    world.query("SELECT Msp_Referral_Id__c FROM Opportunity").await.refused(400, "INVALID_FIELD");
    let unknown = world.control(Method::PUT, "switches", json!({"unheard_of": 1})).await;
    unknown.refused(400, "JSON_PARSER_ERROR");
    world.deal(json!({})).await;
    let url = world.simulators.control.join("control/reset").unwrap();
    assert_eq!(world.http.post(url).send().await.unwrap().status(), 204);
    world.get("sobjects").await.refused(401, "INVALID_SESSION_ID");
    world.sign_in().await;
    assert_eq!(world.query("SELECT Id FROM Opportunity").await.body["totalSize"], 0);
}
