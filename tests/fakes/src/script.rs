//! The conditions of a test: faults in the order in which they are wanted.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cosell_sync::{Failure, FailureKind};
use jiff::SignedDuration;

use crate::call::{Call, Conditions, Fate, Wait};

/// What a call does instead of succeeding.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// Fails without effect.
    Before(FailureKind),
    /// Takes effect, then fails.
    After(FailureKind),
    /// Succeeds: the fault behind it is for a later call.
    Pass,
}

/// What happens in between.
type Event = Box<dyn FnMut() -> bool + Send>;

#[derive(Default)]
struct Lines {
    calls: Vec<&'static str>,
    faults: VecDeque<(&'static str, Fault)>,
    events: Vec<(&'static str, Event)>,
    panics: Vec<String>,
    hangs: Vec<String>,
    lag: SignedDuration,
}

/// The conditions of a test.
#[derive(Default)]
pub struct Script {
    lines: Mutex<Lines>,
}

impl Script {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next call of this name that has no fault yet does this.
    pub fn fault(&self, call: &'static str, fault: Fault) {
        self.lines().faults.push_back((call, fault));
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.lines().faults.clear();
    }

    /// Something happens just before the next call of this name reaches its system; before the one
    /// after it when it says that it could not.
    pub fn before(&self, call: &'static str, event: impl FnMut() -> bool + Send + 'static) {
        self.lines().events.push((call, Box::new(event)));
    }

    /// Reading this record panics.
    pub fn panic_on(&self, id: &str) {
        self.lines().panics.push(id.to_owned());
    }

    /// Reading this record never ends.
    pub fn hang_on(&self, id: &str) {
        self.lines().hangs.push(id.to_owned());
    }

    /// From now on searches and lists are so far behind.
    pub fn lag_by(&self, lag: SignedDuration) {
        self.lines().lag = lag;
    }

    /// The calls made since the last time; those of the audit log, the claims and the reads of
    /// links are left out.
    pub fn take_calls(&self) -> Vec<&'static str> {
        let mut calls = self.take_all_calls();
        calls.retain(|call| {
            *call != "audit" && !call.starts_with("claims.") && !call.starts_with("links.read")
        });
        calls
    }

    /// All calls made since the last time.
    pub fn take_all_calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.lines().calls)
    }
}

impl Conditions for Script {
    fn begins(&self, call: &Call<'_>) -> Wait {
        let hangs = self.lines().hangs.iter().any(|id| !id.is_empty() && id == call.about);
        if hangs { Wait::Forever } else { Wait::Rounds(1) }
    }

    fn fate(&self, call: &Call<'_>) -> Fate {
        let event = {
            let mut lines = self.lines();
            assert!(!lines.panics.iter().any(|id| id == call.about), "ordered by the test");
            lines.calls.push(call.name);
            let at = lines.events.iter().position(|(name, _)| *name == call.name);
            at.map(|at| lines.events.remove(at).1)
        };
        let unhappened = event.and_then(|mut event| (!event()).then_some(event));
        let mut lines = self.lines();
        lines.events.extend(unhappened.map(|event| (call.name, event)));
        let at = lines.faults.iter().position(|(name, _)| *name == call.name);
        let failure = |kind| Failure::new(call.system, kind, "ordered by the test");
        match at.and_then(|at| lines.faults.remove(at)) {
            None | Some((_, Fault::Pass)) => Fate::Passes,
            Some((_, Fault::Before(kind))) => Fate::FailsBefore(failure(kind)),
            Some((_, Fault::After(kind))) => Fate::FailsAfter(failure(kind)),
        }
    }

    fn ends(&self, _: &Call<'_>, _: bool) -> Wait {
        Wait::Rounds(0)
    }

    fn lag(&self) -> SignedDuration {
        self.lines().lag
    }
}
