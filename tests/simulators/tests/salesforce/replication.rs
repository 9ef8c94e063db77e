use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::world::World;

fn range(world: &World, from: i64, to: i64) -> String {
    let now = world.simulators.clock.now();
    let at = |minutes| now.saturating_add(SignedDuration::from_mins(minutes)).unwrap();
    let shown = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    format!("?start={}&end={}", shown(at(from)), shown(at(to)))
}

#[tokio::test]
async fn updated_and_deleted_ids_are_listed_by_the_minute() {
    let world = World::start().await;
    let (kept, gone) = (world.deal(json!({})).await, world.deal(json!({})).await);
    world.delete(&format!("sobjects/Opportunity/{gone}")).await.is(204);
    world.simulators.clock.advance(120);
    let updated =
        world.get(&format!("sobjects/Opportunity/updated/{}", range(&world, -10, 0))).await;
    assert_eq!(updated.is(200).body["ids"], json!([kept]));
    let deleted =
        world.get(&format!("sobjects/Opportunity/deleted/{}", range(&world, -10, 0))).await;
    assert_eq!(deleted.is(200).body["deletedRecords"][0]["id"], gone);
    assert!(deleted.body["latestDateCovered"].as_str().unwrap().ends_with(".000+0000"));
    let before =
        world.get(&format!("sobjects/Opportunity/updated/{}", range(&world, -20, -10))).await;
    assert_eq!(before.body["ids"], json!([]));
}

#[tokio::test]
async fn a_range_that_is_empty_or_too_old_is_refused() {
    let world = World::start().await;
    for (resource, from, to) in [
        ("updated", 0, 0),
        ("updated", 0, -5),
        ("updated", -31 * 1440, 0),
        ("deleted", -16 * 1440, 0),
    ] {
        let path = format!("sobjects/Opportunity/{resource}/{}", range(&world, from, to));
        world.get(&path).await.refused(400, "INVALID_REPLICATION_DATE");
    }
    world
        .get(&format!("sobjects/Opportunity/updated/{}", range(&world, -20 * 1440, 0)))
        .await
        .is(200);
    world.get("sobjects/Opportunity/updated").await.refused(400, "INVALID_REPLICATION_DATE");
}
