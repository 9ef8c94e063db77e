//! What we remember of a pair.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::crm::{CrmKey, CrmRecord};
pub use crate::disconnect::DisconnectReason;
use crate::field::Field;
use crate::flapping::Activity;
use crate::id::{EngagementId, ReferralId};
use crate::microsoft::Microsoft;
use crate::notice::Notice;
use crate::referral::Referral;
use crate::side::Side;
use crate::state::DealState;
use crate::value::Value;

/// A field's value on each side, as last synced. Each side is compared with itself, so a lossy copy
/// can never cause a loop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSynced {
    /// Last seen in Partner Center.
    pub partner_center: Value,
    /// Last seen in the CRM.
    pub crm: Value,
}

/// A write that was under way when the link was last saved: the next reconciliation must be able to
/// tell our own value from an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteAhead {
    /// The side that was to be written.
    pub side: Side,
    /// What both sides have once it took effect.
    pub values: LastSynced,
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
    /// The Microsoft referral of the engagement was asked for but not confirmed.
    MicrosoftInvitationStarted,
    /// The Microsoft referral of the engagement exists.
    MicrosoftInvited,
}

/// A field that changed differently on both sides and whose rule is `ask`: both values wait for an
/// operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenConflict {
    /// The value in Partner Center.
    pub partner_center: Value,
    /// The value in the CRM.
    pub crm: Value,
    /// Since when both wait.
    pub since: Timestamp,
    /// Whose value an operator chose. It holds for these two values only: should one change, the
    /// operator is asked anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Side>,
}

impl OpenConflict {
    /// Whether it is about these very values.
    pub fn is_of(&self, now: &LastSynced) -> bool {
        self.partner_center == now.partner_center && self.crm == now.crm
    }
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
        /// Why: only what is new is notified again.
        reasons: Vec<Notice>,
        /// What Partner Center refused; nothing was sent to it where this is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sent: Option<serde_json::Value>,
    },
    /// It was asked for, and its outcome is not known.
    Started,
    /// It stands in Partner Center.
    Done,
}

/// Stands on the link of a deal that is disconnected: neither side is ever given another
/// counterpart by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disconnected {
    /// Why.
    pub reason: DisconnectReason,
    /// Since when.
    pub since: Timestamp,
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
    /// What is known of its part, and what the seller was notified of.
    #[serde(default, skip_serializing_if = "Microsoft::is_empty")]
    pub microsoft: Microsoft,
    /// The CRM record.
    pub crm: CrmKey,
    /// The lead that the CRM record was, while nobody had accepted the referral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<CrmKey>,
    /// Last seen values by rule name.
    #[serde(default)]
    pub last_synced: BTreeMap<Field, LastSynced>,
    /// Writes under way, until their outcome is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub write_ahead: BTreeMap<Field, WriteAhead>,
    /// Fields of which nobody can say what was synced last: the answer to a write was lost, and its
    /// side was edited since. Both sides count as changed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub in_doubt: BTreeSet<Field>,
    /// Where the deal stands.
    #[serde(default)]
    pub state: DealState,
    /// Since when it stands there; absent while nobody has reconciled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_since: Option<Timestamp>,
    /// Keys of the standing notices that the seller has read.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub notified: BTreeSet<String>,
    /// Keys of the standing notices that have an entry in the audit log, read or not.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub audited: BTreeSet<String>,
    /// The CRM version last seen, opaque.
    #[serde(default)]
    pub crm_version: String,
    /// The referral's eTag last seen.
    #[serde(default)]
    pub referral_etag: String,
    /// Finished steps of creation.
    #[serde(default)]
    pub steps: BTreeSet<Step>,
    /// A phase that the CRM refused, until the sides change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase_refused: Option<Notice>,
    /// What the CRM did not keep by rule name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped_writes: BTreeMap<Field, DroppedWrite>,
    /// Fields that wait for an operator, by rule name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conflicts: BTreeMap<Field, OpenConflict>,
    /// Until when a win of the CRM is deferred (contract partner-center 3.6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub win_deferred_until: Option<Timestamp>,
    /// Deadlines that the seller was warned of: of our referral, and of the Microsoft referral.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub warned: BTreeMap<ReferralId, Warned>,
    /// The won deal's registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registering: Option<Registering>,
    /// What the breaker goes by.
    #[serde(default, skip_serializing_if = "Activity::is_empty")]
    pub activity: Activity,
    /// Set while the two sides are not linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disconnected: Option<Disconnected>,
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
            write_ahead: BTreeMap::new(),
            in_doubt: BTreeSet::new(),
            state: DealState::default(),
            state_since: None,
            notified: BTreeSet::new(),
            audited: BTreeSet::new(),
            crm_version: record.version.clone(),
            referral_etag: referral.etag.as_str().to_owned(),
            steps: BTreeSet::new(),
            phase_refused: None,
            dropped_writes: BTreeMap::new(),
            conflicts: BTreeMap::new(),
            win_deferred_until: None,
            warned: BTreeMap::new(),
            registering: None,
            activity: Activity::default(),
            disconnected: None,
            version: 0,
            created: now,
            updated: now,
        }
    }

    /// The same pair, in this state.
    #[must_use]
    pub fn in_state(self, state: DealState, now: Timestamp) -> Self {
        let state_since = state.since((&self.state, self.state_since), now);
        Self { state, state_since, ..self }
    }
}
