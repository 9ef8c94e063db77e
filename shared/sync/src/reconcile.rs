//! `reconcile(subject, cause)`: the one way in which anything is ever written.
//!
//! Level-triggered: the message names a subject, never data. Duplicate, reordered and late messages
//! are harmless, our own writes come back as messages that find nothing to do, and a retry is
//! simply the same call.
//!
//! ```text
//! find ──► observe ──► decide ──► apply ──► commit
//!  I/O       I/O        pure       I/O      pure fold, then one save
//! ```

use std::time::Duration;

use cosell_model::audit::{AuditEntry, AuditKind};
use cosell_model::crm::CrmKey;
use cosell_model::message::{Cause, Subject, SyncMessage};
use cosell_model::referral::Referral;
use cosell_model::state::DealState;
use jiff::Timestamp;

use crate::commit::Committed;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::find::{Found, Located};
use crate::pair::Pair;
use crate::reconciliation::Reconciliation;
pub use crate::reconciliation::{Outcome, Request};

/// How often one request goes through the pipeline: a lead that becomes an opportunity does twice,
/// and once more where what it is made with is noted first; and a referral that was found under its
/// claim does twice.
const PASSES: usize = 4;

impl Engine {
    /// Reads the deal as it is now, brings both sides in sync, and records what was done.
    ///
    /// `Ok` means the message is done, rejected and skipped deals included. `Err` means it must be
    /// tried again later; whatever was written before the failure is found and not repeated.
    pub async fn reconcile(&self, request: Request<'_>) -> Result<Outcome, Failure> {
        let mut reconciliation = Reconciliation::new(self, request);
        // On the heap, as everything below is long: a batch holds many reconciliations at once.
        let result = Box::pin(reconciliation.run()).await;
        reconciliation.release(result.as_ref().err()).await;
        result
    }

    /// What [`Self::reconcile`] would do, and nothing done: the pair as it was observed, and the
    /// plan.
    pub async fn dry_run(
        &self,
        message: &SyncMessage,
        now: Timestamp,
    ) -> Result<(Pair, crate::plan::Plan), Failure> {
        let Found { located, unlinked } = self.find(&message.subject, now).await?;
        let pair = self.observe(located, unlinked, message.cause, now).await?;
        let plan = self.rules().decide(&pair);
        Ok((pair, plan))
    }

    /// Audits a queue message that no version of ours wrote, before it is dropped.
    pub async fn audit_poison(
        &self,
        message_id: &str,
        now: Timestamp,
        invocation: &str,
    ) -> Result<(), Failure> {
        let entry = AuditEntry {
            pair: format!("poison#{message_id}"),
            at: now,
            kind: AuditKind::Poison,
            cause: Cause::Operator,
            message: "A queue message of another form was dropped.".into(),
            notices: Vec::new(),
            changes: Vec::new(),
            undecided: Vec::new(),
            partner_center_request: None,
            crm_request: None,
            invocation: invocation.to_owned(),
        };
        self.audit.append(&entry).await
    }
}

impl Reconciliation<'_> {
    async fn run(&mut self) -> Result<Outcome, Failure> {
        let mut found = None;
        let mut moved_to = None;
        for _ in 0..PASSES {
            let start = match found.take() {
                Some(found) => found,
                None => self.find().await?,
            };
            found = match self.pass(start).await? {
                (Committed::Done(outcome), _) => {
                    // The deal may have moved to another opportunity than this one: whose seller is
                    // to know.
                    let again = self.is_left_aside(moved_to).then_some(Duration::from_secs(1));
                    let again = again.or(outcome.again);
                    return Ok(Outcome { again, ..self.named_after_move(outcome) });
                }
                (Committed::Again, _) => None,
                (Committed::Moved(link), microsoft) => {
                    moved_to = link.lead.as_ref().map(|lead| (lead.clone(), link.crm.clone()));
                    let microsoft = microsoft.map(Box::new);
                    Some(Located::Linked { link, microsoft }.into())
                }
            };
        }
        Err(crate::failure::linked_meanwhile())
    }

    /// Whether the request is about a record that is neither the lead nor the opportunity of a deal
    /// that just moved.
    fn is_left_aside(&self, moved: Option<(CrmKey, CrmKey)>) -> bool {
        match (&self.request.message.subject, moved) {
            (Subject::Crm(key), Some((lead, opportunity))) => *key != lead && *key != opportunity,
            _ => false,
        }
    }

    /// A lead that became an opportunity did so, whatever else was written then.
    fn named_after_move(&self, outcome: Outcome) -> Outcome {
        let is_moved = self.journal.appended.contains(&AuditKind::Qualified);
        match outcome.kind {
            AuditKind::Unchanged | AuditKind::Updated if is_moved => {
                Outcome { kind: AuditKind::Qualified, ..outcome }
            }
            _ => outcome,
        }
    }

    async fn find(&mut self) -> Result<Found, Failure> {
        match self.engine.find(&self.request.message.subject, self.request.now).await {
            Ok(found) => Ok(found),
            Err(failure) => Err(self.failed_early(failure).await),
        }
    }

    /// One way through the pipeline. Gives back the Microsoft referral that was read on it.
    async fn pass(&mut self, found: Found) -> Result<(Committed, Option<Referral>), Failure> {
        let (engine, message, now) = (self.engine, self.request.message, self.request.now);
        let known = crate::commit::failing::Known::of(&found);
        let Found { located, unlinked } = found;
        let pair = match engine.observe(located, unlinked, message.cause, now).await {
            Ok(pair) => pair,
            Err(failure) => return Err(self.failed(known, failure).await),
        };
        let committed = self.reconcile_pair(&pair).await?;
        Ok((committed, pair.microsoft))
    }

    /// Decides, applies and commits.
    pub(crate) async fn reconcile_pair(&mut self, pair: &Pair) -> Result<Committed, Failure> {
        if let Some(link) = &pair.link {
            self.journal.is_of(link.referral);
        }
        if let DealState::Failing { attempts, announced, .. } = pair.state() {
            self.journal.failed_before = *attempts;
            self.journal.announced.clone_from(announced);
        }
        let plan = self.engine.rules().decide(pair);
        let applied = Box::pin(self.apply(pair, &plan)).await;
        Box::pin(self.commit(pair, &plan, applied)).await
    }
}
