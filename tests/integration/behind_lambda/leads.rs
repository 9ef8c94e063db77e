//! Leads: an invitation to a lead, and what becomes of it on either side.

use cosell_tests::crm::CrmSystem;
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::Function;
use super::batch::{Message, batch, failed};
use super::world::World;

/// A lead that Microsoft sent, and that stands in the CRM.
struct Invited {
    crm: CrmSystem,
    world: World,
    consumer: Function,
    referral: String,
    lead: String,
}

impl Invited {
    async fn start(crm: CrmSystem) -> Self {
        let world = World::with(crm).await;
        let consumer = world.consumer().await;
        let sent =
            control(&world, Method::POST, "partner-center/inbound", json!({ "kind": "lead" }))
                .await;
        let referral = sent["id"].as_str().unwrap().to_owned();
        let mut invited = Self { crm, world, consumer, referral, lead: String::new() };
        invited.look(&[Message::on_referral("m1", &invited.referral)]).await;
        let lead = invited.the_lead();
        let id = if crm == CrmSystem::Dynamics { "leadid" } else { "Id" };
        lead[id].as_str().unwrap().clone_into(&mut invited.lead);
        assert!(invited.world.people.deals().await.unwrap().is_empty(), "nobody has accepted it");
        assert_eq!(invited.world.keys("crm#").await, [format!("crm#{crm}#lead#{}", invited.lead)]);
        invited
    }

    async fn look(&self, messages: &[Message]) {
        self.world.changes_grow_old();
        let answer = self.consumer.invoke(batch(messages)).await;
        assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", self.consumer.log());
    }

    async fn look_at_lead(&self, message: &str) {
        self.look(&[Message::on_lead(message, self.crm, &self.lead)]).await;
    }

    fn the_lead(&self) -> Json {
        let table = if self.crm == CrmSystem::Dynamics { "lead" } else { "Lead" };
        let leads = self.world.stored()[1][table].clone();
        assert_eq!(leads.as_array().map(Vec::len), Some(1), "{leads:#}");
        leads[0].clone()
    }

    async fn the_referral(&self) -> Json {
        let referrals = self.world.people.referrals().await.unwrap();
        assert_eq!(referrals.len(), 1, "{referrals:#?}");
        referrals[0].clone()
    }
}

async fn control(world: &World, method: Method, path: &str, body: Json) -> Json {
    let url = world.simulators.control.join(&format!("control/{path}")).unwrap();
    let http = cosell_http::client().unwrap();
    let answer = http.request(method, url).json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Json::Null)
}

async fn accepted_in_partner_center(crm: CrmSystem) -> Invited {
    let invited = Invited::start(crm).await;
    let accepted = json!({ "status": "Active", "substatus": "Accepted" });
    invited.world.people.edits_referral(&invited.referral, accepted).await.unwrap();
    invited.look(&[Message::on_referral("m2", &invited.referral)]).await;
    invited.world.rests(&invited.consumer, false).await;
    invited
}

#[tokio::test]
async fn a_lead_that_is_accepted_in_partner_center_goes_on_as_one_opportunity() {
    let invited = accepted_in_partner_center(CrmSystem::Dynamics).await;
    assert_eq!(invited.the_lead()["statecode"], 1, "qualified");
    invited.world.stop().await;
}

/// Its REST API cannot convert leads.
#[tokio::test]
async fn in_salesforce_the_opportunity_is_made_beside_the_lead_and_its_seller_notified() {
    let invited = accepted_in_partner_center(CrmSystem::Salesforce).await;
    let lead = invited.the_lead();
    assert_eq!(
        (&lead["IsConverted"], &lead["Msp_Sync_With_Partner_Center__c"]),
        (&json!(false), &json!(false))
    );
    let audit = lead["Msp_Audit__c"].as_str().unwrap();
    assert!(audit.contains("without converting"), "{audit}");
    // The seller does what is asked, or does not: the deal has moved.
    let path = format!("salesforce/rows/Lead/{}", invited.lead);
    control(&invited.world, Method::PATCH, &path, json!({ "Status": "Closed - Not Converted" }))
        .await;
    invited.look_at_lead("m3").await;
    assert_eq!(invited.the_referral().await["status"], "Active");
    invited.world.rests(&invited.consumer, false).await;
    invited.world.stop().await;
}

#[tokio::test]
async fn a_lead_that_the_seller_qualifies_is_accepted_and_its_opportunity_is_the_deal() {
    for crm in [CrmSystem::Salesforce, CrmSystem::Dynamics] {
        let invited = Invited::start(crm).await;
        let path = match crm {
            CrmSystem::Dynamics => format!("dataverse/leads/{}/qualify", invited.lead),
            CrmSystem::Salesforce => format!("salesforce/leads/{}/convert", invited.lead),
        };
        control(&invited.world, Method::POST, &path, json!({})).await;
        invited.look_at_lead("m2").await;
        let referral = invited.the_referral().await;
        assert_eq!(
            (&referral["status"], &referral["substatus"]),
            (&json!("Active"), &json!("Accepted")),
            "{crm}"
        );
        // What the conversion left out is filled meanwhile.
        invited.look(&[Message::on_referral("m3", &invited.referral)]).await;
        invited.world.rests(&invited.consumer, false).await;
        invited.world.stop().await;
    }
}

#[tokio::test]
async fn a_lead_that_the_seller_disqualifies_is_declined() {
    for crm in [CrmSystem::Salesforce, CrmSystem::Dynamics] {
        let invited = Invited::start(crm).await;
        let (path, change) = match crm {
            CrmSystem::Dynamics => {
                ("dataverse/rows/leads", json!({ "statecode": 2, "statuscode": 7 }))
            }
            CrmSystem::Salesforce => {
                ("salesforce/rows/Lead", json!({ "Status": "Closed - Not Converted" }))
            }
        };
        control(&invited.world, Method::PATCH, &format!("{path}/{}", invited.lead), change).await;
        invited.look_at_lead("m2").await;
        let referral = invited.the_referral().await;
        assert_eq!(
            (&referral["status"], &referral["substatus"]),
            (&json!("Closed"), &json!("Declined")),
            "{crm}"
        );
        assert!(invited.world.people.deals().await.unwrap().is_empty(), "{crm}");
        invited.world.stop().await;
    }
}
