//! Before each reconciliation its dry run is asked, which changes nothing. One in a few then goes
//! undisturbed: nothing fails and nobody comes in between, and unless a service refuses something,
//! what is written is what the dry run said.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use cosell_fakes::{Call, Conditions, Fate, Foreseen, Wait};
use cosell_model::audit::AuditKind;
use cosell_model::message::SyncMessage;
use cosell_sync::plan::Plan;
use cosell_sync::{Engine, Failure, Outcome};
use jiff::{SignedDuration, Timestamp};

use crate::seat::Seat;
use crate::world::World;

/// One reconciliation in so many goes undisturbed.
const ONE_IN: u32 = 4;

/// Everything works at once: for a dry run that nobody notices.
pub(crate) struct Undisturbed;

impl Conditions for Undisturbed {
    fn begins(&self, _: &Call<'_>) -> Wait {
        Wait::Rounds(0)
    }

    fn fate(&self, _: &Call<'_>) -> Fate {
        Fate::Passes
    }

    fn ends(&self, _: &Call<'_>, _: bool) -> Wait {
        Wait::Rounds(0)
    }

    fn lag(&self) -> SignedDuration {
        SignedDuration::ZERO
    }
}

/// The dry runs of one invocation.
pub(crate) struct Rehearsals {
    pub(crate) world: Arc<World>,
    pub(crate) seat: Arc<Seat>,
    /// On ports that nothing disturbs.
    pub(crate) engine: Engine,
    pub(crate) plans: RefCell<BTreeMap<String, (Plan, usize)>>,
}

impl Rehearsals {
    /// Asks for the dry run of this message, and may let its reconciliation go undisturbed.
    pub(crate) fn ask(&self, message: &SyncMessage, now: Timestamp) {
        let before = self.stored();
        let asked = at_once(self.engine.dry_run(message, now));
        if self.stored() != before {
            self.complain(message, "changed something");
        }
        let Ok((_, plan)) = asked else { return };
        let moment = self.world.state().moment;
        if moment.is_multiple_of(ONE_IN) {
            let written = self.world.state().writes.len();
            self.plans.borrow_mut().insert(message.subject.to_string(), (plan, written));
            self.seat.lets_go(true);
        }
    }

    /// Compares the dry run of a reconciliation that went undisturbed with what was written.
    pub(crate) fn compare(&self, message: &SyncMessage, result: &Result<Outcome, Failure>) {
        let Some((plan, before)) = self.plans.borrow_mut().remove(&message.subject.to_string())
        else {
            return;
        };
        let is_refused = self.seat.lets_go(false);
        let Ok(outcome) = result else { return };
        if is_refused {
            return;
        }
        let columns = &self.engine.mapping.columns;
        let state = self.world.state();
        let requests = state.writes[before..].iter().map(|write| &write.request);
        let done = Foreseen::of_requests(&plan, columns, requests);
        drop(state);
        let Some(said) = Foreseen::of_plan(&plan, columns) else { return };
        if said.iter().filter(|said| said.makes()).count()
            > done.iter().filter(|done| done.makes()).count()
        {
            // An earlier run had made it, and its answer was lost: it was found under the claim.
            return;
        }
        self.world.book().compared += usize::from(!said.is_empty());
        // Of what the CRM does not keep, its seller is notified once that shows.
        let shows_more = outcome.noted.contains(&AuditKind::DroppedWrite);
        let done: Vec<Foreseen> = if shows_more { without_more(&said, done) } else { done };
        if said != done {
            let first = said.iter().zip(&done).take_while(|(said, done)| said == done).count();
            let (said, done) = (&said[first..], &done[first..]);
            self.complain(message, &format!("said {said:?}, and {done:?} was written"));
        }
    }

    /// How much is stored.
    fn stored(&self) -> [u64; 6] {
        let state = self.world.state();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        [
            count(state.writes.len()),
            count(state.audit.len()),
            count(state.claims.len()),
            count(state.unlinked.len()),
            u64::from(state.moment),
            state.links.values().map(|link| link.version).sum(),
        ]
    }

    fn complain(&self, message: &SyncMessage, what: &str) {
        let violation = format!("the dry run of {} {what}", message.subject);
        self.world.state().violations.push(violation);
    }
}

/// What was written, without what was not said.
fn without_more(said: &[Foreseen], done: Vec<Foreseen>) -> Vec<Foreseen> {
    let mut said = said.iter().peekable();
    done.into_iter().filter(|done| said.next_if(|said| *said == done).is_some()).collect()
}

/// The end of a future that never waits.
fn at_once<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Failure::new(
            cosell_sync::System::Internal,
            cosell_sync::FailureKind::Transient,
            "it waits",
        )),
    }
}
