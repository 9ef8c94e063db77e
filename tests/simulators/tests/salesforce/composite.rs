use serde_json::{Value, json};

use crate::world::{World, deal};

fn part(method: &str, path: &str, reference: &str, body: Value) -> Value {
    json!({
        "method": method, "url": format!("/services/data/v67.0/{path}"), "referenceId": reference,
        "body": body
    })
}

fn request(all_or_none: bool, parts: &[Value]) -> Value {
    json!({"allOrNone": all_or_none, "compositeRequest": parts})
}

#[tokio::test]
async fn later_parts_refer_to_earlier_ones_and_all_cost_one_call() {
    let world = World::start().await;
    let parts = [
        part("POST", "sobjects/Account", "acct", json!({"Name": "Litware"})),
        part("POST", "sobjects/Opportunity", "opp", deal(json!({"AccountId": "@{acct.id}"}))),
        part("GET", "query?q=SELECT+Id,Name+FROM+Account", "list", json!(null)),
        part(
            "PATCH",
            "sobjects/Opportunity/@{opp.id}",
            "note",
            json!({"NextStep": "Greet @{list.records[0].Name}"}),
        ),
    ];
    let answer = world.post("composite", request(true, &parts)).await;
    assert_eq!(answer.is(200).header("sforce-limit-info"), "api-usage=1/15000");
    let parts = &answer.body["compositeResponse"];
    let statuses: Vec<&Value> =
        parts.as_array().unwrap().iter().map(|part| &part["httpStatusCode"]).collect();
    assert_eq!(statuses, [201, 201, 200, 204], "{parts}");
    let opportunity = parts[1]["body"]["id"].as_str().unwrap();
    let location = format!("/services/data/v67.0/sobjects/Opportunity/{opportunity}");
    assert_eq!(parts[1]["httpHeaders"], json!({"Location": location}));
    assert_eq!((&parts[3]["body"], &parts[3]["referenceId"]), (&json!(null), &json!("note")));
    let row = world.row("Opportunity", opportunity).await;
    assert_eq!(
        (&row["AccountId"], &row["NextStep"]),
        (&parts[0]["body"]["id"], &json!("Greet Litware"))
    );
}

#[tokio::test]
async fn all_or_none_undoes_everything_and_otherwise_only_dependents_fail() {
    let world = World::start().await;
    let parts = [
        part("POST", "sobjects/Account", "acct", json!({"Name": "Litware"})),
        part("POST", "sobjects/Opportunity", "bad", json!({"Name": "x"})),
        part("PATCH", "sobjects/Opportunity/@{bad.id}", "dependent", json!({"NextStep": "Call"})),
        part("POST", "sobjects/Account", "other", json!({"Name": "A. Datum"})),
    ];
    let codes = |answer: &Value| -> Vec<Value> {
        let parts = answer["compositeResponse"].as_array().unwrap();
        parts.iter().map(|part| part["body"][0]["errorCode"].clone()).collect()
    };
    let strict = world.post("composite", request(true, &parts)).await;
    let (halted, missing) = (json!("PROCESSING_HALTED"), json!("REQUIRED_FIELD_MISSING"));
    assert_eq!(
        codes(&strict.is(200).body),
        [halted.clone(), missing.clone(), halted.clone(), halted.clone()]
    );
    assert_eq!(world.query("SELECT Id FROM Account").await.body["totalSize"], 0);
    let loose = world.post("composite", request(false, &parts)).await;
    assert_eq!(codes(&loose.is(200).body), [json!(null), missing, halted, json!(null)]);
    assert_eq!(world.query("SELECT Id FROM Account").await.body["totalSize"], 2);
}

#[tokio::test]
async fn a_part_may_have_a_condition_but_not_a_session_of_its_own() {
    let world = World::start().await;
    let id = world.deal(json!({})).await;
    let mut conditional =
        part("PATCH", &format!("sobjects/Opportunity/{id}"), "r1", json!({"NextStep": "Call"}));
    conditional["httpHeaders"] = json!({"If-Unmodified-Since": "Thu, 20 Aug 2020 14:03:27 GMT"});
    let answer = world.post("composite", request(false, &[conditional.clone()])).await;
    assert_eq!(answer.is(200).body["compositeResponse"][0]["httpStatusCode"], 412);
    conditional["httpHeaders"] = json!({"Authorization": "Bearer other"});
    world.post("composite", request(false, &[conditional])).await.is(400);
    let too_many: Vec<Value> =
        (0..26).map(|number| part("GET", "sobjects", &format!("r{number}"), json!(null))).collect();
    world.post("composite", request(false, &too_many)).await.is(400);
    world
        .post("composite", request(false, &[part("get", "sobjects", "r1", json!(null))]))
        .await
        .is(400);
    world
        .post("composite", request(false, &[part("GET", "sobjects", "r-1", json!(null))]))
        .await
        .is(400);
}
