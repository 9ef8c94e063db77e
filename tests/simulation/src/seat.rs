//! One invocation's conditions: its delays, failures and misdeeds, drawn from the seed and noted.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use cosell_fakes::{Call, Conditions, Fate, WRITE_AHEAD, Wait};
use cosell_sync::{Failure, FailureKind, System};
use jiff::SignedDuration;

use crate::world::World;

/// What one invocation meets.
pub(crate) struct Seat {
    pub(crate) world: Arc<World>,
    pub(crate) invocation: String,
    /// Sides that asked this invocation to stay away.
    shut: Mutex<BTreeSet<&'static str>>,
    /// While a reconciliation goes undisturbed: whether a service refused something meanwhile.
    undisturbed: Mutex<Option<bool>>,
}

impl Seat {
    pub(crate) fn new(world: Arc<World>, invocation: String) -> Self {
        Self { world, invocation, shut: Mutex::new(BTreeSet::new()), undisturbed: Mutex::new(None) }
    }

    /// Begins or ends undisturbed work; says whether something was refused in it.
    pub(crate) fn lets_go(&self, begins: bool) -> bool {
        let now = begins.then_some(false);
        let before = std::mem::replace(&mut *self.undisturbed(), now);
        before.unwrap_or_default()
    }

    fn undisturbed(&self) -> std::sync::MutexGuard<'_, Option<bool>> {
        self.undisturbed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_undisturbed(&self) -> bool {
        self.undisturbed().is_some()
    }

    fn wait(&self) -> Wait {
        Wait::Rounds(if self.is_undisturbed() { 0 } else { self.world.draw(3) })
    }

    fn failure(&self, system: System, kind: FailureKind) -> Failure {
        if matches!(kind, FailureKind::Throttled { .. } | FailureKind::Credentials) {
            self.shut().insert(name_of(system));
        }
        Failure::new(system, kind, "the simulation's weather")
    }

    fn shut(&self) -> std::sync::MutexGuard<'_, BTreeSet<&'static str>> {
        self.shut.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fails_at_once(&self, call: &Call<'_>) -> Option<FailureKind> {
        let now = self.world.state().now;
        match self.world.book().outages.failing(call.system, now) {
            // A 503 does not say whether anything happened.
            Some(FailureKind::Transient) => Some(call.lost),
            outage => outage,
        }
    }

    fn drawn(&self, call: &Call<'_>) -> Fate {
        let (world, weather) = (&self.world, &self.world.weather);
        if let Some(kind) = self.fails_at_once(call) {
            return Fate::FailsBefore(self.failure(call.system, kind));
        }
        // Longer than that no gateway holds a request; a claim lasts five minutes.
        if call.can_hang && world.happens(weather.hang) {
            let after = SignedDuration::from_secs(i64::from(world.draw(90)));
            let due = world.state().now + after;
            return Fate::Hangs(due, self.failure(call.system, call.lost));
        }
        if world.happens(weather.fail_before) {
            return Fate::FailsBefore(self.failure(call.system, FailureKind::Transient));
        }
        if world.happens(weather.fail_after) {
            return Fate::FailsAfter(self.failure(call.system, call.lost));
        }
        Fate::Passes
    }

    /// Notes a call in the history.
    fn note(&self, what: std::fmt::Arguments<'_>) {
        let invocation = &self.invocation;
        self.world.note(|| format!("      {invocation}: {what}"));
    }
}

impl Conditions for Seat {
    /// A side that throttled this invocation must not be called by it again.
    fn begins(&self, call: &Call<'_>) -> Wait {
        if self.shut().contains(name_of(call.system)) {
            let violation = format!(
                "{} was called again by {} though it had asked for peace",
                call.system, self.invocation
            );
            self.world.state().violations.push(violation);
        }
        self.wait()
    }

    fn fate(&self, call: &Call<'_>) -> Fate {
        let fate = if self.is_undisturbed() { Fate::Passes } else { self.drawn(call) };
        let name = call.name;
        match &fate {
            Fate::Passes => return fate,
            Fate::FailsBefore(failure) => {
                self.note(format_args!("{name}: fails ({})", failure.kind.code()));
            }
            Fate::FailsAfter(_) => {
                self.note(format_args!("{name}: its answer will be lost"));
                if ["pc.patch", "crm.update"].contains(&name) {
                    self.world.book().answer_lost = true;
                }
            }
            Fate::Hangs(..) => self.note(format_args!("{name}: hangs")),
        }
        if name == "audit" && call.about != WRITE_AHEAD {
            self.world.book().speechless.insert(self.invocation.clone());
        }
        fate
    }

    fn ends(&self, call: &Call<'_>, accepted: bool) -> Wait {
        self.note(format_args!("{}{}", call.name, if accepted { "" } else { ": refused" }));
        if !accepted && let Some(refused) = self.undisturbed().as_mut() {
            *refused = true;
        }
        self.wait()
    }

    fn lag(&self) -> SignedDuration {
        let behind = if self.world.is_calm() || self.is_undisturbed() {
            0
        } else {
            self.world.draw(self.world.weather.lag + 1)
        };
        SignedDuration::from_secs(i64::from(behind))
    }
}

fn name_of(system: System) -> &'static str {
    match system {
        System::PartnerCenter => "Partner Center",
        System::Crm => "CRM",
        System::Aws | System::Internal => "store",
    }
}
