//! Why the two sides of a deal are not linked any more.

use serde::{Deserialize, Serialize};

use crate::crm::CrmKey;

/// Why the two sides of a deal are not linked any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisconnectReason {
    /// The CRM record was deleted.
    RecordDeleted,
    /// The CRM record was merged into another one.
    RecordMerged(CrmKey),
    /// The referral does not exist or is not visible to the sync's service account (404 and 403
    /// alike).
    ReferralInvisible,
    /// An operator unlinked the deal.
    Unlinked,
}
