//! The systems of one run, with the mischief of one seed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cosell_fakes::{Defects, State};
use cosell_model::audit::Side;
use cosell_model::id::ReferralId;
use cosell_model::message::SyncMessage;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::mappings::Names;
use crate::weather::{Outages, Weather};

/// A protection of the engine or its store that a run can do without, to prove that the simulation
/// would notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Protection {
    /// The claim before a referral is created.
    Claim,
    /// The search for our reference before a referral is created.
    Search,
    /// What was last synced is kept for each side.
    SeenPerSide,
    /// A link is only created where there is none, and only saved over the version that was read.
    ConditionalLink,
    /// A pair that is fought over is looked at less often.
    Flapping,
    /// The lead is asked for before a referral is made for its opportunity.
    Origin,
    /// What is about to be written is noted on the link.
    WriteAhead,
    /// A version with one-second stamps says what the values were.
    VersionValues,
    /// A win waits until Microsoft takes the deal's registration.
    WinHold,
    /// A win that waits is put on the schedule.
    Scheduled,
    /// The link notes that a deal was registered, and the referral says so.
    RegisteredOnce,
    /// The link notes what the seller was warned of.
    WarnedOnce,
    /// Sellers are warned of invitations that expire.
    Warnings,
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
    /// As the side held it before.
    pub(crate) before: Json,
    /// Counts all events of a run.
    pub(crate) moment: u32,
    pub(crate) at: Timestamp,
}

/// What people did, and what no system stores.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) edits: Vec<Edit>,
    /// Records that a seller deleted.
    pub(crate) deleted: BTreeSet<String>,
    /// Records whose Audit a seller cleared or rewrote.
    pub(crate) rewritten: BTreeSet<String>,
    /// Pairs that an operator ordered to be linked again.
    pub(crate) relinked: BTreeSet<ReferralId>,
    /// Invocations that crashed or could not write to the audit log: their last word may be
    /// missing.
    pub(crate) speechless: BTreeSet<String>,
    /// Runs that came to their end, by invocation and deal.
    pub(crate) finished: BTreeSet<(String, String)>,
    /// Dry runs that were compared with what was written then.
    pub(crate) compared: usize,
    pub(crate) outages: Outages,
    /// A write took effect, and nobody knows yet: a good moment to change one's mind.
    pub(crate) answer_lost: bool,
}

/// The systems of one run.
pub(crate) struct World {
    pub(crate) fakes: Arc<cosell_fakes::World>,
    book: Mutex<Book>,
    rng: Mutex<Rng>,
    pub(crate) weather: Weather,
    pub(crate) names: Names,
    pub(crate) without: Option<Protection>,
    /// After the storm nothing fails any more.
    calm: Mutex<bool>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(crate) fn new(
        rng: Rng,
        weather: Weather,
        names: Names,
        without: Option<Protection>,
    ) -> Self {
        let start = Timestamp::from_second(1_790_000_000).unwrap_or(Timestamp::UNIX_EPOCH);
        let fakes = cosell_fakes::World::new(&names.deals, start);
        {
            let mut state = fakes.state();
            state.crm = weather.crm(&names);
            let lacks = |protection| without == Some(protection);
            state.defects = Defects {
                claims_exclude_nobody: lacks(Protection::Claim),
                searches_find_nothing: lacks(Protection::Search),
                one_value_for_both_sides: lacks(Protection::SeenPerSide),
                links_are_unconditional: lacks(Protection::ConditionalLink),
                leads_have_no_origin: lacks(Protection::Origin),
                versions_ignore_values: lacks(Protection::VersionValues),
                deals_look_old: lacks(Protection::WinHold),
                registrations_are_forgotten: lacks(Protection::RegisteredOnce),
                warnings_are_forgotten: lacks(Protection::WarnedOnce),
                writes_ahead_are_forgotten: lacks(Protection::WriteAhead),
                schedule_is_forgotten: lacks(Protection::Scheduled),
            };
        }
        Self {
            fakes: Arc::new(fakes),
            book: Mutex::default(),
            rng: Mutex::new(rng),
            weather,
            names,
            without,
            calm: Mutex::new(false),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.fakes.state()
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }

    pub(crate) fn rng(&self) -> MutexGuard<'_, Rng> {
        lock(&self.rng)
    }

    /// Notes what happened.
    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        self.state().note(what);
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
        *lock(&self.calm) = calm;
        if calm {
            self.book().outages = Outages::default();
        }
    }

    pub(crate) fn is_calm(&self) -> bool {
        *lock(&self.calm)
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
        if self.weather.days() {
            self.invitations_expire();
        }
    }

    /// Puts a message on the queue.
    pub(crate) fn enqueue(&self, message: &SyncMessage) {
        self.state().enqueue(message);
    }
}

/// The two tables.
pub(crate) const OPPORTUNITY: &str = "opportunity";
pub(crate) const LEAD: &str = "lead";

/// What may stand beside a deal's name.
pub(crate) const MARKS: [char; 2] = ['✔', '✘'];
