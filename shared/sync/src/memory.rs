//! In-memory ports: the engine's own view of the system, with faults to order.

mod crm;
mod leads;
mod partner_center;
mod store;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use cosell_model::audit::AuditEntry;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::id::{ETag, EngagementId, ReferralId};
use cosell_model::link::Link;
use cosell_model::message::SyncMessage;
use cosell_model::patch::PatchOperation;
use cosell_model::referral::Referral;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::failure::{Failure, FailureKind, System};
use crate::port::{
    AuditLog, Claim, Claims, Crm, CrmChange, Cursors, Links, PartnerCenter, Queue, ReferralChange,
    Schedule,
};

/// What a call does instead of succeeding.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Fails without effect.
    Before(FailureKind),
    /// Takes effect, then fails.
    After(FailureKind),
    /// Succeeds: the fault behind it is for a later call.
    Pass,
}

/// The whole system.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) referrals: Mutex<BTreeMap<ReferralId, Json>>,
    pub(crate) records: Mutex<BTreeMap<String, CrmRecord>>,
    pub(crate) links: Mutex<BTreeMap<ReferralId, Link>>,
    claims: Mutex<BTreeMap<String, (String, Timestamp)>>,
    pub(crate) trail: Mutex<Vec<AuditEntry>>,
    /// Calls made, by name.
    pub(crate) calls: Mutex<Vec<&'static str>>,
    /// Faults, by call name, first come first served.
    pub(crate) faults: Mutex<VecDeque<(&'static str, Fault)>>,
    /// Messages put on the queue.
    pub(crate) queued: Mutex<Vec<SyncMessage>>,
    pub(crate) cursors: Mutex<BTreeMap<String, Timestamp>>,
    pub(crate) schedule: Mutex<BTreeSet<(Timestamp, ReferralId)>>,
    /// Whether searches and lists are so far behind that they find nothing.
    pub(crate) blind: Mutex<bool>,
    /// An edit that somebody makes just before the next search.
    pub(crate) edit_before_search: Mutex<Option<(&'static str, Json)>>,
    /// Records whose reading panics, or never ends.
    panics: Mutex<Vec<String>>,
    hangs: Mutex<Vec<String>>,
    /// A column that the CRM refuses, and a path that Partner Center refuses.
    pub(crate) refused_column: Mutex<Option<&'static str>>,
    pub(crate) refused_path: Mutex<Option<&'static str>>,
    /// A column that the CRM takes and does not keep.
    pub(crate) ignored_column: Mutex<Option<&'static str>>,
    /// Whether the CRM has no on-hold stage: what would be on hold is open.
    pub(crate) lacks_on_hold: Mutex<bool>,
    /// Whether the connector's own columns can be written on a closed record: some CRMs let, some do not.
    pub(crate) closed_takes_notes: Mutex<bool>,
    /// Whether the CRM refuses to close records.
    pub(crate) refuse_closing: Mutex<bool>,
    /// What its records are, where they are no opportunities.
    entity: Mutex<Option<&'static str>>,
    counter: Mutex<u32>,
}

pub(crate) use leads::LeadsOf;

impl World {
    fn next(&self) -> u32 {
        let mut counter = self.counter.lock().unwrap();
        *counter += 1;
        *counter
    }

    fn guid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.next()) | 0x0a00_0000_0000_4000_8000_0000_0000_0000)
    }

    fn called(&self, name: &'static str) -> Option<Fault> {
        self.calls.lock().unwrap().push(name);
        let mut faults = self.faults.lock().unwrap();
        let at = faults.iter().position(|(call, _)| *call == name)?;
        faults.remove(at).map(|(_, fault)| fault)
    }

    fn run<T>(
        &self,
        name: &'static str,
        system: System,
        effect: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match self.called(name) {
            None | Some(Fault::Pass) => effect(),
            Some(Fault::Before(kind)) => Err(Failure::new(system, kind, "ordered by the test")),
            Some(Fault::After(kind)) => {
                effect().and(Err(Failure::new(system, kind, "ordered by the test")))
            }
        }
    }

    pub(crate) fn panic_on(&self, id: &str) {
        self.panics.lock().unwrap().push(id.to_owned());
    }

    pub(crate) fn hang_on(&self, id: &str) {
        self.hangs.lock().unwrap().push(id.to_owned());
    }

    /// The calls made since the last time; the audit trail's, the claims' and the reads of links are left out.
    pub(crate) fn take_calls(&self) -> Vec<&'static str> {
        let mut calls = self.take_all_calls();
        calls.retain(|call| {
            *call != "audit" && !call.starts_with("claims.") && !call.starts_with("links.read")
        });
        calls
    }

    pub(crate) fn take_all_calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// A referral as a person makes or edits it: a new eTag, no call counted.
    pub(crate) fn put_referral(&self, id: ReferralId, body: Json) {
        let mut body = body;
        body["id"] = json!(id);
        body["eTag"] = json!(format!("\"{}\"", self.next()));
        self.referrals.lock().unwrap().insert(id, body);
    }

    pub(crate) fn edit_record(&self, id: &str, edit: impl FnOnce(&mut CrmRecord)) {
        let version = format!("W/\"{}\"", self.next());
        let mut records = self.records.lock().unwrap();
        let record = records.get_mut(id).unwrap();
        edit(record);
        record.version = version;
    }

    fn all(&self, keep: impl Fn(&Referral) -> bool) -> Vec<Referral> {
        self.referrals
            .lock()
            .unwrap()
            .values()
            .map(read)
            .filter(|referral| keep(referral))
            .collect()
    }

    fn takes(&self, write: &CrmWrite) -> Result<(), Failure> {
        match *self.refused_column.lock().unwrap() {
            Some(column) if write.fields.contains_key(column) => {
                Err(Failure::new(System::Crm, FailureKind::Rejected, "not in this list"))
            }
            _ => Ok(()),
        }
    }

    fn store(&self, record: &mut CrmRecord, write: &CrmWrite) {
        let ignored = *self.ignored_column.lock().unwrap();
        let kept = write.fields.iter().filter(|(column, _)| Some(column.as_str()) != ignored);
        record.fields.extend(kept.map(|(column, value)| (column.clone(), value.clone())));
        record.phase = match write.phase {
            Some(Phase::OnHold) if *self.lacks_on_hold.lock().unwrap() => Phase::Open,
            phase => phase.unwrap_or(record.phase),
        };
        record.version = format!("W/\"{}\"", self.next());
    }
}

/// An open opportunity with these columns.
pub(crate) fn record(id: &str, fields: Json) -> CrmRecord {
    CrmRecord {
        key: CrmKey { system: "dynamics".into(), entity: "opportunity".into(), id: id.into() },
        version: "W/\"0\"".into(),
        modified: "2026-11-21T09:00:00Z".parse().unwrap(),
        phase: Phase::Open,
        fields: serde_json::from_value(fields).unwrap(),
        merged_into: None,
        converted_into: None,
        request_id: None,
    }
}

fn read(body: &Json) -> Referral {
    Referral::parse(body.clone(), None, None).unwrap()
}

fn stale(system: System) -> Failure {
    Failure::new(system, FailureKind::Stale, "it changed since it was read")
}
