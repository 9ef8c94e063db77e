use reqwest::Method;
use serde_json::{Value, json};

use super::{Reply, Site};

async fn qualify(site: &Site, id: &str, body: Value) -> Reply {
    site.post(&format!("leads({id})/Microsoft.Dynamics.CRM.QualifyLead"), body).await
}

fn opportunity_only() -> Value {
    json!({"CreateAccount": false, "CreateContact": false, "CreateOpportunity": true, "Status": 3})
}

#[tokio::test]
async fn qualifying_a_lead_makes_account_contact_and_opportunity() {
    let site = Site::start().await;
    let lead = json!({
        "subject": "Rollout", "lastname": "Berg", "companyname": "Fabrikam", "estimatedamount": 9
    });
    let id = site.create("leads", lead).await;
    let action = format!("leads({id})/Microsoft.Dynamics.CRM.QualifyLead");
    let body = json!({
        "CreateAccount": true, "CreateContact": true, "CreateOpportunity": true, "Status": 3
    });
    let made = site.post(&action, body.clone()).await;
    assert_eq!(made.is(200).rows().len(), 3);
    let made_id = made.rows()[2]["opportunityid"].as_str().unwrap();
    let row = site
        .get(&format!("opportunities({made_id})?$expand=customerid_account($select=name)"))
        .await
        .body;
    assert_eq!(
        (&row["name"], &row["customerid_account"]["name"]),
        (&json!("Rollout"), &json!("Fabrikam"))
    );
    assert_eq!(site.get(&format!("leads({id})")).await.body["statecode"], json!(1));
    site.post(&action, body).await.refused(400, "0x80048408");
}

#[tokio::test]
async fn lead_and_opportunity_name_each_other() {
    let site = Site::start().await;
    let id = site.create("leads", json!({"subject": "Rollout"})).await;
    let made = qualify(&site, &id, opportunity_only()).await;
    assert_eq!(made.is(200).rows().len(), 1);
    let opportunity = made.rows()[0]["opportunityid"].as_str().unwrap().to_owned();
    let lead = site.get(&format!("leads({id})?$select=_qualifyingopportunityid_value")).await.body;
    assert_eq!(lead["_qualifyingopportunityid_value"], json!(opportunity));
    let from = site
        .get(&format!(
            "opportunities?$filter=_originatingleadid_value eq {id}&$select=opportunityid"
        ))
        .await;
    assert_eq!(from.rows().len(), 1);
    assert_eq!(from.rows()[0]["opportunityid"], json!(opportunity));
}

#[tokio::test]
async fn the_customer_and_currency_that_are_named_become_the_opportunitys() {
    let site = Site::start().await;
    let account = site.create("accounts", json!({"name": "Fabrikam"})).await;
    let euro = site
        .get("transactioncurrencies?$filter=isocurrencycode eq 'EUR'")
        .await
        .rows()[0]["transactioncurrencyid"]
        .clone();
    let id = site.create("leads", json!({"subject": "Rollout", "estimatedamount": 9})).await;
    let mut body = opportunity_only();
    body["OpportunityCustomerId"] =
        json!({"@odata.type": "Microsoft.Dynamics.CRM.account", "accountid": uuid::Uuid::new_v4()});
    qualify(&site, &id, body.clone()).await.refused(404, "0x80040217");
    body["OpportunityCustomerId"]["accountid"] = json!(account);
    body["OpportunityCurrencyId"] = json!({
        "@odata.type": "Microsoft.Dynamics.CRM.transactioncurrency", "transactioncurrencyid": euro
    });
    let made = qualify(&site, &id, body).await;
    let opportunity = made.is(200).rows()[0]["opportunityid"].as_str().unwrap().to_owned();
    let row = site.get(&format!("opportunities({opportunity})")).await.body;
    assert_eq!(
        (&row["_customerid_value"], &row["_transactioncurrencyid_value"], &row["estimatedvalue"]),
        (&json!(account), &euro, &json!(9.0))
    );
}

#[tokio::test]
async fn qualifying_is_refused_without_its_parameters_and_with_unknown_ones_and_nothing_is_made() {
    let site = Site::start().await;
    let id = site.create("leads", json!({"subject": "Rollout"})).await;
    for missing in ["CreateAccount", "CreateContact", "CreateOpportunity", "Status"] {
        let mut body = opportunity_only();
        body.as_object_mut().unwrap().remove(missing);
        qualify(&site, &id, body).await.refused(400, "0x80040203");
    }
    let mut body = opportunity_only();
    body["Customer"] = json!("Fabrikam");
    qualify(&site, &id, body).await.refused(400, "0x80048d19");
    let mut body = opportunity_only();
    body["Status"] = json!(6);
    qualify(&site, &id, body).await.refused(400, "0x80048408");
    assert!(site.get("opportunities").await.rows().is_empty());
    assert_eq!(site.get(&format!("leads({id})")).await.body["statecode"], json!(0));
}

#[tokio::test]
async fn a_disqualified_lead_is_qualified_by_way_of_open() {
    let site = Site::start().await;
    let id = site.create("leads", json!({"subject": "Rollout"})).await;
    let path = format!("leads({id})");
    site.patch(&path, &[], json!({"statecode": 2, "statuscode": 6})).await.is(204);
    qualify(&site, &id, opportunity_only()).await.refused(400, "0x80048408");
    site.patch(&path, &[], json!({"statecode": 1, "statuscode": 3}))
        .await
        .refused(400, "0x80048408");
    site.patch(&path, &[], json!({"statecode": 0, "statuscode": 1})).await.is(204);
    qualify(&site, &id, opportunity_only()).await.is(200);
    site.patch(&path, &[], json!({"statecode": 2, "statuscode": 6}))
        .await
        .refused(400, "0x80048408");
}

#[tokio::test]
async fn a_merged_lead_is_disqualified_and_names_the_one_that_is_left() {
    let site = Site::start().await;
    let (one, other) =
        (site.create("leads", json!({})).await, site.create("leads", json!({})).await);
    let merged =
        site.control(Method::POST, &format!("/leads/{one}/merge"), json!({"into": other})).await;
    assert_eq!(
        (&merged.is(200).body["statecode"], &merged.body["merged"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(merged.body["_masterid_value"], json!(other));
    let left = site.get(&format!("leads({other})")).await.body;
    assert_eq!((&left["statecode"], &left["merged"]), (&json!(0), &json!(false)));
    site.control(Method::POST, &format!("/leads/{other}/merge"), json!({}))
        .await
        .refused(404, "0x80040217");
}

#[tokio::test]
async fn the_seller_qualifies_and_disqualifies_through_the_control_port() {
    let site = Site::start().await;
    let lead = json!({"subject": "Rollout", "lastname": "Berg", "companyname": "Fabrikam"});
    let (one, other) = (site.create("leads", lead.clone()).await, site.create("leads", lead).await);
    let qualified = site
        .control(
            Method::POST,
            &format!("/leads/{one}/qualify"),
            json!({"CreateOpportunity": false}),
        )
        .await;
    assert_eq!(
        (&qualified.is(200).body["statecode"], &qualified.body["statuscode"]),
        (&json!(1), &json!(3))
    );
    assert!(qualified.body["_qualifyingopportunityid_value"].is_null());
    assert_ne!(qualified.body["_modifiedby_value"], site.get("WhoAmI").await.body["UserId"]);
    assert_eq!(
        (site.get("accounts").await.rows().len(), site.get("opportunities").await.rows().len()),
        (1, 0)
    );
    let disqualified = site
        .control(Method::POST, &format!("/leads/{other}/disqualify"), json!({"status": 5}))
        .await;
    assert_eq!(
        (&disqualified.is(200).body["statecode"], &disqualified.body["statuscode"]),
        (&json!(2), &json!(5))
    );
}
