//! A side that is gone. Neither side is given another counterpart then: what was deleted on one
//! side must not come back as a new deal on the other.

use std::collections::BTreeSet;

use cosell_model::link::{DisconnectReason, Link};
use cosell_model::notice::Notice;
use cosell_model::state::{DealState, WaitingFor};
use jiff::SignedDuration;

use crate::pair::Pair;
use crate::plan::Plan;

/// How long messages of a deal wait for an invisible referral, and how often they ask: far fewer
/// times than make a dead letter. A role that comes back notifies nobody, and edits may be made
/// meanwhile.
const MAY_COME_BACK: SignedDuration = SignedDuration::from_hours(24);
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(10);

pub(super) fn decide(pair: &Pair, link: &Link, reason: DisconnectReason) -> Plan {
    let known = link.disconnected.as_ref().filter(|disconnected| disconnected.reason == reason);
    let since = known.map_or(pair.now, |disconnected| disconnected.since);
    let waits = reason == DisconnectReason::ReferralInvisible
        && pair.now.duration_since(since) < MAY_COME_BACK;
    let state = if waits {
        let until = since.saturating_add(MAY_COME_BACK).ok();
        DealState::Waiting { for_what: WaitingFor::Referral, until, fields: BTreeSet::default() }
    } else {
        DealState::Disconnected { reason: reason.clone() }
    };
    Plan {
        next: waits.then(|| pair.now.saturating_add(ASK_AGAIN).unwrap_or(pair.now)),
        ..Plan::ending(state, vec![Notice::Disconnected { reason }])
    }
}
