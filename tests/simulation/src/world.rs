//! The system as a model: both systems, the store and the queue, with the mischief of one seed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cosell_mapping::Mapping;
use cosell_model::audit::{AuditEntry, Side};
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite};
use cosell_model::id::{ETag, ReferralId};
use cosell_model::link::Link;
use cosell_model::message::SyncMessage;
use cosell_model::patch::PatchOperation;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::queue::Queue;
use crate::weather::{Outages, Weather};

/// A protection of the engine or its store that a run can do without, to prove that the simulation would notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Protection {
    /// The claim before a referral is created.
    Claim,
    /// The search for our reference before a referral is created.
    Search,
    /// What was last_synced is kept for each side.
    SeenPerSide,
    /// A link is only created where there is none, and only saved over the version that was read.
    ConditionalLink,
    /// A pair that is fought over is looked at less often.
    Breaker,
    /// The lead is asked for before a referral is made for its opportunity.
    Origin,
}

/// An edit that a person made.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    /// The record or referral that was edited.
    pub(crate) subject: String,
    pub(crate) side: Side,
    pub(crate) field: &'static str,
    /// As the side holds it after the edit, in the canonical form's JSON.
    pub(crate) value: Json,
    /// Counts all events of a run.
    pub(crate) moment: u32,
}

/// What a write by the engine left behind.
#[derive(Clone, Debug)]
pub(crate) enum Written {
    Referral(Json),
    Record(Box<CrmRecord>),
}

/// A write by the engine.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) invocation: String,
    pub(crate) at: Timestamp,
    /// Counts all events of a run.
    pub(crate) moment: u32,
    pub(crate) subject: String,
    pub(crate) before: Option<Written>,
    pub(crate) after: Written,
}

/// A request that hung: its caller has given up, and it takes effect later.
#[derive(Clone, Debug)]
pub(crate) struct Late {
    pub(crate) due: Timestamp,
    pub(crate) invocation: String,
    pub(crate) request: Request,
}

/// What a write asks of one of the two systems.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Create(Json),
    Patch(ReferralId, ETag, Vec<PatchOperation>),
    Upsert(&'static str, ReferralId, CrmWrite),
    Convert(String),
    Update(CrmKey, String, CrmWrite),
}

/// Everything that is stored anywhere.
pub(crate) struct State {
    pub(crate) now: Timestamp,
    pub(crate) moment: u32,
    pub(crate) referrals: BTreeMap<ReferralId, Json>,
    /// Since when each referral exists, for searches that are behind.
    pub(crate) born: BTreeMap<ReferralId, Timestamp>,
    /// Referrals that our user cannot see for the time being.
    pub(crate) hidden: BTreeSet<ReferralId>,
    pub(crate) records: BTreeMap<String, CrmRecord>,
    /// Records that a seller deleted.
    pub(crate) deleted: BTreeSet<String>,
    pub(crate) links: BTreeMap<ReferralId, Link>,
    pub(crate) claims: BTreeMap<String, (String, Timestamp)>,
    pub(crate) cursors: BTreeMap<String, Timestamp>,
    pub(crate) schedule: BTreeSet<(Timestamp, ReferralId)>,
    pub(crate) audit: Vec<AuditEntry>,
    /// Invocations that crashed or could not write to the audit trail: their last word may be missing.
    pub(crate) speechless: BTreeSet<String>,
    pub(crate) queue: Queue,
    /// Referrals that Partner Center will tell us of, with the time of their change.
    pub(crate) webhooks: Vec<(ReferralId, String)>,
    pub(crate) late: Vec<Late>,
    /// Pairs that an operator ordered to be linked again.
    pub(crate) relinked: BTreeSet<ReferralId>,
    /// What must never be tried, and was.
    pub(crate) violations: Vec<String>,
    pub(crate) edits: Vec<Edit>,
    /// Writes to the two systems by the engine, in order.
    pub(crate) writes: Vec<Write>,
    pub(crate) outages: Outages,
    /// What happened, for people.
    pub(crate) history: Vec<String>,
    counter: u32,
}

impl State {
    fn new() -> Self {
        Self {
            now: Timestamp::from_second(1_790_000_000).unwrap_or(Timestamp::UNIX_EPOCH),
            moment: 0,
            referrals: BTreeMap::new(),
            born: BTreeMap::new(),
            hidden: BTreeSet::new(),
            records: BTreeMap::new(),
            deleted: BTreeSet::new(),
            links: BTreeMap::new(),
            claims: BTreeMap::new(),
            cursors: BTreeMap::new(),
            schedule: BTreeSet::new(),
            audit: Vec::new(),
            speechless: BTreeSet::new(),
            queue: Queue::default(),
            webhooks: Vec::new(),
            late: Vec::new(),
            relinked: BTreeSet::new(),
            violations: Vec::new(),
            edits: Vec::new(),
            writes: Vec::new(),
            outages: Outages::default(),
            history: Vec::new(),
            counter: 0,
        }
    }

    pub(crate) fn number(&mut self) -> u32 {
        self.counter += 1;
        self.counter
    }

    pub(crate) fn guid(&mut self) -> Uuid {
        Uuid::from_u128(u128::from(self.number()) | 0x0a00_0000_0000_4000_8000_0000_0000_0000)
    }

    pub(crate) fn tell(&mut self, what: impl FnOnce() -> String) {
        self.moment += 1;
        let line = format!("{:>4}  {}", self.moment, what());
        self.history.push(line);
    }

    /// Stores a referral as changed now and lets Partner Center tell of it.
    pub(crate) fn put_referral(&mut self, id: ReferralId, mut body: Json) {
        let number = self.number();
        body["id"] = json!(id);
        body["eTag"] = json!(format!("\"{number}\""));
        // No two changes at the same time: the service's clock has seven digits.
        let at = (self.now + SignedDuration::from_micros(i64::from(number))).to_string();
        body["updatedDateTime"] = json!(at);
        self.referrals.insert(id, body);
        self.born.entry(id).or_insert(self.now);
        self.webhooks.push((id, at));
    }

    /// Marks a record as changed now. The CRM's clock has whole seconds.
    pub(crate) fn touch(&mut self, id: &str) {
        let number = self.number();
        let now = Timestamp::from_second(self.now.as_second()).unwrap_or(self.now);
        if let Some(record) = self.records.get_mut(id) {
            record.version = format!("W/\"{number}\"");
            record.modified = now;
        }
    }

    /// The record `id` that the pair of `referral` is linked with, or the reverse: how a pair is named, whichever half is at hand.
    pub(crate) fn link_of(&self, subject: &str) -> Option<&Link> {
        self.links
            .values()
            .find(|link| link.crm.id == subject || link.referral.to_string() == subject)
    }
}

/// The system of one run.
pub(crate) struct World {
    state: Mutex<State>,
    rng: Mutex<Rng>,
    pub(crate) weather: Weather,
    pub(crate) without: Option<Protection>,
    /// After the storm nothing fails any more.
    calm: Mutex<bool>,
}

impl World {
    pub(crate) fn new(mut rng: Rng, without: Option<Protection>, mapping: &Mapping) -> Self {
        let weather = Weather::of(&mut rng, mapping);
        Self {
            state: Mutex::new(State::new()),
            rng: Mutex::new(rng),
            weather,
            without,
            calm: Mutex::new(false),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn rng(&self) -> MutexGuard<'_, Rng> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number below `bound`, from the seed.
    pub(crate) fn draw(&self, bound: u32) -> u32 {
        self.rng().u32(0..bound)
    }

    /// One of these, from the seed.
    pub(crate) fn pick<T>(&self, from: impl IntoIterator<Item = T>) -> Option<T> {
        let mut from: Vec<T> = from.into_iter().collect();
        let count = u32::try_from(from.len()).ok().filter(|count| *count > 0)?;
        Some(from.swap_remove(self.draw(count) as usize))
    }

    pub(crate) fn calm_down(&self, calm: bool) {
        *self.calm.lock().unwrap_or_else(PoisonError::into_inner) = calm;
        if calm {
            self.state().outages = Outages::default();
        }
    }

    pub(crate) fn is_calm(&self) -> bool {
        *self.calm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lacks(&self, protection: Protection) -> bool {
        self.without == Some(protection)
    }

    pub(crate) fn happens(&self, of_a_thousand: u32) -> bool {
        !self.is_calm() && self.draw(1000) < of_a_thousand
    }

    pub(crate) fn advance(&self, seconds: i64) {
        let millis = seconds * 1000 + i64::from(self.draw(1000));
        self.state().now += SignedDuration::from_millis(millis);
    }

    /// Puts a message on the queue.
    pub(crate) fn enqueue(&self, message: &SyncMessage) {
        let mut state = self.state();
        let now = state.now;
        if state.queue.send(message, now) {
            state.tell(|| format!("queued {} ({})", message.subject, message.cause));
        }
    }
}

/// The two tables.
pub(crate) const OPPORTUNITY: &str = "opportunity";
pub(crate) const LEAD: &str = "lead";

/// Names an opportunity.
pub(crate) fn key(id: &str) -> CrmKey {
    key_of(OPPORTUNITY, id)
}

/// Names a record.
pub(crate) fn key_of(entity: &str, id: &str) -> CrmKey {
    CrmKey { system: "dynamics".into(), entity: entity.into(), id: id.into() }
}
