use reqwest::Method;
use serde_json::{Value, json};

use crate::world::World;

async fn control(world: &World, method: Method, path: &str, body: Value) -> (u16, Value) {
    let url = world.simulators.control.join(&format!("control/salesforce/{path}")).unwrap();
    let answer = world.http.request(method, url).json(&body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
}

async fn lead(world: &World) -> String {
    let lead = json!({
        "FirstName": "Ann", "LastName": "Ek", "Company": "Litware", "Email": "ann@litware.example",
        "PostalCode": "1011 AB",
        "City": "Delft", "Msp_Referral_Id__c": "r-1", "Msp_Sync_With_Partner_Center__c": true,
    });
    world.create("Lead", lead).await
}

async fn converted(world: &World, lead: &str, body: Value) -> Value {
    let (status, row) = control(world, Method::POST, &format!("leads/{lead}/convert"), body).await;
    assert_eq!(status, 200, "{row}");
    row
}

#[tokio::test]
async fn conversion_makes_account_contact_and_opportunity_and_the_lead_is_read_only() {
    let world = World::start().await;
    let id = lead(&world).await;
    let row = converted(&world, &id, json!({})).await;
    assert_eq!((&row["IsConverted"], &row["Status"]), (&json!(true), &json!("Closed - Converted")));
    let account = world.row("Account", row["ConvertedAccountId"].as_str().unwrap()).await;
    assert_eq!(
        (&account["Name"], &account["BillingPostalCode"]),
        (&json!("Litware"), &json!("1011 AB"))
    );
    let contact = world.row("Contact", row["ConvertedContactId"].as_str().unwrap()).await;
    assert_eq!(
        (&contact["Email"], &contact["AccountId"]),
        (&json!("ann@litware.example"), &account["Id"])
    );
    let deal = world.row("Opportunity", row["ConvertedOpportunityId"].as_str().unwrap()).await;
    assert_eq!((&deal["Name"], &deal["AccountId"]), (&json!("Litware"), &account["Id"]));
    assert_eq!(
        deal["Msp_Referral_Id__c"],
        Value::Null,
        "custom fields go nowhere unless they are mapped"
    );
    let roles = world.query("SELECT ContactId, IsPrimary FROM OpportunityContactRole").await;
    assert_eq!(
        (roles.column("ContactId"), roles.column("IsPrimary")),
        (vec![&contact["Id"]], vec![&json!(true)])
    );

    let refused = world.patch(&format!("sobjects/Lead/{id}"), json!({"Title": "CTO"})).await;
    refused.refused(400, "CANNOT_UPDATE_CONVERTED_LEAD");
    let (status, body) =
        control(&world, Method::POST, &format!("leads/{id}/convert"), json!({})).await;
    assert_eq!((status, &body[0]["errorCode"]), (400, &json!("CANNOT_UPDATE_CONVERTED_LEAD")));
    let by_opportunity = format!(
        "SELECT Id FROM Lead WHERE ConvertedOpportunityId = '{}'",
        deal["Id"].as_str().unwrap()
    );
    assert_eq!(world.query(&by_opportunity).await.column("Id"), [&json!(id)]);
}

#[tokio::test]
async fn the_person_chooses_an_account_and_whether_there_is_an_opportunity() {
    let world = World::start().await;
    let account = world.create("Account", json!({"Name": "Litware Holding"})).await;
    let row =
        converted(&world, &lead(&world).await, json!({"account": account, "opportunity": false}))
            .await;
    assert_eq!(
        (&row["ConvertedAccountId"], &row["ConvertedOpportunityId"]),
        (&json!(account), &Value::Null)
    );
    assert_eq!(world.query("SELECT Id FROM Account").await.body["totalSize"], 1);
}

#[tokio::test]
async fn mapped_custom_fields_go_to_the_opportunity_and_a_refused_conversion_leaves_nothing() {
    let world = World::start().await;
    let id = lead(&world).await;
    let rule = json!({
        "object": "Opportunity", "field": "StageName", "value": "Prospecting", "message": "Not yet."
    });
    world.switch(json!({"validation_rules": [rule]})).await;
    assert_eq!(
        control(&world, Method::POST, &format!("leads/{id}/convert"), json!({})).await.0,
        400
    );
    assert_eq!(world.query("SELECT Id FROM Account").await.body["totalSize"], 0);
    world.switch(json!({})).await;
    let row = converted(&world, &id, json!({"mapped": ["Msp_Referral_Id__c"]})).await;
    let deal = world.row("Opportunity", row["ConvertedOpportunityId"].as_str().unwrap()).await;
    assert_eq!(deal["Msp_Referral_Id__c"], "r-1");
}

#[tokio::test]
async fn lead_statuses_are_rows_that_an_administrator_changes() {
    let world = World::start().await;
    let soql = "SELECT MasterLabel, ApiName, IsConverted, IsDefault FROM LeadStatus ORDER BY \
                SortOrder, Id";
    let shipped = world.query(soql).await;
    let names = [
        "Open - Not Contacted",
        "Working - Contacted",
        "Closed - Converted",
        "Closed - Not Converted",
    ];
    assert_eq!(shipped.column("ApiName"), names.map(Value::from).iter().collect::<Vec<_>>());
    assert_eq!(world.row("Lead", &lead(&world).await).await["Status"], names[0]);
    let own = json!([{"name": "New", "default": true}, {"name": "Won over", "converted": true}]);
    assert_eq!(control(&world, Method::PUT, "lead-statuses", own).await.0, 204);
    let id = world.create("Lead", json!({"LastName": "Oh", "Company": "Fabrikam"})).await;
    assert_eq!(world.row("Lead", &id).await["Status"], "New");
    assert_eq!(converted(&world, &id, json!({})).await["Status"], "Won over");
}

#[tokio::test]
async fn an_assignment_rule_moves_leads_unless_a_header_keeps_it_off() {
    let world = World::start().await;
    let id = lead(&world).await;
    let ours = world.row("Lead", &id).await["OwnerId"].clone();
    world.switch(json!({"lead_assignment_rule": true})).await;
    let path = format!("sobjects/Lead/{id}");
    let off = [("sforce-auto-assign", "FALSE")];
    world.call(Method::PATCH, &path, &off, Some(json!({"Title": "CTO"}))).await.is(204);
    assert_eq!(world.row("Lead", &id).await["OwnerId"], ours);
    world.patch(&path, json!({"Title": "CIO"})).await.is(204);
    assert_ne!(world.row("Lead", &id).await["OwnerId"], ours);
}
