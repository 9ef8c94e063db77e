//! The outside as a model: both systems, the store and the queue, with the mischief of one seed.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use cosell_core::audit::{AuditEntry, Side};
use cosell_core::crm::{CrmKey, CrmRecord};
use cosell_core::id::ReferralId;
use cosell_core::link::Link;
use cosell_core::message::SyncMessage;
use cosell_engine::{Failure, FailureKind, Outside};
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// A protection of the engine or its store that a run can do without, to prove that the simulation would notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// The claim before a referral is created.
    Claim,
    /// The search for our reference before a referral is created.
    Search,
    /// What was seen is kept for each side.
    SeenPerSide,
}

/// How hostile a run is; drawn from its seed.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    /// Of a thousand calls, how many fail before they take effect.
    pub(crate) fail_before: u32,
    /// Of a thousand calls, how many take effect and then fail.
    pub(crate) fail_after: u32,
    /// Of a thousand creations of a referral, how many hang: the caller gives up, and they take effect later.
    pub(crate) hang: u32,
    /// Of a thousand steps of a look, how many end in a crash of its function.
    pub(crate) crash: u32,
    /// Of a hundred webhooks, how many are lost.
    pub(crate) lost_webhooks: u32,
    /// Longest text the CRM keeps of a description; the rest is cut silently.
    pub(crate) description_length: usize,
    /// The CRM rounds amounts to whole numbers.
    pub(crate) rounds: bool,
    /// The CRM silently ignores the close date.
    pub(crate) ignores_date: bool,
}

impl Weather {
    fn of(rng: &mut Rng) -> Self {
        let storm = rng.u32(0..3);
        Self {
            fail_before: storm * rng.u32(0..40),
            fail_after: storm * rng.u32(0..40),
            hang: storm * rng.u32(0..250),
            crash: storm * rng.u32(0..30),
            lost_webhooks: rng.u32(0..60),
            description_length: rng.usize(4..40),
            rounds: rng.bool(),
            ignores_date: rng.u32(0..5) == 0,
        }
    }
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

/// A message on the queue.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) message: SyncMessage,
    pub(crate) visible_at: Timestamp,
    pub(crate) receives: u32,
    pub(crate) in_flight: bool,
}

/// Everything that is stored anywhere.
pub(crate) struct State {
    pub(crate) now: Timestamp,
    pub(crate) moment: u32,
    pub(crate) referrals: BTreeMap<ReferralId, Json>,
    pub(crate) records: BTreeMap<String, CrmRecord>,
    pub(crate) links: BTreeMap<ReferralId, Link>,
    pub(crate) claims: BTreeMap<String, (String, Timestamp)>,
    pub(crate) cursors: BTreeMap<String, Timestamp>,
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) queue: Vec<Queued>,
    /// Referrals that Partner Center will tell us of, with the time of their change.
    pub(crate) webhooks: Vec<(ReferralId, String)>,
    /// When each deduplication id was last sent.
    pub(crate) sent: BTreeMap<String, Timestamp>,
    /// Creations that will take effect later, though their caller has given up.
    pub(crate) late: Vec<(Timestamp, Json)>,
    /// What must never be tried, and was.
    pub(crate) violations: Vec<String>,
    pub(crate) edits: Vec<Edit>,
    /// Writes to the two systems by the engine.
    pub(crate) writes: u32,
    /// Who acts now, for the history.
    pub(crate) actor: String,
    /// What happened, for people.
    pub(crate) history: Vec<String>,
    counter: u32,
}

impl State {
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
}

/// The outside of one run.
pub(crate) struct World {
    state: Mutex<State>,
    rng: Mutex<Rng>,
    pub(crate) weather: Weather,
    pub(crate) without: Option<Protection>,
    /// After the storm nothing fails any more.
    calm: Mutex<bool>,
}

impl World {
    pub(crate) fn new(seed: u64, without: Option<Protection>) -> Self {
        let mut rng = Rng::with_seed(seed);
        let weather = Weather::of(&mut rng);
        let state = State {
            now: Timestamp::from_second(1_790_000_000).unwrap_or(Timestamp::UNIX_EPOCH),
            moment: 0,
            referrals: BTreeMap::new(),
            records: BTreeMap::new(),
            links: BTreeMap::new(),
            claims: BTreeMap::new(),
            cursors: BTreeMap::new(),
            audit: Vec::new(),
            queue: Vec::new(),
            webhooks: Vec::new(),
            sent: BTreeMap::new(),
            late: Vec::new(),
            violations: Vec::new(),
            edits: Vec::new(),
            writes: 0,
            actor: String::new(),
            history: Vec::new(),
            counter: 0,
        };
        Self {
            state: Mutex::new(state),
            rng: Mutex::new(rng),
            weather,
            without,
            calm: Mutex::new(false),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number below `bound`, from the seed.
    pub(crate) fn draw(&self, bound: u32) -> u32 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).u32(0..bound)
    }

    pub(crate) fn calm_down(&self, calm: bool) {
        *self.calm.lock().unwrap_or_else(PoisonError::into_inner) = calm;
    }

    pub(crate) fn is_calm(&self) -> bool {
        *self.calm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lacks(&self, protection: Protection) -> bool {
        self.without == Some(protection)
    }

    /// One call to the outside: it may take a while, fail, take effect and then fail, or take effect and find its caller dead.
    /// `lost` is the kind of failure that a lost answer means for this call.
    pub(crate) async fn call<T>(
        &self,
        name: &str,
        outside: Outside,
        lost: FailureKind,
        effect: impl FnOnce(&mut State) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.pause().await;
        let failure = |kind| Failure::new(outside, kind, "the simulation's weather");
        if self.happens(self.weather.fail_before) {
            self.note(format_args!("{name}: fails"));
            return Err(failure(FailureKind::Transient));
        }
        let result = effect(&mut self.state());
        self.note(format_args!("{name}{}", if result.is_ok() { "" } else { ": refused" }));
        self.pause().await;
        if self.happens(self.weather.fail_after) {
            self.note(format_args!("{name}: its answer is lost"));
            return result.and(Err(failure(lost)));
        }
        result
    }

    /// Notes a call in the history.
    fn note(&self, what: std::fmt::Arguments<'_>) {
        let mut state = self.state();
        let actor = state.actor.clone();
        state.tell(|| format!("      {actor}: {what}"));
    }

    fn happens(&self, of_a_thousand: u32) -> bool {
        !self.is_calm() && self.draw(1000) < of_a_thousand
    }

    /// Lets the scheduler go elsewhere, once or a few times.
    async fn pause(&self) {
        let mut rounds = self.draw(3);
        poll_fn(|_| {
            if rounds == 0 {
                return Poll::Ready(());
            }
            rounds -= 1;
            Poll::Pending
        })
        .await;
    }

    /// Puts a message on the queue, unless its twin was sent within five minutes.
    pub(crate) fn enqueue(&self, message: SyncMessage) {
        let mut state = self.state();
        let now = state.now;
        let twin = state.sent.insert(message.deduplication(), now);
        if twin.is_some_and(|sent| now.duration_since(sent) < SignedDuration::from_mins(5)) {
            state.sent.extend(twin.map(|sent| (message.deduplication(), sent)));
        } else {
            state.tell(|| format!("queued {} ({})", message.subject, message.cause));
            state.queue.push(Queued {
                message,
                visible_at: now,
                receives: 0,
                in_flight: false,
            });
        }
    }

    /// Whether this creation hangs: its caller gives up, and it takes effect within a minute. Longer than that no gateway holds a
    /// request; a claim lasts five.
    pub(crate) fn hangs(&self, body: &Json) -> bool {
        let hangs = self.happens(self.weather.hang);
        if hangs {
            let after = SignedDuration::from_secs(i64::from(self.draw(60)));
            let mut state = self.state();
            let due = state.now + after;
            state.late.push((due, body.clone()));
        }
        hangs
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.state().now += SignedDuration::from_millis(seconds * 1000 + i64::from(self.draw(1000)));
    }

    /// The opportunities there are.
    pub(crate) fn opportunities(&self) -> BTreeSet<String> {
        self.state().records.keys().cloned().collect()
    }
}

/// Names an opportunity.
pub(crate) fn key(id: &str) -> CrmKey {
    CrmKey {
        system: "dynamics".into(),
        entity: "opportunity".into(),
        id: id.into(),
    }
}
