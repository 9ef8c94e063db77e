use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{World, deal};

fn row(object: &str, body: Value) -> Value {
    let mut row = body;
    row["attributes"] = json!({"type": object});
    row
}

#[tokio::test]
async fn rows_are_written_in_order_and_fail_one_by_one() {
    let world = World::start().await;
    let rows =
        [row("Account", json!({"Name": "Litware"})), row("Opportunity", json!({"Name": "x"}))];
    let answer =
        world.post("composite/sobjects", json!({"allOrNone": false, "records": rows})).await;
    let results = answer.is(200).body.as_array().unwrap();
    assert_eq!((&results[0]["success"], &results[1]["success"]), (&json!(true), &json!(false)));
    let error = &results[1]["errors"][0];
    assert_eq!(error["statusCode"], "REQUIRED_FIELD_MISSING");
    assert_eq!(error["fields"], json!(["CloseDate", "StageName"]));
    let strict =
        world.post("composite/sobjects", json!({"allOrNone": true, "records": rows})).await;
    assert_eq!(strict.body[0]["errors"][0]["statusCode"], "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_eq!(world.query("SELECT Id FROM Account").await.body["totalSize"], 1);
}

#[tokio::test]
async fn rows_are_upserted_updated_read_and_deleted_together() {
    let world = World::start().await;
    let path = "composite/sobjects/Opportunity/Msp_Referral_Id__c";
    let records = |step: &str| {
        json!({
            "records": [
                row("Opportunity", deal(json!({"Msp_Referral_Id__c": "1", "NextStep": step})))
            ]
        })
    };
    let first = world.patch(path, records("Call")).await;
    assert_eq!(first.is(200).body[0]["created"], true);
    let second = world.patch(path, records("Visit")).await;
    assert_eq!(
        (&second.body[0]["created"], &second.body[0]["id"]),
        (&json!(false), &first.body[0]["id"])
    );
    let id = first.body[0]["id"].as_str().unwrap();
    let update = row("Opportunity", json!({"id": id, "NextStep": "Sign"}));
    let updated = world.patch("composite/sobjects", json!({"records": [update]})).await;
    assert_eq!(updated.is(200).body, json!([{"id": id, "success": true, "errors": []}]));
    let wanted = json!({"ids": [id, "006Kd00000AbC1xIAF"], "fields": ["NextStep"]});
    let read = world.post("composite/sobjects/Opportunity", wanted).await;
    assert_eq!((&read.is(200).body[0]["NextStep"], &read.body[1]), (&json!("Sign"), &json!(null)));
    let gone = world.call(Method::DELETE, &format!("composite/sobjects?ids={id}"), &[], None).await;
    assert_eq!(gone.is(200).body[0]["success"], true);
    world.get(&format!("sobjects/Opportunity/{id}")).await.refused(404, "ENTITY_IS_DELETED");
    let too_many: Vec<Value> = (0..201).map(|_| row("Account", json!({"Name": "x"}))).collect();
    world.post("composite/sobjects", json!({"records": too_many})).await.is(400);
}
