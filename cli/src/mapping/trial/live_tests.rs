//! Dry runs on in-memory systems: what is printed of each way in which a deal can be found, and
//! that nothing is written.

use std::sync::Arc;

use cosell_fakes::{LeadPorts, Ports, Script, World, record};
use cosell_model::crm::{CrmKey, Phase};
use cosell_model::id::ReferralId;
use cosell_runtime::config::Environment;
use cosell_sync::{LeadTable, Order, Request};
use cosell_wiring::{MappingSettings, PlanningSettings};
use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use super::*;

const REFERRAL: &str = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa";
const OPPORTUNITY: &str = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";

fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn id() -> ReferralId {
    REFERRAL.parse().unwrap()
}

fn key(entity: &str) -> CrmKey {
    CrmKey { system: "dynamics".into(), entity: entity.into(), id: OPPORTUNITY.into() }
}

fn of_referral() -> Subject {
    Subject::Referral(id())
}

fn of_opportunity() -> Subject {
    Subject::Crm(key("opportunity"))
}

fn deal() -> Json {
    json!({
        "engagementId": "e1a5c1d2-3344-4c55-8d66-7788990011aa", "name": "Fleet telemetry",
        "status": "Active", "substatus": "Accepted", "updatedDateTime": "2026-11-20T09:00:00Z",
        "type": "Independent", "direction": "Outgoing", "qualification": "SalesQualified",
        "externalReferenceId": OPPORTUNITY,
        "consent": { "consentToShareReferralWithMicrosoftSellers": true }, "target": [],
        "customerProfile": {
            "name": "Ostsjö",
            "address": { "addressLine1": "Kajen 1", "city": "Gävle", "country": "SE" }
        },
        "details": {
            "dealValue": 62_000, "currency": "EUR", "closingDateTime": "2027-06-30T00:00:00Z",
            "requirements": { "solutions": [{ "id": "SOL-71402-QKD", "type": "Name" }] }
        }
    })
}

fn invitation() -> Json {
    let mut body = deal();
    let new = json!({
        "status": "New", "substatus": "Pending", "direction": "Incoming", "type": "Shared",
        "externalReferenceId": null,
        "expirationDateTime": "2026-11-24T09:00:00Z"
    });
    body.as_object_mut().unwrap().extend(new.as_object().unwrap().clone());
    body
}

fn columns() -> Json {
    json!({
        "nwcs_syncwithpartnercenter": true, "nwcs_referralid": REFERRAL, "name": "Fleet telemetry",
        "estimatedvalue": 62_000,
        "estimatedclosedate": "2027-06-30", "transactioncurrencyid/isocurrencycode": "EUR",
        "nwcs_products": "SOL-71402-QKD",
        "customerid_account/name": "Ostsjö", "customerid_account/address1_line1": "Kajen 1",
        "customerid_account/address1_city": "Gävle", "customerid_account/address1_country": "SE"
    })
}

/// The systems, and an engine on them.
struct Desk {
    world: Arc<World>,
    engine: Engine,
}

impl Desk {
    fn new() -> Self {
        let environment = || Environment::of([("SYNC_PRIVATE", "true"), ("TEAM_PHONE", "+4670")]);
        let settings = environment().read(MappingSettings::read).unwrap();
        let mapping = cosell_wiring::mapping(&settings).unwrap();
        let policy = environment().read(PlanningSettings::read).unwrap().policy;
        let world = Arc::new(World::new(&mapping, now()));
        let ports = Arc::new(Ports::new(world.clone(), Arc::new(Script::default()), "test"));
        let leads = Arc::new(mapping.of_leads().unwrap());
        let engine = Engine {
            partner_center: ports.clone(),
            crm: ports.clone(),
            leads: Some(LeadTable { crm: Arc::new(LeadPorts(ports.clone())), mapping: leads }),
            links: ports.clone(),
            claims: ports.clone(),
            schedule: ports.clone(),
            audit: ports,
            mapping: Arc::new(mapping),
            policy: Arc::new(policy),
        };
        Self { world, engine }
    }

    fn with(referral: Option<Json>, opportunity: Option<Json>) -> Self {
        let desk = Self::new();
        if let Some(body) = referral {
            desk.world.put_referral(id(), body);
        }
        if let Some(columns) = opportunity {
            desk.world.put_record(record(key("opportunity"), columns));
        }
        desk
    }

    /// Both sides, linked and in sync.
    async fn linked() -> Self {
        let desk = Self::with(Some(deal()), Some(columns()));
        desk.reconcile().await;
        desk.reconcile().await;
        desk
    }

    async fn reconcile(&self) {
        let (subject, cause) = (of_referral(), Cause::Webhook);
        let message = SyncMessage { subject, cause, observed: "test".into() };
        let request = Request { message: &message, receives: 1, now: now(), invocation: "test" };
        self.engine.reconcile(request).await.unwrap();
    }

    fn edit_referral(&self, edit: impl FnOnce(&mut Json)) {
        let mut body = self.world.state().referrals[&id()].clone();
        edit(&mut body);
        self.world.put_referral(id(), body);
    }

    /// What is printed, having written nothing.
    async fn tried(&self, subject: Subject) -> Result<(String, Json)> {
        let writes = self.world.state().writes.len();
        let audited = self.world.state().audit.len();
        let both = |trial: &Trial<'_>| {
            let text = super::super::text::of(trial);
            Ok((text, super::super::document::of(trial)?))
        };
        let printed = tried(&self.engine, subject, now(), both).await;
        assert_eq!(self.world.state().writes.len(), writes);
        assert_eq!(self.world.state().audit.len(), audited);
        printed
    }

    async fn text(&self, subject: Subject) -> String {
        self.tried(subject).await.unwrap().0
    }

    /// What is printed of the plan, without the fields of a side that could be made.
    async fn plan(&self, subject: Subject) -> String {
        let text = self.text(subject).await;
        let creation = ["\nThe new ", "\nWere it to be made"].map(|title| text.find(title));
        let end = creation.into_iter().flatten().min().unwrap_or(text.len());
        text[..end].to_owned()
    }
}

#[tokio::test]
async fn a_deal_in_sync_has_nothing_to_write_from_either_side() {
    let desk = Desk::linked().await;
    let text = desk.text(of_referral()).await;
    assert!(text.contains("Were it to be made now, the new opportunity in the CRM"), "{text}");
    assert!(text.contains("  written  estimatedvalue = 62000\n"), "{text}");
    let of_record = desk.text(of_opportunity()).await;
    assert!(of_record.contains("  written  details.dealValue = 62000\n"), "{of_record}");
    let plan = desk.plan(of_referral()).await;
    assert_eq!(plan, desk.plan(of_opportunity()).await);
    assert_snapshot!(plan);
}

#[tokio::test]
async fn changes_of_both_sides_show_what_wins_and_what_is_overruled() {
    let desk = Desk::linked().await;
    desk.edit_referral(|body| {
        body["details"]["dealValue"] = json!(70_000);
        body["details"]["notes"] = json!("40 lorries");
        body["updatedDateTime"] = json!("2026-11-21T09:30:00Z");
    });
    desk.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("estimatedvalue".into(), json!(65_000));
        record.fields.insert("name".into(), json!("Fleet telemetry, phase one"));
    });
    let (_, json) = desk.tried(of_referral()).await.unwrap();
    let plan = desk.plan(of_referral()).await;
    assert_snapshot!(plan);
    let without_fields = {
        let mut json = json;
        json["creation"] = json!("…");
        json["plan"]["memory"]["activity"] = json!("…");
        format!("{json:#}")
    };
    assert_snapshot!("changes_of_both_sides_as_json", without_fields);
}

#[tokio::test]
async fn a_request_for_help_and_a_lost_deal_are_marked_as_final() {
    let desk = Desk::linked().await;
    desk.world.edit_record(OPPORTUNITY, |record| {
        for (column, value) in [
            ("parentcontactid/firstname", json!("Ida")),
            ("parentcontactid/lastname", json!("Ek")),
            ("parentcontactid/emailaddress1", json!("ida@ostsjo.example")),
            ("parentcontactid/telephone1", json!("+4626")),
            ("owninguser/firstname", json!("Omar")),
            ("owninguser/lastname", json!("Lind")),
            ("owninguser/internalemailaddress", json!("omar@halcyon.example")),
            ("nwcs_howcanmicrosofthelp", json!(412_000_002)),
        ] {
            record.fields.insert(column.into(), value);
        }
    });
    let asks = desk.plan(of_opportunity()).await;
    desk.world.edit_record(OPPORTUNITY, |record| {
        record.fields.remove("nwcs_howcanmicrosofthelp");
        record.phase = Phase::Lost;
    });
    let loses = desk.plan(of_opportunity()).await;
    assert_snapshot!([asks, loses].join("\n----\n"));
}

#[tokio::test]
async fn what_is_not_linked_yet_is_tried_as_it_was_found() {
    let invited = Desk::with(Some(invitation()), None).plan(of_referral()).await;
    let adopted = Desk::with(Some(deal()), Some(columns())).plan(of_opportunity()).await;
    let mut unflagged = columns();
    unflagged["nwcs_syncwithpartnercenter"] = json!(false);
    unflagged["nwcs_referralid"] = Json::Null;
    let unflagged = Desk::with(None, Some(unflagged));
    let text = unflagged.text(of_opportunity()).await;
    assert!(text.contains("Were it to be made now, the new referral in Partner Center"), "{text}");
    let off = unflagged.plan(of_opportunity()).await;
    let mut copied = columns();
    copied["nwcs_referralid"] = json!("not an id");
    let contradicts = Desk::with(None, Some(copied)).plan(of_opportunity()).await;
    assert_snapshot!([invited, adopted, off, contradicts].join("\n----\n"));
}

#[tokio::test]
async fn a_lead_is_tried_in_the_table_of_leads() {
    let mut body = invitation();
    body["type"] = json!("Independent");
    body["qualification"] = json!("Direct");
    let desk = Desk::with(Some(body), None);
    let text = desk.text(of_referral()).await;
    assert!(text.contains("The new lead in the CRM, field by field:"), "{text}");
    let invited = desk.plan(of_referral()).await;
    desk.world.put_record(record(key("lead"), json!({ "nwcs_syncwithpartnercenter": true })));
    let own = desk.plan(Subject::Crm(key("lead"))).await;
    assert_snapshot!([invited, own].join("\n----\n"));
}

#[tokio::test]
async fn a_microsoft_referral_leads_to_the_deal_of_its_engagement() {
    let desk = Desk::linked().await;
    let microsoft: ReferralId = "0d2ad5a5-6a59-4b1f-8a40-1a2a3b4c5d6e".parse().unwrap();
    let mut body = deal();
    body["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
    body["inviteContext"] = json!({ "assistanceRequestCode": "ProofOfConceptOrDemo" });
    body["trackingInfo"] = json!({ "microsoftMsxId": "7-AB12CD34EF" });
    desk.world.put_referral(microsoft, body);
    let plan = desk.plan(Subject::Referral(microsoft)).await;
    assert_snapshot!(plan);
}

#[tokio::test]
async fn an_unlinked_deal_is_left_alone_and_a_deleted_record_disconnects() {
    let desk = Desk::linked().await;
    desk.world.state().records.clear();
    let gone = desk.plan(of_referral()).await;
    let desk = Desk::linked().await;
    desk.engine.unlink(id(), Order { now: now(), id: "order" }).await.unwrap();
    let unlinked = desk.plan(of_referral()).await;
    assert_snapshot!([gone, unlinked].join("\n----\n"));
}

#[tokio::test]
async fn what_does_not_exist_is_an_error() {
    let error = Desk::new().tried(of_referral()).await.unwrap_err().to_string();
    assert!(
        error.contains("does not exist, or the sync's service account cannot see it"),
        "{error}"
    );
}
