use reqwest::Method;
use serde_json::{Value, json};

use super::{Reply, Site};

const TRACK: [(&str, &str); 1] = [("prefer", "odata.track-changes")];
const DAY: i64 = 86_400;

async fn tracked(site: &Site, link: &str) -> Reply {
    site.call(Method::GET, link, &TRACK, None).await
}

fn delta(reply: &Reply) -> String {
    reply.is(200).body["@odata.deltaLink"].as_str().expect("a delta link").into()
}

#[tokio::test]
async fn a_delta_shows_changed_rows_once_and_then_deletions() {
    let site = Site::start().await;
    let kept = site.create("opportunities", json!({"name": "Kept"})).await;
    let gone = site.create("opportunities", json!({"name": "Gone"})).await;
    let first = tracked(&site, "opportunities?$select=name").await;
    assert_eq!(
        (first.rows().len(), first.header("preference-applied")),
        (2, "odata.track-changes")
    );

    let quiet = tracked(&site, &delta(&first)).await;
    assert!(quiet.rows().is_empty());

    site.call(Method::DELETE, &format!("opportunities({gone})"), &[], None).await.is(204);
    let short = site.create("opportunities", json!({"name": "Short"})).await;
    site.call(Method::DELETE, &format!("opportunities({short})"), &[], None).await.is(204);
    for name in ["Kept 1", "Kept 2"] {
        site.patch(&format!("opportunities({kept})"), &[], json!({"name": name})).await.is(204);
    }
    site.create("accounts", json!({"name": "Another table"})).await;

    let changed = tracked(&site, &delta(&quiet)).await;
    let rows = changed.rows();
    assert_eq!(rows.len(), 3);
    assert_eq!((&rows[0]["opportunityid"], &rows[0]["name"]), (&json!(kept), &json!("Kept 2")));
    assert_eq!((&rows[1]["id"], &rows[1]["reason"]), (&json!(gone), &json!("deleted")));
    assert_eq!(rows[2]["id"], json!(short));
    assert!(
        changed.body["@odata.context"].as_str().unwrap().ends_with("#opportunities(name)/$delta")
    );
    assert!(tracked(&site, &delta(&changed)).await.rows().is_empty());
}

#[tokio::test]
async fn only_the_last_page_has_a_delta_link_and_nothing_is_lost_between_pages() {
    let site = Site::start().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(site.create("opportunities", json!({"name": format!("{number}")})).await);
    }
    let prefer = [("prefer", "odata.track-changes,odata.maxpagesize=2")];
    let mut link = "opportunities?$select=name".to_owned();
    let mut seen = 0;
    let last = loop {
        let reply = site.call(Method::GET, &link, &prefer, None).await;
        seen += reply.is(200).rows().len();
        for id in &ids {
            site.patch(
                &format!("opportunities({id})"),
                &[],
                json!({"description": "changed meanwhile"}),
            )
            .await
            .is(204);
        }
        match reply.body.get("@odata.nextLink").and_then(Value::as_str) {
            Some(next) => next.clone_into(&mut link),
            None => break reply,
        }
        assert!(reply.body.get("@odata.deltaLink").is_none());
    };
    assert_eq!(seen, 5);
    let after = tracked(&site, &delta(&last)).await;
    assert_eq!(after.rows().len(), 5);
}

#[tokio::test]
async fn a_delta_token_dies_after_seven_days_or_a_customisation() {
    let mut site = Site::start().await;
    let link = delta(&tracked(&site, "opportunities?$select=name").await);
    site.clock.advance(7 * DAY - 60);
    site.sign_in();
    tracked(&site, &link).await.is(200);
    site.clock.advance(120);
    tracked(&site, &link).await.refused(400, "0x80044352");

    let link = delta(&tracked(&site, "opportunities?$select=name").await);
    site.control(Method::POST, "/delta/expire", json!({})).await.is(204);
    tracked(&site, &link).await.refused(400, "0x80044352");
    delta(&tracked(&site, "opportunities?$select=name").await);
}

#[tokio::test]
async fn tracking_refuses_filters_and_untracked_tables() {
    let site = Site::start().await;
    tracked(&site, "opportunities?$filter=statecode eq 0").await.refused(400, "0x80060888");
    tracked(&site, "opportunitycloses").await.is(400);
}

#[tokio::test]
async fn a_row_that_changes_between_pages_of_a_delta_waits_for_the_next_one() {
    let site = Site::start().await;
    let start = delta(&tracked(&site, "opportunities?$select=name").await);
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(site.create("opportunities", json!({"name": format!("{number}")})).await);
    }
    let prefer = [("prefer", "odata.track-changes,odata.maxpagesize=2")];
    let first = site.call(Method::GET, &start, &prefer, None).await;
    assert_eq!(first.is(200).rows().len(), 2);
    for id in [&ids[0], &ids[2]] {
        site.patch(&format!("opportunities({id})"), &[], json!({"name": "meanwhile"}))
            .await
            .is(204);
    }
    let next = first.body["@odata.nextLink"].as_str().unwrap();
    let second = site.call(Method::GET, next, &prefer, None).await;
    assert!(second.rows().is_empty());
    assert_eq!(tracked(&site, &delta(&second)).await.rows().len(), 2);
}
