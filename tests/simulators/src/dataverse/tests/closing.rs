use reqwest::Method;
use serde_json::{Value, json};

use super::{Reply, Site};
use crate::dataverse::Options;

async fn close(site: &Site, action: &str, id: &str, status: i64, mut record: Value) -> Reply {
    record["opportunityid@odata.bind"] = format!("/opportunities({id})").into();
    site.post(action, json!({"Status": status, "OpportunityClose": record})).await
}

#[tokio::test]
async fn winning_fills_the_actuals_and_keeps_a_close_row() {
    let site = Site::start().await;
    let id = site.create("opportunities", json!({"name": "A", "estimatedvalue": 118_000})).await;
    let path = format!("opportunities({id})");
    let before = site.etag(&path).await;
    let record = json!({
        "subject": "Won", "actualrevenue": 118_500, "actualend": "2026-11-04T00:00:00Z",
        "@odata.type": "Microsoft.Dynamics.CRM.opportunityclose"
    });
    close(&site, "WinOpportunity", &id, 3, record).await.is(204);
    let row = site.get(&path).await;
    assert_eq!((&row.body["statecode"], &row.body["statuscode"]), (&json!(1), &json!(3)));
    assert_eq!(
        (&row.body["actualvalue"], &row.body["actualclosedate"]),
        (&json!(118_500.0), &json!("2026-11-04"))
    );
    assert_ne!(row.header("etag"), before);
    let closes = site.get("opportunitycloses").await;
    assert_eq!(closes.rows().len(), 1);
    assert_eq!(
        (&closes.rows()[0]["_opportunityid_value"], &closes.rows()[0]["statecode"]),
        (&json!(id), &json!(1))
    );
}

#[tokio::test]
async fn a_win_without_revenue_takes_the_estimate() {
    let site = Site::start().await;
    let id = site.create("opportunities", json!({"estimatedvalue": 70})).await;
    close(&site, "WinOpportunity", &id, 3, json!({})).await.is(204);
    let row = site.get(&format!("opportunities({id})")).await.body;
    assert_eq!(row["actualvalue"], json!(70.0));
    assert!(row["actualclosedate"].is_string());
}

#[tokio::test]
async fn closing_is_refused_when_closed_unknown_or_with_a_foreign_status() {
    let site = Site::start().await;
    let id = site.create("opportunities", json!({"name": "A"})).await;
    close(&site, "WinOpportunity", &id, 5, json!({})).await.refused(400, "0x80048408");
    close(&site, "LoseOpportunity", &id, 3, json!({})).await.refused(400, "0x80048408");
    close(&site, "WinOpportunity", &id, 3, json!({"nonsense": 1})).await.refused(400, "0x80048d19");
    site.post("WinOpportunity", json!({"Status": 3})).await.refused(400, "0x80040203");
    let unknown = uuid::Uuid::new_v4().to_string();
    close(&site, "WinOpportunity", &unknown, 3, json!({})).await.refused(400, "0x80100006");
    close(&site, "LoseOpportunity", &id, 5, json!({})).await.is(204);
    close(&site, "WinOpportunity", &id, 3, json!({})).await.refused(400, "0x80040515");
    assert_eq!(site.get("opportunitycloses").await.rows().len(), 1);
}

#[tokio::test]
async fn a_closed_opportunity_takes_nothing_but_reopening() {
    let site = Site::start().await;
    let id = site.create("opportunities", json!({"name": "A"})).await;
    let path = format!("opportunities({id})");
    for state in [1, 2] {
        site.patch(&path, &[], json!({"statecode": state, "statuscode": state + 2}))
            .await
            .refused(400, "0x80100005");
    }
    site.patch(&path, &[], json!({"statuscode": 2})).await.is(204);
    close(&site, "WinOpportunity", &id, 3, json!({})).await.is(204);
    site.patch(&path, &[], json!({"name": "B"})).await.refused(400, "0x8004022e");
    site.patch(&path, &[], json!({"name": "B", "statecode": 0, "statuscode": 1}))
        .await
        .refused(400, "0x8004022e");
    site.patch(&path, &[], json!({"statecode": 0, "statuscode": 1})).await.is(204);
    site.patch(&path, &[], json!({"name": "B"})).await.is(204);
}

#[tokio::test]
async fn the_lock_can_be_lifted() {
    let site =
        Site::start_with(Options { lock_closed_opportunities: false, ..Options::default() }).await;
    let id = site.create("opportunities", json!({"name": "A"})).await;
    close(&site, "LoseOpportunity", &id, 4, json!({})).await.is(204);
    site.patch(&format!("opportunities({id})"), &[], json!({"name": "B"})).await.is(204);
}

#[tokio::test]
async fn the_seller_edits_and_closes_through_the_control_port() {
    let site = Site::start().await;
    let row = site
        .control(Method::POST, "/rows/opportunities", json!({"name": "A", "estimatedvalue": 5}))
        .await;
    let id = row.is(201).body["opportunityid"].as_str().unwrap().to_owned();
    assert_ne!(row.body["_modifiedby_value"], site.get("WhoAmI").await.body["UserId"]);
    let at = format!("/rows/opportunities/{id}");
    site.control(Method::PATCH, &at, json!({"salesstage": 9})).await.refused(400, "0x8004431A");
    site.control(Method::PATCH, &at, json!({"salesstage": 2})).await.is(200);
    let won = site
        .control(Method::POST, &format!("/opportunities/{id}/win"), json!({"actualrevenue": 6}))
        .await;
    assert_eq!(
        (&won.is(200).body["statecode"], &won.body["actualvalue"]),
        (&json!(1), &json!(6.0))
    );
    site.control(Method::DELETE, &at, json!({})).await.is(204);
    site.control(Method::GET, &at, json!({})).await.refused(404, "0x80040217");
}
