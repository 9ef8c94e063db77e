//! The columns of the co-sell connector.

use serde::{Deserialize, Serialize};

/// The CRM columns that Microsoft's connectors have and we keep (contract partner-center 5.3).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Sync with Partner Center: yes/no, the seller's switch.
    pub sync: String,
    /// Referral Identifier; carries the alternate key.
    pub referral_id: String,
    /// Referral Link.
    pub referral_link: String,
    /// Audit: newest line first.
    pub audit: String,
    /// How many characters the Audit column takes.
    pub audit_length: usize,
    /// Sync status: ✔ or ✘ with the reason.
    pub sync_status: String,
    /// How many characters the Sync status column takes.
    pub sync_status_length: usize,
    /// Microsoft CRM Identifier: Microsoft's own id of the deal, once Microsoft accepts.
    pub microsoft_crm_id: String,
}
