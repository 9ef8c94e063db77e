//! Failures: repeated ones are one state that counts, and one entry of the audit log.

use std::collections::BTreeSet;

use cosell_model::audit::{AuditKind, FieldChange};
use cosell_model::link::Link;
use cosell_model::message::Subject;
use cosell_model::state::{DealState, UnlinkedDeal};
use jiff::SignedDuration;

use crate::failure::{Failure, FailureKind, System};
use crate::find::{Found, Located};
use crate::journal::Draft;
use crate::pair::Pair;
use crate::port;
use crate::reconciliation::Reconciliation;
use crate::render::minute;
use crate::retry;

/// What is kept of a deal that cannot be reconciled now.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    Linked(Box<Link>),
    Unlinked(UnlinkedDeal),
}

impl Known {
    pub(crate) fn of(found: &Found) -> Self {
        match &found.located {
            Located::Linked { link, .. } => Self::Linked(link.clone()),
            _ => Self::Unlinked(found.unlinked.clone().unwrap_or_default()),
        }
    }

    pub(crate) fn of_pair(pair: &Pair) -> Self {
        match &pair.link {
            Some(link) if link.version > 0 => Self::Linked(Box::new(link.clone())),
            _ => Self::Unlinked(pair.unlinked.clone().unwrap_or_default()),
        }
    }
}

/// Who failed, how, with which code: no customer data, and the same for every failure of a kind.
fn cause(failure: &Failure) -> String {
    let code = failure.code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    format!("{} {}{code}", failure.system, failure.kind.code())
}

/// The count of the failures that a deal's state `before` ends with.
fn counted(before: &DealState) -> Option<String> {
    match before {
        DealState::Failing { attempts, since, last, cause, earlier, .. } if *attempts > 1 => {
            let causes: BTreeSet<&String> = earlier.iter().chain([cause]).collect();
            let causes: Vec<&str> = causes.into_iter().map(String::as_str).collect();
            Some(format!(
                "Had failed {attempts} times from {} to {}: {}.",
                minute(*since),
                minute(*last),
                causes.join(", ")
            ))
        }
        _ => None,
    }
}

/// Whether the deal failed for the first time by this cause.
pub(super) fn is_first(state: &DealState) -> bool {
    matches!(state, DealState::Failing { cause, earlier, .. } if !earlier.contains(cause))
}

impl Reconciliation<'_> {
    /// The state of a deal that failed, and was in the state `before`.
    pub(super) fn count(&self, before: &DealState, failure: &Failure) -> DealState {
        let now = self.request.now;
        let wait = SignedDuration::try_from(retry::after(failure, self.request.receives));
        let next = now.saturating_add(wait.unwrap_or_default()).unwrap_or(now);
        let (attempts, since, earlier, known) = match before {
            DealState::Failing { attempts, since, cause, earlier, announced, .. } => {
                let mut earlier = earlier.clone();
                earlier.insert(cause.clone());
                (attempts.saturating_add(1), *since, earlier, announced.clone())
            }
            _ => (1, now, BTreeSet::default(), None),
        };
        DealState::Failing {
            attempts,
            since,
            last: now,
            cause: cause(failure),
            earlier,
            next,
            announced: self.journal.announced.clone().or(known),
            before: Box::new(before.before_failing().clone()),
        }
    }

    /// The deal could not even be found.
    pub(crate) async fn failed_early(&mut self, failure: Failure) -> Failure {
        // Of a deal that changes just now, another reconciliation keeps the state.
        let known = match failure.kind {
            FailureKind::Stale => None,
            _ => self.kept().await,
        };
        if let Some(known) = known {
            self.failed(known, failure).await
        } else {
            self.append_failure(&failure, Vec::new(), true).await;
            failure
        }
    }

    /// What is kept of the request's deal; `None` when that cannot be read either.
    async fn kept(&self) -> Option<Known> {
        let links = &self.engine.links;
        let known = match &self.request.message.subject {
            Subject::Referral(id) => links.by_referral(*id).await,
            Subject::Crm(key) => links.by_crm(key).await,
        };
        Some(match known.ok()? {
            port::Known::Linked(link) => Known::Linked(link),
            port::Known::Unlinked(deal) => Known::Unlinked(deal),
            port::Known::Nothing => Known::Unlinked(UnlinkedDeal::default()),
        })
    }

    /// The deal was found, and nothing was written.
    pub(crate) async fn failed(&mut self, known: Known, failure: Failure) -> Failure {
        // Nothing was tried, so there is nothing to say.
        if !is_worth_counting(&failure) {
            return failure;
        }
        let now = self.request.now;
        let (is_first, kept) = match known {
            Known::Linked(link) => {
                self.journal.is_of(link.referral);
                let state = self.count(&link.state, &failure);
                let is_first = is_first(&state);
                (is_first, self.engine.links.save(&link.in_state(state, now)).await.map(drop))
            }
            Known::Unlinked(deal) => {
                let state = self.count(&deal.state, &failure);
                let is_first = is_first(&state);
                let deal = UnlinkedDeal { updated: Some(now), ..deal }.in_state(state, now);
                let subject = self.request.message.subject.clone();
                (is_first, self.keep_unlinked(&subject, &deal).await)
            }
        };
        let is_counted = kept.is_ok();
        if let Err(error) = kept {
            tracing::debug!(
                deal = self.journal.deal(),
                error = error.redacted(),
                "the failure could not be counted"
            );
        }
        // Something may have been made that the store does not know of: the count is not enough.
        let is_loose = self.journal.is_ahead && failure.system == System::Aws;
        self.append_failure(&failure, Vec::new(), is_first || is_loose || !is_counted).await;
        failure
    }

    pub(super) async fn keep_unlinked(
        &self,
        subject: &Subject,
        deal: &UnlinkedDeal,
    ) -> Result<(), Failure> {
        self.engine.links.save_unlinked(subject, deal).await
    }

    /// A deal that had failed more than once went through: the failures are one entry. It is
    /// written before the count ends, so that it is never left out.
    pub(super) async fn append_recovered(
        &mut self,
        pair: &Pair,
        state: &DealState,
    ) -> Result<(), Failure> {
        match counted(pair.state()) {
            Some(message) if !matches!(state, DealState::Failing { .. }) => {
                self.journal.append(AuditKind::Recovered, Draft::of(message)).await
            }
            _ => Ok(()),
        }
    }

    /// The first failure of a kind has an entry, and each that leaves something written; the log's
    /// own failure must not hide the cause.
    pub(super) async fn append_failure(
        &mut self,
        failure: &Failure,
        changes: Vec<FieldChange>,
        is_first: bool,
    ) {
        if !is_worth_counting(failure) {
            return;
        }
        self.journal.failure_is_known = true;
        self.journal.answered(failure.system, failure.request_id.as_ref());
        if !is_first && changes.is_empty() {
            return;
        }
        let draft = Draft { changes, ..Draft::of(failure.to_string()) };
        if let Err(error) = self.journal.append(AuditKind::Failed, draft).await {
            tracing::warn!(
                deal = self.journal.deal(),
                error = error.redacted(),
                "the failed attempt could not be audited"
            );
        }
    }
}

/// Whether something was tried: what only waits for another reconciliation is no failure.
pub(super) fn is_worth_counting(failure: &Failure) -> bool {
    !matches!(failure.kind, FailureKind::Postponed { .. })
}
