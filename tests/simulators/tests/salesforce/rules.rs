use reqwest::Method;
use serde_json::json;

use crate::world::{World, deal};

#[tokio::test]
async fn a_validation_rule_speaks_with_its_own_text() {
    let world = World::start().await;
    let rule = json!({
        "object": "Opportunity", "field": "StageName", "value": "Closed Won",
        "message": "Attach the contract first."
    });
    world.switch(json!({"validation_rules": [rule]})).await;
    let id = world.deal(json!({})).await;
    let refused = world
        .patch(&format!("sobjects/Opportunity/{id}"), json!({"StageName": "Closed Won"}))
        .await;
    assert_eq!(
        refused.refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        "Attach the contract first."
    );
    assert_eq!(refused.body[0]["fields"], json!(["StageName"]));
    assert_eq!(world.row("Opportunity", &id).await["StageName"], "Prospecting");
}

#[tokio::test]
async fn a_duplicate_rule_alerts_or_blocks() {
    let world = World::start().await;
    let contact = json!({"LastName": "Ek", "Email": "ek@litware.example"});
    let first = world.create("Contact", contact.clone()).await;
    let allow = [("sforce-duplicate-rule-header", "allowSave=true; includeRecordDetails=true")];
    let create =
        async || world.call(Method::POST, "sobjects/Contact", &allow, Some(contact.clone())).await;
    world.switch(json!({"duplicate_rules": [{"object": "Contact", "field": "Email"}]})).await;
    create().await.refused(400, "DUPLICATES_DETECTED");
    world
        .switch(json!({
            "duplicate_rules": [{"object": "Contact", "field": "Email", "allow_save": true}]
        }))
        .await;
    let plain = world.post("sobjects/Contact", contact.clone()).await;
    assert_eq!(plain.refused(400, "DUPLICATES_DETECTED"), "Use one of these records?");
    let found = &plain.body[0]["duplicateResut"];
    assert_eq!(found["allowSave"], true);
    assert_eq!(found["matchResults"][0]["matchRecords"][0]["record"]["Id"], first);
    create().await.is(201);
    world
        .switch(json!({
            "duplicate_rules": [{"object": "Contact", "field": "Email"}],
            "misspelt_duplicates": false
        }))
        .await;
    assert_eq!(create().await.body[0]["duplicateResult"]["allowSave"], false);
}

#[tokio::test]
async fn a_lock_refuses_writes_to_the_record_and_its_children_for_a_while() {
    let world = World::start().await;
    let account = world.create("Account", json!({"Name": "Litware"})).await;
    world
        .control(Method::POST, &format!("rows/Account/{account}/lock"), json!({"times": 2}))
        .await
        .is(204);
    let create =
        async || world.post("sobjects/Opportunity", deal(json!({"AccountId": account}))).await;
    let text = create().await.refused(400, "UNABLE_TO_LOCK_ROW").to_owned();
    assert_eq!(
        text,
        format!("unable to obtain exclusive access to this record or 1 records: {account}")
    );
    world
        .patch(&format!("sobjects/Account/{account}"), json!({"Site": "Oslo"}))
        .await
        .refused(400, "UNABLE_TO_LOCK_ROW");
    create().await.is(201);
}

#[tokio::test]
async fn a_field_the_user_may_not_see_does_not_exist() {
    let world = World::start().await;
    world.switch(json!({"hidden_fields": ["Opportunity.Msp_Referral_Id__c"]})).await;
    world.query("SELECT Msp_Referral_Id__c FROM Opportunity").await.refused(400, "INVALID_FIELD");
    let body = deal(json!({"Msp_Referral_Id__c": "1"}));
    world.post("sobjects/Opportunity", body).await.refused(400, "INVALID_FIELD");
    world
        .patch("sobjects/Opportunity/Msp_Referral_Id__c/1", deal(json!({})))
        .await
        .refused(404, "NOT_FOUND");
    let id = world.deal(json!({})).await;
    assert!(world.row("Opportunity", &id).await.get("Msp_Referral_Id__c").is_none());
}

#[tokio::test]
async fn required_fields_and_currencies_differ_between_organisations() {
    let world = World::start().await;
    world
        .switch(json!({"required_fields": ["Opportunity.NextStep"], "multi_currency": true}))
        .await;
    let refused = world.post("sobjects/Opportunity", deal(json!({}))).await;
    assert_eq!(
        refused.refused(400, "REQUIRED_FIELD_MISSING"),
        "Required fields are missing: [NextStep]"
    );
    let id = world.deal(json!({"NextStep": "Call"})).await;
    assert_eq!(world.row("Opportunity", &id).await["CurrencyIsoCode"], "USD");
    let moon = deal(json!({"NextStep": "Call", "CurrencyIsoCode": "LUN"}));
    world
        .post("sobjects/Opportunity", moon)
        .await
        .refused(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
}

#[tokio::test]
async fn calls_beyond_the_days_limit_are_refused_until_the_day_is_over() {
    let mut world = World::start().await;
    world.switch(json!({"daily_requests": 2})).await;
    let first = world.get("limits").await;
    assert_eq!(first.is(200).header("sforce-limit-info"), "api-usage=1/2");
    assert_eq!(first.body["DailyApiRequests"], json!({"Max": 2, "Remaining": 1}));
    world.get("sobjects").await.is(200);
    assert_eq!(
        world.get("sobjects").await.refused(403, "REQUEST_LIMIT_EXCEEDED"),
        "TotalRequests Limit exceeded."
    );
    world.simulators.clock.advance(24 * 3600);
    world.sign_in().await;
    world.get("sobjects").await.is(200);
}

#[tokio::test]
async fn a_converted_lead_can_no_longer_be_changed() {
    let world = World::start().await;
    let lead =
        json!({"LastName": "Ek", "FirstName": "Ida", "Company": "Litware", "IsConverted": true});
    let id = world.create("Lead", lead).await;
    let row = world.row("Lead", &id).await;
    assert_eq!((&row["Name"], &row["Status"]), (&json!("Ida Ek"), &json!("Open - Not Contacted")));
    let refused = world.patch(&format!("sobjects/Lead/{id}"), json!({"Title": "CTO"})).await;
    refused.refused(400, "CANNOT_UPDATE_CONVERTED_LEAD");
}

#[tokio::test]
async fn injected_faults_have_the_services_form_or_the_edges() {
    use cosell_simulators::faults::{Action, Fault};
    let world = World::start().await;
    let fault = |status, code: Option<&str>, html: Option<&str>| {
        let action = Action::Status {
            status,
            retry_after: None,
            code: code.map(str::to_owned),
            body: html.map(str::to_owned),
            content_type: html.map(|_| "text/html".to_owned()),
        };
        world.simulators.faults.add(Fault::new("salesforce", action));
    };
    fault(503, None, Some("<html>Down for maintenance</html>"));
    assert!(world.get("sobjects").await.is(503).body.is_string());
    fault(400, Some("QUERY_TIMEOUT"), None);
    world.get("sobjects").await.refused(400, "QUERY_TIMEOUT");
    fault(403, None, None);
    world.get("sobjects").await.refused(403, "REQUEST_LIMIT_EXCEEDED");
    world.get("sobjects").await.is(200);
    assert_eq!(world.simulators.journal.count("salesforce", "GET", "/sobjects"), 4);
}
