//! A reconciliation in progress: what its steps share besides the pair.

use std::time::Duration;

use cosell_model::audit::AuditKind;
use cosell_model::id::ReferralId;
use cosell_model::message::SyncMessage;
use cosell_model::state::DealState;
use jiff::Timestamp;

use crate::engine::Engine;
use crate::failure::{Failure, FailureKind};
use crate::journal::Journal;

/// One request to reconcile one deal.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What to reconcile, and why.
    pub message: &'a SyncMessage,
    /// How often it was received: what is tried again waits longer each time.
    pub receives: u32,
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
    /// The stable codes of the warnings and errors that are new: each notice that nobody was
    /// notified of before.
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

/// The claim that a reconciliation holds. It belongs to this reconciliation and no other, since one
/// invocation works on several deals side by side.
pub(crate) struct HeldClaim {
    pub(crate) holder: String,
    pub(crate) name: Option<String>,
    /// A referral was made that no link knows of yet: whoever takes the claim over looks for it
    /// first.
    pub(crate) covers_unlinked: bool,
    /// That referral, unless it is Microsoft's.
    pub(crate) made: Option<ReferralId>,
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
