//! Committing: what came of a plan is folded into the link, the audit log and the outcome, with one
//! save.

pub(crate) mod failing;
mod overtaken;
mod unlinked;

use std::time::Duration;

use cosell_model::audit::AuditKind;
use cosell_model::link::Link;
use cosell_model::notice::{Notice, Severity};
use cosell_model::state::DealState;
use jiff::Timestamp;

use crate::apply::{Applied, LinkedApplied};
use crate::decide::case::Case;
use crate::decide::fold::{self, Folded};
use crate::decide::progress::Progress;
use crate::decide::{is_new, link_after as link};
use crate::failure::{Failure, FailureKind};
use crate::journal::Draft;
use crate::pair::{Pair, Standing};
use crate::plan::Plan;
use crate::reconciliation::{Outcome, Reconciliation};

/// How a pass ended.
#[expect(clippy::large_enum_variant, reason = "one is made for each pass, and moved once")]
pub(crate) enum Committed {
    /// The request is done.
    Done(Outcome),
    /// The deal is looked for and reconciled once more.
    Again,
    /// The deal is reconciled once more, with this link.
    Moved(Box<Link>),
}

/// What is due so soon waits on the queue: the schedule may have been read already, by a clock that
/// is ahead of ours.
const SOON: Duration = Duration::from_mins(10);

impl Reconciliation<'_> {
    /// Keeps what came of a plan, and says how the pass ended.
    pub(crate) async fn commit(
        &mut self,
        pair: &Pair,
        plan: &Plan,
        applied: Result<Applied, Failure>,
    ) -> Result<Committed, Failure> {
        let committed = self.commit_applied(pair, plan, applied).await;
        if let Err(failure) = &committed
            && self.journal.is_ahead
            && !self.journal.failure_is_known
        {
            // Something may have been written, and keeping it failed.
            self.append_failure(failure, Vec::new(), true).await;
        }
        committed
    }

    async fn commit_applied(
        &mut self,
        pair: &Pair,
        plan: &Plan,
        applied: Result<Applied, Failure>,
    ) -> Result<Committed, Failure> {
        match applied {
            Ok(Applied::Again) => Ok(Committed::Again),
            Ok(Applied::Moved(link)) => Ok(Committed::Moved(link)),
            Ok(Applied::Linked(applied)) => self.commit_linked(pair, plan, *applied).await,
            Ok(Applied::Notified { record, delivered }) => {
                let outcome = if pair.is_linked() {
                    self.commit_resting(pair, plan, (record, delivered)).await?
                } else {
                    self.commit_unlinked(pair, plan, delivered).await?
                };
                Ok(Committed::Done(outcome))
            }
            Ok(Applied::Contradicted(notice)) => {
                let plan = Plan::refused(vec![notice]);
                self.commit_contradiction(pair, &plan).await.map(Committed::Done)
            }
            Err(failure) if failure.kind == FailureKind::Rejected => {
                let refusal = crate::apply::refusal(&failure);
                self.journal.answered(failure.system, failure.request_id.as_ref());
                let plan = Plan::refused(vec![Notice::WriteRefused { refusal }]);
                self.reject(pair, &plan).await.map(Committed::Done)
            }
            Err(failure) => Err(self.failed(failing::Known::of_pair(pair), failure).await),
        }
    }

    async fn commit_linked(
        &mut self,
        pair: &Pair,
        plan: &Plan,
        applied: LinkedApplied,
    ) -> Result<Committed, Failure> {
        let LinkedApplied { pair: made, plan: ended, progress, failure } = applied;
        let (pair, plan) = (made.as_ref().unwrap_or(pair), ended.as_ref().unwrap_or(plan));
        let engine = self.engine;
        let Ok(case) = engine.rules().case(pair) else { return Ok(Committed::Again) };
        let folded = fold::of(&case, plan, &progress);
        if let Some(failure) = failure {
            return Err(self.fail_linked(&case, plan, (&progress, &folded), failure).await);
        }
        let changes = folded.changes.clone();
        match self.keep(&case, plan, &progress, folded).await {
            Ok(outcome) => Ok(Committed::Done(until_due(outcome, plan.next, case.now))),
            Err(failure) => {
                self.append_failure(&failure, changes, self.journal.is_ahead).await;
                Err(failure)
            }
        }
    }

    /// Keeps what came of a plan that was carried out to its end.
    async fn keep(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &Progress,
        folded: Folded,
    ) -> Result<Outcome, Failure> {
        let link = link::after(case, plan, progress, &folded);
        self.note_schedule(case, plan).await?;
        self.journal.append_own(case, &folded.notices, &folded.changes).await?;
        self.append_recovered(case.pair, &folded.state).await?;
        if link != progress.link {
            Box::pin(self.save(case, plan, progress, link)).await?;
        }
        self.conclude(case, plan, folded).await
    }

    /// What begins to wait is scheduled, so that it is found again whatever becomes of the message.
    async fn note_schedule(&mut self, case: &Case<'_>, plan: &Plan) -> Result<(), Failure> {
        let until = plan.memory.win_deferred_until;
        if let Some(until) = until.filter(|_| case.link.win_deferred_until != until) {
            self.engine.schedule.note(case.link.referral, until).await?;
        }
        Ok(())
    }

    /// The entry and the outcome of a linked deal.
    async fn conclude(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        folded: Folded,
    ) -> Result<Outcome, Failure> {
        let added = || folded.notices.iter().filter(|notice| is_new(case, notice));
        self.journal.note_new(added());
        let new: Vec<Notice> = added()
            .filter(|notice| notice.audit_kind().is_none())
            .filter_map(crate::render::redacted)
            .collect();
        let kind = kind(plan, &folded, &new);
        let is_aside =
            |kind: &&AuditKind| !matches!(kind, AuditKind::WriteAhead | AuditKind::Recovered);
        let mut asides = self.journal.appended.iter().filter(is_aside);
        if kind == AuditKind::Unchanged
            && let Some(aside) = asides.next_back().copied()
        {
            return Ok(self.quiet(aside, redacted_sentences(case, &folded, aside), folded.state));
        }
        let kind = match kind {
            AuditKind::Unchanged if self.journal.is_ahead => AuditKind::Updated,
            kind => kind,
        };
        let message = if new.is_empty() {
            "Both sides are in sync.".to_owned()
        } else {
            crate::render::sentences(case.mapping, &new)
        };
        // Every write comes back as a message that finds nothing to do: the log says so, the audit
        // log would only drown.
        if kind == AuditKind::Unchanged {
            return Ok(self.quiet(kind, message, folded.state));
        }
        let draft = Draft {
            message: message.clone(),
            notices: new,
            changes: folded.changes,
            undecided: plan.undecided.clone(),
        };
        self.journal.append(kind, draft).await?;
        Ok(self.quiet(kind, message, folded.state))
    }

    /// An outcome without an entry of its own.
    pub(crate) fn quiet(&self, kind: AuditKind, message: String, state: DealState) -> Outcome {
        Outcome {
            kind,
            pair: self.journal.deal().to_owned(),
            message,
            state: Some(state),
            noted: self.journal.appended.clone(),
            new_notices: self.journal.new_notices.clone(),
            again: None,
        }
    }

    /// A plan that failed half-way: what landed counts as written.
    async fn fail_linked(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        (progress, folded): (&Progress, &Folded),
        failure: Failure,
    ) -> Failure {
        if !failing::is_worth_counting(&failure) {
            return failure;
        }
        let state = self.count(&case.link.state, &failure);
        let mut is_new = failing::is_first(&state);
        let is_read = |notice: &&Notice| progress.delivered.contains(&notice.key());
        let read: Vec<Notice> = folded.notices.iter().filter(is_read).cloned().collect();
        if let Err(error) = self.journal.append_own(case, &read, &folded.changes).await {
            tracing::warn!(referral.id = %case.link.referral, error = error.redacted(), "what the seller reads could not be audited");
        }
        let link = link::after_failure(case, plan, progress, folded).in_state(state, case.now);
        if link.version > 0
            && link != progress.link
            && let Err(error) = Box::pin(self.save(case, plan, progress, link)).await
        {
            is_new = true;
            tracing::warn!(referral.id = %case.link.referral, error = error.redacted(), "the attempt could not be counted");
        }
        self.append_failure(&failure, folded.changes.clone(), is_new).await;
        failure
    }
}

fn kind(plan: &Plan, folded: &Folded, new: &[Notice]) -> AuditKind {
    let is_error = |notice: &Notice| notice.severity() == Severity::Error;
    let created = plan.notices.iter().any(|notice| {
        matches!(notice, Notice::ReferralCreated { .. } | Notice::RecordCreated { .. })
    });
    let adopted = plan.notices.contains(&Notice::Adopted);
    match () {
        () if new.iter().any(is_error) => AuditKind::Rejected,
        () if created => AuditKind::Created,
        () if !plan.undecided.is_empty() => AuditKind::AwaitingDecision,
        () if folded.changes.iter().any(|change| change.overruled.is_some()) => AuditKind::Conflict,
        () if adopted && folded.changes.is_empty() => AuditKind::Unchanged,
        () if adopted => AuditKind::Adopted,
        () if !folded.changes.is_empty() => AuditKind::Updated,
        () => AuditKind::Unchanged,
    }
}

/// The outcome of a deal that comes back at a time: soon enough, its message stays on the queue.
fn until_due(outcome: Outcome, due: Option<Timestamp>, now: Timestamp) -> Outcome {
    let left = due.and_then(|due| Duration::try_from(due.duration_since(now)).ok());
    let again = left.filter(|left| *left <= SOON).map(|left| left.max(Duration::from_secs(1)));
    Outcome { again: again.or(outcome.again), ..outcome }
}

impl Standing {
    /// The kind of the outcome of a deal that takes no part.
    fn kind(state: &DealState) -> AuditKind {
        match state {
            DealState::Refused { .. } => AuditKind::Rejected,
            DealState::Disconnected { .. } | DealState::Waiting { .. } => AuditKind::Disconnected,
            _ => AuditKind::Skipped,
        }
    }
}

/// What an entry of this kind says, without customer data.
fn redacted_sentences(case: &Case<'_>, folded: &Folded, kind: AuditKind) -> String {
    let of_kind = folded.notices.iter().filter(|notice| notice.audit_kind() == Some(kind));
    let redacted: Vec<Notice> = of_kind.filter_map(crate::render::redacted).collect();
    crate::render::sentences(case.mapping, &redacted)
}
