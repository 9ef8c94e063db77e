use reqwest::Method;
use serde_json::json;

use crate::world::{World, deal};

#[tokio::test]
async fn a_created_record_is_answered_by_id_and_location_and_read_back_whole() {
    let world = World::start().await;
    let created = world
        .post("sobjects/Opportunity", deal(json!({"amount": 48000, "NextStep": "  Call  "})))
        .await;
    let id = created.is(201).id();
    assert_eq!(created.body, json!({"id": id, "success": true, "errors": []}));
    assert_eq!(
        created.header("location"),
        format!("/services/data/v67.0/sobjects/Opportunity/{id}")
    );
    assert!(created.header("sforce-limit-info").starts_with("api-usage="));
    let row = world.row("Opportunity", id).await;
    assert_eq!((id.len(), row["Amount"].to_string().as_str()), (18, "48000.0"));
    assert_eq!(
        (&row["NextStep"], &row["Description"], &row["IsClosed"]),
        (&json!("Call"), &json!(null), &json!(false))
    );
    assert_eq!(row["ExpectedRevenue"], 4800.0);
    let stamp = row["SystemModstamp"].as_str().unwrap();
    assert!(stamp.ends_with(".000+0000") && stamp.len() == 28, "{stamp}");
    let some =
        world.get(&format!("sobjects/Opportunity/{}?fields=Name,StageName", &id[..15])).await;
    assert_eq!(some.is(200).body.as_object().unwrap().len(), 4, "{}", some.body);
    world
        .get(&format!("sobjects/Opportunity/{id}?fields=Nope__c"))
        .await
        .refused(400, "INVALID_FIELD");
}

#[tokio::test]
async fn an_update_answers_nothing_changes_what_it_names_and_clears_with_null() {
    let world = World::start().await;
    let id = world.deal(json!({"NextStep": "Call", "Amount": 5})).await;
    let path = format!("sobjects/Opportunity/{id}");
    let answer = world.patch(&path, json!({"NextStep": null, "CloseDate": "2027-01-15"})).await;
    assert_eq!(answer.is(204).body, "");
    let row = world.row("Opportunity", &id).await;
    assert_eq!(
        (&row["NextStep"], &row["CloseDate"], &row["Amount"]),
        (&json!(null), &json!("2027-01-15"), &json!(5.0))
    );
    let via_post = world
        .call(
            Method::POST,
            &format!("{path}?_HttpMethod=PATCH"),
            &[],
            Some(json!({"NextStep": "Visit"})),
        )
        .await;
    via_post.is(204);
    assert_eq!(world.row("Opportunity", &id).await["NextStep"], "Visit");
    world.patch(&path, json!({"Id": id})).await.refused(400, "INVALID_FIELD");
}

#[tokio::test]
async fn unknown_deleted_and_foreign_ids_are_distinguished() {
    let world = World::start().await;
    let id = world.deal(json!({})).await;
    let path = format!("sobjects/Opportunity/{id}");
    world.delete(&path).await.is(204);
    world.delete(&path).await.refused(404, "ENTITY_IS_DELETED");
    world.get(&path).await.refused(404, "ENTITY_IS_DELETED");
    world.get("sobjects/Opportunity/006Kd00000AbC1x").await.refused(404, "NOT_FOUND");
    let text =
        world.get("sobjects/Account/006Kd00000AbC1x").await.refused(400, "MALFORMED_ID").to_owned();
    assert_eq!(text, "Account ID: id value of incorrect type: 006Kd00000AbC1x");
    world.get("sobjects/Oportunity").await.refused(404, "NOT_FOUND");
    let all = world
        .query_with("SELECT Id, IsDeleted FROM Opportunity WHERE IsDeleted = true", "queryAll", &[])
        .await;
    assert_eq!(all.column("Id"), [&json!(id)]);
    assert_eq!(world.query("SELECT Id FROM Opportunity").await.body["totalSize"], 0);
    world
        .control(Method::POST, &format!("rows/Opportunity/{id}/undelete"), json!({}))
        .await
        .is(200);
    world.get(&path).await.is(200);
    world.delete(&path).await.is(204);
    world.control(Method::POST, "recycle-bin/empty", json!({})).await.is(204);
    world.get(&path).await.refused(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_write_is_refused_with_the_fields_and_texts_of_the_contract() {
    let world = World::start().await;
    let missing = world.post("sobjects/Opportunity", json!({"Name": "x"})).await;
    assert_eq!(
        missing.refused(400, "REQUIRED_FIELD_MISSING"),
        "Required fields are missing: [CloseDate, StageName]"
    );
    assert_eq!(missing.body[0]["fields"], json!(["CloseDate", "StageName"]));
    let long = "x".repeat(256);
    for (fields, code, text) in [
        (
            json!({"Foo__c": 1}),
            "INVALID_FIELD",
            "No such column 'Foo__c' on sobject of type Opportunity",
        ),
        (
            json!({"IsWon": true}),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields: IsWon.",
        ),
        (json!({"NextStep": long}), "STRING_TOO_LONG", "Next Step: data value too large: xxx"),
        (
            json!({"Msp_Solutions__c": "Azure;Moon"}),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Msp Solutions: bad value for restricted picklist field: Moon",
        ),
        (
            json!({"AccountId": "006Kd00000AbC1x"}),
            "MALFORMED_ID",
            "Account ID: id value of incorrect type",
        ),
        (
            json!({"AccountId": "001Kd00000AbC1x"}),
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
        ),
        (
            json!({"CloseDate": "31.12.2026"}),
            "JSON_PARSER_ERROR",
            "Cannot deserialize instance of date",
        ),
        (json!({"Probability": 1000}), "NUMBER_OUTSIDE_VALID_RANGE", "Probability: value outside"),
        (json!({"CurrencyIsoCode": "EUR"}), "INVALID_FIELD", "No such column 'CurrencyIsoCode'"),
    ] {
        let answer = world.post("sobjects/Opportunity", deal(fields)).await;
        assert!(answer.refused(400, code).starts_with(text), "{}", answer.body);
    }
    let lead = json!({"LastName": "Ek", "Company": "Litware", "Email": "ida.ek"});
    world.post("sobjects/Lead", lead).await.refused(400, "INVALID_EMAIL_ADDRESS");
    world.post("sobjects/User", json!({"LastName": "Ek"})).await.is(400);
    assert_eq!(world.query("SELECT Id FROM Opportunity").await.body["totalSize"], 0);
}

#[tokio::test]
async fn a_parent_is_set_by_its_external_id() {
    let world = World::start().await;
    let field = json!({
        "object": "Account", "name": "Erp_Key__c", "type": "Text", "length": 40,
        "external_id": true, "unique": true
    });
    world.control(Method::POST, "fields", field).await.is(201);
    let account = world.create("Account", json!({"Name": "Litware", "Erp_Key__c": "C-1042"})).await;
    let id = world.deal(json!({"Account": {"Erp_Key__c": "C-1042"}})).await;
    assert_eq!(world.row("Opportunity", &id).await["AccountId"], account);
    let stranger =
        world.post("sobjects/Opportunity", deal(json!({"Account": {"Erp_Key__c": "C-1"}}))).await;
    stranger.refused(400, "INVALID_FIELD");
}

#[tokio::test]
async fn a_contact_named_on_creation_becomes_the_primary_role() {
    let world = World::start().await;
    let contact = world.create("Contact", json!({"LastName": "Ek"})).await;
    let id = world.deal(json!({"ContactId": contact})).await;
    let roles = world
        .query("SELECT Contact.LastName, OpportunityId, IsPrimary FROM OpportunityContactRole")
        .await;
    let role = &roles.is(200).body["records"][0];
    assert_eq!((&role["Contact"]["LastName"], &role["OpportunityId"]), (&json!("Ek"), &json!(id)));
    assert_eq!(role["IsPrimary"], true);
    let path = format!("sobjects/Opportunity/{id}");
    world
        .patch(&path, json!({"ContactId": contact}))
        .await
        .refused(400, "INVALID_FIELD_FOR_INSERT_UPDATE");
    world.delete(&path).await.is(204);
    assert_eq!(world.query("SELECT Id FROM OpportunityContactRole").await.body["totalSize"], 0);
}
