use serde_json::json;

use super::{
    EXTRA, archive, bare, deploy, described, exists, field, manifest, object, permission_set, poll,
    post, problems, send, show_extra,
};
use crate::world::World;

#[tokio::test]
async fn a_deployment_runs_and_ends_and_a_second_one_changes_nothing() {
    let world = bare().await;
    let started = send(&world, &field(EXTRA), json!({"singlePackage": true})).await;
    let id = started.is(201).id().to_owned();
    assert_eq!(started.body["deployResult"]["status"], "Pending");
    let under_way = poll(&world, &id).await;
    assert_eq!(
        (&under_way["status"], &under_way["done"], under_way.get("details")),
        (&json!("InProgress"), &json!(false), None)
    );
    let done = poll(&world, &id).await;
    assert_eq!((&done["status"], &done["success"]), (&json!("Succeeded"), &json!(true)));
    assert_eq!(
        (&done["numberComponentsDeployed"], &done["numberComponentsTotal"]),
        (&json!(1), &json!(1))
    );
    let made = &done["details"]["componentSuccesses"][1];
    assert_eq!(
        (&made["componentType"], &made["fullName"], &made["created"], &made["fileName"]),
        (
            &json!("CustomField"),
            &json!("Opportunity.Msp_Extra__c"),
            &json!(true),
            &json!("objects/Opportunity.object")
        )
    );
    let again = deploy(&world, &field(EXTRA), json!({})).await;
    let same = &again["details"]["componentSuccesses"][1];
    assert_eq!((&same["created"], &same["changed"]), (&json!(false), &json!(false)));
    let longer = deploy(&world, &field(&EXTRA.replace("64", "80")), json!({})).await;
    let changed = &longer["details"]["componentSuccesses"][1];
    assert_eq!((&changed["created"], &changed["changed"]), (&json!(false), &json!(true)));
    let other = EXTRA.replace("<length>64</length>", "").replace("Text", "Email");
    let refused = deploy(&world, &field(&other), json!({})).await;
    assert!(problems(&refused)[0].contains("Cannot change field type"), "{refused}");
    show_extra(&world).await;
    assert_eq!(described(&world, "Msp_Extra__c").await.unwrap()["length"], 80);
}

#[tokio::test]
async fn a_deployed_field_is_hidden_until_a_permission_set_grants_it_to_the_user() {
    let world = bare().await;
    deploy(&world, &field(EXTRA), json!({})).await;
    assert!(exists(&world, "Msp_Extra").await);
    assert_eq!(described(&world, "Msp_Extra__c").await, None);
    world.query("SELECT Msp_Extra__c FROM Opportunity").await.refused(400, "INVALID_FIELD");
    show_extra(&world).await;
    let shown = described(&world, "Msp_Extra__c").await.unwrap();
    assert_eq!((&shown["length"], &shown["unique"]), (&json!(64), &json!(true)));
    let answer =
        world.patch("sobjects/Opportunity/Msp_Extra__c/x", crate::world::deal(json!({}))).await;
    assert_eq!(answer.is(201).body["created"], true);
    // What a permission set does not list is switched off.
    let nothing =
        archive(&[manifest(&[("PermissionSet", "Msp")]), permission_set("<label>Msp</label>")]);
    let result = deploy(&world, &nothing, json!({})).await;
    assert_eq!(result["details"]["componentSuccesses"][1]["changed"], true);
    assert_eq!(described(&world, "Msp_Extra__c").await, None);
}

#[tokio::test]
async fn one_bad_component_takes_all_back_unless_the_call_says_otherwise() {
    let world = bare().await;
    let files = [
        manifest(&[
            ("CustomField", "Opportunity.Msp_Extra__c"),
            ("CustomField", "Opportunity.Msp_Bad__c"),
        ]),
        object(&format!(
            "<fields>{EXTRA}</fields><fields><fullName>Msp_Bad__c</fullName><label>Bad</label>\
             <type>Text</type></fields>"
        )),
    ];
    let result = deploy(&world, &archive(&files), json!({"rollbackOnError": true})).await;
    assert_eq!(
        (&result["status"], &result["success"], &result["numberComponentErrors"]),
        (&json!("Failed"), &json!(false), &json!(1))
    );
    assert_eq!(problems(&result), ["Text needs a length up to 255"]);
    assert!(!exists(&world, "Msp_Extra").await);
    let result = deploy(&world, &archive(&files), json!({"rollbackOnError": false})).await;
    assert_eq!(result["status"], "SucceededPartial");
    assert!(exists(&world, "Msp_Extra").await);
}

#[tokio::test]
async fn a_check_changes_nothing() {
    let world = bare().await;
    let result = deploy(&world, &field(EXTRA), json!({"checkOnly": true})).await;
    assert_eq!((&result["success"], &result["checkOnly"]), (&json!(true), &json!(true)));
    assert!(!exists(&world, "Msp_Extra").await);
}

#[tokio::test]
async fn a_request_that_is_no_deployment_is_refused() {
    let world = World::start().await;
    post(&world, "text/plain", b"x".to_vec()).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let answer =
        post(&world, "multipart/form-data; boundary=sep", b"--sep\r\n\r\n--sep--".to_vec()).await;
    answer.refused(400, "INVALID_MULTIPART_REQUEST");
    send(&world, b"no zip", json!({})).await.refused(400, "INVALID_MULTIPART_REQUEST");
    world.get("metadata/deployRequest/0AfKd000000Gma9KAC").await.refused(404, "NOT_FOUND");
    let two = [("a/package.xml", manifest(&[]).1), ("b/package.xml", manifest(&[]).1)];
    send(&world, &archive(&two), json!({"singlePackage": false}))
        .await
        .refused(501, "NOT_SIMULATED");
}

#[tokio::test]
async fn a_package_may_stand_in_the_one_folder_of_its_archive() {
    let world = bare().await;
    let (path, content) = object(&format!("<fields>{EXTRA}</fields>"));
    let inside = format!("zip/{path}");
    let manifest = manifest(&[("CustomField", "Opportunity.Msp_Extra__c")]);
    let files = [("zip/package.xml", manifest.1), (inside.as_str(), content)];
    let result = deploy(&world, &archive(&files), json!({"singlePackage": false})).await;
    assert_eq!(
        (&result["success"], &result["numberComponentsDeployed"]),
        (&json!(true), &json!(1)),
        "{result}"
    );
}
