use reqwest::Method;
use serde_json::json;

use super::Site;

#[tokio::test]
async fn bodies_are_checked_column_by_column() {
    let site = Site::start().await;
    let long = "x".repeat(301);
    let refused = [
        (json!({"nwcs_unknown": 1}), "0x80048d19"),
        (json!({"Name": "capitals count"}), "0x80048d19"),
        (json!({"name": long}), "0x80044331"),
        (json!({"name": 5}), "0x80048d19"),
        (json!({"salesstage": 9}), "0x8004431A"),
        (json!({"salesstage": "Develop"}), "0x80048d19"),
        (json!({"nwcs_howcanmicrosofthelp": 412_000_006}), "0x8004431A"),
        (json!({"closeprobability": 101}), "0x80044330"),
        (json!({"estimatedvalue": "250000"}), "0x80048d19"),
        (json!({"estimatedvalue": 2e12}), "0x80044330"),
        (json!({"estimatedclosedate": "2026-11-30T00:00:00Z"}), "0x80048d19"),
        (json!({"nwcs_syncwithpartnercenter": "true"}), "0x80048d19"),
        (json!({"_parentaccountid_value": "77aa0f10-3c1d-4c2b-8c11-5f0e9a7b6c5d"}), "0x80048d19"),
        (json!({"parentaccountid": "77aa0f10-3c1d-4c2b-8c11-5f0e9a7b6c5d"}), "0x80048d19"),
        (
            json!({"customerid@odata.bind": "/accounts(77aa0f10-3c1d-4c2b-8c11-5f0e9a7b6c5d)"}),
            "0x80048d19",
        ),
        (json!({"ParentAccountId@odata.bind": null}), "0x80048d19"),
        (json!({"statuscode": 3}), "0x80048408"),
    ];
    for (body, code) in refused {
        let reply = site.post("opportunities", body.clone()).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (400, code), "{body} {}", reply.text);
    }
    assert!(site.get("opportunities").await.rows().is_empty());
}

#[tokio::test]
async fn lengths_count_utf_16_units() {
    let site = Site::start().await;
    let smileys = "😀".repeat(151);
    site.post("opportunities", json!({"name": smileys})).await.refused(400, "0x80044331");
    site.post("opportunities", json!({"name": "😀".repeat(150)})).await.is(204);
}

#[tokio::test]
async fn read_only_columns_are_ignored_and_stamps_are_kept() {
    let site = Site::start().await;
    let body = json!({
        "name": "A", "modifiedon": "2001-01-01T00:00:00Z", "versionnumber": 1,
        "estimatedvalue_base": 7
    });
    let id = site.create("opportunities", body).await;
    let row = site.get(&format!("opportunities({id})")).await.body;
    assert!(!row["modifiedon"].as_str().unwrap().starts_with("2001"));
    assert_eq!(row["modifiedon"].as_str().unwrap().len(), "2026-10-05T14:03:27Z".len());
    assert!(row["estimatedvalue_base"].is_null());
    assert_eq!(row["@odata.etag"], format!("W/\"{}\"", row["versionnumber"]));
    assert_eq!(row["_ownerid_value"], row["_createdby_value"]);
    assert_eq!((&row["statecode"], &row["statuscode"]), (&json!(0), &json!(1)));
    assert_eq!(row["nwcs_syncwithpartnercenter"], false);
}

#[tokio::test]
async fn lookups_are_bound_read_expanded_and_cleared() {
    let site = Site::start().await;
    let account =
        site.create("accounts", json!({"name": "Fabrikam", "address1_country": "NL"})).await;
    let body = json!({"name": "A", "customerid_account@odata.bind": format!("/accounts({account})"),
        "parentaccountid@odata.bind": format!("accounts({account})")});
    let path = format!("opportunities({})", site.create("opportunities", body).await);

    let query = "?$select=name,_customerid_value&$expand=customerid_account($select=name,\
                 address1_country),customerid_contact($select=fullname)";
    let row = site.get(&format!("{path}{query}")).await.body;
    assert_eq!(row["_customerid_value"], json!(account));
    assert_eq!(row["customerid_account"]["address1_country"], "NL");
    assert_eq!(row["customerid_account"]["address1_composite"], "NL");
    assert!(row["customerid_contact"].is_null() && row.get("customerid_contact").is_some());

    let annotated = [("prefer", "odata.include-annotations=\"*\"")];
    let row = site.call(Method::GET, &path, &annotated, None).await.body;
    assert_eq!(row["_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"], "account");
    assert_eq!(
        row["_customerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"],
        "customerid_account"
    );
    assert_eq!(row["_customerid_value@OData.Community.Display.V1.FormattedValue"], "Fabrikam");
    assert_eq!(row["statecode@OData.Community.Display.V1.FormattedValue"], "Open");
    assert!(row.get("_parentcontactid_value@OData.Community.Display.V1.FormattedValue").is_none());

    site.patch(&path, &[], json!({"customerid_account@odata.bind": null, "parentaccountid": null}))
        .await
        .is(204);
    let row = site.get(&path).await.body;
    assert!(row["_customerid_value"].is_null() && row["_parentaccountid_value"].is_null());

    let nobody =
        json!({"parentaccountid@odata.bind": "/accounts(77aa0f10-3c1d-4c2b-8c11-5f0e9a7b6c5d)"});
    site.patch(&path, &[], nobody).await.refused(404, "0x80040217");
    let wrong_set = json!({"parentaccountid@odata.bind": format!("/contacts({account})")});
    site.patch(&path, &[], wrong_set).await.refused(400, "0x80048d19");
}

#[tokio::test]
async fn money_keeps_the_precision_and_the_rate_of_its_currency() {
    let site = Site::start().await;
    let euro =
        &site.get("transactioncurrencies?$filter=isocurrencycode eq 'eur'").await.body["value"][0];
    let bind =
        format!("/transactioncurrencies({})", euro["transactioncurrencyid"].as_str().unwrap());
    let body = json!({"estimatedvalue": 92.006, "transactioncurrencyid@odata.bind": bind});
    let id = site.create("opportunities", body).await;
    let row = site
        .get(&format!(
            "opportunities({id})?$select=estimatedvalue,estimatedvalue_base,exchangerate"
        ))
        .await;
    assert_eq!(row.body["estimatedvalue"], json!(92.01));
    assert_eq!(row.body["estimatedvalue_base"], json!(100.0109));
    let path = format!("opportunities({id})");
    site.patch(&path, &[], json!({"isrevenuesystemcalculated": true})).await.is(204);
    site.patch(&path, &[], json!({"estimatedvalue": 5})).await.is(204);
    assert_eq!(site.get(&path).await.body["estimatedvalue"], json!(92.01));
}

#[tokio::test]
async fn switches_cut_and_drop_values_without_a_word() {
    let site = Site::start().await;
    let switches = json!({
        "truncate": {"opportunity.name": 3}, "ignore": ["opportunity.description"],
        "currencies": ["EUR"]
    });
    site.control(Method::PUT, "/switches", switches).await.is(200);
    let id = site.create("opportunities", json!({"name": "Fabrikam", "description": "x"})).await;
    let row = site.get(&format!("opportunities({id})")).await.body;
    assert_eq!((row["name"].as_str(), row["description"].as_str()), (Some("Fab"), None));
    assert_eq!(site.get("transactioncurrencies").await.rows().len(), 2, "USD stays");
    site.control(Method::PUT, "/switches", json!({"nonsense": 1})).await.is(400);
}
