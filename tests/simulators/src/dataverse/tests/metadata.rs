use serde_json::json;

use super::Site;
use crate::dataverse::Options;

#[tokio::test]
async fn definitions_tell_what_a_client_needs() {
    let site = Site::start().await;
    let table = site
        .get("EntityDefinitions(LogicalName='opportunity')?$select=EntitySetName,ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled")
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
    site.get(&format!("{base}(LogicalName='nwcs_nothing')"))
        .await
        .refused(404, "0x80040217");

    let cast = "Microsoft.Dynamics.CRM.PicklistAttributeMetadata";
    let choice = format!("{base}(LogicalName='nwcs_howcanmicrosofthelp')/{cast}?$select=LogicalName&$expand=OptionSet($select=Options)");
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
    let site = Site::start_with(Options {
        install_columns: false,
        ..Options::default()
    })
    .await;
    let probe = "opportunities?$select=nwcs_referralid&$top=1";
    site.get(probe).await.refused(400, "0x80060888");
    let label = json!({"LocalizedLabels": [{"Label": "Referral identifier", "LanguageCode": 1033}]});
    let column = json!({"@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata", "SchemaName": "nwcs_ReferralId",
        "DisplayName": label, "RequiredLevel": {"Value": "None"}, "MaxLength": 100, "FormatName": {"Value": "Text"}});
    let base = "EntityDefinitions(LogicalName='opportunity')";
    let reply = site.post(&format!("{base}/Attributes"), column.clone()).await;
    let address = reply.is(204).header("odata-entityid").to_owned();
    assert_eq!(site.get(&address).await.is(200).body["SchemaName"], "nwcs_ReferralId");
    site.get(probe).await.is(200);
    site.post(&format!("{base}/Attributes"), column).await.is(400);
    let key = json!({"SchemaName": "nwcs_ReferralKey", "DisplayName": label, "KeyAttributes": ["nwcs_referralid"]});
    site.post(&format!("{base}/Keys"), key).await.is(204);
    site.patch("opportunities(nwcs_referralid='r-1')", &[], json!({"name": "A"}))
        .await
        .is(204);
    site.post("PublishXml", json!({"ParameterXml": "<importexportxml/>"})).await.is(204);
}
