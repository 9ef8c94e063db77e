//! One invocation's messages: each deal is reconciled once, the deals side by side, within the
//! deadline.
//!
//! Messages say only which deal, so all that name one cost one reconciliation, and share its end.
//! What is not known to be done comes back; a message that came back although it was done costs one
//! reconciliation that finds nothing to do.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use cosell_model::message::{PoisonMessage, Subject, SyncMessage};
use futures::FutureExt;
use futures::future::{Either, join_all, select};
use jiff::Timestamp;

use crate::circuit_breaker::CircuitBreakers;
use crate::engine::Engine;
use crate::failure::{Failure, FailureKind, System};
use crate::reconciliation::{Outcome, Request};
use crate::retry;

/// A message as the queue hands it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The queue's id.
    pub id: String,
    /// Its body.
    pub body: String,
    /// The queue's handle for changing its visibility.
    pub receipt: String,
    /// How often it was received, this time included.
    pub receives: u32,
}

/// A message that must come back, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The message.
    pub message: Received,
    /// How long it should stay invisible; `None` leaves the queue's own time-out.
    pub retry_after: Option<Duration>,
}

/// The invocation's time.
pub trait Time {
    /// Our clock.
    fn now(&self) -> Timestamp;
    /// Until the function is stopped.
    fn left(&self) -> Duration;
    /// Ends after this long.
    fn elapse(&self, duration: Duration) -> impl Future<Output = ()>;
}

/// What a batch reports as it goes, and what it needs of the queue.
pub trait Attendant {
    /// A deal is about to be reconciled.
    fn begins(&self, _message: &SyncMessage, _now: Timestamp) {}
    /// A deal was reconciled on account of so many messages.
    fn reconciled(
        &self,
        message: &SyncMessage,
        messages: usize,
        started: Timestamp,
        result: &Result<Outcome, Failure>,
    );
    /// A message that no version of ours wrote is dropped; `audited` says whether that could be
    /// written down, else it comes back.
    fn poison(&self, id: &str, error: &PoisonMessage, audited: &Result<(), Failure>);
    /// A reconciliation panicked or outlasted the deadline; its messages come back.
    fn lost(&self, subject: &Subject, why: &'static str);
    /// Asks the queue to bring these messages back when they say.
    fn postpone(&self, messages: &[Unfinished]) -> impl Future<Output = ()>;
}

/// A reconciliation takes a handful of calls of at most 20 s, mostly well under one second each.
/// Below this nothing new is started.
const ENOUGH_TO_START: Duration = Duration::from_secs(20);
/// Kept for the answer itself.
const LAST_SECOND: Duration = Duration::from_secs(1);
/// Kept for changing visibilities and answering the batch.
const ENOUGH_TO_ANSWER: Duration = Duration::from_secs(3);

/// When a deal's messages come back, if they must.
type Ended = Result<(), Option<Duration>>;

/// The messages that name one deal.
struct Pair {
    message: SyncMessage,
    received: Vec<Received>,
}

impl Engine {
    /// Works through a batch and returns the messages that must come back; the rest is done.
    pub async fn work(
        &self,
        batch: Vec<Received>,
        time: &impl Time,
        invocation: &str,
        attendant: &impl Attendant,
    ) -> Vec<Unfinished> {
        // Whatever throttles us is left alone until the next invocation.
        let engine = self.behind(&Arc::new(CircuitBreakers::default()));
        let (mut messages, mut poison) = (Vec::new(), Vec::new());
        for received in batch {
            match SyncMessage::parse(&received.body, &engine.mapping.record_ids) {
                Ok(message) => messages.push((message, received)),
                Err(error) => poison.push((received, error)),
            }
        }
        let dropping = join_all(poison.into_iter().map(|(received, error)| {
            engine.drop_poison(received, error, time, invocation, attendant)
        }));
        let pairs = engine.pairs(messages).await;
        let reconciling = join_all(
            pairs.into_iter().map(|pair| engine.attend(pair, time, invocation, attendant)),
        );
        let (dropped, reconciled) = futures::join!(dropping, reconciling);
        dropped.into_iter().flatten().chain(reconciled.into_iter().flatten()).collect()
    }

    /// Sorts messages by deal. A record's own link is asked of the store only when another subject
    /// of the batch may be its other side.
    async fn pairs(&self, messages: Vec<(SyncMessage, Received)>) -> Vec<Pair> {
        let referrals =
            messages.iter().any(|(message, _)| matches!(message.subject, Subject::Referral(_)));
        let mut named: BTreeMap<Subject, Vec<(SyncMessage, Received)>> = BTreeMap::new();
        for (message, received) in messages {
            named.entry(message.subject.clone()).or_default().push((message, received));
        }
        let resolved = named.into_iter().map(|(subject, messages)| async move {
            let pair = match &subject {
                // A read that fails costs a second reconciliation, no more.
                Subject::Crm(key) if referrals => {
                    self.links.by_crm(key).await.ok().and_then(crate::port::Known::link)
                }
                _ => None,
            };
            (pair.map_or(subject, |link| Subject::Referral(link.referral)), messages)
        });
        let mut pairs: BTreeMap<Subject, Pair> = BTreeMap::new();
        for (subject, messages) in join_all(resolved).await {
            for (message, received) in messages {
                let pair = pairs
                    .entry(subject.clone())
                    .or_insert_with(|| Pair { message, received: Vec::new() });
                pair.received.push(received);
            }
        }
        pairs.into_values().collect()
    }

    async fn attend(
        &self,
        pair: Pair,
        time: &impl Time,
        invocation: &str,
        attendant: &impl Attendant,
    ) -> Vec<Unfinished> {
        let Err(retry_after) = self.reconcile_in_time(&pair, time, invocation, attendant).await
        else {
            return Vec::new();
        };
        let back = |message| Unfinished { message, retry_after };
        let unfinished: Vec<Unfinished> = pair.received.into_iter().map(back).collect();
        // A postponement that does not get through only means the queue's own time-out; the answer
        // must not wait for it.
        let enough = time.left().saturating_sub(LAST_SECOND);
        if within(time, enough, attendant.postpone(&unfinished)).await.is_none() {
            tracing::warn!(
                "visibilities could not be changed in time; the messages come back by the queue's own time-out"
            );
        }
        unfinished
    }

    async fn reconcile_in_time(
        &self,
        pair: &Pair,
        time: &impl Time,
        invocation: &str,
        attendant: &impl Attendant,
    ) -> Ended {
        let left = time.left();
        if left < ENOUGH_TO_START {
            return Err(Some(Duration::ZERO));
        }
        // A panic costs its own deal a retry, not the batch.
        let guarded = AssertUnwindSafe(self.reconcile_one(pair, time.now(), invocation, attendant))
            .catch_unwind();
        match within(time, left.saturating_sub(ENOUGH_TO_ANSWER), guarded).await {
            Some(Ok(ended)) => ended,
            Some(Err(_panic)) => {
                attendant.lost(&pair.message.subject, "it panicked");
                Err(None)
            }
            None => {
                attendant.lost(&pair.message.subject, "the deadline came first");
                Err(None)
            }
        }
    }

    async fn reconcile_one(
        &self,
        pair: &Pair,
        now: Timestamp,
        invocation: &str,
        attendant: &impl Attendant,
    ) -> Ended {
        let receives = pair.received.iter().map(|received| received.receives).max().unwrap_or(1);
        let request = Request { message: &pair.message, receives, now, invocation };
        attendant.begins(&pair.message, now);
        let result = self.reconcile(request).await;
        attendant.reconciled(&pair.message, pair.received.len(), now, &result);
        match result {
            Ok(Outcome { again: None, .. }) => Ok(()),
            Ok(Outcome { again, .. }) => Err(again),
            Err(failure) => Err(Some(retry::after(&failure, receives))),
        }
    }

    /// A body that no version of ours wrote: audited and dropped, never retried.
    async fn drop_poison(
        &self,
        received: Received,
        error: PoisonMessage,
        time: &impl Time,
        invocation: &str,
        attendant: &impl Attendant,
    ) -> Option<Unfinished> {
        let limit = time.left().saturating_sub(ENOUGH_TO_ANSWER);
        let audit =
            within(time, limit, self.audit_poison(&received.id, time.now(), invocation)).await;
        let late =
            || Err(Failure::new(System::Aws, FailureKind::Transient, "the deadline came first"));
        let audited = audit.unwrap_or_else(late);
        attendant.poison(&received.id, &error, &audited);
        audited.err().map(|_| Unfinished { message: received, retry_after: None })
    }
}

/// `None` when the time is over first.
async fn within<T>(time: &impl Time, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(time.elapse(limit))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}
