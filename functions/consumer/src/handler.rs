//! The Lambda side of a batch: its messages, its deadline, its logs and metrics.

use std::time::{Duration, UNIX_EPOCH};

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use cosell_aws::queue::SqsQueue;
use cosell_model::audit::AuditKind;
use cosell_model::message::{PoisonMessage, Subject, SyncMessage};
use cosell_model::state::DealState;
use cosell_runtime::clock;
use cosell_runtime::metrics::{self, Metric};
use cosell_sync::batch::{Attendant, Received, Time, Unfinished};
use cosell_sync::{Engine, Failure, Outcome};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Context;

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
    /// `cargo lambda watch` sends a duration where Lambda sends a time: one that is long past when
    /// the event arrives is none.
    fn of(context: &Context, now: Timestamp) -> Self {
        let since_epoch = context.deadline().duration_since(UNIX_EPOCH).unwrap_or_default();
        let given = SignedDuration::try_from(since_epoch)
            .ok()
            .and_then(|since| Timestamp::UNIX_EPOCH.saturating_add(since).ok());
        let latest = || now.saturating_add(TIME_OUT).unwrap_or(Timestamp::MAX);
        Self(given.filter(|given| *given > now).unwrap_or_else(latest))
    }
}

impl Time for Deadline {
    fn now(&self) -> Timestamp {
        clock::now()
    }

    fn left(&self) -> Duration {
        self.0.duration_since(clock::now()).try_into().unwrap_or_default()
    }

    async fn elapse(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

impl Consumer {
    /// Handles a batch; what is named in the answer comes back, the rest is done.
    pub(crate) async fn consume(&self, event: SqsEvent, context: &Context) -> SqsBatchResponse {
        let deadline = Deadline::of(context, clock::now());
        let batch = event.records.into_iter().map(received).collect();
        let unfinished = self.engine.work(batch, &deadline, &context.request_id, self).await;
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures =
            unfinished.into_iter().map(|unfinished| failure(unfinished.message.id)).collect();
        response
    }

    async fn postpone_one(&self, unfinished: &Unfinished) {
        let Some(after) = unfinished.retry_after else {
            return;
        };
        if let Err(failure) = self.queue.postpone(&unfinished.message.receipt, after).await {
            tracing::warn!(
                message.id = unfinished.message.id,
                error = failure.redacted(),
                "the visibility could not be changed; the message comes back by the queue's own \
                 time-out"
            );
        }
    }
}

impl Attendant for Consumer {
    fn reconciled(
        &self,
        message: &SyncMessage,
        messages: usize,
        started: Timestamp,
        result: &Result<Outcome, Failure>,
    ) {
        match result {
            Ok(outcome) => {
                count(outcome);
                tracing::info!(
                    pair = outcome.pair,
                    outcome = %outcome.kind,
                    deal.state = outcome.state.as_ref().map(DealState::name),
                    cause = %message.cause,
                    messages,
                    duration_ms = millis(clock::now().duration_since(started)),
                    "{}",
                    message_of(outcome)
                );
            }
            Err(failure) => {
                metrics::count(Metric::ReconcileFailed, 1, &[("kind", failure.kind.code())]);
                tracing::warn!(
                    subject = %message.subject,
                    cause = %message.cause,
                    messages,
                    kind = failure.kind.code(),
                    error = failure.redacted(),
                    "the reconciliation failed and will be repeated"
                );
            }
        }
    }

    fn poison(&self, id: &str, error: &PoisonMessage, audited: &Result<(), Failure>) {
        metrics::count(Metric::Poison, 1, &[]);
        tracing::error!(
            message.id = id,
            error = %error,
            "a message that no version of ours wrote was dropped"
        );
        if let Err(failure) = audited {
            tracing::warn!(
                message.id = id,
                error = failure.redacted(),
                "the dropped message could not be audited; it comes back"
            );
        }
    }

    fn lost(&self, subject: &Subject, why: &'static str) {
        metrics::count(Metric::ReconcileFailed, 1, &[("kind", "lost")]);
        tracing::error!(
            subject = %subject,
            why,
            "the reconciliation was lost; its messages come back"
        );
    }

    async fn postpone(&self, messages: &[Unfinished]) {
        join_all(messages.iter().map(|unfinished| self.postpone_one(unfinished))).await;
    }
}

/// Counts how a reconciliation ended. The dimensions' values are the names of enum variants.
fn count(outcome: &Outcome) {
    metrics::count(Metric::Reconciled, 1, &[("outcome", &outcome.kind.to_string())]);
    if let Some(state) = &outcome.state {
        metrics::count(Metric::DealState, 1, &[("state", state.name())]);
    }
    for code in &outcome.new_notices {
        metrics::count(Metric::Notice, 1, &[("code", code)]);
    }
    for metric in outcome.noted.iter().filter_map(|kind| alarming(*kind)) {
        metrics::count(metric, 1, &[]);
    }
}

/// Metrics of their own, for the alarms.
fn alarming(kind: AuditKind) -> Option<Metric> {
    match kind {
        AuditKind::Flapping => Some(Metric::DealFlapping),
        AuditKind::Disconnected => Some(Metric::DealDisconnected),
        AuditKind::AwaitingDecision => Some(Metric::ConflictAwaitingDecision),
        AuditKind::DeadlineNear => Some(Metric::DeadlineNear),
        _ => None,
    }
}

/// A rejection's sentences may quote a service, and with it a customer's name: they are for the
/// seller and the audit log.
fn message_of(outcome: &Outcome) -> &str {
    match outcome.kind {
        AuditKind::Rejected => "rejected; the reason is in the audit log",
        _ => &outcome.message,
    }
}

fn received(message: SqsMessage) -> Received {
    let receives = message.attributes.get("ApproximateReceiveCount");
    Received {
        receives: receives.and_then(|count| count.parse().ok()).unwrap_or(1),
        id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
    }
}

fn failure(id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = id;
    failure
}

fn millis(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
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
}
