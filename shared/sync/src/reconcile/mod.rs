//! `reconcile(subject, cause)`: the one way in which anything is ever written.
//!
//! Level-triggered: the message names a subject, never data. Duplicate, reordered and late messages are harmless,
//! our own writes come back as messages that find nothing to do, and a retry is simply the same call.

mod disconnect;
mod dropped_writes;
mod find;
mod invitation;
mod lead;
mod microsoft;
mod new_record;
mod new_referral;
mod operate;
mod refusal;
mod registration;
mod trail;
mod update;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use crate::plan::{Adoption, Policy, accepted_as_lead, plan_adoption};
use cosell_mapping::Mapping;
use cosell_model::audit::{AuditEntry, AuditKind};
use cosell_model::crm::CrmRecord;
use cosell_model::link::{Link, Step};
use cosell_model::message::{Cause, SyncMessage};
use cosell_model::referral::Referral;
use jiff::Timestamp;

use crate::failure::{Failure, FailureKind};
use crate::port::{AuditLog, Claims, Crm, Leads, Links, PartnerCenter, Schedule};
use find::Found;
pub use operate::Order;
use trail::Trail;

/// Everything a reconcile needs; built once per process.
#[derive(Clone)]
pub struct Engine {
    /// Partner Center.
    pub partner_center: Arc<dyn PartnerCenter>,
    /// The CRM's opportunities.
    pub crm: Arc<dyn Crm>,
    /// The CRM's leads, where leads are synced.
    pub leads: Option<LeadTable>,
    /// The pairs we know.
    pub links: Arc<dyn Links>,
    /// Claims before creating a referral.
    pub claims: Arc<dyn Claims>,
    /// What is to be looked at again later.
    pub schedule: Arc<dyn Schedule>,
    /// The audit trail.
    pub audit: Arc<dyn AuditLog>,
    /// The mapping.
    pub mapping: Arc<Mapping>,
    /// The operator's settings.
    pub policy: Arc<Policy>,
}

/// The CRM's leads, with their own mapping.
#[derive(Clone)]
pub struct LeadTable {
    /// The table.
    pub crm: Arc<dyn Leads>,
    /// What [`Mapping::of_leads`] gives.
    pub mapping: Arc<Mapping>,
}

/// One look at one pair.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// What to look at, and why.
    pub message: &'a SyncMessage,
    /// Our clock.
    pub now: Timestamp,
    /// The function's request id; also the holder of claims.
    pub invocation: &'a str,
}

/// How a look ended. Its message names fields and ids, never customer data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What happened.
    pub kind: AuditKind,
    /// The pair, as in the audit trail.
    pub pair: String,
    /// One sentence.
    pub message: String,
    /// Everything that was audited on the way, in order.
    pub noted: Vec<AuditKind>,
    /// The message is not done: the pair is to be looked at again after this long.
    pub again: Option<Duration>,
}

/// A look in progress.
struct Attempt<'a> {
    /// With the table that the record belongs to: the opportunities, or the leads.
    engine: &'a Engine,
    /// With the table of the opportunities.
    deals: &'a Engine,
    /// With the table of the leads, where leads are synced.
    leads: Option<&'a Engine>,
    look: Look<'a>,
    trail: Trail,
    /// Who holds our claims: this look and no other, since one invocation looks at several subjects side by side.
    holder: String,
    /// The claim we hold, if any.
    claim: Option<String>,
    /// Whether this look made a referral, or Microsoft's half, that no link tells of yet.
    untold: bool,
}

impl Engine {
    /// Reads the pair as it is now, brings both sides in step, and records what was done.
    ///
    /// `Ok` means the message is done, rejected and skipped deals included. `Err` means it must be tried again later;
    /// whatever was written before the failure is found and not repeated.
    pub async fn reconcile(&self, look: Look<'_>) -> Result<Outcome, Failure> {
        let leads = self.on_leads();
        let mut attempt = Attempt::new(self, leads.as_ref(), look);
        // On the heap, as everything below is long: a batch holds many looks at once.
        let result = Box::pin(attempt.run()).await;
        attempt.over(result).await
    }
}

impl Engine {
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
            changes: Vec::new(),
            undecided: Vec::new(),
            partner_center_request: None,
            crm_request: None,
            invocation: invocation.to_owned(),
        };
        self.audit.append(&entry).await
    }
}

impl<'a> Attempt<'a> {
    fn new(engine: &'a Engine, leads: Option<&'a Engine>, look: Look<'a>) -> Self {
        Self {
            engine,
            deals: engine,
            leads,
            look,
            trail: Trail::new(&look.message.subject),
            holder: format!("{}/{}", look.invocation, look.message.subject),
            claim: None,
            untold: false,
        }
    }
}

impl Attempt<'_> {
    /// Ends the attempt: gives back the claim, tells a rejection, audits a failure.
    async fn over(mut self, result: Result<Outcome, Failure>) -> Result<Outcome, Failure> {
        self.give_back_claim(result.as_ref().err()).await;
        match result {
            Ok(outcome) => Ok(outcome),
            Err(failure) if failure.kind == FailureKind::Rejected => self.rejected(&failure).await,
            // Nothing was tried, so there is nothing to tell.
            Err(failure) if matches!(failure.kind, FailureKind::Postponed { .. }) => Err(failure),
            Err(failure) => {
                self.failed(&failure).await;
                Err(failure)
            }
        }
    }

    async fn run(&mut self) -> Result<Outcome, Failure> {
        match self.find().await? {
            Found::Linked { link, microsoft } => {
                self.trail.is_pair_of(link.referral);
                self.bring_in_step(*link, microsoft.map(|half| *half)).await
            }
            Found::Counterparts { record, .. } | Found::OnlyRecord(record)
                if record.merged_into.is_some() =>
            {
                // Whoever merged it decides what becomes of the referral.
                self.end(
                    AuditKind::Skipped,
                    "Not synced: the record was merged into another one.".into(),
                )
                .await
            }
            Found::Counterparts { referral, record } => self.adopt(*referral, *record).await,
            Found::OnlyReferral(referral) => self.create_record(*referral).await,
            Found::OnlyRecord(record) => self.create_referral(*record).await,
            Found::FormerLead { lead, opportunity } => {
                self.release_lead(&lead, &opportunity).await?;
                let message = format!(
                    "Not synced: the lead became opportunity {opportunity}, and the deal goes on there."
                );
                self.end(AuditKind::Skipped, message).await
            }
            Found::NotOurs(reason) => {
                self.end(AuditKind::Skipped, format!("Not synced: {reason}.")).await
            }
            Found::Contradiction { reason, record } => {
                self.tell_rejection(record.map(|record| *record), vec![reason]).await
            }
        }
    }

    /// A claim is kept only while a referral may exist that no link tells of: whoever takes it over looks for it first.
    async fn give_back_claim(&mut self, failure: Option<&Failure>) {
        let keep = self.untold
            || failure.is_some_and(|failure| failure.kind == FailureKind::OutcomeUnknown);
        if let Some(claim) = self.claim.take().filter(|_| !keep)
            && let Err(error) = self.engine.claims.release(&claim, &self.holder).await
        {
            tracing::warn!(
                claim,
                error = error.redacted(),
                "the claim could not be given back; it expires by itself"
            );
        }
    }

    /// Links two records that already belong together, then brings them in step.
    async fn adopt(&mut self, referral: Referral, record: CrmRecord) -> Result<Outcome, Failure> {
        let engine = self.engine;
        let invite = match plan_adoption(&engine.mapping, &engine.policy, &referral, &record) {
            Adoption::Link { invite } => invite,
            Adoption::Skip(reason) => {
                return self.end(AuditKind::Skipped, format!("Not synced: {reason}.")).await;
            }
            Adoption::Tell(problem) => {
                return self.tell_rejection(Some(record), vec![problem]).await;
            }
        };
        self.trail.is_pair_of(referral.id);
        // Nothing was last_synced of the pair yet: an empty side is filled, a difference is settled by its rule and audited.
        let mut link = Link::new(&referral, &record, self.look.now);
        let carries = record.get(engine.mapping.columns.referral_id.as_str()).as_str();
        if carries.is_some_and(|id| id.eq_ignore_ascii_case(&referral.id.to_string()))
            && referral.external_reference.is_none()
        {
            // We made it, and did not come to link it: a currency that the CRM put there by itself is nobody's edit.
            let observed = engine.mapping.observe(&referral, &record).into_new_link();
            let filled = new_record::yet_to_be_filled(
                &engine.mapping,
                crate::built_in_fields::by_name(observed),
            );
            link.last_synced =
                filled.into_iter().filter(|(name, _)| engine.mapping.is_currency(name)).collect();
        }
        link.steps.extend(invite.then_some(Step::MicrosoftInvitationStarted));
        engine.links.create(&link).await?;
        link.version = 1;
        self.record(
            AuditKind::Adopted,
            "An existing counterpart was found and linked.".into(),
            Vec::new(),
        )
        .await?;
        if self.is_on_leads() && accepted_as_lead(&referral, &record) {
            // What was accepted meanwhile brings no message of its own.
            return Box::pin(self.become_opportunity(link, referral, record, None)).await;
        }
        let outcome = self.update(link, referral, record, None).await?;
        Ok(if matches!(outcome.kind, AuditKind::Unchanged | AuditKind::Updated) {
            Outcome { kind: AuditKind::Adopted, ..outcome }
        } else {
            outcome
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
