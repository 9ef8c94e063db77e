//! Scenarios on in-memory ports: what a seller, Microsoft and a failing network do, and what must
//! come of it.

mod agreement;
mod attention;
mod closed;
mod conflicts;
mod costs;
mod creation;
mod currency;
mod disconnect;
mod dropped_writes;
mod dry_run;
mod help;
mod invitation;
mod leads;
mod lost_notices;
mod mapping;
mod marks;
mod microsoft;
mod on_hold;
mod refusals;
mod seller_text;
mod states;
mod taken_back;
mod untrue_marks;
mod update;
mod visibility;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use cosell_fakes::{Fault, Part, Ports, Refusal, Script, World};
use cosell_mapping::{Crm, Mapping, Placeholders};
use cosell_model::audit::{AuditEntry, AuditKind};
use cosell_model::crm::{CrmKey, CrmRecord, Phase};
use cosell_model::deadline::Deadlines;
use cosell_model::flapping::FlappingLimits;
use cosell_model::id::ReferralId;
use cosell_model::link::{DisconnectReason, Link};
use cosell_model::message::{Cause, Subject, SyncMessage};
use cosell_sync::Policy;
use cosell_sync::{Engine, Failure, FailureKind, Order, Outcome, Request};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

const OPPORTUNITY: &str = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";
const REFERRAL: &str = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa";

/// The mapping that ships for Dynamics 365.
pub(crate) fn shipped() -> Mapping {
    let placeholders =
        Placeholders::from([("prefix", "nwcs".to_owned()), ("team_phone", "+4670".to_owned())]);
    let shipped = include_str!("../../../../../infra/mapping/dynamics.toml");
    cosell_mapping_check::parse(
        &Crm::of_guids("dynamics").with_currency_lookup("transactioncurrencyid"),
        shipped,
        &placeholders,
    )
    .unwrap()
}

pub(crate) struct Stage {
    pub(crate) world: Arc<World>,
    pub(crate) script: Arc<Script>,
    ports: Arc<Ports>,
    pub(crate) engine: Engine,
    now: Timestamp,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let (mapping, now) = (shipped(), "2026-11-21T10:00:00Z".parse().unwrap());
        let (world, script) = (Arc::new(World::new(&mapping, now)), Arc::new(Script::default()));
        let ports = Arc::new(Ports::new(world.clone(), script.clone(), "test"));
        let engine = Engine {
            partner_center: ports.clone(),
            crm: ports.clone(),
            leads: None,
            links: ports.clone(),
            claims: ports.clone(),
            schedule: ports.clone(),
            audit: ports.clone(),
            mapping: Arc::new(mapping),
            policy: Arc::new(Policy {
                sync_private: true,
                sync_leads: true,
                referral_link_base: "https://partner.example/referrals".into(),
                flapping: FlappingLimits::default(),
                deadlines: Deadlines::default(),
                words: cosell_sync::render::Words::default(),
            }),
        };
        Self { world, script, ports, engine, now }
    }

    /// With a flagged, complete opportunity in the CRM.
    fn with_opportunity() -> Self {
        let stage = Self::new();
        stage.world.put_record(record(OPPORTUNITY, complete()));
        stage
    }

    /// With an inbound referral in Partner Center.
    fn with_referral() -> Self {
        let stage = Self::new();
        stage.world.put_referral(REFERRAL.parse().unwrap(), inbound());
        stage
    }

    async fn reconcile(&self, subject: &Subject, invocation: &str) -> Result<Outcome, Failure> {
        let message = SyncMessage {
            subject: subject.clone(),
            cause: Cause::Webhook,
            observed: "test".into(),
        };
        self.world.state().now = self.now;
        let request = Request { message: &message, receives: 1, now: self.now, invocation };
        let outcome = self.engine.reconcile(request).await;
        // Whatever a test is about, nothing is sent that the services lock.
        assert_eq!(self.world.state().violations, [""; 0]);
        outcome
    }

    /// Reconciles until the deal is quiet, as the queue's echoes do; says how the first one ended.
    async fn until_quiet(&self, subject: &Subject) -> Outcome {
        let first = self.reconcile(subject, "first").await.unwrap();
        for _ in 0..3 {
            if self.reconcile(subject, "echo").await.unwrap().kind == AuditKind::Unchanged {
                return first;
            }
        }
        panic!("the pair does not come to rest");
    }

    fn the_record(&self) -> CrmRecord {
        let mut records = self.records();
        assert_eq!(records.len(), 1, "exactly one CRM record");
        records.pop_first().unwrap().1
    }

    pub(crate) fn the_link(&self) -> Link {
        let mut links = self.world.state().links.clone();
        assert_eq!(links.len(), 1, "exactly one link");
        links.pop_first().unwrap().1
    }

    pub(crate) fn referrals(&self) -> Vec<Json> {
        self.world.state().referrals.values().cloned().collect()
    }

    /// The seller of the only record edits it.
    fn seller_edits(&self, edit: impl FnOnce(&mut CrmRecord)) {
        self.world.edit_record(&self.the_record().key.id, edit);
    }

    /// Somebody edits the linked referral in Partner Center.
    fn partner_center_edits(&self, edit: impl FnOnce(&mut Json)) {
        let id = self.the_link().referral;
        let mut body = self.body(id);
        edit(&mut body);
        self.world.put_referral(id, body);
    }

    pub(crate) fn fault(&self, call: &'static str, fault: Fault) {
        self.script.fault(call, fault);
    }

    /// The opportunities, by id.
    pub(crate) fn records(&self) -> BTreeMap<String, CrmRecord> {
        let mut records = self.world.state().records.clone();
        records.retain(|_, record| record.key.entity == "opportunity");
        records
    }

    fn audit_log(&self) -> Vec<AuditEntry> {
        self.world.state().audit.clone()
    }

    fn body(&self, referral: ReferralId) -> Json {
        self.world.state().referrals[&referral].clone()
    }

    /// From now on the CRM refuses this column and no other.
    fn crm_refuses(&self, column: Option<&str>) {
        let refusals = column.map(|column| Refusal::of_field(column, "not in this list"));
        self.world.state().crm.refusals = refusals.into_iter().collect();
    }

    /// From now on Partner Center refuses this path and no other.
    fn partner_center_refuses(&self, path: Option<&str>) {
        let part = path.map(|path| Part::Patched(path.to_owned()));
        let refusals = part.map(|part| Refusal::of(part, "not a solution"));
        self.world.state().partner_center.refusals = refusals.into_iter().collect();
    }
}

/// A deal at rest that began in the CRM.
async fn in_sync() -> Stage {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    stage
}

/// An open opportunity with these columns.
pub(crate) fn record(id: &str, fields: Json) -> CrmRecord {
    let key = CrmKey { system: "dynamics".into(), entity: "opportunity".into(), id: id.into() };
    let modified = "2026-11-21T09:00:00Z".parse().unwrap();
    CrmRecord { modified, ..cosell_fakes::record(key, fields) }
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

/// Changes a rule of the mapping in force.
fn with_rule(stage: &mut Stage, name: &str, change: impl Fn(&mut cosell_mapping::Rule)) {
    let mut mapping = Mapping::clone(&stage.engine.mapping);
    mapping.rules.iter_mut().filter(|rule| rule.name == name).for_each(change);
    stage.engine.mapping = Arc::new(mapping);
}
