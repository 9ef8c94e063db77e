//! From a batch to reconciled pairs, and from failures to retries.

use std::time::{Duration, UNIX_EPOCH};

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use cosell_aws::queue::SqsQueue;
use cosell_core::audit::AuditKind;
use cosell_core::message::SyncMessage;
use cosell_engine::{Engine, Failure, FailureKind, Look, Outcome};
use cosell_runtime::{clock, metrics};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Context;

use crate::batch::{self, Received, TimeLeft, Unfinished};

/// What a batch needs; built once per process.
pub(crate) struct Consumer {
    pub(crate) engine: Engine,
    pub(crate) queue: SqsQueue,
}

/// The Lambda deadline against our clock.
struct Deadline(Timestamp);

/// The consumer's time-out in the template.
const TIME_OUT: SignedDuration = SignedDuration::from_mins(2);

impl Deadline {
    /// `cargo lambda watch` sends a duration where Lambda sends a time: one that is long past when the event arrives is none.
    fn of(context: &Context, now: Timestamp) -> Self {
        let since_epoch = context.deadline().duration_since(UNIX_EPOCH).unwrap_or_default();
        let told = SignedDuration::try_from(since_epoch)
            .ok()
            .and_then(|since| Timestamp::UNIX_EPOCH.saturating_add(since).ok());
        Self(
            told.filter(|told| *told > now)
                .unwrap_or(now.saturating_add(TIME_OUT).unwrap_or(Timestamp::MAX)),
        )
    }
}

impl TimeLeft for Deadline {
    fn left(&self) -> Duration {
        self.0.duration_since(clock::now()).try_into().unwrap_or_default()
    }
}

/// The first retry comes soon, for races; later ones every ten minutes, for outages.
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_mins(10);

impl Consumer {
    /// Handles a batch; what is named in the answer comes back, the rest is done.
    pub(crate) async fn consume(&self, event: SqsEvent, context: &Context) -> SqsBatchResponse {
        let deadline = Deadline::of(context, clock::now());
        let batch = event.records.into_iter().map(received).collect();
        let invocation = context.request_id.as_str();
        let postpone = async |group: Vec<Unfinished>| drop(join_all(group.iter().map(|unfinished| self.postpone(unfinished))).await);
        let unfinished = batch::run(batch, &deadline, |message| self.handle(message, invocation), postpone).await;
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = unfinished.into_iter().map(|unfinished| failure(unfinished.message.id)).collect();
        response
    }

    /// One message. A body that no version of ours wrote is poison: audited and dropped, never retried.
    async fn handle(&self, received: Received, invocation: &str) -> Result<(), Option<Duration>> {
        let message = match SyncMessage::parse(&received.body) {
            Ok(message) => message,
            Err(error) => return self.drop_poison(&received, &error, invocation).await,
        };
        let look = Look {
            message: &message,
            now: clock::now(),
            invocation,
        };
        match self.engine.reconcile(look).await {
            Ok(outcome) => {
                metrics::count("Reconciled", 1, &[("outcome", &outcome.kind.to_string())]);
                tracing::info!(
                    pair = outcome.pair,
                    outcome = %outcome.kind,
                    cause = %message.cause,
                    duration_ms = millis(clock::now().duration_since(look.now)),
                    "{}",
                    told(&outcome)
                );
                Ok(())
            }
            Err(failure) => {
                metrics::count("ReconcileFailed", 1, &[("kind", failure.kind.code())]);
                tracing::warn!(subject = %message.subject, cause = %message.cause, kind = failure.kind.code(), error = failure.brief(), "the look failed and will be repeated");
                Err(Some(retry_after(&failure, received.receives)))
            }
        }
    }

    async fn drop_poison(&self, received: &Received, error: &dyn std::error::Error, invocation: &str) -> Result<(), Option<Duration>> {
        metrics::count("Poison", 1, &[]);
        tracing::error!(message.id = received.id, error = %error, "a message that no version of ours wrote was dropped");
        self.engine
            .audit_poison(&received.id, clock::now(), invocation)
            .await
            .map_err(|failure| {
                tracing::warn!(
                    message.id = received.id,
                    error = failure.brief(),
                    "the dropped message could not be audited; it comes back"
                );
                None
            })
    }

    async fn postpone(&self, unfinished: &Unfinished) {
        let Some(after) = unfinished.retry_after else { return };
        if let Err(failure) = self.queue.postpone(&unfinished.message.receipt, after).await {
            tracing::warn!(
                message.id = unfinished.message.id,
                error = failure.brief(),
                "the visibility could not be changed; the message comes back by the queue's own time-out"
            );
        }
    }
}

/// Longer with each receive, and never sooner than the service asked for.
fn retry_after(failure: &Failure, receives: u32) -> Duration {
    let spread = FIRST_RETRY.saturating_mul(3_u32.saturating_pow(receives.saturating_sub(1)));
    let asked = match failure.kind {
        FailureKind::Throttled { retry_after } => retry_after,
        _ => Duration::ZERO,
    };
    spread.max(asked).min(LONGEST_RETRY)
}

/// A rejection's sentences may quote a service, and with it a customer's name: they are for the seller and the trail.
fn told(outcome: &Outcome) -> &str {
    match outcome.kind {
        AuditKind::Rejected => "rejected; the reason is in the audit trail",
        _ => &outcome.message,
    }
}

fn received(message: SqsMessage) -> Received {
    let attribute = |name: &str| message.attributes.get(name).cloned();
    let id = message.message_id.clone().unwrap_or_default();
    Received {
        // A standard queue has no groups: then every message is its own.
        group: attribute("MessageGroupId").unwrap_or_else(|| id.clone()),
        receives: attribute("ApproximateReceiveCount")
            .and_then(|count| count.parse().ok())
            .unwrap_or(1),
        body: message.body.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        id,
    }
}

fn failure(id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = id;
    failure
}

fn millis(duration: jiff::SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use cosell_engine::Outside;

    use super::*;

    #[test]
    fn a_deadline_that_is_no_time_does_not_stop_the_work() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let mut context = Context::default();
        context.deadline = u64::try_from(now.as_millisecond()).unwrap() + 30_000;
        assert_eq!(Deadline::of(&context, now).0, "2026-11-21T10:00:30Z".parse().unwrap());
        context.deadline = 600_000;
        assert_eq!(Deadline::of(&context, now).0, "2026-11-21T10:02:00Z".parse().unwrap());
    }

    fn wait(kind: FailureKind, receives: u32) -> u64 {
        retry_after(&Failure::new(Outside::Crm, kind, "ordered by the test"), receives).as_secs()
    }

    #[test]
    fn retries_spread_out_and_stay_bounded() {
        let waits: Vec<u64> = (1..=6).map(|receives| wait(FailureKind::Transient, receives)).collect();
        assert_eq!(waits, [5, 15, 45, 135, 405, 600]);
    }

    #[test]
    fn a_throttling_service_is_obeyed_and_asked_less_and_less_often() {
        let throttled = |seconds| FailureKind::Throttled {
            retry_after: Duration::from_secs(seconds),
        };
        assert_eq!(wait(throttled(41), 1), 41);
        assert_eq!(wait(throttled(1), 4), 135);
        assert_eq!(wait(throttled(86_400), 1), 600);
    }
}
