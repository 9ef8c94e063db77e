//! Notices: what happened or stands in the way, as data with a stable code. `cosell_sync::render`
//! words them.

mod nature;
mod reason;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::crm::Phase;
use crate::disconnect::DisconnectReason;
use crate::field::Field;
use crate::id::ReferralId;
use crate::life_cycle::Stage;
use crate::side::Side;
use crate::value::Value;

pub use nature::Severity;
pub use reason::{Inviter, OffReason, Refusal};

/// What happened, or what stands in the way. Each variant's kebab-case name is its stable code.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "code", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "a variant says what its fields are about")]
pub enum Notice {
    // A deal's beginning.
    /// The referral was made for the record.
    ReferralCreated {
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
    FieldLeftEmpty { field: Field, reason: String },
    /// A field that Partner Center needs has no value.
    FieldMissing { field: Field },
    /// A value that Partner Center does not take.
    FieldUnfit { field: Field, reason: String },
    /// Microsoft helps with deals that name a solution.
    SolutionMissing {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<Field>,
    },
    /// A services co-sell deal lacks one of its attributes.
    AttributeMissing {
        attribute: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<Field>,
    },
    /// What was missing may belong to a related record: the deal's own record must change to be
    /// reconciled again.
    ChangeToRetry,

    // Identifiers that contradict each other.
    /// The referral that names this record is closed already.
    CounterpartClosed { referral: ReferralId, stage: Stage },
    /// An open referral names a record that is closed.
    CounterpartRecordClosed { referral: ReferralId, phase: Phase },
    /// The referral's CRM ID is no id of this CRM's.
    ReferenceUnreadable { entity: String },
    /// The record that the referral's CRM ID names has another referral.
    ReferenceTaken { entity: String, referral: ReferralId },
    /// The record that the referral's CRM ID names carries another Referral Identifier.
    ReferenceOfAnother { entity: String },
    /// The referral's CRM ID names no record.
    ReferenceMissing { entity: String },
    /// A referral names this record and is linked with another one.
    NamedByAnother { referral: ReferralId },
    /// The Referral Identifier is not the id of a referral.
    IdentifierUnreadable,
    /// The Referral Identifier belongs to another record: this one was copied or merged.
    IdentifierOfAnother { lead: bool },
    /// The Referral Identifier names a referral that the service account cannot see.
    IdentifierInvisible,
    /// The referral of the opportunity's lead is over.
    LeadReferralOver {
        referral: ReferralId,
        /// How it ended; `None` when it is not visible.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<Stage>,
    },
    /// The deal of the opportunity's lead goes on as another opportunity.
    LeadElsewhere { opportunity: String, referral: ReferralId },
    /// The opportunity's lead is linked with one referral, the opportunity with another.
    LeadOfAnother { referral: ReferralId, other: String },

    // From a lead to an opportunity.
    /// The lead was qualified without an opportunity.
    LeadWithoutOpportunity,
    /// No opportunity could be made of the lead.
    LeadNotConverted { refusal: Refusal },
    /// The deal goes on in this opportunity.
    GoesOnFromLead,
    /// The lead's deal goes on as an opportunity.
    LeadAccepted { opportunity: String },
    /// The lead became an opportunity, and the link moved.
    LeadQualified {
        /// `opportunity 6a0d…`.
        record: String,
    },

    // What was written.
    /// These fields were sent to Partner Center.
    Sent {
        fields: Vec<Field>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stage: Option<Stage>,
    },
    /// These fields were received from Partner Center.
    Received {
        fields: Vec<Field>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phase: Option<Phase>,
    },
    /// Partner Center gives a reason for the end of the deal.
    ReasonGiven { reason: String },

    // Conflicts.
    /// A field had changed on both sides, and its rule decided.
    ConflictResolved {
        field: Field,
        /// The rule: `newest`, …
        rule: String,
    },
    /// A field changed on both sides and awaits a decision.
    DecisionNeeded { field: Field },
    /// An operator decided.
    DecisionMade { winner: Side },

    // What cannot be written, or not yet.
    /// An amount waits for its currency.
    CurrencyDiffers { field: Field },
    /// The referral is closed.
    ReferralClosed { field: Field },
    /// The record is closed.
    RecordClosed { field: Field },
    /// Edits wait until the deal is accepted or leaves on hold.
    AcceptanceNeeded { field: Field },
    /// A required field was emptied.
    CannotBeEmptied { field: Field, side: Side },
    /// What stands in a field is no value of its kind.
    FieldUnreadable { field: Field, side: Side, reason: String },
    /// A value has no counterpart on the other side.
    NotConvertible { field: Field, side: Side, reason: String },
    /// Microsoft locks these fields once a deal exists.
    Locked { fields: Vec<Field> },
    /// A field that is only received differs in the CRM, or one that is only sent in Partner
    /// Center.
    OneWay { field: Field, side: Side },
    /// The referral's end is final, and the record is elsewhere.
    StageFinal { phase: Phase, stage: Stage },
    /// Partner Center does not let a referral go there.
    StageNotAllowed { from: Stage, to: Stage },
    /// A service refused these fields, which go together.
    FieldRefused { fields: Vec<Field>, refusal: Refusal },
    /// A service refused a write as a whole.
    WriteRefused { refusal: Refusal },
    /// The CRM refused to close (or reopen) the record.
    PhaseRefused { phase: Phase, refusal: Refusal },
    /// The CRM took a value and did not keep it.
    DroppedWrite {
        field: Field,
        at: Timestamp,
        /// What Partner Center has. Customer data.
        value: Value,
    },
    /// Something else keeps changing these fields.
    Flapping { fields: Vec<Field>, until: Timestamp },

    // Microsoft's help and visibility.
    /// Microsoft was asked to help.
    HelpRequested,
    /// Microsoft was not asked yet: something is missing.
    HelpBlocked,
    /// Microsoft could not be asked.
    HelpRefused { refusal: Refusal },
    /// The chosen help has no entry in the mapping.
    HelpUnreadable { reason: String },
    /// Microsoft was asked already.
    HelpAlreadyRequested,
    /// The referral is closed.
    HelpReferralClosed,
    /// Whoever invited us takes part already.
    HelpIncoming,
    /// What Microsoft decided on its referral.
    MicrosoftDecided {
        stage: Stage,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The CRM's column follows Partner Center again.
    VisibilityRestored,
    /// The column waits until the record is reopened.
    VisibilityRecordClosed,
    /// The chosen visibility has no entry in the mapping.
    VisibilityUnreadable { reason: String },
    /// The referral is closed.
    VisibilityReferralClosed,
    /// Whoever invited us decides who sees the deal.
    VisibilityIncoming,

    // Deadlines and registration.
    /// An invitation expires soon.
    DeadlineNear { by: Timestamp, days: u16, inviter: Inviter },
    /// A win is sent later, so that the deal can be registered.
    WinDeferred { until: Timestamp },
    /// The won deal was registered.
    Registered,
    /// The won deal cannot be registered: what follows is missing.
    RegistrationBlocked,
    /// Microsoft's answer keeps the deal from being registered.
    RegistrationDeclined { stage: Stage },
    /// The deal has no solution.
    RegistrationWithoutSolution,
    /// One date of the registration is before another.
    RegistrationDates { start: String, sign: String },
    /// A date of the registration is missing.
    RegistrationDateMissing { label: String },
    /// Partner Center refused the registration.
    RegistrationRefused { refusal: Refusal },

    // The link.
    /// The two sides are not linked any more.
    Disconnected { reason: DisconnectReason },
    /// Both sides are there again.
    Restored { reason: DisconnectReason },
    /// An operator unlinked the deal.
    Unlinked,
    /// An operator linked the deal.
    Linked {
        /// `opportunity 6a0d…`; `None` when the same two were linked again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<String>,
    },
    /// The deal takes no part.
    Off { reason: OffReason },
}
