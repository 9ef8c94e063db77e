use reqwest::Method;
use serde_json::{Value, json};

use super::{Reply, Site};

async fn filled() -> Site {
    let site = Site::start().await;
    let account = site.create("accounts", json!({"name": "O'Neill AB"})).await;
    let rows = [
        json!({
            "name": "Alpha one", "estimatedvalue": 100, "estimatedclosedate": "2026-11-30",
            "salesstage": 1
        }),
        json!({
            "name": "beta", "estimatedvalue": 200.5, "salesstage": 0,
            "nwcs_syncwithpartnercenter": true
        }),
        json!({"name": "Gamma", "parentaccountid@odata.bind": format!("/accounts({account})")}),
    ];
    for row in rows {
        site.create("opportunities", row).await;
    }
    site
}

fn names(reply: &Reply) -> Vec<&str> {
    reply.is(200).rows().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn filters_find_what_they_say() {
    let site = filled().await;
    let cases: [(&str, &[&str]); 14] = [
        ("name eq 'ALPHA ONE'", &["Alpha one"]),
        ("estimatedvalue gt 100 or salesstage eq 1", &["Alpha one", "beta"]),
        ("estimatedvalue eq null", &["Gamma"]),
        ("estimatedvalue ne 100", &["beta", "Gamma"]),
        ("estimatedclosedate ge 2026-11-30", &["Alpha one"]),
        ("not (estimatedclosedate eq 2026-11-30) and statecode eq 0", &["beta", "Gamma"]),
        ("nwcs_syncwithpartnercenter eq true", &["beta"]),
        ("contains(name,'A O')", &["Alpha one"]),
        ("startswith(name,'g') or endswith(name,'TA')", &["beta", "Gamma"]),
        ("_parentaccountid_value ne null", &["Gamma"]),
        ("parentaccountid/name eq 'o''neill ab'", &["Gamma"]),
        (
            "modifiedon ge 2020-01-01T00:00:00Z and createdon gt 2020-01-01",
            &["Alpha one", "beta", "Gamma"],
        ),
        ("modifiedon lt 2020-01-01T00:00:00%2B02:00", &[]),
        (
            "Microsoft.Dynamics.CRM.In(PropertyName='salesstage',PropertyValues=[\"0\",\"1\"])",
            &["Alpha one", "beta"],
        ),
    ];
    for (filter, expected) in cases {
        let reply =
            site.get(&format!("opportunities?$select=name&$orderby=name&$filter={filter}")).await;
        assert_eq!(names(&reply), expected, "{filter}");
    }
    let encoded = site.get("opportunities?%24select=name&%24filter=name+eq+%27beta%27").await;
    assert_eq!(names(&encoded), ["beta"]);
}

#[tokio::test]
async fn broken_queries_are_refused() {
    let site = Site::start().await;
    for query in [
        "$filter=customerid eq 77aa0f10-3c1d-4c2b-8c11-5f0e9a7b6c5d",
        "$filter=nothere eq 1",
        "$filter=name eq 5",
        "$filter=statecode eq 'Open'",
        "$filter=estimatedclosedate eq 2026-11-30T00:00:00Z",
        "$select=customerid",
        "$select=Name",
        "$orderby=nothere",
        "$skip=5",
        "$top=0",
        "$expand=customerid",
    ] {
        let reply = site.get(&format!("opportunities?{query}")).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (400, "0x80060888"), "{query}");
    }
    site.get("opportunities?$orderby=name,name desc").await.refused(400, "0x80048d16");
}

#[tokio::test]
async fn orders_and_counts() {
    let site = filled().await;
    let by_value = site.get("opportunities?$select=name&$orderby=estimatedvalue desc,name").await;
    assert_eq!(names(&by_value), ["beta", "Alpha one", "Gamma"], "nulls last when descending");
    let by_label =
        site.get("opportunities?$select=name&$filter=salesstage ne null&$orderby=salesstage").await;
    assert_eq!(names(&by_label), ["Alpha one", "beta"], "Develop before Qualify");
    let top = site.get("opportunities?$select=name&$orderby=name&$top=1&$count=true").await;
    assert_eq!((names(&top), &top.body["@odata.count"]), (vec!["Alpha one"], &json!(3)));
    assert!(top.body.get("@odata.nextLink").is_none());
    assert_eq!(site.get("opportunities/$count?$filter=salesstage ne null").await.text, "\u{feff}2");
}

#[tokio::test]
async fn pages_are_followed_through_next_links_while_rows_change() {
    let site = Site::start().await;
    for number in 0..7 {
        site.create("opportunities", json!({"name": format!("Row {number}")})).await;
    }
    let prefer = [("prefer", "odata.maxpagesize=3")];
    let mut link = "opportunities?$select=name&$orderby=name&$top=2".to_owned();
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let reply = site.call(Method::GET, &link, &prefer, None).await;
        seen.extend(names(&reply).into_iter().map(str::to_owned));
        pages += 1;
        if pages == 1 {
            site.create("opportunities", json!({"name": "Row 0, late"})).await;
        }
        match reply.body.get("@odata.nextLink").and_then(Value::as_str) {
            Some(next) => next.clone_into(&mut link),
            None => break,
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(seen, (0..7).map(|number| format!("Row {number}")).collect::<Vec<_>>());
}
