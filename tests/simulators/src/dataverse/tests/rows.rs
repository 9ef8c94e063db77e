use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::Site;

#[tokio::test]
async fn create_answers_204_and_the_address_or_201_and_the_row() {
    let site = Site::start().await;
    let id = site.create("opportunities", json!({"name": "Wave 1"})).await;
    let reply = site
        .call(
            Method::POST,
            "opportunities?$select=name,estimatedvalue",
            &[("prefer", "return=representation")],
            Some(json!({"name": "Wave 2", "estimatedvalue": 250_000})),
        )
        .await;
    assert_eq!(reply.is(201).header("preference-applied"), "return=representation");
    assert_eq!(reply.header("odata-entityid"), "");
    assert!(reply.text.contains("\"estimatedvalue\":250000.0000"), "{}", reply.text);
    assert!(reply.body["_transactioncurrencyid_value"].is_string());
    assert!(reply.body["statecode"].is_null() && reply.body["opportunityid"].is_string());
    assert_ne!(reply.body["opportunityid"], json!(id));
    let context = reply.body["@odata.context"].as_str().unwrap();
    assert!(context.ends_with("$metadata#opportunities(name,estimatedvalue)/$entity"), "{context}");
    assert_eq!(reply.header("odata-version"), "4.0");
    assert_eq!(reply.header("x-ms-ratelimit-time-remaining-xrm-requests"), "1,200.00");
}

#[tokio::test]
async fn patch_follows_the_conditional_table() {
    let site = Site::start().await;
    let id = site.create("opportunities", json!({"name": "A"})).await;
    let path = format!("opportunities({id})");
    let old = site.etag(&path).await;

    site.patch(&path, &[("if-match", &old)], json!({"name": "B"})).await.is(204);
    site.patch(&path, &[("if-match", &old)], json!({"name": "C"})).await.refused(412, "0x80060882");
    site.patch(&path, &[("if-match", "*")], json!({"name": "D"})).await.is(204);
    site.patch(&path, &[("if-none-match", "*")], json!({"name": "E"}))
        .await
        .refused(412, "0x80040237");
    site.patch(&path, &[("if-none-match", "null")], json!({"name": "F"})).await.is(204);
    assert_eq!(site.get(&path).await.body["name"], "F");

    let missing = format!("opportunities({})", Uuid::new_v4());
    site.patch(&missing, &[("if-match", "*")], json!({"name": "X"}))
        .await
        .refused(404, "0x80040217");
    site.patch(&missing, &[("if-match", &old)], json!({"name": "X"}))
        .await
        .refused(404, "0x80040217");
    site.get(&missing).await.refused(404, "0x80040217");
    site.patch(&missing, &[], json!({"name": "X"})).await.is(204);
    assert_eq!(site.get(&missing).await.body["name"], "X");
    let other = format!("opportunities({})", Uuid::new_v4());
    site.patch(&other, &[("if-none-match", "*")], json!({"name": "Y"})).await.is(204);
}

#[tokio::test]
async fn upsert_by_alternate_key_tells_created_from_updated_only_with_a_representation() {
    let site = Site::start().await;
    let path = "opportunities(nwcs_referralid='r-1')";
    let created = site.patch(path, &[], json!({"name": "A"})).await;
    assert!(created.is(204).header("odata-entityid").ends_with(path));
    site.patch(path, &[], json!({"name": "B", "nwcs_referralid": "other"})).await.is(204);
    assert_eq!(site.get("opportunities(nwcs_referralid='R-1')").await.is(200).body["name"], "B");

    let wanted = [("prefer", "return=representation")];
    let key = "opportunities(nwcs_referralid='r-2')?$select=nwcs_referralid";
    let reply = site.patch(key, &wanted, json!({"name": "C"})).await;
    assert_eq!(reply.is(201).body["nwcs_referralid"], "r-2");
    site.patch(key, &wanted, json!({"name": "D"})).await.is(200);
}

#[tokio::test]
async fn if_none_match_never_creates_by_alternate_key() {
    let site = Site::start().await;
    let path = "opportunities(nwcs_referralid='r-1')";
    site.patch(path, &[("if-none-match", "*")], json!({"name": "A"}))
        .await
        .refused(404, "0x80060891");
    site.patch(path, &[("if-match", "*")], json!({"name": "A"})).await.refused(404, "0x80060891");
    assert!(site.get("opportunities").await.rows().is_empty());
    site.patch(path, &[], json!({"name": "A"})).await.is(204);
    site.patch(path, &[("if-none-match", "*")], json!({"name": "A"}))
        .await
        .refused(412, "0x80040237");
    site.patch("opportunities(name='A')", &[], json!({})).await.refused(400, "0x80060888");
}

#[tokio::test]
async fn an_alternate_key_is_unique() {
    let site = Site::start().await;
    site.create("opportunities", json!({"name": "A", "nwcs_referralid": "r-1"})).await;
    let body = json!({"name": "B", "nwcs_referralid": "R-1"});
    site.post("opportunities", body.clone()).await.refused(412, "0x80060892");
    let id = site.create("opportunities", json!({"name": "B"})).await;
    site.patch(&format!("opportunities({id})"), &[], body).await.refused(412, "0x80060892");
    site.post("opportunities", json!({"opportunityid": id})).await.refused(412, "0x80040237");
}

#[tokio::test]
async fn a_pending_key_index_hides_rows_from_their_key() {
    let site = Site::start().await;
    site.create("opportunities", json!({"name": "A", "nwcs_referralid": "r-1"})).await;
    site.control(Method::PUT, "/switches", json!({"key_index_pending": true})).await.is(200);
    site.get("opportunities(nwcs_referralid='r-1')").await.refused(404, "0x80060891");
    site.patch("opportunities(nwcs_referralid='r-1')", &[], json!({}))
        .await
        .refused(404, "0x80060891");
}

#[tokio::test]
async fn a_conditional_get_answers_304_until_the_row_changes() {
    let site = Site::start().await;
    let id = site.create("accounts", json!({"name": "Fabrikam"})).await;
    let path = format!("accounts({id})");
    let etag = site.etag(&path).await;
    let unchanged = [("if-none-match", etag.as_str())];
    site.call(Method::GET, &path, &unchanged, None).await.is(304);
    site.patch(&path, &[], json!({"name": "Fabrikam"})).await.is(204);
    site.call(Method::GET, &path, &unchanged, None).await.is(200);
}

#[tokio::test]
async fn delete_honours_if_match() {
    let site = Site::start().await;
    let id = site.create("contacts", json!({"lastname": "Berg"})).await;
    let path = format!("contacts({id})");
    let stale = [("if-match", "W/\"1\"")];
    site.call(Method::DELETE, &path, &stale, None).await.refused(412, "0x80060882");
    site.call(Method::DELETE, &path, &[], None).await.is(204);
    site.call(Method::DELETE, &path, &[], None).await.refused(404, "0x80040217");
    site.call(Method::DELETE, "contacts", &[], None).await.is(405);
    site.get("invoices").await.refused(404, "0x80060888");
}
