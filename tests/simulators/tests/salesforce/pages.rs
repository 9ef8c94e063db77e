use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{World, deal};

async fn many(world: &World, count: usize) {
    let body = json!({"count": count, "fields": deal(json!({"Name": "Load {n}"}))});
    world.control(Method::POST, "rows/Opportunity/many", body).await.is(200);
}

#[tokio::test]
async fn a_long_result_is_read_page_by_page_to_its_end() {
    let world = World::start().await;
    many(&world, 450).await;
    let preferred = [("sforce-query-options", "batchSize=200")];
    let mut page = world
        .query_with("SELECT Id FROM Opportunity ORDER BY SystemModstamp, Id", "query", &preferred)
        .await;
    let mut ids: Vec<Value> = Vec::new();
    loop {
        assert_eq!(page.is(200).body["totalSize"], 450);
        ids.extend(page.column("Id").into_iter().cloned());
        let Some(next) = page.body["nextRecordsUrl"].as_str().map(str::to_owned) else {
            break;
        };
        assert!(
            next.starts_with("/services/data/v67.0/query/01g")
                && next.ends_with(&format!("-{}", ids.len())),
            "{next}"
        );
        page = world.call(Method::GET, &next, &preferred, None).await;
    }
    assert_eq!(page.body["done"], true);
    ids.dedup();
    assert_eq!(ids.len(), 450);
}

#[tokio::test]
async fn a_batch_size_below_200_is_200_and_the_switch_makes_it_smaller() {
    let world = World::start().await;
    many(&world, 201).await;
    let preferred = [("sforce-query-options", "batchSize=5")];
    let page = world.query_with("SELECT Id FROM Opportunity", "query", &preferred).await;
    assert_eq!(page.column("Id").len(), 200);
    world.switch(json!({"query_batch": 2})).await;
    let page = world.query("SELECT Id FROM Opportunity LIMIT 3").await;
    assert_eq!((page.column("Id").len(), &page.body["totalSize"]), (2, &json!(3)));
    let next = page.body["nextRecordsUrl"].as_str().unwrap();
    assert_eq!(world.get(next).await.column("Id").len(), 1);
    world.control(Method::POST, "cursors/expire", json!({})).await.is(204);
    world.get(next).await.refused(400, "INVALID_QUERY_LOCATOR");
}

#[tokio::test]
async fn many_rows_can_share_a_stamp_and_a_row_can_appear_behind_it() {
    let world = World::start().await;
    many(&world, 3).await;
    let answer = world.query("SELECT Id, SystemModstamp FROM Opportunity").await;
    let stamps = answer.column("SystemModstamp");
    assert!(stamps.windows(2).all(|pair| pair[0] == pair[1]), "{stamps:?}");
    let late = answer.column("Id")[1].as_str().unwrap();
    world
        .control(Method::POST, &format!("rows/Opportunity/{late}/delay"), json!({"seconds": 30}))
        .await
        .is(204);
    world.simulators.clock.advance(10);
    let newer = world.deal(json!({})).await;
    let soql = "SELECT Id FROM Opportunity ORDER BY SystemModstamp, Id";
    let before: Vec<Value> = world.query(soql).await.column("Id").into_iter().cloned().collect();
    assert!(before.contains(&json!(newer)) && !before.contains(&json!(late)));
    world.get(&format!("sobjects/Opportunity/{late}")).await.refused(404, "NOT_FOUND");
    world.simulators.clock.advance(20);
    let after: Vec<Value> = world.query(soql).await.column("Id").into_iter().cloned().collect();
    assert_eq!((after.len(), &after[1]), (4, &json!(late)));
}

#[tokio::test]
async fn a_change_that_is_not_visible_yet_shows_the_values_before() {
    let world = World::start().await;
    let id = world.deal(json!({"NextStep": "Call"})).await;
    let row = format!("rows/Opportunity/{id}");
    world.control(Method::PATCH, &row, json!({"NextStep": "Visit"})).await.is(200);
    world.control(Method::POST, &format!("{row}/delay"), json!({"seconds": 5})).await.is(204);
    assert_eq!(world.row("Opportunity", &id).await["NextStep"], "Call");
    assert_eq!(
        world.query("SELECT Id FROM Opportunity WHERE NextStep = 'Visit'").await.body["totalSize"],
        0
    );
    world.simulators.clock.advance(5);
    assert_eq!(world.row("Opportunity", &id).await["NextStep"], "Visit");
}
