//! Writing down what was decided and done, for the audit trail and for the seller.

use crate::plan::{Note, Told};
use cosell_model::audit::{AuditEntry, AuditKind, FieldChange, UndecidedField};
use cosell_model::crm::CrmRecord;
use cosell_model::id::ReferralId;
use cosell_model::message::Subject;

use super::{Attempt, Outcome};
use crate::failure::{Failure, FailureKind, System};

/// What a look has done so far.
pub(super) struct Trail {
    pair: String,
    referral: Option<ReferralId>,
    /// Changes that really happened, in case a later step fails.
    pub(super) done: Vec<FieldChange>,
    pub(super) partner_center_request: Option<String>,
    pub(super) crm_request: Option<String>,
    /// Conflicts that begin to wait for an operator.
    pub(super) undecided: Vec<UndecidedField>,
    /// What was audited so far.
    noted: Vec<AuditKind>,
    /// What this look did beside the fields, which has an entry of its own.
    pub(super) aside: Option<(AuditKind, String)>,
    /// Whether this look has said that it is about to write.
    pub(super) intended: bool,
    /// The CRM record as last read: where a rejection is told.
    pub(super) record: Option<CrmRecord>,
}

impl Trail {
    pub(super) fn new(subject: &Subject) -> Self {
        Self {
            pair: subject.to_string(),
            referral: None,
            done: Vec::new(),
            undecided: Vec::new(),
            noted: Vec::new(),
            aside: None,
            intended: false,
            partner_center_request: None,
            crm_request: None,
            record: None,
        }
    }

    /// From here on the trail is kept under the referral.
    pub(super) fn is_pair_of(&mut self, referral: ReferralId) {
        self.pair = Subject::Referral(referral).to_string();
        self.referral = Some(referral);
    }

    /// What the seller reads next stands on a record of another pair, which keeps its own identifier and link.
    pub(super) fn tells_another_pair(&mut self) {
        self.referral = None;
    }
}

impl Attempt<'_> {
    /// Appends an entry.
    pub(super) async fn record(
        &mut self,
        kind: AuditKind,
        message: String,
        changes: Vec<FieldChange>,
    ) -> Result<(), Failure> {
        let entry = AuditEntry {
            pair: self.trail.pair.clone(),
            at: self.look.now,
            kind,
            cause: self.look.message.cause,
            message,
            changes,
            undecided: std::mem::take(&mut self.trail.undecided),
            partner_center_request: self.trail.partner_center_request.clone(),
            crm_request: self.trail.crm_request.clone(),
            invocation: self.look.invocation.to_owned(),
        };
        self.engine.audit.append(&entry).await?;
        self.trail.noted.push(kind);
        Ok(())
    }

    /// Appends an entry of something that was done beside the fields; it is the look's end if nothing else happened.
    pub(super) async fn aside(&mut self, kind: AuditKind, message: String) -> Result<(), Failure> {
        self.record(kind, message.clone(), Vec::new()).await?;
        self.trail.aside = Some((kind, message));
        Ok(())
    }

    /// Says what is about to be written, before it is: should the function die, the trail knows what it may have done.
    pub(super) async fn intend(
        &mut self,
        message: &str,
        changes: Vec<FieldChange>,
    ) -> Result<(), Failure> {
        if self.trail.intended && changes.is_empty() {
            return Ok(());
        }
        self.record(AuditKind::WriteAhead, message.to_owned(), changes).await?;
        self.trail.intended = true;
        Ok(())
    }

    /// An outcome without an entry of its own: nothing was written, and nothing is new.
    pub(super) fn quietly(&self, kind: AuditKind, message: String) -> Outcome {
        Outcome {
            kind,
            pair: self.trail.pair.clone(),
            message,
            noted: self.trail.noted.clone(),
            again: None,
        }
    }

    /// Appends the last entry of a look and ends it.
    pub(super) async fn end(
        &mut self,
        kind: AuditKind,
        message: String,
    ) -> Result<Outcome, Failure> {
        let changes = std::mem::take(&mut self.trail.done);
        self.record(kind, message.clone(), changes).await?;
        Ok(self.quietly(kind, message))
    }

    /// A service refused: the seller is told what and why, and the message is done; a later edit tries again.
    pub(super) async fn rejected(&mut self, failure: &Failure) -> Result<Outcome, Failure> {
        self.note_request(failure);
        // The CRM that refused our columns will refuse its Audit column too.
        let record = if failure.system == System::Crm { None } else { self.trail.record.take() };
        self.tell_rejection(record, vec![in_words(failure)]).await
    }

    /// A rejection of ours: told in the CRM, if there is a record to tell it on, and audited.
    pub(super) async fn tell_rejection(
        &mut self,
        record: Option<CrmRecord>,
        problems: Vec<String>,
    ) -> Result<Outcome, Failure> {
        let message = problems.join(" ");
        if let Some(record) = record.filter(|record| !record.is_read_only()) {
            match self.tell(&record, Note::Failed(problems)).await {
                // The trail still knows what the CRM does not let us write.
                Err(failure) if failure.kind == FailureKind::Rejected => {
                    tracing::warn!(pair = %self.trail.pair, error = failure.redacted(), "the seller could not be told");
                }
                told => told?,
            }
        }
        self.end(AuditKind::Rejected, message).await
    }

    /// The attempt failed and will be repeated. What was written before is audited now; the audit's own failure must not hide the cause.
    pub(super) async fn failed(&mut self, failure: &Failure) {
        self.note_request(failure);
        let changes = std::mem::take(&mut self.trail.done);
        if let Err(error) = self.record(AuditKind::Failed, failure.to_string(), changes).await {
            tracing::warn!(pair = %self.trail.pair, error = error.redacted(), "the failed attempt could not be audited");
        }
    }

    pub(super) fn told(&self, microsoft_crm_id: Option<String>) -> Told<'_> {
        Told {
            mapping: &self.engine.mapping,
            policy: &self.engine.policy,
            referral: self.trail.referral,
            microsoft_crm_id,
            news: Vec::new(),
            now: self.look.now,
            marks: true,
            name: None,
        }
    }

    fn note_request(&mut self, failure: &Failure) {
        match failure.system {
            System::PartnerCenter => {
                self.trail.partner_center_request.clone_from(&failure.request_id)
            }
            System::Crm => self.trail.crm_request.clone_from(&failure.request_id),
            System::Aws => {}
        }
    }
}

/// A refusal of ours speaks for itself; one of a service is told with its name and code.
pub(super) fn in_words(failure: &Failure) -> String {
    match failure.system {
        System::Aws => failure.message.clone(),
        _ => failure.to_string(),
    }
}
