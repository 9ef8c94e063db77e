//! One invocation of a function: the real batch runner, an operator's order or a poll, on a virtual
//! clock.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use cosell_fakes::{LeadPorts, Ports};
use cosell_model::audit::Side;
use cosell_model::crm::CrmKey;
use cosell_model::field::Field;
use cosell_model::id::ReferralId;
use cosell_model::message::{PoisonMessage, Subject, SyncMessage};
use cosell_sync::Policy;
use cosell_sync::batch::{Attendant, Received, Time, Unfinished};
use cosell_sync::{Engine, Failure, LeadTable, Order, Outcome, Poller};
use jiff::{SignedDuration, Timestamp};

use crate::rehearsal::{Rehearsals, Undisturbed};
use crate::seat::Seat;
use crate::world::World;

/// The consumer's time-out in the template: shorter than a claim lasts.
const TIME_OUT: SignedDuration = SignedDuration::from_secs(120);

/// What an operator orders.
#[derive(Clone, Debug)]
pub(crate) enum Ordered {
    Unlink(ReferralId),
    Relink(ReferralId, CrmKey),
    Resolve(ReferralId, Field, Side),
}

/// How an invocation ended, if it did not die.
pub(crate) struct Done {
    /// Messages that it names as unfinished.
    pub(crate) unfinished: BTreeSet<String>,
    /// How many messages it knows to be done.
    pub(crate) done: usize,
}

/// An invocation under way.
pub(crate) struct Invocation {
    pub(crate) name: String,
    pub(crate) future: Pin<Box<dyn Future<Output = Done>>>,
    /// The messages it works on.
    pub(crate) batch: Vec<Received>,
    /// When it is killed.
    pub(crate) deadline: Timestamp,
}

/// The virtual clock, and the books of a batch.
struct Watch {
    world: Arc<World>,
    invocation: String,
    deadline: Timestamp,
    done: std::cell::Cell<usize>,
    rehearsals: Rehearsals,
}

impl Time for Watch {
    fn now(&self) -> Timestamp {
        self.world.state().now
    }

    fn left(&self) -> Duration {
        self.deadline.duration_since(self.now()).try_into().unwrap_or_default()
    }

    async fn elapse(&self, duration: Duration) {
        let over = self.now() + duration;
        poll_fn(|_| if self.now() >= over { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

impl Attendant for Watch {
    fn begins(&self, message: &SyncMessage, now: Timestamp) {
        self.rehearsals.ask(message, now);
    }

    fn reconciled(
        &self,
        message: &SyncMessage,
        messages: usize,
        _: Timestamp,
        result: &Result<Outcome, Failure>,
    ) {
        self.rehearsals.compare(message, result);
        if result.is_ok() {
            let run = (self.invocation.clone(), message.subject.to_string());
            self.world.book().finished.insert(run);
        }
        if result.as_ref().is_ok_and(|outcome| outcome.again.is_none()) {
            self.done.set(self.done.get() + messages);
        }
    }

    fn poison(&self, _: &str, _: &PoisonMessage, audited: &Result<(), Failure>) {
        if audited.is_ok() {
            self.done.set(self.done.get() + 1);
        }
    }

    fn lost(&self, subject: &Subject, why: &'static str) {
        let mut state = self.world.state();
        state.note(|| format!("the reconcile of {subject} is lost: {why}"));
        drop(state);
        self.world.book().speechless.insert(self.invocation.clone());
    }

    async fn postpone(&self, messages: &[Unfinished]) {
        let mut state = self.world.state();
        let now = state.now;
        for unfinished in messages {
            if let Some(after) = unfinished.retry_after {
                let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
                state.queue.postpone(&unfinished.message.receipt, after, now);
            }
        }
    }
}

/// Starts invocations.
pub(crate) struct Functions {
    pub(crate) world: Arc<World>,
    pub(crate) policy: Arc<Policy>,
    started: u32,
}

impl Functions {
    pub(crate) fn new(world: Arc<World>, policy: Policy) -> Self {
        Self { world, policy: Arc::new(policy), started: 0 }
    }

    /// The name of a new invocation, its seat and its ports.
    fn seated(&mut self, function: &str) -> (String, Arc<Seat>, Arc<Ports>) {
        self.started += 1;
        let name = format!("{function}{}", self.started);
        let seat = Arc::new(Seat::new(self.world.clone(), name.clone()));
        let ports = Ports::new(self.world.fakes.clone(), seat.clone(), name.clone());
        (name, seat, Arc::new(ports))
    }

    fn ports(&mut self, function: &str) -> (String, Arc<Ports>) {
        let (name, _, ports) = self.seated(function);
        (name, ports)
    }

    fn rehearsals(&self, seat: Arc<Seat>) -> Rehearsals {
        let ports = Ports::new(self.world.fakes.clone(), Arc::new(Undisturbed), "nobody");
        let engine = self.engine(&Arc::new(ports));
        Rehearsals { world: self.world.clone(), seat, engine, plans: RefCell::default() }
    }

    fn engine(&self, ports: &Arc<Ports>) -> Engine {
        Engine {
            partner_center: ports.clone(),
            crm: ports.clone(),
            leads: self
                .world
                .names
                .leads
                .clone()
                .map(|mapping| LeadTable { crm: Arc::new(LeadPorts(ports.clone())), mapping }),
            links: ports.clone(),
            claims: ports.clone(),
            schedule: ports.clone(),
            audit: ports.clone(),
            mapping: self.world.names.deals.clone(),
            policy: self.policy.clone(),
        }
    }

    /// A consumer works through a batch.
    pub(crate) fn consume(&mut self, batch: Vec<Received>) -> Invocation {
        let (name, seat, ports) = self.seated("consumer");
        let engine = self.engine(&ports);
        let rehearsals = self.rehearsals(seat);
        let deadline = self.world.state().now + TIME_OUT;
        let (world, invocation, received) = (self.world.clone(), name.clone(), batch.clone());
        let future = async move {
            let done = std::cell::Cell::new(0);
            let watch = Watch { world, invocation: invocation.clone(), deadline, done, rehearsals };
            let unfinished = engine.work(received, &watch, &invocation, &watch).await;
            Done {
                unfinished: unfinished
                    .into_iter()
                    .map(|unfinished| unfinished.message.id)
                    .collect(),
                done: watch.done.get(),
            }
        };
        Invocation { name, future: Box::pin(future), batch, deadline }
    }

    pub(crate) fn poll(&mut self) -> Invocation {
        let (name, ports) = self.ports("poller");
        let poller = Poller {
            partner_center: ports.clone(),
            crm: ports.clone(),
            leads: Some(Arc::new(LeadPorts(ports.clone()))),
            queue: ports.clone(),
            claims: ports.clone(),
            cursors: ports.clone(),
            schedule: ports.clone(),
            links: ports.clone(),
            attention: ports.clone(),
            deadlines: self.policy.deadlines.clone(),
            overlap: SignedDuration::from_mins(5),
        };
        self.alone(name.clone(), move |now| async move {
            let _ = poller.poll(now, &name).await;
        })
    }

    pub(crate) fn order(&mut self, ordered: Ordered) -> Invocation {
        let (name, ports) = self.ports("operator");
        let engine = self.engine(&ports);
        let world = self.world.clone();
        self.alone(name.clone(), move |now| async move {
            let order = Order { now, id: &name };
            let done = match ordered {
                Ordered::Unlink(referral) => engine.unlink(referral, order).await,
                Ordered::Relink(referral, record) => engine.relink(referral, &record, order).await,
                Ordered::Resolve(referral, field, winner) => {
                    engine.resolve(referral, &field, winner, order).await
                }
            };
            if let Ok(outcome) = done {
                world.book().finished.insert((name.clone(), outcome.pair));
            }
        })
    }

    fn alone<F: Future<Output = ()> + 'static>(
        &self,
        name: String,
        work: impl FnOnce(Timestamp) -> F,
    ) -> Invocation {
        let now = self.world.state().now;
        let work = work(now);
        let future = async move {
            work.await;
            Done { unfinished: BTreeSet::new(), done: 0 }
        };
        Invocation { name, future: Box::pin(future), batch: Vec::new(), deadline: now + TIME_OUT }
    }
}
