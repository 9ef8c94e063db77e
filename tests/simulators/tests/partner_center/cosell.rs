//! A deal that becomes one with Microsoft after it was made (contract partner-center 3.6, 6.36),
//! and services.

use serde_json::{Value, json};

use crate::world::{World, deal, id};

const SHARE: &str = "/consent/consentToShareReferralWithMicrosoftSellers";

fn replace(path: &str, value: &Value) -> Value {
    json!([{ "op": "replace", "path": path, "value": value }])
}

/// The Microsoft referral of this referral's engagement, before it is sent.
fn microsofts(own: &Value) -> Value {
    let mut connected = deal(true);
    connected["engagementId"] = own["engagementId"].clone();
    connected["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
    connected["inviteContext"] = json!({ "assistanceRequestCode": "ProofOfConceptOrDemo" });
    connected
}

#[tokio::test]
async fn a_private_deal_gets_contact_and_consent_and_then_the_microsoft_referral() {
    let world = World::start().await;
    let mut private = deal(false);
    private["customerProfile"]["team"] = json!([]);
    let own = world.create(private).await.body;
    assert_eq!(own["type"], "Independent");
    let early = world.create(microsofts(&own)).await;
    assert_eq!((early.status, &early.body["error"]["target"]), (400, &json!(SHARE)));
    let contact = deal(true)["customerProfile"]["team"].clone();
    let patched = world.patch(id(&own), replace("/customerProfile/team", &contact)).await;
    assert_eq!((patched.status, &patched.body["customerProfile"]["team"]), (200, &contact));
    assert_eq!(world.patch(id(&own), replace(SHARE, &json!(true))).await.status, 200);
    assert_eq!(world.create(microsofts(&own)).await.status, 201);
    for (path, value) in [("/customerProfile/team", json!([])), (SHARE, json!(false))] {
        let locked = world.patch(id(&own), replace(path, &value)).await;
        assert_eq!((locked.status, &locked.body["error"]["target"]), (400, &json!(path)));
    }
}

#[tokio::test]
async fn a_services_deal_names_all_of_its_attributes() {
    let world = World::start().await;
    let own = world.create(deal(true)).await.body;
    let mut services = microsofts(&own);
    let list = json!([
        { "type": "PartnerRole", "id": "Advisor" }, { "type": "SolutionArea", "id": "Security" }
    ]);
    services["details"]["requirements"]["additionalRequirements"] = json!({ "attributes": list });
    let refused = world.create(services.clone()).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.body["error"]["message"].as_str().unwrap().contains("SolutionPlay"),
        "{}",
        refused.body
    );
    let attributes =
        services.pointer_mut("/details/requirements/additionalRequirements/attributes").unwrap();
    attributes.as_array_mut().unwrap().push(json!({ "type": "SolutionPlay", "id": "Modernise" }));
    assert_eq!(world.create(services).await.status, 201);
}
