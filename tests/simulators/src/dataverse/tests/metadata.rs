use serde_json::json;

use super::{Reply, Site};
use crate::dataverse::Options;

#[tokio::test]
async fn definitions_tell_what_a_client_needs() {
    let site = Site::start().await;
    let table = site
        .get(
            "EntityDefinitions(LogicalName='opportunity')?$select=EntitySetName,\
             ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled",
        )
        .await;
    assert_eq!(table.is(200).body["EntitySetName"], "opportunities");
    assert!(table.body.get("Attributes").is_none() && table.body.get("LogicalName").is_none());
    let found = site
        .get("EntityDefinitions?$select=LogicalName,EntitySetName&$filter=LogicalName eq 'lead'")
        .await;
    assert_eq!((found.rows().len(), &found.rows()[0]["EntitySetName"]), (1, &json!("leads")));

    let base = "EntityDefinitions(LogicalName='opportunity')/Attributes";
    let column = site
        .get(&format!(
            "{base}(LogicalName='nwcs_referralid')?$select=SchemaName,AttributeType,MaxLength"
        ))
        .await;
    assert_eq!(
        (&column.body["SchemaName"], &column.body["MaxLength"]),
        (&json!("nwcs_ReferralId"), &json!(100))
    );
    site.get(&format!("{base}(LogicalName='nwcs_nothing')")).await.refused(404, "0x80040217");

    let cast = "Microsoft.Dynamics.CRM.PicklistAttributeMetadata";
    let choice = format!(
        "{base}(LogicalName='nwcs_howcanmicrosofthelp')/{cast}?$select=LogicalName\
         &$expand=OptionSet($select=Options)"
    );
    let choice = site.get(&choice).await;
    let options = choice.is(200).body["OptionSet"]["Options"].as_array().unwrap();
    assert_eq!((options.len(), &options[2]["Value"]), (6, &json!(412_000_002)));
    assert_eq!(options[2]["Label"]["UserLocalizedLabel"]["Label"], "Proof of concept or demo");
    site.get(&format!("{base}(LogicalName='name')/{cast}")).await.is(404);

    let keys = site.get("EntityDefinitions(LogicalName='opportunity')/Keys").await;
    assert_eq!(keys.rows()[0]["EntityKeyIndexStatus"], "Active");
}

#[tokio::test]
async fn columns_and_keys_can_be_installed() {
    let site = Site::start_with(Options { install_columns: false, ..Options::default() }).await;
    let probe = "opportunities?$select=nwcs_referralid&$top=1";
    site.get(probe).await.refused(400, "0x80060888");
    let label =
        json!({"LocalizedLabels": [{"Label": "Referral identifier", "LanguageCode": 1033}]});
    let column = json!({
        "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata",
        "SchemaName": "nwcs_ReferralId", "DisplayName": label, "RequiredLevel": {"Value": "None"},
        "MaxLength": 100, "FormatName": {"Value": "Text"}
    });
    let base = "EntityDefinitions(LogicalName='opportunity')";
    site.post(&format!("{base}/Attributes"), column.clone()).await.refused(400, "0x80040203");
    site.publisher_and_solution(41_200).await;
    let reply = site.customise(&format!("{base}/Attributes"), column.clone()).await;
    let address = reply.is(204).header("odata-entityid").to_owned();
    assert_eq!(site.get(&address).await.is(200).body["SchemaName"], "nwcs_ReferralId");
    site.get(probe).await.is(200);
    site.customise(&format!("{base}/Attributes"), column).await.is(400);
    let key = json!({
        "SchemaName": "nwcs_ReferralKey", "DisplayName": label, "KeyAttributes": ["nwcs_referralid"]
    });
    site.customise(&format!("{base}/Keys"), key).await.is(204);
    site.patch("opportunities(nwcs_referralid='r-1')", &[], json!({"name": "A"})).await.is(204);
    let document =
        "<importexportxml><entities><entity>opportunity</entity></entities></importexportxml>";
    site.post("PublishXml", json!({"ParameterXml": document})).await.is(204);
    for wrong in
        ["<importexportxml/>", "<importexportxml><entity>oportunity</entity></importexportxml>"]
    {
        site.post("PublishXml", json!({"ParameterXml": wrong})).await.refused(400, "0x80040203");
    }
}

impl Site {
    async fn publisher_and_solution(&self, options: u32) {
        let publisher = json!({
            "uniquename": "nwcosell", "friendlyname": "Northwind Co-sell",
            "customizationprefix": "nwcs", "customizationoptionvalueprefix": options
        });
        let id = self.create("publishers", publisher).await;
        let solution = json!({
            "uniquename": "NwcsCosell", "friendlyname": "Co-sell sync", "version": "1.0.0.0",
            "publisherid@odata.bind": format!("/publishers({id})")
        });
        self.post("solutions", solution).await.is(204);
    }

    /// A metadata call whose component goes into the solution.
    async fn customise(&self, path: &str, body: serde_json::Value) -> Reply {
        let headers = [("mscrm.solutionuniquename", "NwcsCosell"), ("consistency", "Strong")];
        self.call(reqwest::Method::POST, path, &headers, Some(body)).await
    }
}

fn label(text: &str) -> serde_json::Value {
    json!({"LocalizedLabels": [{"Label": text, "LanguageCode": 1033}]})
}

#[tokio::test]
async fn a_customisation_needs_a_publisher_with_its_prefix_and_goes_into_the_solution_it_names() {
    let site = Site::start().await;
    let attributes = "EntityDefinitions(LogicalName='lead')/Attributes";
    let memo = |name: &str| {
        json!({
            "@odata.type": "Microsoft.Dynamics.CRM.MemoAttributeMetadata", "SchemaName": name,
            "DisplayName": label("Note"), "RequiredLevel": {"Value": "None"}, "MaxLength": 4000,
            "Format": "TextArea", "ImeMode": "Disabled"
        })
    };
    site.customise(attributes, memo("nwcs_Note")).await.refused(400, "0x80040203");
    site.post(attributes, memo("abc_Note")).await.refused(400, "0x80040203");
    site.post(attributes, memo("new_Note")).await.is(204);
    let solution =
        json!({"uniquename": "NwcsCosell", "friendlyname": "Co-sell sync", "version": "1.0.0.0"});
    site.post("solutions", solution).await.refused(400, "0x80040203");
    let taken = json!({
        "uniquename": "other", "friendlyname": "Other", "customizationprefix": "nwcs",
        "customizationoptionvalueprefix": 10_001
    });
    site.post("publishers", taken).await.refused(400, "0x80040203");

    let ours = site
        .get(
            "publishers?$select=publisherid,customizationoptionvalueprefix\
             &$filter=customizationprefix eq 'nwcs'",
        )
        .await;
    let id = ours.rows()[0]["publisherid"].as_str().unwrap().to_owned();
    let solution = json!({
        "uniquename": "NwcsCosell", "friendlyname": "Co-sell sync", "version": "1.0.0.0",
        "publisherid@odata.bind": format!("/publishers({id})")
    });
    site.post("solutions", solution.clone()).await.is(204);
    site.post("solutions", solution).await.is(412);
    site.customise(attributes, memo("new_Other")).await.refused(400, "0x80040203");
    let mut nameless = memo("nwcs_Note");
    nameless["DisplayName"] = json!(null);
    site.customise(attributes, nameless).await.refused(400, "0x80040203");
    site.customise(attributes, memo("nwcs_Note")).await.is(204);
    assert_eq!(
        site.dataverse.dump()["solution_components"],
        json!({"NwcsCosell": ["lead.nwcs_Note"]})
    );
}

#[tokio::test]
async fn choice_values_lie_in_the_publishers_range() {
    let site = Site::start_with(Options { install_columns: false, ..Options::default() }).await;
    site.publisher_and_solution(10_001).await;
    let attributes = "EntityDefinitions(LogicalName='opportunity')/Attributes";
    let choice = |value: u32| {
        json!({
            "@odata.type": "Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
            "SchemaName": "nwcs_Visibility", "DisplayName": label("Referral visibility"),
            "RequiredLevel": {"Value": "None"},
            "OptionSet": {
                "@odata.type": "Microsoft.Dynamics.CRM.OptionSetMetadata",
                "OptionSetType": "Picklist", "IsGlobal": false,
                "Options": [{"Value": value, "Label": label("Microsoft sellers")}]
            }
        })
    };
    site.customise(attributes, choice(412_000_000)).await.refused(400, "0x80048402");
    site.customise(attributes, choice(100_010_000)).await.is(204);
}

#[tokio::test]
async fn without_a_customisers_role_definitions_can_be_read_but_not_made() {
    let site = Site::start().await;
    site.control(reqwest::Method::PUT, "/switches", json!({"cannot_customise": true}))
        .await
        .is(200);
    site.get("EntityDefinitions(LogicalName='lead')/Keys").await.is(200);
    let note = json!({"SchemaName": "nwcs_Note"});
    site.post("EntityDefinitions(LogicalName='lead')/Attributes", note)
        .await
        .refused(403, "0x80040220");
    site.post("publishers", json!({"uniquename": "x"})).await.refused(403, "0x80040220");
}
