//! Reasons that notices carry: who invited, why a deal takes no part, who refused.

use serde::{Deserialize, Serialize};

use crate::crm::Phase;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
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

impl OffReason {
    /// All codes.
    pub const CODES: &'static [&'static str] = <Self as strum::VariantNames>::VARIANTS;
}

/// Who refused a write, how, and in which words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The service's own sentence, with its name and code. It may quote customer data: for the
    /// seller and the audit log only.
    pub sentence: String,
    /// The service's code, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}
