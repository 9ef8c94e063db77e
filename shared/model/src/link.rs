//! What we remember of a pair.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::Side;
use crate::breaker::Activity;
use crate::crm::{CrmKey, CrmRecord};
use crate::id::{EngagementId, ReferralId};
use crate::microsoft::Microsoft;
use crate::referral::Referral;
use crate::value::Value;

/// A field's value as last seen on each side. Each side is compared with itself, so a lossy copy can never cause a loop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSynced {
    /// Last seen in Partner Center.
    pub partner_center: Value,
    /// Last seen in the CRM.
    pub crm: Value,
}

/// A write that was under way when the link was last saved: whoever looks next must be able to tell our own value from an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The side that was to be written.
    pub side: Side,
    /// What will have been seen once it took effect.
    pub last_synced: LastSynced,
    /// When it was about to be written.
    pub since: Timestamp,
}

impl LastSynced {
    /// The value on one side.
    pub fn on(&self, side: Side) -> &Value {
        match side {
            Side::PartnerCenter => &self.partner_center,
            Side::Crm => &self.crm,
        }
    }

    /// The value on one side.
    pub fn on_mut(&mut self, side: Side) -> &mut Value {
        match side {
            Side::PartnerCenter => &mut self.partner_center,
            Side::Crm => &mut self.crm,
        }
    }
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

/// A field that changed differently on both sides and whose rule is `ask`: both values wait for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenConflict {
    /// The value in Partner Center.
    pub partner_center: Value,
    /// The value in the CRM.
    pub crm: Value,
    /// Since when both wait.
    pub since: Timestamp,
    /// Whose value an operator chose. It holds for these two values only: should one change, the operator is asked anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Side>,
}

/// A value that was written to the CRM, which took it and did not keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedWrite {
    /// The value, as Partner Center has it.
    pub partner_center: Value,
    /// When it was written.
    pub at: Timestamp,
}

/// A deadline that the seller was warned of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warned {
    /// When the invitation expires.
    pub expires: Timestamp,
    /// How many days before that the warning was due.
    pub days: u16,
}

/// Where a won deal's registration stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registering {
    /// It could not be made.
    Refused {
        /// As the seller was told: only what is new is told again.
        told: String,
        /// What Partner Center refused; nothing was sent to it where this is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<serde_json::Value>,
    },
    /// It was asked for, and its outcome is not known.
    Started,
    /// It stands in Partner Center.
    Done,
}

/// Why nothing crosses any more between the two halves of a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisconnectReason {
    /// The CRM record was deleted.
    RecordDeleted,
    /// The CRM record was merged into another one.
    RecordMerged(CrmKey),
    /// The referral does not exist or is not visible to our user (404 and 403 alike).
    ReferralInvisible,
    /// An operator unlinked the pair.
    Unlinked,
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordDeleted => f.write_str("the record no longer exists in the CRM"),
            Self::RecordMerged(into) => write!(f, "the record was merged into {} {}", into.entity, into.id),
            Self::ReferralInvisible => {
                f.write_str("the referral is not visible to our user any more (deleted, or a missing role in Partner Center)")
            }
            Self::Unlinked => f.write_str("an operator unlinked the pair"),
        }
    }
}

/// What stands on the link of a pair that has parted: neither half is ever given another counterpart by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstone {
    /// Why.
    pub reason: DisconnectReason,
    /// Since when.
    pub at: Timestamp,
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
    /// What is known of its part, and what the seller was told of it.
    #[serde(default, skip_serializing_if = "Microsoft::is_empty")]
    pub microsoft: Microsoft,
    /// The CRM record.
    pub crm: CrmKey,
    /// The lead that the CRM record was, while nobody had accepted the referral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<CrmKey>,
    /// Last seen values by rule name.
    #[serde(default)]
    pub last_synced: BTreeMap<String, LastSynced>,
    /// Writes under way, by rule name, until their outcome is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: BTreeMap<String, Pending>,
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
    /// What the CRM did not keep and the seller was not told of yet, by rule name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped_writes: BTreeMap<String, DroppedWrite>,
    /// Fields that wait for an operator, by rule name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conflicts: BTreeMap<String, OpenConflict>,
    /// Until when a win of the CRM waits, as the seller was told (contract partner-center 3.6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub win_waits: Option<Timestamp>,
    /// Deadlines that the seller was warned of: of our referral, and of Microsoft's half.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub warned: BTreeMap<ReferralId, Warned>,
    /// The won deal's registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registering: Option<Registering>,
    /// What the breaker goes by.
    #[serde(default, skip_serializing_if = "Activity::is_empty")]
    pub activity: Activity,
    /// Set while nothing crosses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tombstone: Option<Tombstone>,
    /// Counts saves; a save is conditional on the number it read.
    pub version: u64,
    /// When the pair was linked.
    pub created: Timestamp,
    /// When the link last changed.
    pub updated: Timestamp,
}

impl Link {
    /// A new pair of which nothing was seen yet.
    pub fn new(referral: &Referral, record: &CrmRecord, now: Timestamp) -> Self {
        Self {
            referral: referral.id,
            engagement: referral.engagement,
            microsoft_referral: None,
            microsoft: Microsoft::default(),
            crm: record.key.clone(),
            lead: None,
            last_synced: BTreeMap::new(),
            pending: BTreeMap::new(),
            crm_version: record.version.clone(),
            referral_etag: referral.etag.as_str().to_owned(),
            steps: BTreeSet::new(),
            problem: None,
            dropped_writes: BTreeMap::new(),
            conflicts: BTreeMap::new(),
            win_waits: None,
            warned: BTreeMap::new(),
            registering: None,
            activity: Activity::default(),
            tombstone: None,
            version: 0,
            created: now,
            updated: now,
        }
    }
}
