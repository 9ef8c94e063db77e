//! Notices: what happened or stands in the way, as data with a stable code. `cosell_sync::render` words them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit_kind::AuditKind;
use crate::crm::Phase;
use crate::disconnect::DisconnectReason;
use crate::field::Field;
use crate::id::ReferralId;
use crate::life_cycle::Stage;
use crate::side::Side;
use crate::value::Value;

/// How much a notice asks of its reader.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::Display,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Severity {
    /// For information.
    Info,
    /// Something waits, or is not as it was asked for.
    Warning,
    /// A person must act.
    Error,
}

/// Who invited to a deal that nobody has accepted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inviter {
    /// Microsoft invited us.
    Microsoft,
    /// Another partner invited us.
    Partner,
    /// We invited Microsoft.
    Us,
}

/// Why a deal takes no part in the sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OffReason {
    /// *Sync with Partner Center* was never set.
    NotFlagged,
    /// *Sync with Partner Center* was switched off.
    SwitchedOff,
    /// The referral is not visible to the sync's service account.
    ReferralInvisible,
    /// The record is not in the CRM.
    RecordGone,
    /// The record was merged into another one before it was linked.
    RecordMerged,
    /// It is a lead, and leads are not synced.
    LeadsOff,
    /// It is a lead, and the mapping has no table of leads.
    NoLeadTable,
    /// It was a lead, and leads are not synced any more.
    LeadsOffNow,
    /// A lead of the CRM's own is never sent.
    LeadOfOurOwn,
    /// It is private, and private deals are not synced.
    Private,
    /// Its seller keeps it from Microsoft's sellers, and private deals are not synced.
    KeptPrivate,
    /// It was closed in Partner Center before it was ever synced.
    ClosedBefore,
    /// The record was closed when it was first read.
    RecordClosedBefore(Phase),
    /// It is the Microsoft referral of an engagement that is not synced.
    MicrosoftReferral,
    /// The Microsoft referral names no engagement.
    NoEngagement,
    /// The engagement holds no referral of ours.
    NotOurEngagement,
    /// The lead became this opportunity, and the deal goes on there.
    BecameOpportunity(String),
    /// An operator unlinked the deal.
    Unlinked,
}

/// Who refused a write, how, and in which words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The service's own sentence, with its name and code. It may quote customer data: for the seller and the audit log only.
    pub sentence: String,
    /// The service's code, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What happened, or what stands in the way. Each variant's kebab-case name is its stable code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[strum(serialize_all = "kebab-case")]
pub enum Notice {
    // A deal's beginning.
    /// The referral was made for the record.
    ReferralCreated {
        /// Which.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        referral: Option<ReferralId>,
    },
    /// The record was made for the referral.
    RecordCreated {
        /// `opportunity 6a0d…`, once it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<String>,
    },
    /// The two sides named each other and were linked.
    Adopted,
    /// A value could not be written to the new record.
    FieldLeftEmpty {
        /// Which.
        field: Field,
        /// Why.
        reason: String,
    },
    /// A field that Partner Center needs has no value.
    FieldMissing {
        /// Which.
        field: Field,
    },
    /// A value that Partner Center does not take.
    FieldUnfit {
        /// Which.
        field: Field,
        /// Why.
        reason: String,
    },
    /// Microsoft helps with deals that name a solution.
    SolutionMissing {
        /// The solutions' rule, where the mapping has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<Field>,
    },
    /// A services co-sell deal lacks one of its attributes.
    AttributeMissing {
        /// The attribute's type.
        attribute: String,
        /// Its rule, where the mapping has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<Field>,
    },
    /// What was missing may belong to a related record: the deal's own record must change to be reconciled again.
    ChangeToRetry,

    // Identifiers that contradict each other.
    /// The referral that names this record is closed already.
    CounterpartClosed {
        /// Which.
        referral: ReferralId,
        /// Where it stands.
        stage: Stage,
    },
    /// An open referral names a record that is closed.
    CounterpartRecordClosed {
        /// Which.
        referral: ReferralId,
        /// Where the record stands.
        phase: Phase,
    },
    /// The referral's CRM ID is no id of this CRM's.
    ReferenceUnreadable {
        /// The CRM's table.
        entity: String,
    },
    /// The record that the referral's CRM ID names has another referral.
    ReferenceTaken {
        /// The CRM's table.
        entity: String,
        /// The other referral.
        referral: ReferralId,
    },
    /// The record that the referral's CRM ID names carries another Referral Identifier.
    ReferenceOfAnother {
        /// The CRM's table.
        entity: String,
    },
    /// The referral's CRM ID names no record.
    ReferenceMissing {
        /// The CRM's table.
        entity: String,
    },
    /// A referral names this record and is linked with another one.
    NamedByAnother {
        /// Which.
        referral: ReferralId,
    },
    /// The Referral Identifier is not the id of a referral.
    IdentifierUnreadable,
    /// The Referral Identifier belongs to another record: this one was copied or merged.
    IdentifierOfAnother {
        /// Whether the record is a lead.
        lead: bool,
    },
    /// The Referral Identifier names a referral that the service account cannot see.
    IdentifierInvisible,
    /// The referral of the opportunity's lead is over.
    LeadReferralOver {
        /// Which.
        referral: ReferralId,
        /// How it ended; `None` when it is not visible.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<Stage>,
    },
    /// The deal of the opportunity's lead goes on as another opportunity.
    LeadElsewhere {
        /// That opportunity.
        opportunity: String,
        /// The referral.
        referral: ReferralId,
    },
    /// The opportunity's lead is linked with one referral, the opportunity with another.
    LeadOfAnother {
        /// The lead's.
        referral: ReferralId,
        /// The opportunity's.
        other: String,
    },

    // From a lead to an opportunity.
    /// The lead was qualified without an opportunity.
    LeadWithoutOpportunity,
    /// No opportunity could be made of the lead.
    LeadNotConverted {
        /// Who refused, and why.
        refusal: Refusal,
    },
    /// The deal goes on in this opportunity.
    GoesOnFromLead,
    /// The lead's deal goes on as an opportunity.
    LeadAccepted {
        /// Its id.
        opportunity: String,
    },
    /// The lead became an opportunity, and the link moved.
    LeadQualified {
        /// `opportunity 6a0d…`.
        record: String,
    },

    // What was written.
    /// These fields were sent to Partner Center.
    Sent {
        /// Which.
        fields: Vec<Field>,
        /// The stage that was sent, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<Stage>,
    },
    /// These fields were received from Partner Center.
    Received {
        /// Which.
        fields: Vec<Field>,
        /// The phase that was received, if it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phase: Option<Phase>,
    },
    /// Partner Center gives a reason for the end of the deal.
    ReasonGiven {
        /// Somebody's own words.
        reason: String,
    },

    // Conflicts.
    /// A field had changed on both sides, and its rule decided.
    ConflictResolved {
        /// Which.
        field: Field,
        /// The rule: `newest`, …
        rule: String,
    },
    /// A field changed on both sides and awaits a decision.
    DecisionNeeded {
        /// Which.
        field: Field,
    },
    /// An operator decided.
    DecisionMade {
        /// Whose value.
        winner: Side,
    },

    // What cannot be written, or not yet.
    /// An amount waits for its currency.
    CurrencyDiffers {
        /// The amount.
        field: Field,
    },
    /// The referral is closed.
    ReferralClosed {
        /// The field that was edited.
        field: Field,
    },
    /// The record is closed.
    RecordClosed {
        /// The field that was edited.
        field: Field,
    },
    /// Edits wait until the deal is accepted or leaves on hold.
    AcceptanceNeeded {
        /// The field that was edited.
        field: Field,
    },
    /// A required field was emptied.
    CannotBeEmptied {
        /// Which.
        field: Field,
        /// Where it cannot.
        side: Side,
    },
    /// A value has no counterpart on the other side.
    NotConvertible {
        /// Which.
        field: Field,
        /// Where it cannot be written.
        side: Side,
        /// Why.
        reason: String,
    },
    /// A value cannot be read.
    Unreadable {
        /// Which.
        field: Field,
        /// Why.
        reason: String,
    },
    /// Microsoft locks these fields once a deal exists.
    Locked {
        /// Which.
        fields: Vec<Field>,
    },
    /// A field that is only received differs in the CRM, or one that is only sent in Partner Center.
    OneWay {
        /// Which.
        field: Field,
        /// The side whose edits are not carried.
        side: Side,
    },
    /// The referral's end is final, and the record is elsewhere.
    StageFinal {
        /// Where the record stands.
        phase: Phase,
        /// How the referral ended.
        stage: Stage,
    },
    /// Partner Center does not let a referral go there.
    StageNotAllowed {
        /// From.
        from: Stage,
        /// To.
        to: Stage,
    },
    /// A service refused these fields, which go together.
    FieldRefused {
        /// Which.
        fields: Vec<Field>,
        /// Who refused, and why.
        refusal: Refusal,
    },
    /// A service refused a write as a whole.
    WriteRefused {
        /// Who refused, and why.
        refusal: Refusal,
    },
    /// The CRM refused to close (or reopen) the record.
    PhaseRefused {
        /// The phase.
        phase: Phase,
        /// Who refused, and why.
        refusal: Refusal,
    },
    /// The CRM took a value and did not keep it.
    DroppedWrite {
        /// Which.
        field: Field,
        /// When it was written.
        at: Timestamp,
        /// What Partner Center has. Customer data.
        value: Value,
    },
    /// Something else keeps changing these fields.
    Flapping {
        /// Which.
        fields: Vec<Field>,
        /// Until when the deal is left alone.
        until: Timestamp,
    },

    // Microsoft's help and visibility.
    /// Microsoft was asked to help.
    HelpRequested,
    /// Microsoft was not asked yet: something is missing.
    HelpBlocked,
    /// Microsoft could not be asked.
    HelpRefused {
        /// Who refused, and why.
        refusal: Refusal,
    },
    /// The chosen help has no entry in the mapping.
    HelpUnreadable {
        /// Why.
        reason: String,
    },
    /// Microsoft was asked already.
    HelpAlreadyRequested,
    /// The referral is closed.
    HelpReferralClosed,
    /// Whoever invited us takes part already.
    HelpIncoming,
    /// What Microsoft decided on its referral.
    MicrosoftDecided {
        /// Where its referral stands.
        stage: Stage,
        /// Its reason, in Microsoft's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The CRM's column follows Partner Center again.
    VisibilityRestored,
    /// The column waits until the record is reopened.
    VisibilityRecordClosed,
    /// The chosen visibility has no entry in the mapping.
    VisibilityUnreadable {
        /// Why.
        reason: String,
    },
    /// The referral is closed.
    VisibilityReferralClosed,
    /// Whoever invited us decides who sees the deal.
    VisibilityIncoming,

    // Deadlines and registration.
    /// An invitation expires soon.
    DeadlineNear {
        /// When.
        by: Timestamp,
        /// The threshold in days.
        days: u16,
        /// Whose invitation.
        inviter: Inviter,
    },
    /// A win is sent later, so that the deal can be registered.
    WinDeferred {
        /// When.
        until: Timestamp,
    },
    /// The won deal was registered.
    Registered,
    /// The won deal cannot be registered: what follows is missing.
    RegistrationBlocked,
    /// Microsoft's answer keeps the deal from being registered.
    RegistrationDeclined {
        /// The answer.
        stage: Stage,
    },
    /// The deal has no solution.
    RegistrationWithoutSolution,
    /// One date of the registration is before another.
    RegistrationDates {
        /// The later one.
        start: String,
        /// The earlier one.
        sign: String,
    },
    /// A date of the registration is missing.
    RegistrationDateMissing {
        /// What sellers call it.
        label: String,
    },
    /// Partner Center refused the registration.
    RegistrationRefused {
        /// Who refused, and why.
        refusal: Refusal,
    },

    // The link.
    /// The two sides are not linked any more.
    Disconnected {
        /// Why.
        reason: DisconnectReason,
    },
    /// Both sides are there again.
    Restored {
        /// What it was.
        reason: DisconnectReason,
    },
    /// An operator unlinked the deal.
    Unlinked,
    /// An operator linked the deal.
    Linked {
        /// `opportunity 6a0d…`; `None` when the same two were linked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<String>,
    },
    /// The deal takes no part.
    Off {
        /// Why.
        reason: OffReason,
    },
}

impl Notice {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// Identifies the notice among those that a seller has read: another field, value or time is another notice.
    pub fn key(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        format!("{}:{}", self.code(), crate::digest::digest(&text))
    }

    /// How much it asks of its reader.
    pub fn severity(&self) -> Severity {
        match self {
            Self::ReferralCreated { .. }
            | Self::RecordCreated { .. }
            | Self::Adopted
            | Self::GoesOnFromLead
            | Self::LeadQualified { .. }
            | Self::Sent { .. }
            | Self::Received { .. }
            | Self::ReasonGiven { .. }
            | Self::ConflictResolved { .. }
            | Self::DecisionMade { .. }
            | Self::HelpRequested
            | Self::MicrosoftDecided { .. }
            | Self::VisibilityRestored
            | Self::HelpAlreadyRequested
            | Self::HelpIncoming
            | Self::VisibilityIncoming
            | Self::Locked { .. }
            | Self::Registered
            | Self::Restored { .. }
            | Self::Linked { .. }
            | Self::Off { .. } => Severity::Info,
            Self::FieldLeftEmpty { .. }
            | Self::LeadAccepted { .. }
            | Self::DecisionNeeded { .. }
            | Self::CurrencyDiffers { .. }
            | Self::RecordClosed { .. }
            | Self::AcceptanceNeeded { .. }
            | Self::OneWay { .. }
            | Self::DroppedWrite { .. }
            | Self::Flapping { .. }
            | Self::VisibilityRecordClosed
            | Self::DeadlineNear { .. }
            | Self::WinDeferred { .. }
            | Self::Unlinked => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// The field it is about, where it is about one.
    pub fn field(&self) -> Option<&Field> {
        match self {
            Self::FieldLeftEmpty { field, .. }
            | Self::FieldMissing { field }
            | Self::FieldUnfit { field, .. }
            | Self::ConflictResolved { field, .. }
            | Self::DecisionNeeded { field }
            | Self::CurrencyDiffers { field }
            | Self::ReferralClosed { field }
            | Self::RecordClosed { field }
            | Self::AcceptanceNeeded { field }
            | Self::CannotBeEmptied { field, .. }
            | Self::NotConvertible { field, .. }
            | Self::Unreadable { field, .. }
            | Self::OneWay { field, .. }
            | Self::DroppedWrite { field, .. } => Some(field),
            _ => None,
        }
    }

    /// Whether it stands as long as its cause lasts. Of such a notice the seller is notified once; any other happens at a
    /// moment.
    pub fn stands(&self) -> bool {
        !matches!(
            self,
            Self::ReferralCreated { .. }
                | Self::RecordCreated { .. }
                | Self::Adopted
                | Self::FieldLeftEmpty { .. }
                | Self::GoesOnFromLead
                | Self::LeadQualified { .. }
                | Self::Sent { .. }
                | Self::Received { .. }
                | Self::ReasonGiven { .. }
                | Self::ConflictResolved { .. }
                | Self::DecisionMade { .. }
                | Self::Locked { .. }
                | Self::Flapping { .. }
                | Self::HelpRequested
                | Self::HelpAlreadyRequested
                | Self::HelpIncoming
                | Self::HelpReferralClosed
                | Self::MicrosoftDecided { .. }
                | Self::VisibilityRestored
                | Self::VisibilityIncoming
                | Self::VisibilityReferralClosed
                | Self::Registered
                | Self::Restored { .. }
                | Self::Linked { .. }
        )
    }

    /// The kind of the audit log's entry that it gets for itself; `None` when it belongs to the reconciliation's own entry.
    pub fn audit_kind(&self) -> Option<AuditKind> {
        match self {
            Self::Adopted => Some(AuditKind::Adopted),
            Self::LeadQualified { .. } => Some(AuditKind::Qualified),
            Self::DroppedWrite { .. } => Some(AuditKind::DroppedWrite),
            Self::Flapping { .. } => Some(AuditKind::Flapping),
            Self::DeadlineNear { .. } => Some(AuditKind::DeadlineNear),
            Self::WinDeferred { .. } => Some(AuditKind::WinDeferred),
            Self::Registered => Some(AuditKind::Registered),
            Self::Restored { .. } => Some(AuditKind::Restored),
            Self::Linked { .. } => Some(AuditKind::Relinked),
            Self::DecisionMade { .. } => Some(AuditKind::Resolved),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_tag_that_is_stored() {
        let notice = Notice::DecisionNeeded { field: Field::from("deal_value") };
        let json = serde_json::to_value(&notice).unwrap();
        assert_eq!(json, serde_json::json!({ "code": "decision-needed", "field": "deal_value" }));
        assert_eq!(notice.code(), "decision-needed");
        assert_eq!(serde_json::from_value::<Notice>(json).unwrap(), notice);
    }

    #[test]
    fn another_value_is_another_notice() {
        let at: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let dropped = |value: &str| Notice::DroppedWrite {
            field: Field::from("notes"),
            at,
            value: Value::text(value),
        };
        assert_eq!(dropped("a").key(), dropped("a").key());
        assert_ne!(dropped("a").key(), dropped("b").key());
        assert!(!dropped("secret").key().contains("secret"));
    }
}
