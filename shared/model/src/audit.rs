//! Audit entries: what was decided and written, and why.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::audit_kind::AuditKind;
use crate::field::Field;
use crate::message::Cause;
use crate::notice::Notice;
pub use crate::side::Side;
use crate::value::Value;

/// One field's change on one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Which.
    pub field: Field,
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
    /// Which.
    pub field: Field,
    /// The value in Partner Center.
    pub partner_center: Value,
    /// The value in the CRM.
    pub crm: Value,
}

/// One entry of a deal's audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The deal, as the audit log is kept under: `referral#…` once a referral is known, else
    /// `crm#…`.
    pub pair: String,
    /// When, by our clock.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuditKind,
    /// Why the deal was reconciled.
    pub cause: Cause,
    /// One sentence, for people. Names fields and ids, never customer data.
    pub message: String,
    /// The same as data: stable codes and what they are about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
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
