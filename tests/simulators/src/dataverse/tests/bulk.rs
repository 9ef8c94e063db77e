use serde_json::{Value, json};

use super::Site;

const TYPE: &str = "Microsoft.Dynamics.CRM.opportunity";

fn targets(rows: &[Value]) -> Value {
    let typed = rows.iter().map(|row| {
        let mut row = row.clone();
        row["@odata.type"] = TYPE.into();
        row
    });
    json!({"Targets": typed.collect::<Vec<_>>()})
}

async fn names(site: &Site) -> Vec<String> {
    let rows = site.get("opportunities?$select=name&$orderby=name").await;
    rows.rows().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn many_rows_are_created_or_none() {
    let site = Site::start().await;
    let action = "opportunities/Microsoft.Dynamics.CRM.CreateMultiple";
    let made = site.post(action, targets(&[json!({"name": "A"}), json!({"name": "B"})])).await;
    assert_eq!(made.is(200).body["Ids"].as_array().unwrap().len(), 2);
    let bad = targets(&[json!({"name": "C"}), json!({"nope": 1})]);
    site.post(action, bad).await.refused(400, "0x80048d19");
    assert_eq!(names(&site).await, ["A", "B"]);
    site.post(action, json!({"Targets": [{"name": "no type"}]})).await.refused(400, "0x80048d19");
    site.post(action, json!({})).await.refused(400, "0x80048d19");
}

#[tokio::test]
async fn many_rows_are_updated_or_none() {
    let site = Site::start().await;
    let one = site.create("opportunities", json!({"name": "A"})).await;
    let two = site.create("opportunities", json!({"name": "B"})).await;
    let action = "opportunities/Microsoft.Dynamics.CRM.UpdateMultiple";
    let change = |id: &str, name: &str| json!({"opportunityid": id, "name": name});
    site.post(action, targets(&[change(&one, "A2"), change(&two, "B2")])).await.is(204);
    let nobody = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";
    site.post(action, targets(&[change(&one, "A3"), change(nobody, "X")]))
        .await
        .refused(404, "0x80040217");
    assert_eq!(names(&site).await, ["A2", "B2"]);
}

#[tokio::test]
async fn many_rows_are_upserted_by_alternate_key() {
    let site = Site::start().await;
    site.create("opportunities", json!({"name": "A", "nwcs_referralid": "r-1"})).await;
    let action = "opportunities/Microsoft.Dynamics.CRM.UpsertMultiple";
    let row = |key: &str, name: &str| {
        json!({
            "@odata.id": format!("opportunities(nwcs_referralid='{key}')"), "name": name
        })
    };
    site.post(action, targets(&[row("r-1", "A2"), row("r-2", "B")])).await.is(204);
    assert_eq!(names(&site).await, ["A2", "B"]);
    // The key in both places is ignored on update, and fails on create.
    let mut twice = row("r-1", "A3");
    twice["nwcs_referralid"] = "r-1".into();
    site.post(action, targets(std::slice::from_ref(&twice))).await.is(204);
    twice["@odata.id"] = "opportunities(nwcs_referralid='r-3')".into();
    site.post(action, targets(&[row("r-1", "A4"), twice])).await.refused(400, "0x80040216");
    assert_eq!(names(&site).await, ["A3", "B"]);
}
