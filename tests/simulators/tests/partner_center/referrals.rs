use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{World, deal, id};

#[tokio::test]
async fn a_private_deal_is_born_accepted_with_the_services_fields() {
    let world = World::start().await;
    let mut body = deal(false);
    body["status"] = json!("New");
    body["id"] = json!("00000000-0000-4000-8000-000000000001");
    let created = world.create(body.clone()).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let referral = &created.body;
    assert_eq!(
        (&referral["status"], &referral["substatus"], &referral["direction"]),
        (&json!("Active"), &json!("Accepted"), &json!("Outgoing"))
    );
    assert_eq!(referral["details"]["dealValue"], 184_000.5);
    assert_eq!(referral["consent"]["consentToToShareInfoWithOthers"], true);
    assert_ne!(referral["id"], body["id"]);
    assert_eq!(created.headers["etag"], referral["eTag"].as_str().unwrap());
    assert_eq!(referral["updatedDateTime"].as_str().unwrap().split('.').nth(1).unwrap().len(), 8);
    let again = world.create(body).await.body;
    assert_ne!(again["id"], referral["id"], "creation is not idempotent");
    assert_eq!(world.get(&format!("/{}", id(referral))).await.body["eTag"], referral["eTag"]);
}

#[tokio::test]
async fn creation_refuses_what_is_incomplete_and_names_the_field() {
    let world = World::start().await;
    for (pointer, value, target) in [
        ("/type", Value::Null, "/type"),
        ("/details", Value::Null, "/details"),
        ("/customerProfile/address/country", json!("SWE"), "/customerProfile/address/country"),
        ("/details/requirements/solutions", json!([]), "/details/requirements/solutions/0/id"),
        ("/team/0/phoneNumber", json!(""), "/team"),
        ("/details/dealValue", json!("a lot"), "/details/dealValue"),
    ] {
        let mut body = deal(true);
        *body.pointer_mut(pointer).unwrap() = value;
        let answer = world.create(body).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["target"]),
            (400, &json!(target)),
            "{}",
            answer.body
        );
        assert_eq!(answer.body["error"]["code"], "invalidRequest");
    }
}

#[tokio::test]
async fn a_connected_referral_waits_fourteen_days_for_microsoft() {
    let world = World::start().await;
    let (own, theirs) = world.co_sell().await;
    assert_eq!((&theirs["status"], &theirs["substatus"]), (&json!("New"), &json!("Pending")));
    assert_eq!(theirs["engagementId"], own["engagementId"]);
    let filter = format!("engagementId eq {}", own["engagementId"].as_str().unwrap());
    assert_eq!(world.list(&[("$filter", &filter)]).await.body["@odata.count"], 2);

    let accepted = world
        .control(
            Method::POST,
            &format!("partner-center/referrals/{}/microsoft-accepts", id(&own)),
            json!({}),
        )
        .await
        .body;
    assert_eq!((&accepted["id"], &accepted["substatus"]), (&theirs["id"], &json!("Accepted")));
    assert!(accepted["trackingInfo"]["microsoftMsxId"].is_string());

    let (_, second) = world.co_sell().await;
    world.simulators.clock.advance(14 * 24 * 3600 + 1);
    let mut world = world;
    world.token = world.access_token("https://api.partner.microsoft.com").await;
    assert_eq!(world.get(&format!("/{}", id(&second))).await.body["substatus"], "Expired");
    assert_eq!(world.get(&format!("/{}", id(&theirs))).await.body["substatus"], "Accepted");

    let mut stray = deal(true);
    stray["engagementId"] = json!("11111111-1111-4111-8111-111111111111");
    assert_eq!(world.create(stray).await.status, 404);
}

#[tokio::test]
async fn a_patch_is_checked_as_a_whole() {
    let world = World::start().await;
    let own = world.create(deal(false)).await.body;
    let path = format!("/{}", id(&own));
    let value = json!([{ "op": "replace", "path": "/details/dealValue", "value": "10000" }]);
    let etag = own["eTag"].as_str().unwrap();
    let changed =
        world.call(Method::PATCH, &path, &[("if-match", etag)], Some(value.clone())).await;
    assert_eq!((changed.status, &changed.body), (204, &json!("")));
    let stale = world.call(Method::PATCH, &path, &[("if-match", etag)], Some(value.clone())).await;
    assert_eq!((stale.status, &stale.body["error"]["code"]), (412, &json!("preconditionFailed")));
    let now = world.get(&path).await.body;
    assert_eq!(now["details"]["dealValue"], 10000);
    assert!(now["updatedDateTime"].as_str() > own["updatedDateTime"].as_str());

    for (operations, target) in [
        (json!([{ "op": "remove", "path": "/name" }]), "/name"),
        (json!([{ "op": "replace", "path": "/substatus", "value": "Won" }]), "/substatus"),
        (
            json!([
                { "op": "replace", "path": "/status", "value": "New" },
                { "op": "replace", "path": "/substatus", "value": "Pending" }
            ]),
            "/status",
        ),
        (
            json!([{ "op": "replace", "path": "/customerProfile/name", "value": "x" }]),
            "/customerProfile/name",
        ),
        (json!([{ "op": "replace", "path": "/mpnId", "value": "x" }]), "/mpnId"),
        (json!([{ "op": "replace", "path": "/id", "value": "x" }]), "/id"),
    ] {
        let answer = world.patch(id(&own), operations).await;
        assert_eq!(
            (answer.status, &answer.body["error"]["target"]),
            (400, &json!(target)),
            "{}",
            answer.body
        );
    }
    world.switch(|switches| {
        switches.locked_fields = cosell_simulators::partner_center::LockedFields::Ignore;
    });
    let ignored = world
        .patch(
            id(&own),
            json!([{ "op": "replace", "path": "/customerProfile/name", "value": "x" }]),
        )
        .await;
    assert_eq!(
        (ignored.status, &ignored.body["customerProfile"]["name"]),
        (200, &json!("Norrsken Kylteknik AB"))
    );
}

#[tokio::test]
async fn a_closed_deal_takes_nothing_but_its_registration() {
    let mut world = World::start().await;
    let own = world.create(deal(true)).await.body;
    world.simulators.clock.advance(73 * 3600);
    world.token = world.access_token("https://api.partner.microsoft.com").await;
    let won = json!([
        { "op": "replace", "path": "/status", "value": "Closed" },
        { "op": "replace", "path": "/substatus", "value": "Won" }
    ]);
    assert_eq!(world.patch(id(&own), won).await.status, 200);
    let name = json!([{ "op": "replace", "path": "/name", "value": "x" }]);
    assert_eq!(world.patch(id(&own), name.clone()).await.status, 409);
    world.switch(|switches| switches.terminal_status = 400);
    assert_eq!(world.patch(id(&own), name).await.status, 400);
    let record = json!({
        "type": "AzureIPCoSell",
        "contract": {
            "startDateTime": "2026-10-20T00:00:00Z", "signDateTime": "2026-10-12T00:00:00Z"
        }
    });
    let registered = world
        .patch(id(&own), json!([{ "op": "add", "path": "/registrations/-", "value": record }]))
        .await;
    assert_eq!(
        (registered.status, &registered.body["registrationStatus"]),
        (200, &json!("ReviewPending")),
        "{}",
        registered.body
    );
}

#[tokio::test]
async fn put_needs_the_etag_and_the_unchanged_locked_fields() {
    let world = World::start().await;
    let mut own = world.create(deal(false)).await.body;
    let path = format!("/{}", id(&own));
    own["externalReferenceId"] = json!("LEAD-1009");
    assert_eq!(world.call(Method::PUT, &path, &[], Some(own.clone())).await.status, 400);
    let etag = own["eTag"].as_str().unwrap().to_owned();
    let answer = world.call(Method::PUT, &path, &[("if-match", &etag)], Some(own.clone())).await;
    assert_eq!(
        (answer.status, &answer.body["externalReferenceId"]),
        (200, &json!("LEAD-1009")),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn lists_come_in_pages_filtered_and_sorted() {
    let world = World::start().await;
    for number in 0..5 {
        let mut body = deal(false);
        body["externalReferenceId"] = json!(format!("OPP-{number}"));
        world.create(body).await;
    }
    world.control(Method::POST, "partner-center/inbound", json!({ "kind": "lead" })).await;
    world.switch(|switches| switches.page_size = 2);
    let query = [
        ("$filter", "direction eq 'Outgoing'"),
        ("$orderby", "updatedDateTime desc"),
        ("$select", "id,externalReferenceId"),
        ("$top", "4"),
    ];
    let first = world.list(&query).await.body;
    assert_eq!((&first["@odata.count"], first["value"].as_array().unwrap().len()), (&json!(5), 2));
    assert_eq!(first["value"][0]["externalReferenceId"], "OPP-4");
    assert_eq!(first["value"][0].as_object().unwrap().len(), 2);
    let link = first["@odata.nextLink"].as_str().unwrap();
    let token = link.split_once("$skiptoken=").unwrap().1;
    let second = world.list(&[("$skiptoken", token)]).await.body;
    assert_eq!(second["value"][1]["externalReferenceId"], "OPP-1");
    assert!(second.get("@odata.nextLink").is_none(), "$top ends the list");

    let found = world
        .list(&[(
            "$filter",
            "externalReferenceId eq 'OPP-3' and team/any(t:t/email eq 'omar.lind@halcyon.example')",
        )])
        .await
        .body;
    assert_eq!(found["@odata.count"], 1);
    for bad in [
        ("$filter", "contains(name,'x')"),
        ("$orderby", "name"),
        ("$skiptoken", "x"),
        ("$search", "x"),
    ] {
        assert_eq!(world.list(&[bad]).await.status, 400, "{bad:?}");
    }
    world.switch(|switches| switches.broken_next_link = true);
    let broken = world.list(&[]).await.body;
    assert!(
        broken["@odata.nextLink"]
            .as_str()
            .unwrap()
            .starts_with("http://api.partner.microsoft.com/v1.0/referrals?")
    );
}

#[tokio::test]
async fn a_referrals_user_sees_only_the_own_deals() {
    let world = World::start().await;
    let own = world.create(deal(false)).await.body;
    let inbound = world.control(Method::POST, "partner-center/inbound", json!({})).await.body;
    world.switch(|switches| switches.role = cosell_simulators::partner_center::Role::User);
    assert_eq!(world.list(&[]).await.body["@odata.count"], 1);
    assert_eq!(world.get(&format!("/{}", id(&own))).await.status, 200);
    assert_eq!(world.get(&format!("/{}", id(&inbound))).await.status, 404);
}

#[tokio::test]
async fn a_connection_dropped_after_the_effect_leaves_the_referral_stored() {
    let world = World::start().await;
    let fault = json!({
        "service": "partner-center", "method": "POST", "action": { "kind": "drop_after_effect" }
    });
    assert_eq!(world.control(Method::POST, "faults", fault).await.status, 201);
    let url = format!("{}v1.0/engagements/referrals", world.simulators.partner_center);
    let error = world
        .http
        .post(&url)
        .bearer_auth(&world.token)
        .json(&deal(false))
        .send()
        .await
        .unwrap_err();
    assert!(error.status().is_none() && error.is_request(), "{error:?}");
    assert_eq!(world.list(&[]).await.body["@odata.count"], 1);
    assert_eq!(world.simulators.journal.count("partner-center", "POST", "/referrals"), 1);

    let fault = json!({
        "service": "partner-center", "action": { "kind": "status", "status": 429, "retry_after": 7 }
    });
    world.control(Method::POST, "faults", fault).await;
    let throttled = world.get("").await;
    assert_eq!((throttled.status, throttled.headers["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!(world.get("").await.status, 200);
    let journal = world
        .control(Method::GET, "journal?service=partner-center&method=GET", json!({}))
        .await
        .body;
    assert_eq!(journal["count"], 3);
}
