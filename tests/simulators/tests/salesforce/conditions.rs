use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::World;

/// The HTTP date of a stamp, some seconds later.
fn http_date(stamp: &Value, later: i64) -> String {
    let at = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", stamp.as_str().unwrap()).unwrap();
    let at = Timestamp::from_second(at.as_second() + later).unwrap();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[tokio::test]
async fn an_update_with_the_stamp_that_was_read_passes_and_an_older_one_does_not() {
    let world = World::start().await;
    let id = world.deal(json!({})).await;
    let path = format!("sobjects/Opportunity/{id}");
    let read = world.row("Opportunity", &id).await["LastModifiedDate"].clone();
    world.simulators.clock.advance(10);
    let write = async |date: &str, step: &str| {
        let body = Some(json!({"NextStep": step}));
        world.call(Method::PATCH, &path, &[("if-unmodified-since", date)], body).await
    };
    write(&http_date(&read, 0), "First").await.is(204);
    write(&http_date(&read, 0), "Second").await.is(412);
    assert_eq!(world.row("Opportunity", &id).await["NextStep"], "First");
    for wrong in ["yesterday", "2026-08-20T14:03:27Z", "Mon, 20 Aug 2026 14:03:27 GMT"] {
        write(wrong, "Third").await.is(400);
    }
    world.switch(json!({"conditional_updates": false})).await;
    write(&http_date(&read, 0), "Fourth").await.is(204);
}

#[tokio::test]
async fn automation_moves_the_system_stamp_and_no_condition_sees_it() {
    let world = World::start().await;
    let id = world.deal(json!({})).await;
    let before = world.row("Opportunity", &id).await;
    world.simulators.clock.advance(10);
    world
        .control(Method::POST, &format!("rows/Opportunity/{id}/automation"), json!({}))
        .await
        .is(200);
    let after = world.row("Opportunity", &id).await;
    assert_eq!(after["LastModifiedDate"], before["LastModifiedDate"]);
    assert!(after["SystemModstamp"].as_str() > before["SystemModstamp"].as_str());
    let date = http_date(&before["LastModifiedDate"], 0);
    let body = Some(json!({"NextStep": "Call"}));
    let path = format!("sobjects/Opportunity/{id}");
    world.call(Method::PATCH, &path, &[("if-unmodified-since", &date)], body).await.is(204);
}

#[tokio::test]
async fn a_read_that_brings_nothing_new_is_not_modified() {
    let world = World::start().await;
    let id = world.deal(json!({})).await;
    let path = format!("sobjects/Opportunity/{id}");
    let date = world.get(&path).await.header("last-modified").to_owned();
    let since = [("if-modified-since", date.as_str())];
    assert_eq!(world.call(Method::GET, &path, &since, None).await.is(304).body, "");
    world.simulators.clock.advance(2);
    world.patch(&path, json!({"NextStep": "Call"})).await.is(204);
    world.call(Method::GET, &path, &since, None).await.is(200);
}

#[tokio::test]
async fn only_accounts_have_tags() {
    let world = World::start().await;
    let account =
        format!("sobjects/Account/{}", world.create("Account", json!({"Name": "Litware"})).await);
    let tag = world.get(&account).await.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with("--gzip\""), "{tag}");
    world.call(Method::GET, &account, &[("if-none-match", &tag)], None).await.is(304);
    world.simulators.clock.advance(2);
    let (matching, body) = ([("if-match", tag.as_str())], json!({"Site": "Oslo"}));
    world.call(Method::PATCH, &account, &matching, Some(body.clone())).await.is(204);
    world.call(Method::PATCH, &account, &matching, Some(body)).await.is(412);
    let deal = format!("sobjects/Opportunity/{}", world.deal(json!({})).await);
    assert_eq!(world.get(&deal).await.header("etag"), "");
    let body = Some(json!({"NextStep": "Call"}));
    world.call(Method::PATCH, &deal, &[("if-match", "\"other\"")], body).await.is(204);
}

#[tokio::test]
async fn deletion_ignores_conditions_unless_the_switch_says_otherwise() {
    let world = World::start().await;
    let (one, two) = (world.deal(json!({})).await, world.deal(json!({})).await);
    let old = [("if-unmodified-since", "Thu, 20 Aug 2020 14:03:27 GMT")];
    world.call(Method::DELETE, &format!("sobjects/Opportunity/{one}"), &old, None).await.is(204);
    world.switch(json!({"conditional_deletes": true})).await;
    world.call(Method::DELETE, &format!("sobjects/Opportunity/{two}"), &old, None).await.is(412);
}
