//! Scenarios on in-memory ports: what a seller, Microsoft and a failing network do, and what must come of it.

use std::sync::Arc;

use cosell_core::audit::AuditKind;
use cosell_core::crm::{CrmRecord, Phase};
use cosell_core::id::ReferralId;
use cosell_core::mapping::{Mapping, Placeholders};
use cosell_core::message::{Cause, Subject, SyncMessage};
use cosell_core::plan::Policy;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::{Engine, Look, Outcome};
use crate::failure::{Failure, FailureKind};
use crate::memory::{Fault, World, record};

const OPPORTUNITY: &str = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";
const REFERRAL: &str = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa";

struct Stage {
    world: Arc<World>,
    engine: Engine,
    now: Timestamp,
}

impl Stage {
    fn new() -> Self {
        let world = Arc::new(World::default());
        let placeholders = Placeholders::from([("prefix", "nwcs".to_owned()), ("team_phone", "+4670".to_owned())]);
        let mapping = Mapping::parse(include_str!("../../../../../infra/mapping/dynamics.toml"), &placeholders).unwrap();
        let engine = Engine {
            partner_center: world.clone(),
            crm: world.clone(),
            links: world.clone(),
            claims: world.clone(),
            audit: world.clone(),
            mapping: Arc::new(mapping),
            policy: Arc::new(Policy {
                sync_private: true,
                referral_link_base: "https://partner.example/referrals".into(),
            }),
        };
        Self {
            world,
            engine,
            now: "2026-11-21T10:00:00Z".parse().unwrap(),
        }
    }

    /// With a flagged, complete opportunity in the CRM.
    fn with_opportunity() -> Self {
        let stage = Self::new();
        stage
            .world
            .records
            .lock()
            .unwrap()
            .insert(OPPORTUNITY.into(), record(OPPORTUNITY, complete()));
        stage
    }

    /// With an inbound referral in Partner Center.
    fn with_referral() -> Self {
        let stage = Self::new();
        stage.world.put_referral(REFERRAL.parse().unwrap(), inbound());
        stage
    }

    async fn look(&self, subject: &Subject, invocation: &str) -> Result<Outcome, Failure> {
        let message = SyncMessage {
            subject: subject.clone(),
            cause: Cause::Operator,
            observed: "test".into(),
        };
        self.engine
            .reconcile(Look {
                message: &message,
                now: self.now,
                invocation,
            })
            .await
    }

    /// Looks until the pair is quiet, as the queue's echoes do; says how the first look ended.
    async fn settle(&self, subject: &Subject) -> Outcome {
        let first = self.look(subject, "first").await.unwrap();
        for _ in 0..3 {
            if self.look(subject, "echo").await.unwrap().kind == AuditKind::Unchanged {
                return first;
            }
        }
        panic!("the pair does not come to rest");
    }

    fn the_record(&self) -> CrmRecord {
        let records = self.world.records.lock().unwrap();
        assert_eq!(records.len(), 1, "exactly one CRM record");
        records.values().next().unwrap().clone()
    }

    fn referrals(&self) -> Vec<Json> {
        self.world.referrals.lock().unwrap().values().cloned().collect()
    }

    fn fault(&self, call: &'static str, fault: Fault) {
        self.world.faults.lock().unwrap().push_back((call, fault));
    }
}

fn complete() -> Json {
    json!({
        "nwcs_syncwithpartnercenter": true, "name": "Cold-store rollout", "estimatedvalue": 184_000, "estimatedclosedate": "2026-09-30",
        "transactioncurrencyid/isocurrencycode": "SEK", "nwcs_products": "SOL-71402-QKD", "customerid_account/name": "Norrsken",
        "customerid_account/address1_line1": "Hamngatan 4", "customerid_account/address1_city": "Umeå", "customerid_account/address1_country": "SE",
        "parentcontactid/firstname": "Ida", "parentcontactid/lastname": "Ek", "parentcontactid/emailaddress1": "ida@norrsken.example",
        "parentcontactid/telephone1": "+4690", "owninguser/firstname": "Omar", "owninguser/lastname": "Lind",
        "owninguser/internalemailaddress": "omar@halcyon.example"
    })
}

fn inbound() -> Json {
    json!({
        "engagementId": "e1a5c1d2-3344-4c55-8d66-7788990011aa", "name": "Fleet telemetry pilot", "status": "New", "substatus": "Pending",
        "updatedDateTime": "2026-11-21T09:00:00Z", "type": "Shared", "direction": "Incoming", "qualification": "SalesQualified",
        "target": [{ "type": "SolutionProfile", "id": "SOL-71402-QKD" }], "externalReferenceId": null,
        "customerProfile": { "name": "Ostsjö", "address": { "city": "Gävle", "country": "SE", "postalCode": "80320" } },
        "details": { "dealValue": 62_000, "currency": "EUR", "closingDateTime": "2026-06-30T00:00:00Z", "notes": "40 lorries",
                     "requirements": { "solutions": [{ "id": "SOL-71402-QKD" }] } }
    })
}

fn opportunity() -> Subject {
    Subject::Crm(record(OPPORTUNITY, json!({})).key)
}

fn referral() -> Subject {
    Subject::Referral(REFERRAL.parse().unwrap())
}

fn ask_for_help(record: &mut CrmRecord) {
    record.fields.insert("nwcs_howcanmicrosofthelp".into(), json!(412_000_002));
}

#[tokio::test]
async fn a_referral_becomes_one_record_and_then_rests() {
    let stage = Stage::with_referral();
    assert_eq!(stage.settle(&referral()).await.kind, AuditKind::Created);
    let record = stage.the_record();
    assert_eq!(record.phase, Phase::OnHold);
    assert_eq!(record.get("nwcs_syncstatus"), "✔ Synced");
    assert_eq!(stage.referrals()[0]["externalReferenceId"], json!(record.key.id));
    stage.world.take_calls();
    stage.look(&referral(), "echo").await.unwrap();
    stage.look(&Subject::Crm(record.key), "echo").await.unwrap();
    assert_eq!(
        stage.world.take_calls(),
        ["pc.get", "crm.get", "pc.get", "crm.get"],
        "an echo is two reads and no write"
    );
}

#[tokio::test]
async fn a_flagged_record_becomes_one_referral_with_four_calls() {
    let stage = Stage::with_opportunity();
    let outcome = stage.look(&opportunity(), "first").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Created);
    assert_eq!(
        stage.world.take_calls(),
        ["crm.get", "pc.search", "pc.create", "links.create", "crm.update", "links.save"]
    );
    let record = stage.the_record();
    assert_eq!(record.get("nwcs_referralid"), &stage.referrals()[0]["id"]);
    assert!(
        record
            .get("nwcs_referrallink")
            .as_str()
            .unwrap()
            .starts_with("https://partner.example/referrals/")
    );
    assert!(record.get("nwcs_audit").as_str().unwrap().contains("Created in Partner Center."));
    assert_eq!(stage.look(&opportunity(), "echo").await.unwrap().kind, AuditKind::Unchanged);
}

#[tokio::test]
async fn edits_cross_in_both_directions_and_come_to_rest() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("estimatedvalue".into(), json!(205_000)));
    });
    assert_eq!(stage.settle(&opportunity()).await.kind, AuditKind::Updated);
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 205_000);
    let mut body = stage.referrals()[0].clone();
    body["details"]["notes"] = json!("call before noon");
    stage.world.put_referral(id, body);
    assert_eq!(stage.settle(&Subject::Referral(id)).await.kind, AuditKind::Updated);
    assert_eq!(stage.the_record().get("description"), "call before noon");
}

#[tokio::test]
async fn a_post_that_took_effect_though_its_answer_was_lost_is_adopted_at_once() {
    let stage = Stage::with_opportunity();
    stage.fault("pc.create", Fault::After(FailureKind::OutcomeUnknown));
    assert_eq!(stage.settle(&opportunity()).await.kind, AuditKind::Created);
    assert_eq!(stage.referrals().len(), 1);
}

#[tokio::test]
async fn an_unknown_outcome_keeps_the_claim_until_somebody_has_looked() {
    let mut stage = Stage::with_opportunity();
    stage.fault("pc.create", Fault::After(FailureKind::OutcomeUnknown));
    *stage.world.blind.lock().unwrap() = true;
    assert_eq!(
        stage.look(&opportunity(), "dies").await.unwrap_err().kind,
        FailureKind::OutcomeUnknown
    );
    let waiting = stage.look(&opportunity(), "too early").await.unwrap_err();
    assert!(matches!(waiting.kind, FailureKind::Throttled { .. }), "{waiting}");
    *stage.world.blind.lock().unwrap() = false;
    stage.now += SignedDuration::from_mins(10);
    stage.settle(&opportunity()).await;
    assert_eq!(stage.referrals().len(), 1);
}

#[tokio::test]
async fn a_crash_between_the_post_and_the_link_makes_no_second_referral() {
    let mut stage = Stage::with_opportunity();
    stage.fault("links.create", Fault::Before(FailureKind::Transient));
    stage.look(&opportunity(), "dies").await.unwrap_err();
    // The referral's own event must not make a second record meanwhile either.
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    stage.look(&Subject::Referral(id), "event").await.unwrap_err();
    stage.now += SignedDuration::from_mins(10);
    assert_eq!(stage.look(&Subject::Referral(id), "retry").await.unwrap().kind, AuditKind::Adopted);
    assert_eq!(stage.referrals().len(), 1);
    assert_eq!(stage.the_record().get("nwcs_referralid"), &json!(id.to_string()));
}

#[tokio::test]
async fn a_lost_write_back_is_made_good_by_the_next_look() {
    let stage = Stage::with_opportunity();
    stage.fault("crm.update", Fault::Before(FailureKind::Transient));
    stage.look(&opportunity(), "dies").await.unwrap_err();
    stage.settle(&opportunity()).await;
    assert_eq!(stage.referrals().len(), 1);
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn help_is_asked_of_microsoft_once_even_if_the_second_post_dies() {
    for fault in [Fault::Before(FailureKind::Transient), Fault::After(FailureKind::OutcomeUnknown)] {
        let mut stage = Stage::with_opportunity();
        stage.world.edit_record(OPPORTUNITY, ask_for_help);
        // The first create goes through; the second is the invitation.
        stage.fault("links.create", Fault::After(FailureKind::Transient));
        stage.look(&opportunity(), "dies").await.unwrap_err();
        stage.now += SignedDuration::from_mins(10);
        stage.fault("pc.create", fault);
        stage.look(&opportunity(), "dies again").await.unwrap_err();
        stage.now += SignedDuration::from_mins(10);
        stage.settle(&opportunity()).await;
        let halves = stage
            .referrals()
            .into_iter()
            .filter(|body| body["target"][0]["id"] == "msft")
            .count();
        assert_eq!((halves, stage.referrals().len()), (1, 2), "{fault:?}");
    }
}

#[tokio::test]
async fn microsofts_half_leads_to_the_pair_and_its_id_reaches_the_seller() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.settle(&opportunity()).await;
    let mut half = stage
        .referrals()
        .into_iter()
        .find(|body| body["target"][0]["id"] == "msft")
        .unwrap();
    half["trackingInfo"] = json!({ "microsoftMsxId": "7-AB12CD34EF" });
    (half["status"], half["substatus"]) = (json!("Active"), json!("Accepted"));
    let id: ReferralId = half["id"].as_str().unwrap().parse().unwrap();
    stage.world.put_referral(id, half);
    stage.look(&Subject::Referral(id), "event").await.unwrap();
    assert_eq!(stage.the_record().get("nwcs_microsoftcrmid"), "7-AB12CD34EF");
    assert_eq!(stage.referrals().len(), 2);
}

#[tokio::test]
async fn what_is_missing_is_told_to_the_seller_once_and_then_mended() {
    let stage = Stage::with_opportunity();
    stage
        .world
        .edit_record(OPPORTUNITY, |record| drop(record.fields.remove("nwcs_products")));
    assert_eq!(stage.look(&opportunity(), "first").await.unwrap().kind, AuditKind::Rejected);
    assert!(
        stage
            .the_record()
            .get("nwcs_audit")
            .as_str()
            .unwrap()
            .contains("Products is missing: Enter at least one")
    );
    stage.world.take_calls();
    stage.look(&opportunity(), "echo").await.unwrap();
    assert_eq!(stage.world.take_calls(), ["crm.get", "pc.search"], "told once");
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("nwcs_products".into(), json!("SOL-71402-QKD")));
    });
    stage.settle(&opportunity()).await;
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn a_refusal_by_partner_center_is_told_and_leaves_the_way_free() {
    let stage = Stage::with_opportunity();
    stage.fault("pc.create", Fault::Before(FailureKind::Rejected));
    assert_eq!(stage.look(&opportunity(), "first").await.unwrap().kind, AuditKind::Rejected);
    assert!(
        stage
            .the_record()
            .get("nwcs_syncstatus")
            .as_str()
            .unwrap()
            .starts_with("✘ Partner Center rejected")
    );
    stage.settle(&opportunity()).await;
    assert_eq!(stage.referrals().len(), 1);
}

#[tokio::test]
async fn a_copied_opportunity_does_not_steal_the_referral() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let copy = "11111111-7b1e-4f6c-9d3a-2f1b0c9e8d77";
    let mut copied = stage.the_record();
    copied.key.id = copy.into();
    let subject = Subject::Crm(copied.key.clone());
    stage.world.records.lock().unwrap().insert(copy.into(), copied);
    let outcome = stage.look(&subject, "copy").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(outcome.message.contains("was this one copied?"));
    assert_eq!(stage.referrals().len(), 1);
}

#[tokio::test]
async fn a_human_edit_between_read_and_write_is_never_overwritten() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    stage
        .world
        .edit_record(OPPORTUNITY, |record| drop(record.fields.insert("name".into(), json!("Renamed"))));
    stage.fault("pc.patch", Fault::Before(FailureKind::Stale));
    stage.look(&opportunity(), "loses the race").await.unwrap_err();
    assert_eq!(stage.referrals()[0]["name"], "Cold-store rollout");
    stage.settle(&opportunity()).await;
    assert_eq!(stage.referrals()[0]["name"], "Renamed");
}

#[tokio::test]
async fn a_win_in_the_crm_wins_the_referral() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Won);
    assert_eq!(stage.settle(&opportunity()).await.kind, AuditKind::Updated);
    assert_eq!(
        (&stage.referrals()[0]["status"], &stage.referrals()[0]["substatus"]),
        (&json!("Closed"), &json!("Won"))
    );
}

#[tokio::test]
async fn every_look_leaves_an_audit_entry_with_what_was_written() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("estimatedvalue".into(), json!(205_000)));
    });
    stage.look(&opportunity(), "edit").await.unwrap();
    let trail = stage.world.trail.lock().unwrap();
    let entry = trail.iter().find(|entry| entry.invocation == "edit").unwrap();
    assert_eq!(entry.kind, AuditKind::Updated);
    assert_eq!(entry.changes.len(), 1);
    assert_eq!(
        (entry.changes[0].field.as_str(), entry.changes[0].after.to_json()),
        ("deal_value", json!(205_000))
    );
    assert!(entry.pair.starts_with("referral#"));
}

#[tokio::test]
async fn two_looks_of_one_invocation_invite_microsoft_once() {
    let mut stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("links.create", Fault::After(FailureKind::Transient));
    stage.look(&opportunity(), "dies").await.unwrap_err();
    stage.now += SignedDuration::from_mins(10);
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    // Both subjects' messages in one batch: two groups, side by side.
    let own = Subject::Referral(id);
    let (record, referral) = (opportunity(), own);
    let (_, _) = futures::join!(stage.look(&record, "batch"), stage.look(&referral, "batch"));
    stage.now += SignedDuration::from_mins(10);
    stage.settle(&opportunity()).await;
    assert_eq!(stage.referrals().len(), 2, "our referral and one half of Microsoft's");
}

#[tokio::test]
async fn help_is_still_asked_when_our_referral_is_found_instead_of_answered() {
    let mut stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("links.create", Fault::Before(FailureKind::Transient));
    stage.look(&opportunity(), "dies").await.unwrap_err();
    stage.now += SignedDuration::from_mins(10);
    stage.settle(&opportunity()).await;
    let halves = stage
        .referrals()
        .into_iter()
        .filter(|body| body["target"][0]["id"] == "msft")
        .count();
    assert_eq!(halves, 1);
}

#[tokio::test]
async fn our_own_write_is_not_taken_for_an_edit_when_the_other_half_failed() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let value = |value: u32| move |record: &mut CrmRecord| drop(record.fields.insert("estimatedvalue".into(), json!(value)));
    stage.world.edit_record(OPPORTUNITY, value(205_000));
    stage.fault("crm.update", Fault::Before(FailureKind::Stale));
    stage.look(&opportunity(), "dies after the patch").await.unwrap_err();
    // The seller saves again, and Partner Center's clock says our patch was later.
    stage.world.edit_record(OPPORTUNITY, value(210_000));
    stage.settle(&opportunity()).await;
    assert_eq!(stage.the_record().get("estimatedvalue"), 210_000);
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 210_000);
}

#[tokio::test]
async fn a_switch_that_the_seller_turned_off_stays_off_and_nothing_crosses() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let before = stage.referrals();
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(false));
        record.fields.insert("description".into(), json!("internal"));
    });
    let id: ReferralId = before[0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(stage.look(&Subject::Referral(id), "event").await.unwrap().kind, AuditKind::Skipped);
    assert_eq!(stage.referrals(), before);
    assert_eq!(stage.the_record().get("nwcs_syncwithpartnercenter"), false);
}

#[tokio::test]
async fn an_old_closed_referral_does_not_close_an_open_opportunity() {
    let stage = Stage::with_opportunity();
    let mut body = inbound();
    body["direction"] = json!("Outgoing");
    body["externalReferenceId"] = json!(OPPORTUNITY);
    (body["status"], body["substatus"]) = (json!("Closed"), json!("Expired"));
    stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    let outcome = stage.look(&opportunity(), "first").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert_eq!((stage.the_record().phase, stage.referrals().len()), (Phase::Open, 1));
    assert!(
        stage
            .the_record()
            .get("nwcs_audit")
            .as_str()
            .unwrap()
            .contains("already closed in Partner Center")
    );
}

#[tokio::test]
async fn what_partner_center_refuses_does_not_keep_its_own_changes_out() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    let mut body = stage.referrals()[0].clone();
    body["details"]["notes"] = json!("call before noon");
    stage.world.put_referral(id, body);
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("nwcs_products".into(), json!("SOL-WRONG")));
    });
    stage.fault("pc.patch", Fault::Before(FailureKind::Rejected));
    let outcome = stage.look(&opportunity(), "refused").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(!outcome.message.contains("Sent to Partner Center"), "{}", outcome.message);
    assert_eq!(stage.the_record().get("description"), "call before noon");
    assert!(stage.the_record().get("nwcs_syncstatus").as_str().unwrap().starts_with('✘'));
    stage.settle(&opportunity()).await;
    assert_eq!(
        stage.referrals()[0]["details"]["requirements"]["solutions"][0]["id"],
        "SOL-WRONG",
        "the edit is tried again"
    );
}

#[tokio::test]
async fn a_close_that_the_crm_refuses_is_told_once_and_left_to_the_seller() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    let mut body = stage.referrals()[0].clone();
    (body["status"], body["substatus"]) = (json!("Closed"), json!("Won"));
    stage.world.put_referral(id, body);
    *stage.world.refuse_closing.lock().unwrap() = true;
    assert_eq!(stage.look(&Subject::Referral(id), "event").await.unwrap().kind, AuditKind::Rejected);
    assert!(stage.the_record().get("nwcs_syncstatus").as_str().unwrap().starts_with('✘'));
    stage.world.take_calls();
    for _ in 0..2 {
        stage.look(&opportunity(), "poll").await.unwrap();
    }
    let calls = stage.world.take_calls();
    assert!(!calls.contains(&"crm.update"), "{calls:?}");
    *stage.world.refuse_closing.lock().unwrap() = false;
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Won);
    stage.settle(&opportunity()).await;
}
