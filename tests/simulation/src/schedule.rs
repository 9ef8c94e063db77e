//! The scheduler of one run: who does what next is drawn from the seed.
//!
//! A look is a future that stops at every call to the outside; the scheduler decides which one goes on. A crash drops the future,
//! so it can happen between any two calls, and before or after a call's effect.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use cosell_core::message::{Cause, Subject, SyncMessage};
use cosell_engine::{Engine, Failure, FailureKind, Look, Poller};
use jiff::{SignedDuration, Timestamp};

use crate::ports::create;
use crate::world::{World, key};

/// Functions that run at once.
const CONSUMERS: usize = 4;
/// The consumer's time-out in the template: shorter than a claim lasts.
const TIME_OUT: SignedDuration = SignedDuration::from_secs(120);
/// SQS hides a message this long when its function dies (the template's visibility time-out).
const VISIBILITY: SignedDuration = SignedDuration::from_secs(720);
/// Far more than any run needs: one that goes on longer does not come to rest.
const ROUNDS: usize = 300;

enum Done {
    Look(Result<(), Failure>),
    Poll,
}

struct Task {
    future: Pin<Box<dyn Future<Output = Done>>>,
    /// The message it works on; the poller has none.
    message: Option<SyncMessage>,
    /// When it is killed.
    deadline: Timestamp,
}

/// One run's scheduler.
pub(crate) struct Schedule {
    world: Arc<World>,
    engine: Engine,
    poller: Poller,
    tasks: Vec<Task>,
    invocations: u32,
}

impl Schedule {
    pub(crate) fn new(world: Arc<World>, engine: Engine, poller: Poller) -> Self {
        Self {
            world,
            engine,
            poller,
            tasks: Vec::new(),
            invocations: 0,
        }
    }

    /// The installation: a first poll, in calm weather, from which on nothing may be missed.
    pub(crate) fn install(&mut self) {
        self.world.calm_down(true);
        self.poll();
        self.finish();
        self.world.calm_down(false);
    }

    /// One step of the storm.
    pub(crate) fn step(&mut self) {
        self.land();
        match self.world.draw(100) {
            0..45 => self.go_on(),
            45..62 => self.receive(),
            62..70 => self.deliver(),
            70..75 => self.poll(),
            75..77 => self.world.seller_shares(),
            77 => self.world.microsoft_invites(),
            78..84 => self.world.seller_edits(),
            84..89 => self.world.colleague_edits(),
            89 => self.world.seller_moves(),
            90 => self.world.referral_moves(),
            91..95 => self.world.advance(i64::from(self.world.draw(8))),
            _ => self.world.advance(i64::from(self.world.draw(90))),
        }
    }

    /// Lets everything finish in calm weather. Says whether the system came to rest.
    pub(crate) fn quiesce(&mut self) -> bool {
        self.world.calm_down(true);
        let mut quiet = 0;
        for _ in 0..ROUNDS {
            let before = self.world.state().writes;
            self.land();
            while !self.world.state().webhooks.is_empty() {
                self.deliver();
            }
            self.poll();
            self.finish();
            // Three rounds outlast the lease of a poller that died: the last of them really polled.
            self.world.advance(i64::from(200 + self.world.draw(400)));
            let (idle, writes) = {
                let state = self.world.state();
                (
                    state.queue.is_empty() && state.webhooks.is_empty() && state.late.is_empty(),
                    state.writes,
                )
            };
            quiet = if idle && writes == before { quiet + 1 } else { 0 };
            if quiet == 3 {
                return true;
            }
        }
        false
    }

    /// Creations that hung take effect.
    fn land(&self) {
        let mut state = self.world.state();
        let now = state.now;
        let (due, late): (Vec<_>, Vec<_>) = std::mem::take(&mut state.late).into_iter().partition(|(due, _)| *due <= now);
        state.late = late;
        for (_, body) in due {
            let id = create(&mut state, body);
            state.tell(|| format!("a creation that hung takes effect: {id}"));
        }
    }

    /// Has every pair looked at once more.
    pub(crate) fn look_again(&mut self) {
        let (records, referrals) = {
            let state = self.world.state();
            (
                state.records.keys().cloned().collect::<Vec<_>>(),
                state.referrals.keys().copied().collect::<Vec<_>>(),
            )
        };
        let subjects = records
            .iter()
            .map(|id| Subject::Crm(key(id)))
            .chain(referrals.into_iter().map(Subject::Referral));
        for subject in subjects {
            self.world.enqueue(SyncMessage {
                subject,
                cause: Cause::Operator,
                observed: "again".into(),
            });
        }
        self.finish();
    }

    fn finish(&mut self) {
        for _ in 0..100_000 {
            self.receive();
            if self.tasks.is_empty() {
                return;
            }
            self.go_on();
        }
    }

    /// A task goes on to its next call, or its function dies.
    fn go_on(&mut self) {
        let Ok(count) = u32::try_from(self.tasks.len()) else { return };
        if count == 0 {
            return;
        }
        let chosen = self.world.draw(count) as usize;
        let late = self.tasks[chosen].deadline < self.world.state().now;
        if late || (!self.world.is_calm() && self.world.draw(1000) < self.world.weather.crash) {
            let task = self.tasks.swap_remove(chosen);
            self.world.state().tell(|| "a function dies".into());
            if let Some(message) = task.message {
                self.return_message(&message, VISIBILITY);
            }
            return;
        }
        let actor = self.tasks[chosen]
            .message
            .as_ref()
            .map_or_else(|| "poller".to_owned(), |message| message.subject.to_string());
        self.world.state().actor = actor;
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(done) = self.tasks[chosen].future.as_mut().poll(&mut context) {
            let task = self.tasks.swap_remove(chosen);
            match (done, task.message) {
                (Done::Look(Ok(())), Some(message)) => self.world.state().queue.retain(|queued| queued.message != message),
                (Done::Look(Err(failure)), Some(message)) => self.return_message(&message, retry(&failure)),
                _ => {}
            }
        }
    }

    /// A consumer takes the oldest visible message of a group nobody works on.
    fn receive(&mut self) {
        if self.tasks.len() >= CONSUMERS {
            return;
        }
        let (message, receives) = {
            let mut state = self.world.state();
            let now = state.now;
            let mut groups = std::collections::BTreeSet::new();
            let index = state.queue.iter().position(|queued| {
                let first = groups.insert(queued.message.group());
                first && !queued.in_flight && queued.visible_at <= now
            });
            let Some(queued) = index.and_then(|index| state.queue.get_mut(index)) else {
                return;
            };
            queued.in_flight = true;
            queued.receives += 1;
            let receives = queued.receives;
            let message = queued.message.clone();
            state.tell(|| format!("a function looks at {}", message.subject));
            (message, receives)
        };
        self.invocations += 1;
        // Two looks often share an invocation, as groups of one batch do; a message that came back never does.
        let invocation = if receives > 1 {
            format!("r{}", self.invocations)
        } else {
            format!("i{}", self.invocations / 2)
        };
        let (engine, looked_at, now) = (self.engine.clone(), message.clone(), self.world.state().now);
        let future = async move {
            let look = Look {
                message: &looked_at,
                now,
                invocation: &invocation,
            };
            Done::Look(engine.reconcile(look).await.map(drop))
        };
        self.tasks.push(Task {
            future: Box::pin(future),
            message: Some(message),
            deadline: now + TIME_OUT,
        });
    }

    fn deliver(&mut self) {
        let Some((id, changed)) = ({
            let mut state = self.world.state();
            let count = u32::try_from(state.webhooks.len()).unwrap_or_default();
            (count > 0)
                .then(|| self.world.draw(count) as usize)
                .map(|index| state.webhooks.swap_remove(index))
        }) else {
            return;
        };
        if self.world.draw(100) < self.world.weather.lost_webhooks {
            self.world.state().tell(|| format!("the delivery of {id} is lost"));
            return;
        }
        let message = SyncMessage {
            subject: Subject::Referral(id),
            cause: Cause::Webhook,
            observed: format!("referral-updated@{changed}"),
        };
        self.world.enqueue(message);
    }

    fn poll(&mut self) {
        self.invocations += 2;
        let (poller, now, invocation) = (self.poller.clone(), self.world.state().now, format!("p{}", self.invocations));
        self.world.state().tell(|| "the poller runs".into());
        let future = async move {
            let _ = poller.poll(now, &invocation).await;
            Done::Poll
        };
        self.tasks.push(Task {
            future: Box::pin(future),
            message: None,
            deadline: now + TIME_OUT,
        });
    }

    fn return_message(&self, message: &SyncMessage, after: SignedDuration) {
        let mut state = self.world.state();
        let visible_at = state.now + after;
        if let Some(queued) = state.queue.iter_mut().find(|queued| queued.message == *message) {
            queued.in_flight = false;
            queued.visible_at = visible_at;
        }
    }
}

fn retry(failure: &Failure) -> SignedDuration {
    match failure.kind {
        FailureKind::Throttled { retry_after } => SignedDuration::try_from(retry_after).unwrap_or(SignedDuration::from_secs(5)),
        _ => SignedDuration::from_secs(5),
    }
}
