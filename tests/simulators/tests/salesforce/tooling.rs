use cosell_simulators::salesforce::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, World, deal};

const FIELDS: &str = "tooling/sobjects/CustomField";

async fn empty() -> World {
    World::start_with(Options { install_fields: false, ..Options::default() }).await
}

fn referral_id() -> Value {
    json!({
        "FullName": "Opportunity.Msp_Referral_Id__c",
        "Metadata": {
            "label": "Referral Identifier", "type": "Text", "length": 64, "externalId": true,
            "unique": true, "caseSensitive": false, "required": false,
            "description": "Owned by the co-sell sync"
        }
    })
}

impl World {
    async fn tooling(&self, soql: &str) -> Answer {
        self.query_with(soql, "tooling/query", &[]).await
    }

    /// The API user.
    async fn user(&self) -> String {
        let info = self.call(Method::GET, "/services/oauth2/userinfo", &[], None).await;
        info.is(200).body["user_id"].as_str().unwrap().to_owned()
    }

    async fn permission_set(&self, name: &str) -> String {
        self.create("PermissionSet", json!({"Name": name, "Label": name})).await
    }
}

fn grant(set: &str, field: &str, edit: bool) -> Value {
    json!({
        "ParentId": set, "SobjectType": "Opportunity", "Field": format!("Opportunity.{field}"),
        "PermissionsRead": true, "PermissionsEdit": edit
    })
}

#[tokio::test]
async fn a_new_field_is_there_but_hidden_until_an_assigned_permission_set_grants_it() {
    let world = empty().await;
    let id = world.post(FIELDS, referral_id()).await.is(201).id().to_owned();
    assert!(id.starts_with("00N"));
    let select = "SELECT Msp_Referral_Id__c FROM Opportunity";
    let upsert = "sobjects/Opportunity/Msp_Referral_Id__c/1d2e";
    world.query(select).await.refused(400, "INVALID_FIELD");
    world.patch(upsert, deal(json!({}))).await.refused(404, "NOT_FOUND");

    let set = world.permission_set("Msp_Cosell_Sync").await;
    world.create("FieldPermissions", grant(&set, "Msp_Referral_Id__c", false)).await;
    world.query(select).await.refused(400, "INVALID_FIELD");
    let assignment = json!({"PermissionSetId": set, "AssigneeId": world.user().await});
    world.create("PermissionSetAssignment", assignment).await;
    world.query(select).await.is(200);
    let locked = deal(json!({"Msp_Referral_Id__c": "1d2e"}));
    world
        .post("sobjects/Opportunity", locked.clone())
        .await
        .refused(400, "INVALID_FIELD_FOR_INSERT_UPDATE");

    let rights = world.query("SELECT Id FROM FieldPermissions").await.column("Id")[0].clone();
    let path = format!("sobjects/FieldPermissions/{}", rights.as_str().unwrap());
    world.patch(&path, json!({"PermissionsEdit": true})).await.is(204);
    world.patch(upsert, deal(json!({}))).await.is(201);
    world.post("sobjects/Opportunity", locked).await.refused(400, "DUPLICATE_VALUE");
}

#[tokio::test]
async fn a_field_is_found_by_developer_name_and_tells_its_definition() {
    let world = empty().await;
    let id = world.post(FIELDS, referral_id()).await.is(201).id().to_owned();
    let soql = "SELECT Id,DeveloperName FROM CustomField WHERE TableEnumOrId='Opportunity' AND \
                DeveloperName='Msp_Referral_Id'";
    let found = world.tooling(soql).await;
    assert_eq!(found.is(200).column("Id"), [&json!(id)]);
    assert!(
        world
            .tooling("SELECT Id FROM CustomField WHERE TableEnumOrId='Lead'")
            .await
            .column("Id")
            .is_empty()
    );
    let field = world.get(&format!("{FIELDS}/{id}")).await;
    assert_eq!(field.is(200).body["FullName"], "Opportunity.Msp_Referral_Id__c");
    for (name, value) in [
        ("type", json!("Text")),
        ("length", json!(64)),
        ("unique", json!(true)),
        ("externalId", json!(true)),
    ] {
        assert_eq!(field.body["Metadata"][name], value, "{name}");
    }
    world.get(&format!("{FIELDS}/00NKd0000000000AAA")).await.refused(404, "NOT_FOUND");
    world.get("query?q=SELECT+Id+FROM+CustomField").await.refused(400, "INVALID_TYPE");
    world.tooling("SELECT Id FROM ApexClass").await.refused(501, "NOT_SIMULATED");
}

#[tokio::test]
async fn fields_from_the_start_have_definitions_too() {
    let world = World::start().await;
    let soql = "SELECT Id FROM CustomField WHERE TableEnumOrId='Lead' AND \
                DeveloperName='Msp_Referral_Visibility'";
    let found = world.tooling(soql).await;
    let id = found.column("Id")[0].as_str().unwrap().to_owned();
    let field = world.get(&format!("{FIELDS}/{id}")).await;
    let set = &field.body["Metadata"]["valueSet"];
    assert_eq!(set["restricted"], true);
    assert_eq!(set["valueSetDefinition"]["value"][1]["valueName"], "Microsoft sellers");
}

#[tokio::test]
async fn a_name_that_is_taken_and_a_definition_that_does_not_fit_are_refused() {
    let world = empty().await;
    world.post(FIELDS, referral_id()).await.is(201);
    world.post(FIELDS, referral_id()).await.refused(400, "DUPLICATE_DEVELOPER_NAME");
    let field = |metadata: Value| json!({"FullName": "Lead.Msp_X__c", "Metadata": metadata});
    for wrong in [
        field(json!({"type": "Text", "length": 10})),
        field(json!({"label": "X", "type": "Text"})),
        field(json!({"label": "X", "type": "Text", "length": 256})),
        field(json!({"label": "X", "type": "Url", "length": 255})),
        field(json!({"label": "X", "type": "LongTextArea", "length": 2000})),
        field(json!({
            "label": "X", "type": "LongTextArea", "length": 2000, "visibleLines": 5,
            "externalId": true
        })),
        field(json!({"label": "X", "type": "Checkbox"})),
        field(json!({"label": "X", "type": "Checkbox", "defaultValue": false})),
        field(json!({"label": "X", "type": "Picklist"})),
        field(json!({
            "label": "X", "type": "Picklist",
            "valueSet": {"valueSetDefinition": {"value": [{"fullName": "A", "label": "A"}]}}
        })),
        json!({"FullName": "Lead.Msp__X__c", "Metadata": {"label": "X", "type": "Url"}}),
        json!({"FullName": "Lead.Msp_X", "Metadata": {"label": "X", "type": "Url"}}),
    ] {
        world.post(FIELDS, wrong).await.refused(400, "FIELD_INTEGRITY_EXCEPTION");
    }
    let elsewhere =
        json!({"FullName": "Quote.Msp_X__c", "Metadata": {"label": "X", "type": "Url"}});
    world.post(FIELDS, elsewhere).await.is(404);
    world.delete(FIELDS).await.refused(501, "NOT_SIMULATED");
}

#[tokio::test]
async fn every_kind_of_the_contract_can_be_made() {
    let world = empty().await;
    let set = json!({"restricted": true, "valueSetDefinition": {"sorted": false,
        "value": [{"valueName": "Azure", "label": "Azure", "default": false}]}});
    for (name, metadata) in [
        ("Msp_A__c", json!({"label": "A", "type": "Checkbox", "defaultValue": "false"})),
        ("Msp_B__c", json!({"label": "B", "type": "Url"})),
        (
            "Msp_C__c",
            json!({"label": "C", "type": "LongTextArea", "length": 32768, "visibleLines": 5}),
        ),
        ("Msp_D__c", json!({"label": "D", "type": "Picklist", "valueSet": set})),
        (
            "Msp_E__c",
            json!({
                "label": "E", "type": "MultiselectPicklist", "valueSet": set, "visibleLines": 4
            }),
        ),
        ("Msp_F__c", json!({"label": "F", "type": "DateTime"})),
    ] {
        let field = json!({"FullName": format!("Lead.{name}"), "Metadata": metadata});
        world.post(FIELDS, field).await.is(201);
    }
}

#[tokio::test]
async fn permissions_are_given_once_and_for_fields_that_exist() {
    let world = empty().await;
    world.post(FIELDS, referral_id()).await.is(201);
    let set = world.permission_set("Msp_Cosell_Sync").await;
    let again = json!({"Name": "Msp_Cosell_Sync", "Label": "Again"});
    world.post("sobjects/PermissionSet", again).await.refused(400, "DUPLICATE_VALUE");
    world
        .post("sobjects/PermissionSet", json!({"Name": "Other"}))
        .await
        .refused(400, "REQUIRED_FIELD_MISSING");
    let path = "sobjects/FieldPermissions";
    world
        .post(path, grant(&set, "Msp_Other__c", true))
        .await
        .refused(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
    world
        .post(path, grant(&set, "StageName", true))
        .await
        .refused(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST");
    let mut blind = grant(&set, "Msp_Referral_Id__c", true);
    blind["PermissionsRead"] = json!(false);
    world.post(path, blind).await.refused(400, "FIELD_INTEGRITY_EXCEPTION");
    world.post(path, grant(&set, "Msp_Referral_Id__c", true)).await.is(201);
    world.post(path, grant(&set, "Msp_Referral_Id__c", true)).await.refused(400, "DUPLICATE_VALUE");
    let assignment = json!({"PermissionSetId": set, "AssigneeId": world.user().await});
    world.create("PermissionSetAssignment", assignment.clone()).await;
    world
        .post("sobjects/PermissionSetAssignment", assignment)
        .await
        .refused(400, "DUPLICATE_VALUE");
}

#[tokio::test]
async fn without_customize_application_nothing_is_made_but_all_is_read() {
    let world = World::start().await;
    world.switch(json!({"cannot_customise": true})).await;
    world.tooling("SELECT Id FROM CustomField").await.is(200);
    let code = "INSUFFICIENT_ACCESS_OR_READONLY";
    let field = json!({"FullName": "Lead.Msp_X__c", "Metadata": {"label": "X", "type": "Url"}});
    world.post(FIELDS, field).await.refused(403, code);
    let set = json!({"Name": "X", "Label": "X"});
    world.post("sobjects/PermissionSet", set).await.refused(403, code);
    world.query("SELECT Id FROM PermissionSet").await.is(200);
}
