//! What a reconciliation writes into the audit log, under which deal.

use cosell_model::audit::{AuditEntry, AuditKind, FieldChange, UndecidedField};
use cosell_model::digest::digest;
use cosell_model::id::ReferralId;
use cosell_model::message::{Cause, Subject};
use cosell_model::notice::{Notice, Severity};
use jiff::Timestamp;
use serde_json::json;

use crate::decide::case::Case;
use crate::decide::is_new;
use crate::failure::{Failure, System};
use crate::port::AuditLog;
use crate::render::{redacted, sentence};

/// The audit log as one reconciliation writes it.
pub(crate) struct Journal<'a> {
    audit: &'a dyn AuditLog,
    cause: Cause,
    now: Timestamp,
    invocation: &'a str,
    deal: String,
    partner_center_request: Option<String>,
    crm_request: Option<String>,
    /// The kinds of what was appended, in order.
    pub(crate) appended: Vec<AuditKind>,
    /// Keys of the notices that have an entry of their own.
    pub(crate) own_entries: std::collections::BTreeSet<String>,
    /// The sentence of the last entry.
    pub(crate) last_message: String,
    /// How many attempts failed before this one.
    pub(crate) failed_before: u32,
    /// A digest of what they announced, or this one.
    pub(crate) announced: Option<String>,
    /// Whether what made this attempt fail is kept: by an entry, or counted.
    pub(crate) failure_is_known: bool,
    /// Whether it says that something is about to be written.
    pub(crate) is_ahead: bool,
    /// The codes of the warnings and errors that are new.
    pub(crate) new_notices: Vec<&'static str>,
}

/// An entry without what every entry of a reconciliation has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) message: String,
    pub(crate) notices: Vec<Notice>,
    pub(crate) changes: Vec<FieldChange>,
    pub(crate) undecided: Vec<UndecidedField>,
}

impl Draft {
    pub(crate) fn of(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}

impl<'a> Journal<'a> {
    pub(crate) fn new(
        audit: &'a dyn AuditLog,
        (subject, cause): (&Subject, Cause),
        now: Timestamp,
        invocation: &'a str,
    ) -> Self {
        Self {
            audit,
            cause,
            now,
            invocation,
            deal: subject.to_string(),
            partner_center_request: None,
            crm_request: None,
            appended: Vec::new(),
            own_entries: std::collections::BTreeSet::new(),
            last_message: String::new(),
            failed_before: 0,
            announced: None,
            failure_is_known: false,
            is_ahead: false,
            new_notices: Vec::new(),
        }
    }

    /// Keeps the codes of these notices, which are new, as far as they ask something of anybody.
    pub(crate) fn note_new<'n>(&mut self, notices: impl Iterator<Item = &'n Notice>) {
        let asking = notices.filter(|notice| notice.severity() >= Severity::Warning);
        self.new_notices.extend(asking.map(Notice::code));
    }

    /// The deal, as its entries are kept under.
    pub(crate) fn deal(&self) -> &str {
        &self.deal
    }

    /// From here on entries are kept under the referral.
    pub(crate) fn is_of(&mut self, referral: ReferralId) {
        self.deal = Subject::Referral(referral).to_string();
    }

    /// Notes the request id of a service's answer.
    pub(crate) fn answered(&mut self, system: System, request: Option<&String>) {
        match system {
            System::PartnerCenter => self.partner_center_request = request.cloned(),
            System::Crm => self.crm_request = request.cloned(),
            System::Aws | System::Internal => {}
        }
    }

    pub(crate) async fn append(&mut self, kind: AuditKind, draft: Draft) -> Result<(), Failure> {
        let entry = AuditEntry {
            pair: self.deal.clone(),
            at: self.now,
            kind,
            cause: self.cause,
            message: draft.message,
            notices: draft.notices,
            changes: draft.changes,
            undecided: draft.undecided,
            partner_center_request: self.partner_center_request.clone(),
            crm_request: self.crm_request.clone(),
            invocation: self.invocation.to_owned(),
        };
        self.audit.append(&entry).await?;
        self.last_message.clone_from(&entry.message);
        self.appended.push(kind);
        Ok(())
    }

    /// What gets an entry of its own, once.
    pub(crate) async fn append_own(
        &mut self,
        case: &Case<'_>,
        notices: &[Notice],
        changes: &[FieldChange],
    ) -> Result<(), Failure> {
        for notice in notices {
            let Some(kind) = notice.audit_kind().filter(|_| is_new(case, notice)) else { continue };
            let Some(redacted) = redacted(notice) else { continue };
            if !self.own_entries.insert(notice.key()) {
                continue;
            }
            let lost = |change: &&FieldChange| {
                kind == AuditKind::DroppedWrite && Some(&change.field) == notice.field()
            };
            let draft = Draft {
                message: sentence(case.mapping, &redacted),
                notices: vec![redacted],
                changes: changes.iter().filter(lost).cloned().collect(),
                ..Draft::default()
            };
            self.append(kind, draft).await?;
        }
        Ok(())
    }

    /// Says what is about to be written, before it is: should the function die, the audit log knows
    /// what it may have done. What an attempt that failed has announced is not said again.
    pub(crate) async fn ahead(
        &mut self,
        message: &str,
        changes: Vec<FieldChange>,
    ) -> Result<(), Failure> {
        if self.is_ahead && changes.is_empty() {
            return Ok(());
        }
        let announced = digest(&format!("{message}{}", json!(changes)));
        if self.announced.as_ref() == Some(&announced) {
            self.is_ahead = true;
            return Ok(());
        }
        let message = match self.failed_before {
            0 => message.to_owned(),
            failed => format!("{message} This is attempt {}.", failed.saturating_add(1)),
        };
        self.append(AuditKind::WriteAhead, Draft { changes, ..Draft::of(message) }).await?;
        self.announced = Some(announced);
        self.is_ahead = true;
        Ok(())
    }
}
