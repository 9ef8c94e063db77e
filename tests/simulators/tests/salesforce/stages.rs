use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{World, deal};

async fn state(world: &World, id: &str) -> (Value, Value, Value, Value) {
    let mut row = world.row("Opportunity", id).await;
    let mut take = |field: &str| row[field].take();
    (take("IsClosed"), take("IsWon"), take("Probability"), take("ForecastCategoryName"))
}

#[tokio::test]
async fn the_stage_decides_whether_a_deal_is_closed_and_won() {
    let world = World::start().await;
    let id = world.deal(json!({"Amount": 200})).await;
    let path = format!("sobjects/Opportunity/{id}");
    for (stage, closed, won, probability, forecast) in [
        ("Closed Won", true, true, 100.0, "Closed"),
        ("Closed Lost", true, false, 0.0, "Omitted"),
        ("Negotiation/Review", false, false, 90.0, "Pipeline"),
    ] {
        world.patch(&path, json!({"StageName": stage})).await.is(204);
        let expected = (json!(closed), json!(won), json!(probability), json!(forecast));
        assert_eq!(state(&world, &id).await, expected, "{stage}");
    }
    world.patch(&path, json!({"StageName": "Qualification", "Probability": 45})).await.is(204);
    assert_eq!(state(&world, &id).await.2, 45.0);
    assert_eq!(world.row("Opportunity", &id).await["ExpectedRevenue"], 90.0);
}

#[tokio::test]
async fn stages_are_rows_that_an_administrator_changes() {
    let world = World::start().await;
    let soql = "SELECT MasterLabel, IsClosed, IsWon, DefaultProbability FROM OpportunityStage \
                WHERE IsActive = true ORDER BY SortOrder";
    let stages = world.query(soql).await;
    assert_eq!(stages.is(200).body["totalSize"], 10);
    assert_eq!(stages.column("MasterLabel")[4], "Id. Decision Makers");
    assert_eq!(stages.body["records"][8]["DefaultProbability"], 100.0);
    let own = json!([{"name": "Talking", "forecast": "BestCase", "probability": 30},
        {"name": "Signed", "closed": true, "won": true, "probability": 100, "forecast": "Closed"}]);
    world.control(Method::PUT, "stages", own).await.is(204);
    assert_eq!(world.query(soql).await.column("MasterLabel"), ["Talking", "Signed"]);
    let id = world.deal(json!({"StageName": "Signed"})).await;
    assert_eq!(state(&world, &id).await.1, true);
    let id = world.deal(json!({"StageName": "Talking"})).await;
    assert_eq!(state(&world, &id).await.3, "Best Case");
}

#[tokio::test]
async fn an_unknown_stage_is_stored_unless_the_switch_restricts_it() {
    let world = World::start().await;
    let id = world.deal(json!({"StageName": "Daydream"})).await;
    assert_eq!(state(&world, &id).await.0, false);
    assert_eq!(world.row("Opportunity", &id).await["StageName"], "Daydream");
    world.switch(json!({"restricted_stages": true})).await;
    let refused = world.post("sobjects/Opportunity", deal(json!({"StageName": "Daydream"}))).await;
    let text = refused.refused(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST").to_owned();
    assert_eq!(text, "Stage Name: bad value for restricted picklist field: Daydream");
}

#[tokio::test]
async fn an_amount_is_silently_the_sum_of_the_lines() {
    let world = World::start().await;
    let id = world.deal(json!({"Amount": 5})).await;
    let line = json!({"OpportunityId": id, "Quantity": 2, "UnitPrice": 50.5});
    let line = world.create("OpportunityLineItem", line).await;
    let path = format!("sobjects/Opportunity/{id}");
    world.patch(&path, json!({"Amount": 7, "NextStep": "Call"})).await.is(204);
    let row = world.row("Opportunity", &id).await;
    assert_eq!((&row["Amount"], &row["NextStep"]), (&json!(101.0), &json!("Call")));
    assert_eq!(row["HasOpportunityLineItem"], true);
    world.delete(&format!("sobjects/OpportunityLineItem/{line}")).await.is(204);
    world.patch(&path, json!({"Amount": 7})).await.is(204);
    assert_eq!(world.row("Opportunity", &id).await["Amount"], 7.0);
}
