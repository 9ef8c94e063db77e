//! Everything that is stored anywhere, and what was done to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cosell_mapping::{Columns, Mapping};
use cosell_model::audit::AuditEntry;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite};
use cosell_model::id::{ETag, ReferralId};
use cosell_model::link::Link;
use cosell_model::message::{Subject, SyncMessage};
use cosell_model::patch::PatchOperation;
use cosell_model::record_id::RecordIds;
use cosell_model::state::UnlinkedDeal;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::queue::Queue;
use crate::services::{CrmServices, Defects, PartnerCenterServices, Versions};
use crate::{crm, leads, partner_center};

/// What a write by the engine left behind.
#[derive(Clone, Debug)]
pub enum Written {
    /// A referral's body.
    Referral(Json),
    /// A record.
    Record(Box<CrmRecord>),
}

/// A write by the engine.
#[derive(Clone, Debug)]
pub struct Write {
    /// Who wrote.
    pub invocation: String,
    /// When.
    pub at: Timestamp,
    /// The moment of [`State`].
    pub moment: u32,
    /// How many entries the audit log had.
    pub audited: usize,
    /// The record's or referral's id.
    pub subject: String,
    /// What was asked for.
    pub request: Request,
    /// As it was before; `None` of what is new.
    pub before: Option<Written>,
    /// As it is after.
    pub after: Written,
}

/// A request that hung: its caller has given up, and it takes effect later.
#[derive(Clone, Debug)]
pub struct Late {
    /// When it takes effect.
    pub due: Timestamp,
    /// Who sent it.
    pub invocation: String,
    /// What it asks.
    pub request: Request,
}

/// What a write asks of one of the two systems.
#[derive(Clone, Debug)]
pub enum Request {
    /// A new referral.
    Create(Json),
    /// A patch of a referral.
    Patch(ReferralId, ETag, Vec<PatchOperation>),
    /// The record of this table with this Referral Identifier.
    Upsert(&'static str, ReferralId, CrmWrite),
    /// An opportunity of this lead.
    Convert(String),
    /// A change of a record.
    Update(CrmKey, String, CrmWrite),
}

/// Everything that is stored anywhere.
pub struct State {
    /// The one clock.
    pub now: Timestamp,
    /// Counts all events.
    pub moment: u32,
    /// Partner Center's referrals.
    pub referrals: BTreeMap<ReferralId, Json>,
    /// Since when each referral exists, for searches that are behind.
    pub born: BTreeMap<ReferralId, Timestamp>,
    /// Referrals that the sync's service account cannot see for the time being.
    pub hidden: BTreeSet<ReferralId>,
    /// The CRM's opportunities and leads.
    pub records: BTreeMap<String, CrmRecord>,
    /// The pairs.
    pub links: BTreeMap<ReferralId, Link>,
    /// States of deals that are not linked.
    pub unlinked: BTreeMap<Subject, UnlinkedDeal>,
    /// Since which moment each field of a pair, as it is linked now, was last synced, by rule name.
    pub known: BTreeMap<ReferralId, BTreeMap<String, u32>>,
    /// Claims: holder, and until when.
    pub claims: BTreeMap<String, (String, Timestamp)>,
    /// The poller's cursors.
    pub cursors: BTreeMap<String, Timestamp>,
    /// Scheduled reconciles.
    pub schedule: BTreeSet<(Timestamp, ReferralId)>,
    /// The audit log.
    pub audit: Vec<AuditEntry>,
    /// The sync queue.
    pub queue: Queue,
    /// Referrals that Partner Center will notify us of, with the time of their change.
    pub webhooks: Vec<(ReferralId, String)>,
    /// Requests that hang.
    pub late: Vec<Late>,
    /// What must never be tried, and was.
    pub violations: Vec<String>,
    /// Writes to the two systems by the engine, in order.
    pub writes: Vec<Write>,
    /// What happened, for people.
    pub history: Vec<String>,
    /// What the CRM is like.
    pub crm: CrmServices,
    /// What Partner Center is like.
    pub partner_center: PartnerCenterServices,
    /// What is worse than it should be.
    pub defects: Defects,
    pub(crate) columns: Columns,
    ids: RecordIds,
    counter: u32,
}

impl State {
    fn new(mapping: &Mapping, now: Timestamp) -> Self {
        Self {
            now,
            moment: 0,
            referrals: BTreeMap::new(),
            born: BTreeMap::new(),
            hidden: BTreeSet::new(),
            records: BTreeMap::new(),
            links: BTreeMap::new(),
            unlinked: BTreeMap::new(),
            known: BTreeMap::new(),
            claims: BTreeMap::new(),
            cursors: BTreeMap::new(),
            schedule: BTreeSet::new(),
            audit: Vec::new(),
            queue: Queue::default(),
            webhooks: Vec::new(),
            late: Vec::new(),
            violations: Vec::new(),
            writes: Vec::new(),
            history: Vec::new(),
            crm: CrmServices::default(),
            partner_center: PartnerCenterServices::default(),
            defects: Defects::default(),
            columns: mapping.columns.clone(),
            ids: mapping.record_ids,
            counter: 0,
        }
    }

    /// A number that was never given before.
    pub fn number(&mut self) -> u32 {
        self.counter += 1;
        self.counter
    }

    /// An id that was never given before.
    pub fn guid(&mut self) -> Uuid {
        Uuid::from_u128(u128::from(self.number()) | 0x0a00_0000_0000_4000_8000_0000_0000_0000)
    }

    /// The key of a new record of this table.
    pub fn new_key(&mut self, entity: &str) -> CrmKey {
        let number = self.number();
        let id = Uuid::from_u128(u128::from(number) | 0x0a00_0000_0000_4000_8000_0000_0000_0000);
        let salesforce = match entity {
            "lead" => format!("00Q{number:012}"),
            _ => format!("006{number:012}"),
        };
        let read = |text: &str| self.ids.key(entity, text);
        read(&id.to_string()).or_else(|| read(&salesforce)).unwrap_or_else(|| CrmKey {
            system: self.ids.system.to_owned(),
            entity: entity.to_owned(),
            id: id.to_string(),
        })
    }

    /// Notes what happened.
    pub fn note(&mut self, what: impl FnOnce() -> String) {
        self.moment += 1;
        let line = format!("{:>4}  {}", self.moment, what());
        self.history.push(line);
    }

    /// Stores a referral as it is given, with a new eTag. Nobody is notified.
    pub fn put_referral(&mut self, id: ReferralId, mut body: Json) {
        let number = self.number();
        body["id"] = json!(id);
        body["eTag"] = json!(format!("\"{number}\""));
        self.referrals.insert(id, body);
        self.born.entry(id).or_insert(self.now);
    }

    /// Stores a referral as changed now, and has Partner Center notify us.
    pub fn change_referral(&mut self, id: ReferralId, mut body: Json) {
        // No two changes at the same time: the service's clock has seven digits.
        let after = SignedDuration::from_micros(i64::from(self.counter + 1));
        let at = (self.now + after).to_string();
        body["updatedDateTime"] = json!(at);
        self.put_referral(id, body);
        self.webhooks.push((id, at));
    }

    /// A person enters a value: what the CRM keeps of it stands there, as changed now.
    pub fn enter(&mut self, id: &str, column: &str, value: &Json) {
        let kept = self.crm.kept(column, value);
        if let Some(record) = self.records.get_mut(id) {
            record.fields.insert(column.into(), kept);
        }
        self.touch(id);
    }

    /// Marks a record as changed now. The CRM's clock has whole seconds.
    pub fn touch(&mut self, id: &str) {
        let now = Timestamp::from_second(self.now.as_second()).unwrap_or(self.now);
        if let Some(record) = self.records.get_mut(id) {
            record.modified = now;
        }
        self.stamp(id);
    }

    /// Gives a record a new version.
    pub(crate) fn stamp(&mut self, id: &str) {
        let number = self.number();
        let versions = self.crm.versions;
        if let Some(record) = self.records.get_mut(id) {
            record.version = match versions {
                Versions::Counted => format!("W/\"{number}\""),
                Versions::Seconds => crm::version_of(record),
            };
        }
    }

    /// The pair that the record or the referral of this id belongs to.
    pub fn link_of(&self, subject: &str) -> Option<&Link> {
        self.links
            .values()
            .find(|link| link.crm.id == subject || link.referral.to_string() == subject)
    }

    /// Puts a message on the queue, unless its twin was sent lately.
    pub fn enqueue(&mut self, message: &SyncMessage) {
        let now = self.now;
        if self.queue.send(message, now) {
            self.note(|| format!("queued {} ({})", message.subject, message.cause));
        }
    }

    /// The requests that hung and whose time has come take effect, if they still can.
    pub fn land(&mut self) {
        let now = self.now;
        let (due, late): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.late).into_iter().partition(|late| late.due <= now);
        self.late = late;
        for Late { due, invocation, request } in due {
            // At its own time, though nobody was there to see it.
            self.now = due;
            let landed = match request {
                Request::Create(body) => partner_center::create(self, &invocation, body).map(drop),
                Request::Patch(id, etag, operations) => {
                    partner_center::patch(self, &invocation, id, &etag, &operations).map(drop)
                }
                Request::Upsert(entity, id, write) => {
                    crm::upsert(self, &invocation, (entity, id), &write).map(drop)
                }
                Request::Convert(lead) => leads::convert(self, &lead).map(drop),
                Request::Update(key, version, write) => {
                    crm::update(self, &invocation, &key.id, &version, &write).map(drop)
                }
            };
            if landed.is_ok() {
                self.note(|| format!("a write of {invocation} that hung takes effect"));
            }
        }
        self.now = now;
    }
}

/// The systems of one run or test.
pub struct World {
    state: Mutex<State>,
}

impl World {
    /// Nothing is stored yet; `mapping` says what the CRM's columns are called.
    pub fn new(mapping: &Mapping, now: Timestamp) -> Self {
        Self { state: Mutex::new(State::new(mapping, now)) }
    }

    /// Everything that is stored. It is locked as long as the guard lives.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores a referral as it is given, with a new eTag. Nobody is notified.
    pub fn put_referral(&self, id: ReferralId, body: Json) {
        self.state().put_referral(id, body);
    }

    /// Adds a record as it is given.
    pub fn put_record(&self, record: CrmRecord) {
        self.state().records.insert(record.key.id.clone(), record);
    }

    /// Edits a record as a person does: a new version, at an hour that the edit says or leaves
    /// alone.
    ///
    /// # Panics
    ///
    /// When there is no such record.
    pub fn edit_record(&self, id: &str, edit: impl FnOnce(&mut CrmRecord)) {
        let mut state = self.state();
        let Some(record) = state.records.get_mut(id) else { panic!("there is no record {id}") };
        edit(record);
        state.stamp(id);
    }
}
