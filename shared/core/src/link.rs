//! What we remember of a pair.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::crm::CrmKey;
use crate::id::{EngagementId, ReferralId};
use crate::value::Value;

/// A field's value as last seen on each side. Each side is compared with itself, so a lossy copy can never cause a loop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Last seen in Partner Center.
    pub partner_center: Value,
    /// Last seen in the CRM.
    pub crm: Value,
}

/// Steps of creating a deal in Partner Center that a retry must not repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Microsoft's half of the engagement was asked for but not confirmed.
    MicrosoftInvitationStarted,
    /// Microsoft's half of the engagement exists.
    MicrosoftInvited,
}

/// The pair of one referral and one CRM record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The partner's own referral.
    pub referral: ReferralId,
    /// Its engagement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engagement: Option<EngagementId>,
    /// Microsoft's referral in the same engagement, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microsoft_referral: Option<ReferralId>,
    /// The CRM record.
    pub crm: CrmKey,
    /// Last seen values by rule name.
    #[serde(default)]
    pub seen: BTreeMap<String, Seen>,
    /// The CRM version last seen, opaque.
    #[serde(default)]
    pub crm_version: String,
    /// The referral's eTag last seen.
    #[serde(default)]
    pub referral_etag: String,
    /// Finished steps of creation.
    #[serde(default)]
    pub steps: BTreeSet<Step>,
    /// Something that stays wrong until a person mends it, as the seller was told; it keeps the ✘ standing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Counts saves; a save is conditional on the number it read.
    pub version: u64,
    /// When the pair was linked.
    pub created: Timestamp,
    /// When the link last changed.
    pub updated: Timestamp,
}
