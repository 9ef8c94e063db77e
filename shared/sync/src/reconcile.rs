//! `reconcile(subject, cause)`: the one way in which anything is ever written.
//!
//! Level-triggered: the message names a subject, never data. Duplicate, reordered and late messages are harmless, our own writes come
//! back as messages that find nothing to do, and a retry is simply the same call.
//!
//! ```text
//! find ──► observe ──► decide ──► apply ──► commit
//!  I/O       I/O        pure       I/O      pure fold, then one save
//! ```

use std::time::Duration;

use cosell_model::audit::{AuditEntry, AuditKind};
use cosell_model::id::ReferralId;
use cosell_model::message::{Cause, SyncMessage};
use cosell_model::referral::Referral;
use cosell_model::state::DealState;
use jiff::Timestamp;

use crate::commit::Committed;
use crate::engine::Engine;
use crate::failure::{Failure, FailureKind};
use crate::find::{Found, Located};
use crate::journal::Journal;
use crate::observe::Pair;

/// One request to reconcile one deal.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What to reconcile, and why.
    pub message: &'a SyncMessage,
    /// Our clock.
    pub now: Timestamp,
    /// The function's request id; also the holder of claims.
    pub invocation: &'a str,
}

/// How a reconciliation ended. Its message names fields and ids, never customer data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What happened.
    pub kind: AuditKind,
    /// The deal, as in the audit log.
    pub pair: String,
    /// One sentence.
    pub message: String,
    /// Where the deal stands, unless that was not touched.
    pub state: Option<DealState>,
    /// Everything that was audited on the way, in order.
    pub noted: Vec<AuditKind>,
    /// The stable codes of the warnings and errors that are new: each notice that nobody was notified of before.
    pub new_notices: Vec<&'static str>,
    /// The message is not done: the deal is to be reconciled again after this long.
    pub again: Option<Duration>,
}

/// A reconciliation in progress: what its steps share besides the pair.
pub(crate) struct Reconciliation<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) request: Request<'a>,
    pub(crate) journal: Journal<'a>,
    pub(crate) claim: HeldClaim,
}

/// The claim that a reconciliation holds. It belongs to this reconciliation and no other, since one invocation works on several deals
/// side by side.
pub(crate) struct HeldClaim {
    pub(crate) holder: String,
    pub(crate) name: Option<String>,
    /// A referral was made that no link knows of yet: whoever takes the claim over looks for it first.
    pub(crate) covers_unlinked: bool,
    /// That referral, unless it is Microsoft's.
    pub(crate) made: Option<ReferralId>,
}

/// How often one request goes through the pipeline: a lead that becomes an opportunity does twice, and a referral that was found under
/// its claim.
const PASSES: usize = 3;

impl Engine {
    /// Reads the deal as it is now, brings both sides in sync, and records what was done.
    ///
    /// `Ok` means the message is done, rejected and skipped deals included. `Err` means it must be tried again later; whatever was
    /// written before the failure is found and not repeated.
    pub async fn reconcile(&self, request: Request<'_>) -> Result<Outcome, Failure> {
        let mut reconciliation = Reconciliation::new(self, request);
        // On the heap, as everything below is long: a batch holds many reconciliations at once.
        let result = Box::pin(reconciliation.run()).await;
        reconciliation.release(result.as_ref().err()).await;
        result
    }

    /// What [`Self::reconcile`] would do, and nothing done: the pair as it was observed, and the plan.
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

impl<'a> Reconciliation<'a> {
    pub(crate) fn new(engine: &'a Engine, request: Request<'a>) -> Self {
        let message = request.message;
        let subject = (&message.subject, message.cause);
        Self {
            engine,
            request,
            journal: Journal::new(engine.audit.as_ref(), subject, request.now, request.invocation),
            claim: HeldClaim {
                holder: format!("{}/{}", request.invocation, message.subject),
                name: None,
                covers_unlinked: false,
                made: None,
            },
        }
    }

    async fn run(&mut self) -> Result<Outcome, Failure> {
        let mut found = None;
        for _ in 0..PASSES {
            let start = match found.take() {
                Some(found) => found,
                None => self.find().await?,
            };
            found = match self.pass(start).await? {
                (Committed::Done(outcome), _) => return Ok(self.named_after_move(outcome)),
                (Committed::Again, _) => None,
                (Committed::Moved(link), microsoft) => {
                    let microsoft = microsoft.map(Box::new);
                    Some(Located::Linked { link, microsoft }.into())
                }
            };
        }
        Err(crate::find::linked_meanwhile())
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
        let plan = self.engine.rules().decide(pair);
        let applied = Box::pin(self.apply(pair, &plan)).await;
        Box::pin(self.commit(pair, &plan, applied)).await
    }

    /// Gives the claim back, except while a referral may exist that no link knows of.
    pub(crate) async fn release(&mut self, failure: Option<&Failure>) {
        let keep = self.claim.covers_unlinked
            || failure.is_some_and(|failure| failure.kind == FailureKind::OutcomeUnknown);
        if let Some(claim) = self.claim.name.take().filter(|_| !keep)
            && let Err(error) = self.engine.claims.release(&claim, &self.claim.holder).await
        {
            tracing::warn!(
                claim,
                error = error.redacted(),
                "the claim could not be given back; it expires by itself"
            );
        }
    }
}
