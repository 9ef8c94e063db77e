//! One invocation of a function: the real batch runner, an operator's order or a poll, on a virtual clock.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use cosell_mapping::Mapping;
use cosell_model::audit::Side;
use cosell_model::crm::CrmKey;
use cosell_model::id::ReferralId;
use cosell_model::message::{PoisonMessage, Subject, SyncMessage};
use cosell_sync::batch::{Attendant, Received, Time, Unfinished};
use cosell_sync::plan::Policy;
use cosell_sync::{Engine, Failure, LeadTable, Order, Outcome, Poller};
use jiff::{SignedDuration, Timestamp};

use crate::ports::LeadSeat;
use crate::seat::Seat;
use crate::world::World;

/// The consumer's time-out in the template: shorter than a claim lasts.
const TIME_OUT: SignedDuration = SignedDuration::from_secs(120);

/// What an operator orders.
#[derive(Clone, Debug)]
pub(crate) enum Ordered {
    Unlink(ReferralId),
    Relink(ReferralId, CrmKey),
    Settle(ReferralId, String, Side),
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
    fn looked(
        &self,
        _: &SyncMessage,
        messages: usize,
        _: Timestamp,
        result: &Result<Outcome, Failure>,
    ) {
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
        state.tell(|| format!("the look at {subject} is lost: {why}"));
        state.speechless.insert(self.invocation.clone());
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
    pub(crate) mapping: Arc<Mapping>,
    pub(crate) policy: Arc<Policy>,
    started: u32,
}

impl Functions {
    pub(crate) fn new(world: Arc<World>, mapping: Arc<Mapping>, policy: Policy) -> Self {
        Self { world, mapping, policy: Arc::new(policy), started: 0 }
    }

    fn seat(&mut self, function: &str) -> Arc<Seat> {
        self.started += 1;
        Arc::new(Seat::new(self.world.clone(), format!("{function}{}", self.started)))
    }

    fn engine(&self, seat: &Arc<Seat>) -> Engine {
        Engine {
            partner_center: seat.clone(),
            crm: seat.clone(),
            leads: self.mapping.of_leads().map(|mapping| LeadTable {
                crm: Arc::new(LeadSeat(seat.clone())),
                mapping: Arc::new(mapping),
            }),
            links: seat.clone(),
            claims: seat.clone(),
            schedule: seat.clone(),
            audit: seat.clone(),
            mapping: self.mapping.clone(),
            policy: self.policy.clone(),
        }
    }

    /// A consumer works through a batch.
    pub(crate) fn consume(&mut self, batch: Vec<Received>) -> Invocation {
        let seat = self.seat("consumer");
        let engine = self.engine(&seat);
        let deadline = self.world.state().now + TIME_OUT;
        let (world, name, received) = (self.world.clone(), seat.invocation.clone(), batch.clone());
        let future = async move {
            let watch = Watch {
                world,
                invocation: seat.invocation.clone(),
                deadline,
                done: std::cell::Cell::new(0),
            };
            let unfinished = engine.work(received, &watch, &seat.invocation, &watch).await;
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
        let seat = self.seat("poller");
        let poller = Poller {
            partner_center: seat.clone(),
            crm: seat.clone(),
            leads: Some(Arc::new(LeadSeat(seat.clone()))),
            queue: seat.clone(),
            claims: seat.clone(),
            cursors: seat.clone(),
            schedule: seat.clone(),
            links: seat.clone(),
            deadlines: self.policy.deadlines.clone(),
            overlap: SignedDuration::from_mins(5),
        };
        self.alone(seat.invocation.clone(), move |now| async move {
            let _ = poller.poll(now, &seat.invocation).await;
        })
    }

    pub(crate) fn order(&mut self, ordered: Ordered) -> Invocation {
        let seat = self.seat("operator");
        let engine = self.engine(&seat);
        self.alone(seat.invocation.clone(), move |now| async move {
            let order = Order { now, id: &seat.invocation };
            let _ = match ordered {
                Ordered::Unlink(referral) => engine.unlink(referral, order).await,
                Ordered::Relink(referral, record) => engine.relink(referral, &record, order).await,
                Ordered::Settle(referral, field, winner) => {
                    engine.settle(referral, &field, winner, order).await
                }
            };
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
