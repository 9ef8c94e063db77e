//! Audit entries: what was decided and written, and why.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::message::Cause;
use crate::value::Value;

/// What happened to a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditKind {
    /// About to write: the changes are what is asked for. The entry that follows says what came of it; without one the function
    /// died, and the writes may or may not have happened.
    WriteAhead,
    /// A record was made in the other system.
    Created,
    /// One or both sides were changed.
    Updated,
    /// Nothing to do.
    Unchanged,
    /// Both sides had changed the same field differently; settled by its rule.
    Conflict,
    /// An existing counterpart was found and linked.
    Adopted,
    /// The CRM did not keep a field that was written to it: the seller is told, once.
    DroppedWrite,
    /// A rule of ours or of a service refused; a later edit tries again.
    Rejected,
    /// The attempt failed and will be repeated.
    Failed,
    /// Not for us: settings or the deal's kind exclude it.
    Skipped,
    /// Both sides had changed the same field differently, and its rule is to ask: both values wait for an operator.
    AwaitingDecision,
    /// An operator decided a parked conflict.
    Resolved,
    /// The pair keeps changing back and forth: it is looked at less often.
    Flapping,
    /// One half is gone: nothing crosses any more, and nothing is made anew.
    Disconnected,
    /// The half that was gone is back: the pair goes on.
    Restored,
    /// An operator unlinked the pair.
    Unlinked,
    /// An operator linked the pair.
    Relinked,
    /// The lead became an opportunity, and the pair goes on with that.
    Qualified,
    /// A win of the CRM waits until Microsoft takes the deal's registration.
    WinDeferred,
    /// An invitation expires soon, and the seller was warned.
    DeadlineNear,
    /// The won deal was registered with Microsoft.
    Registered,
    /// A queue message that no version of ours wrote.
    Poison,
}

impl fmt::Display for AuditKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WriteAhead => "write-ahead",
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Conflict => "conflict",
            Self::Adopted => "adopted",
            Self::DroppedWrite => "dropped-write",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::AwaitingDecision => "awaiting-decision",
            Self::Resolved => "resolved",
            Self::Flapping => "flapping",
            Self::Disconnected => "disconnected",
            Self::Restored => "restored",
            Self::Unlinked => "unlinked",
            Self::Relinked => "relinked",
            Self::Qualified => "qualified",
            Self::WinDeferred => "win-deferred",
            Self::DeadlineNear => "deadline-near",
            Self::Registered => "registered",
            Self::Poison => "poison",
        })
    }
}

/// Partner Center or the CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Microsoft Partner Center.
    PartnerCenter,
    /// The partner's CRM.
    Crm,
}

impl Side {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::PartnerCenter => Self::Crm,
            Self::Crm => Self::PartnerCenter,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PartnerCenter => "Partner Center",
            Self::Crm => "CRM",
        })
    }
}

/// One field's change on one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The mapping rule's name.
    pub field: String,
    /// The side that was written.
    pub side: Side,
    /// Its value before.
    pub before: Value,
    /// Its value after, as read back.
    pub after: Value,
    /// For a conflict: the value that lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overruled: Option<Value>,
}

/// A field whose two values wait for an operator. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndecidedField {
    /// The mapping rule's name.
    pub field: String,
    /// The value in Partner Center.
    pub partner_center: Value,
    /// The value in the CRM.
    pub crm: Value,
}

/// One line of a pair's trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The pair, as the trail is kept under: `referral#…` once a referral is known, else `crm#…`.
    pub pair: String,
    /// When, by our clock.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuditKind,
    /// Why we looked.
    pub cause: Cause,
    /// One sentence, for people. Names fields and ids, never customer data.
    pub message: String,
    /// What was written, field by field.
    #[serde(default)]
    pub changes: Vec<FieldChange>,
    /// What waits for an operator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<UndecidedField>,
    /// The last request id Partner Center gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_center_request: Option<String>,
    /// The last request id the CRM gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_request: Option<String>,
    /// Our own request id: the function invocation that did it.
    pub invocation: String,
}
