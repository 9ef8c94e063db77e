//! Scenarios on in-memory ports: what a seller, Microsoft and a failing network do, and what must come of it.

mod conflicts;
mod costs;
mod creation;
mod currency;
mod disconnect;
mod dropped_writes;
mod help;
mod invitation;
mod leads;
mod mapping;
mod marks;
mod microsoft;
mod on_hold;
mod refusals;
mod update;
mod visibility;
mod waiting;

use std::sync::Arc;

use crate::plan::Policy;
use cosell_mapping::{Mapping, Placeholders};
use cosell_model::audit::AuditKind;
use cosell_model::breaker::Breaker;
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::deadline::Deadlines;
use cosell_model::id::ReferralId;
use cosell_model::link::{DisconnectReason, Link};
use cosell_model::message::{Cause, Subject, SyncMessage};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::{Engine, Look, Order, Outcome};
use crate::failure::{Failure, FailureKind};
use crate::memory::{Fault, World, record};

const OPPORTUNITY: &str = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";
const REFERRAL: &str = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa";

pub(crate) struct Stage {
    pub(crate) world: Arc<World>,
    pub(crate) engine: Engine,
    now: Timestamp,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let world = Arc::new(World::default());
        let placeholders =
            Placeholders::from([("prefix", "nwcs".to_owned()), ("team_phone", "+4670".to_owned())]);
        let mapping = cosell_mapping_check::parse(
            include_str!("../../../../../infra/mapping/dynamics.toml"),
            &placeholders,
        )
        .unwrap();
        let engine = Engine {
            partner_center: world.clone(),
            crm: world.clone(),
            leads: None,
            links: world.clone(),
            claims: world.clone(),
            schedule: world.clone(),
            audit: world.clone(),
            mapping: Arc::new(mapping),
            policy: Arc::new(Policy {
                sync_private: true,
                sync_leads: true,
                referral_link_base: "https://partner.example/referrals".into(),
                breaker: Breaker::default(),
                deadlines: Deadlines::default(),
            }),
        };
        Self { world, engine, now: "2026-11-21T10:00:00Z".parse().unwrap() }
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
            cause: Cause::Webhook,
            observed: "test".into(),
        };
        self.engine.reconcile(Look { message: &message, now: self.now, invocation }).await
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

    pub(crate) fn the_link(&self) -> Link {
        let links = self.world.links.lock().unwrap();
        assert_eq!(links.len(), 1, "exactly one link");
        links.values().next().unwrap().clone()
    }

    pub(crate) fn referrals(&self) -> Vec<Json> {
        self.world.referrals.lock().unwrap().values().cloned().collect()
    }

    pub(crate) fn fault(&self, call: &'static str, fault: Fault) {
        self.world.faults.lock().unwrap().push_back((call, fault));
    }
}

pub(crate) fn complete() -> Json {
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
