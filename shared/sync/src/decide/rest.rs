//! Linked deals that are left alone: nothing of them is read.

use cosell_model::link::{DisconnectReason, Link};
use cosell_model::message::Cause;
use cosell_model::notice::{Notice, OffReason};
use cosell_model::state::DealState;
use jiff::Timestamp;

use crate::pair::Rest;
use crate::plan::Plan;
use crate::policy::Table;

/// Whether a linked deal is left alone. An operator's order looks at a paused one all the same.
pub(crate) fn of(
    link: &Link,
    table: Table,
    leads_are_synced: bool,
    cause: Cause,
    now: Timestamp,
) -> Option<Rest> {
    let unlinked = link
        .disconnected
        .as_ref()
        .is_some_and(|disconnected| disconnected.reason == DisconnectReason::Unlinked);
    if unlinked {
        return Some(Rest::Unlinked);
    }
    if table == Table::Leads && !leads_are_synced {
        return Some(Rest::LeadsOff);
    }
    let paused = link.activity.paused_until(now).filter(|_| cause != Cause::Operator);
    paused.map(Rest::Paused)
}

pub(super) fn decide(rest: Rest) -> Plan {
    match rest {
        Rest::Unlinked => {
            let reason = DisconnectReason::Unlinked;
            let notice = Notice::Off { reason: OffReason::Unlinked };
            Plan::ending(DealState::Disconnected { reason }, vec![notice])
        }
        Rest::LeadsOff => {
            let reason = OffReason::LeadsOffNow;
            Plan::ending(DealState::Off { reason: reason.clone() }, vec![Notice::Off { reason }])
        }
        Rest::Paused(until) => {
            Plan { next: Some(until), ..Plan::ending(DealState::Paused { until }, Vec::new()) }
        }
    }
}
