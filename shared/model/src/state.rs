//! A deal's state: the one that Sync status, the command line, metrics and the audit log show.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::disconnect::DisconnectReason;
use crate::field::Field;
use crate::notice::{Notice, OffReason};

/// What a deal waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitingFor {
    /// The seller's answer to an invitation that expires soon.
    Answer,
    /// The time when a win may be sent.
    WinDate,
    /// A referral that may become visible again.
    Referral,
    /// Acceptance, or the end of on hold: edits are sent then.
    Acceptance,
}

/// Where a deal stands. ✔ is [`DealState::InSync`] and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(tag = "state", rename_all = "kebab-case", rename_all_fields = "snake_case")]
#[strum(serialize_all = "kebab-case")]
pub enum DealState {
    /// Nobody has reconciled it yet.
    #[default]
    New,
    /// Every synced field agrees.
    InSync,
    /// These fields do not agree; the rest does.
    PartlySynced {
        /// Which.
        fields: BTreeSet<Field>,
        /// Whether a person must act; otherwise it resolves by itself.
        blocked: bool,
        /// Why, as far as it is known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reasons: Vec<Notice>,
    },
    /// Something comes by itself.
    Waiting {
        /// What.
        for_what: WaitingFor,
        /// Until when, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// Fields that do not agree meanwhile.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        fields: BTreeSet<Field>,
    },
    /// Fields that changed on both sides wait for a decision.
    NeedsDecision {
        /// Which.
        fields: BTreeSet<Field>,
    },
    /// Something else keeps changing the deal, so it is left alone for a while.
    Paused {
        /// Until when.
        until: Timestamp,
    },
    /// Reconciling fails and is tried again.
    Failing {
        /// So many times in a row.
        attempts: u32,
        /// Since when.
        since: Timestamp,
        /// The last time.
        last: Timestamp,
        /// Who failed, how, with which code: no customer data.
        cause: String,
        /// Those of the earlier attempts, each of which has an entry in the audit log.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        earlier: BTreeSet<String>,
        /// When it is tried again, at the earliest.
        next: Timestamp,
        /// A digest of what its attempts announced in the audit log: that is said once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        announced: Option<String>,
        /// Where it stood before: a service that does not answer changes nothing about that.
        #[serde(default, skip_serializing_if = "DealState::is_new")]
        before: Box<DealState>,
    },
    /// It takes no part.
    Off {
        /// Why.
        reason: OffReason,
    },
    /// One side is gone, or an operator unlinked them.
    Disconnected {
        /// Why.
        reason: DisconnectReason,
    },
    /// It could not be brought to the other side, or a service refuses it.
    Refused {
        /// Why.
        reasons: Vec<Notice>,
    },
}

impl DealState {
    /// The stable name, a dimension of metrics.
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// Whether a person must do something: the sparse index of the links table holds these.
    pub fn needs_a_person(&self) -> bool {
        match self {
            Self::PartlySynced { blocked, .. } => *blocked,
            Self::Waiting { for_what, .. } => *for_what == WaitingFor::Answer,
            Self::NeedsDecision { .. } | Self::Refused { .. } => true,
            Self::Disconnected { reason } => *reason != DisconnectReason::Unlinked,
            Self::Failing { attempts, before, .. } => {
                *attempts >= FAILING_FOR_LONG || before.needs_a_person()
            }
            Self::New | Self::InSync | Self::Paused { .. } | Self::Off { .. } => false,
        }
    }

    /// This state, or the one that a failing deal was in before.
    pub fn before_failing(&self) -> &Self {
        match self {
            Self::Failing { before, .. } => before,
            state => state,
        }
    }

    fn is_new(&self) -> bool {
        *self == Self::New
    }

    /// Since when a deal is in this state that was in the state `before` since then: unchanged as
    /// long as the state has the same name, whether or not it fails meanwhile, and a person is
    /// needed or not as before.
    pub(crate) fn since(
        &self,
        (before, since): (&Self, Option<Timestamp>),
        now: Timestamp,
    ) -> Option<Timestamp> {
        let goes_on = self.before_failing().name() == before.before_failing().name()
            && self.needs_a_person() == before.needs_a_person();
        since.filter(|_| goes_on).or(Some(now))
    }
}

/// About an hour of tries that grow from seconds to ten minutes: what passes by itself has passed.
const FAILING_FOR_LONG: u32 = 10;

/// What is kept of a deal that is not linked (yet).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlinkedDeal {
    /// Where it stands.
    pub state: DealState,
    /// Since when it stands there; absent while nobody has reconciled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_since: Option<Timestamp>,
    /// Keys of the standing notices that its seller has read.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub notified: BTreeSet<String>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
}

impl UnlinkedDeal {
    /// The same deal, in this state.
    #[must_use]
    pub fn in_state(self, state: DealState, now: Timestamp) -> Self {
        let state_since = state.since((&self.state, self.state_since), now);
        Self { state, state_since, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
    }

    fn failing(attempts: u32) -> DealState {
        let cause = "the CRM transient".to_owned();
        let before = Box::default();
        let earlier = BTreeSet::default();
        DealState::Failing {
            attempts,
            since: at(0),
            last: at(9),
            cause,
            earlier,
            next: Timestamp::UNIX_EPOCH,
            announced: None,
            before,
        }
    }

    #[test]
    fn a_state_lasts_since_it_began_whatever_it_says_meanwhile() {
        let refused = |notice| DealState::Refused { reasons: vec![notice] };
        let deal = UnlinkedDeal::default();
        let deal = deal.in_state(refused(Notice::IdentifierUnreadable), at(1));
        assert_eq!(deal.state_since, Some(at(1)));
        let deal = deal.in_state(refused(Notice::IdentifierInvisible), at(2));
        assert_eq!(deal.state_since, Some(at(1)), "another reason is the same state");
        let deal = deal.in_state(DealState::InSync, at(3));
        assert_eq!(deal.state_since, Some(at(3)));
    }

    #[test]
    fn a_deal_that_fails_stays_where_it_stood_and_needs_whom_it_needed() {
        let needs_decision = || DealState::NeedsDecision { fields: ["name".into()].into() };
        let fails = |before| match failing(2) {
            DealState::Failing {
                attempts, since, last, cause, earlier, next, announced, ..
            } => DealState::Failing {
                attempts,
                since,
                last,
                cause,
                earlier,
                next,
                announced,
                before,
            },
            other => other,
        };
        let deal = UnlinkedDeal::default().in_state(needs_decision(), at(1));
        let deal = deal.in_state(fails(Box::new(needs_decision())), at(2));
        assert!(deal.state.needs_a_person());
        assert_eq!(deal.state_since, Some(at(1)));
        let deal = deal.in_state(needs_decision(), at(3));
        assert_eq!(deal.state_since, Some(at(1)));
        let deal = deal.in_state(fails(Box::new(DealState::InSync)), at(4));
        assert!(!deal.state.needs_a_person());
        assert_eq!(deal.state_since, Some(at(4)));
    }

    #[test]
    fn a_state_begins_anew_when_it_begins_to_need_a_person() {
        let deal = UnlinkedDeal::default().in_state(failing(1), at(1));
        let deal = deal.in_state(failing(FAILING_FOR_LONG - 1), at(2));
        assert_eq!(deal.state_since, Some(at(1)));
        let deal = deal.in_state(failing(FAILING_FOR_LONG), at(3));
        assert_eq!(deal.state_since, Some(at(3)));
        let deal = deal.in_state(failing(FAILING_FOR_LONG + 1), at(4));
        assert_eq!(deal.state_since, Some(at(3)));
    }
}
