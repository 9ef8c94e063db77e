use serde_json::json;

use crate::world::World;

/// Four deals of two accounts: amounts 10, 20, 30 and none.
async fn four_deals() -> World {
    let world = World::start().await;
    let litware = world.create("Account", json!({"Name": "Litware", "BillingCity": "Oslo"})).await;
    let adatum = world.create("Account", json!({"Name": "A. Datum's \"50%\" off"})).await;
    for (name, more) in [
        (
            "Alpha",
            json!({
                "AccountId": litware, "Amount": 10, "NextStep": "Call", "CloseDate": "2026-01-31"
            }),
        ),
        (
            "Beta",
            json!({
                "AccountId": litware, "Amount": 20, "StageName": "Closed Won",
                "Msp_Solutions__c": "Azure;Security"
            }),
        ),
        (
            "gamma_1",
            json!({
                "AccountId": adatum, "Amount": 30, "Msp_Sync_With_Partner_Center__c": true,
                "Msp_Solutions__c": "Azure"
            }),
        ),
        ("Delta", json!({"NextStep": "O'Brien\\", "StageName": "Closed Lost"})),
    ] {
        let mut more = more;
        more["Name"] = json!(name);
        world.deal(more).await;
    }
    world
}

#[tokio::test]
async fn conditions_find_what_they_name() {
    let world = four_deals().await;
    for (condition, found) in [
        ("Amount > 10", "Beta gamma_1"),
        ("Amount >= 10 AND Amount < 30", "Alpha Beta"),
        ("amount = null", "Delta"),
        ("Amount != 20", "Alpha gamma_1 Delta"),
        ("Name IN ('alpha', 'DELTA')", "Alpha Delta"),
        ("Name NOT IN ('alpha', 'delta')", "Beta gamma_1"),
        ("Name LIKE '%a'", "Alpha Beta Delta"),
        ("Name LIKE 'gamma\\_%'", "gamma_1"),
        ("Name LIKE 'Gamm__1'", "gamma_1"),
        ("NextStep = 'O\\'Brien\\\\'", "Delta"),
        ("Account.Name = 'Litware'", "Alpha Beta"),
        ("Opportunity.Account.BillingCity = 'oslo' AND Amount = 10", "Alpha"),
        ("Owner.Username LIKE 'cosell-sync@%' AND IsWon = true", "Beta"),
        ("IsClosed = false", "Alpha gamma_1"),
        (
            "Msp_Sync_With_Partner_Center__c = true OR (IsClosed = true AND IsWon = false)",
            "gamma_1 Delta",
        ),
        ("NOT (Amount > 10 OR Amount = null)", "Alpha"),
        ("(NOT Name LIKE 'A%') AND (NOT Name LIKE 'B%')", "gamma_1 Delta"),
        ("CloseDate < 2026-06-01", "Alpha"),
        ("SystemModstamp > 2020-01-01T00:00:00Z AND CreatedDate = TODAY AND Amount = 10", "Alpha"),
        ("SystemModstamp < 2020-01-01T00:00:00+02:00", ""),
        ("CreatedDate = LAST_N_DAYS:7 AND Amount <= 10", "Alpha"),
        ("Msp_Solutions__c INCLUDES ('Azure;Security')", "Beta"),
        ("Msp_Solutions__c INCLUDES ('Azure')", "Beta gamma_1"),
        ("Msp_Solutions__c EXCLUDES ('Security')", "Alpha gamma_1 Delta"),
        (
            "AccountId IN (SELECT Id FROM Account WHERE Name LIKE 'A. Datum\\'s \\\"50\\%\\\" %')",
            "gamma_1",
        ),
    ] {
        let answer = world.query(&format!("SELECT Name FROM Opportunity WHERE {condition}")).await;
        let names: Vec<&str> =
            answer.is(200).column("Name").iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(names.join(" "), found, "{condition}");
    }
}

#[tokio::test]
async fn rows_have_attributes_their_fields_and_their_parents_inside() {
    let world = four_deals().await;
    let answer = world
        .query("SELECT id, name, Amount, account.NAME FROM opportunity ORDER BY Amount LIMIT 2")
        .await;
    let (none, alpha) = (&answer.is(200).body["records"][0], &answer.body["records"][1]);
    assert_eq!(
        (&none["Account"], &none["Amount"], &none["Name"]),
        (&json!(null), &json!(null), &json!("Delta"))
    );
    let id = alpha["Id"].as_str().unwrap();
    let url = format!("/services/data/v67.0/sobjects/Opportunity/{id}");
    assert_eq!(alpha["attributes"], json!({"type": "Opportunity", "url": url}));
    assert_eq!(alpha["Account"]["Name"], "Litware");
    assert_eq!(alpha["Account"]["attributes"]["type"], "Account");
    assert_eq!((&answer.body["totalSize"], &answer.body["done"]), (&json!(2), &json!(true)));
    let fields = world.query("SELECT FIELDS(ALL) FROM Account ORDER BY Name LIMIT 5").await;
    assert_eq!(fields.is(200).body["records"][1]["BillingAddress"]["city"], "Oslo");
    let count = world.query("SELECT COUNT() FROM Opportunity WHERE Amount > 10").await;
    assert_eq!(count.body, json!({"totalSize": 2, "done": true, "records": []}));
}

#[tokio::test]
async fn order_offset_and_limit_cut_the_rows() {
    let world = four_deals().await;
    for (order, found) in [
        ("Amount DESC", "Delta gamma_1 Beta Alpha"),
        ("Amount ASC NULLS LAST", "Alpha Beta gamma_1 Delta"),
        ("IsClosed, Name DESC", "gamma_1 Alpha Delta Beta"),
        ("Name LIMIT 2 OFFSET 1", "Beta Delta"),
        ("Account.Name NULLS LAST, Amount DESC", "gamma_1 Beta Alpha Delta"),
    ] {
        let answer = world.query(&format!("SELECT Name FROM Opportunity ORDER BY {order}")).await;
        let names: Vec<&str> =
            answer.is(200).column("Name").iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(names.join(" "), found, "{order}");
    }
}

#[tokio::test]
async fn queries_that_are_not_understood_are_refused() {
    let world = World::start().await;
    for (query, code) in [
        ("SELECT", "MALFORMED_QUERY"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT Id Opportunity", "MALFORMED_QUERY"),
        ("SELECT * FROM Opportunity", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity WHERE Name = \"x\"", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity WHERE Name = 'x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity WHERE Name = 'a\\q'", "MALFORMED_QUERY"),
        (
            "SELECT Id FROM Opportunity WHERE Amount > 1 AND Amount < 2 OR Amount = 5",
            "MALFORMED_QUERY",
        ),
        ("SELECT Id FROM Opportunity WHERE NOT Amount > 1 AND Amount < 2", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity LIMIT x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity LIMIT 1 FOR UPDATE", "MALFORMED_QUERY"),
        // A plus sign that was not encoded arrives as a blank.
        (
            "SELECT Id FROM Opportunity WHERE CreatedDate > 2026-01-01T00:00:00 02:00",
            "MALFORMED_QUERY",
        ),
        ("SELECT Id, Nope__c FROM Opportunity", "INVALID_FIELD"),
        ("SELECT Id, Id FROM Opportunity", "INVALID_FIELD"),
        ("SELECT Customer.Name FROM Opportunity", "INVALID_FIELD"),
        ("SELECT CurrencyIsoCode FROM Opportunity", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE Description LIKE 'a%'", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity ORDER BY Description", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE CreatedDate > '2026-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE CreatedDate > 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Oportunity", "INVALID_TYPE"),
        ("SELECT FIELDS(ALL) FROM Opportunity", "MALFORMED_QUERY"),
    ] {
        let answer = world.query(query).await;
        assert_eq!(
            (answer.status, answer.body[0]["errorCode"].as_str()),
            (400, Some(code)),
            "{query}: {}",
            answer.body
        );
    }
    let text = world.query("SELECT Nope__c FROM Opportunity").await.body[0]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(text.contains("ERROR at Row:1:Column:8\nNo such column 'Nope__c'"), "{text}");
    world.get("query").await.refused(400, "MALFORMED_QUERY");
}

#[tokio::test]
async fn a_query_tells_its_columns_in_place_of_rows() {
    let world = four_deals().await;
    let soql = "q=SELECT+Id,Amount,Account.Name,Account.Owner.Name,\
                Account.BillingCity+FROM+Opportunity&columns=true";
    let answer = world.get(&format!("query?{soql}")).await;
    let columns = answer.is(200).body["columnMetadata"].as_array().unwrap();
    let names: Vec<&serde_json::Value> =
        columns.iter().map(|column| &column["columnName"]).collect();
    assert_eq!(names, ["Id", "Amount", "Account"]);
    assert_eq!((&columns[1]["numberType"], &columns[1]["joinColumns"]), (&json!(true), &json!([])));
    let below = &columns[2]["joinColumns"];
    assert_eq!(
        [
            &below[0]["columnName"],
            &below[1]["joinColumns"][0]["columnName"],
            &below[2]["columnName"]
        ],
        ["Name", "Name", "BillingCity"]
    );
    assert!(answer.body.get("records").is_none());
    world
        .get("query?q=SELECT+Nope+FROM+Opportunity&columns=true")
        .await
        .refused(400, "INVALID_FIELD");
}
