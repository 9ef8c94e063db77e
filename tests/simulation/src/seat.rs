//! One invocation's seat before the system: every call goes through here, with its delays, failures and misdeeds noted.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use cosell_sync::{Failure, FailureKind, System};

use crate::world::{State, World};

/// The ports of one invocation.
pub(crate) struct Seat {
    pub(crate) world: Arc<World>,
    pub(crate) invocation: String,
    /// Sides that told this invocation to stay away.
    shut: Mutex<BTreeSet<&'static str>>,
}

impl Seat {
    pub(crate) fn new(world: Arc<World>, invocation: String) -> Self {
        Self { world, invocation, shut: Mutex::new(BTreeSet::new()) }
    }

    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.world.state()
    }

    /// One call to the system: it may take a while, fail, take effect and then fail, or take effect and find its caller dead.
    /// `lost` is the kind of failure that a lost answer means for this call.
    pub(crate) async fn call<T>(
        &self,
        name: &str,
        system: System,
        lost: FailureKind,
        effect: impl FnOnce(&mut State) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.mind_the_gate(system);
        self.pause().await;
        if let Some(kind) = self.fails_at_once(system, lost) {
            self.note(format_args!("{name}: fails ({})", kind.code()));
            return Err(self.failure(system, kind));
        }
        let result = effect(&mut self.state());
        self.note(format_args!("{name}{}", if result.is_ok() { "" } else { ": refused" }));
        self.pause().await;
        if self.world.happens(self.world.weather.fail_after) {
            self.note(format_args!("{name}: its answer is lost"));
            return result.and(Err(self.failure(system, lost)));
        }
        result
    }

    fn fails_at_once(&self, system: System, lost: FailureKind) -> Option<FailureKind> {
        let outage = {
            let state = self.state();
            state.outages.failing(system, state.now)
        };
        match outage {
            // A 503 does not say whether anything happened.
            Some(FailureKind::Transient) => Some(lost),
            Some(kind) => Some(kind),
            None => {
                self.world.happens(self.world.weather.fail_before).then_some(FailureKind::Transient)
            }
        }
    }

    pub(crate) fn failure(&self, system: System, kind: FailureKind) -> Failure {
        if matches!(kind, FailureKind::Throttled { .. } | FailureKind::Credentials) {
            self.shut().insert(name_of(system));
        }
        Failure::new(system, kind, "the simulation's weather")
    }

    /// A side that throttled this invocation must not be called by it again.
    fn mind_the_gate(&self, system: System) {
        if self.shut().contains(name_of(system)) {
            let violation = format!(
                "{system} was called again by {} though it had asked for peace",
                self.invocation
            );
            self.state().violations.push(violation);
        }
    }

    fn shut(&self) -> std::sync::MutexGuard<'_, BTreeSet<&'static str>> {
        self.shut.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call in the history.
    pub(crate) fn note(&self, what: std::fmt::Arguments<'_>) {
        let invocation = &self.invocation;
        self.state().tell(|| format!("      {invocation}: {what}"));
    }

    /// Lets the scheduler go elsewhere, once or a few times.
    async fn pause(&self) {
        let mut rounds = self.world.draw(3);
        poll_fn(|_| {
            if rounds == 0 {
                return Poll::Ready(());
            }
            rounds -= 1;
            Poll::Pending
        })
        .await;
    }
}

fn name_of(system: System) -> &'static str {
    match system {
        System::PartnerCenter => "Partner Center",
        System::Crm => "CRM",
        System::Aws => "store",
    }
}
