//! The nature of a notice: its code and key, how much it asks, what it is about, how long it
//! stands.

use serde::{Deserialize, Serialize};

use super::Notice;
use crate::audit::AuditKind;
use crate::field::Field;

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

impl Notice {
    /// All codes.
    pub const CODES: &'static [&'static str] = <Self as strum::VariantNames>::VARIANTS;

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.into()
    }

    /// Identifies the notice among those that a seller has read: another field, value or time is
    /// another notice. A refusal is known by its code, where it has one: services put numbers of
    /// their own into its sentence.
    pub fn key(&self) -> String {
        let mut notice = serde_json::to_value(self).unwrap_or_default();
        if notice["refusal"]["code"].is_string() {
            notice["refusal"]["sentence"] = serde_json::Value::Null;
        }
        format!("{}:{}", self.code(), crate::digest::digest(&notice.to_string()))
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
            | Self::FieldUnreadable { .. }
            | Self::OneWay { .. }
            | Self::DroppedWrite { .. }
            | Self::Flapping { .. }
            | Self::HelpAlreadyRequested
            | Self::HelpIncoming
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
            | Self::FieldUnreadable { field, .. }
            | Self::NotConvertible { field, .. }
            | Self::OneWay { field, .. }
            | Self::DroppedWrite { field, .. } => Some(field),
            Self::HelpAlreadyRequested | Self::HelpIncoming | Self::HelpReferralClosed => {
                Some(&Field::Help)
            }
            _ => None,
        }
    }

    /// Whether it stands as long as its cause lasts. Of such a notice the seller is notified once;
    /// any other happens at a moment.
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
                | Self::MicrosoftDecided { .. }
                | Self::VisibilityRestored
                | Self::VisibilityIncoming
                | Self::VisibilityReferralClosed
                | Self::Registered
                | Self::Restored { .. }
                | Self::Linked { .. }
        )
    }

    /// The kind of the audit log's entry that it gets for itself; `None` when it belongs to the
    /// reconciliation's own entry.
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
