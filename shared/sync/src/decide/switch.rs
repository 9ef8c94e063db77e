//! *Sync with Partner Center* is the seller's switch: off, nothing syncs.

use crate::identity::is_on;
use cosell_model::notice::{Notice, OffReason};
use cosell_model::state::DealState;

use super::case::Case;
use crate::plan::Plan;

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    if !is_on(case.mapping, case.record) {
        let reason = OffReason::SwitchedOff;
        plan.notices.push(Notice::Off { reason: reason.clone() });
        plan.state = Some(DealState::Off { reason });
        plan.ends = true;
    }
}
