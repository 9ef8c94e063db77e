//! The columns of the co-sell connector.

use serde::{Deserialize, Serialize};

use cosell_model::path::ColumnPath;

/// The CRM columns that Microsoft's connectors have and we keep (contract partner-center 5.3).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Sync with Partner Center: yes/no, the seller's switch.
    pub sync: ColumnPath,
    /// Referral Identifier; carries the alternate key.
    pub referral_id: ColumnPath,
    /// Referral Link.
    pub referral_link: ColumnPath,
    /// Audit: newest line first.
    pub audit: ColumnPath,
    /// How many characters the Audit column takes.
    pub audit_length: usize,
    /// Sync status: ✔ or ✘ with the reason.
    pub sync_status: ColumnPath,
    /// How many characters the Sync status column takes.
    pub sync_status_length: usize,
    /// Microsoft CRM Identifier: Microsoft's own id of the deal, once Microsoft accepts.
    pub microsoft_crm_id: ColumnPath,
}
