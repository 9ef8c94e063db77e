//! A side that was gone is back (an undeleted record, a role given again): the deal goes on with
//! everything that was synced, so that edits made meanwhile are found.

use cosell_model::notice::Notice;

use super::case::Case;
use crate::plan::Plan;

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    if let Some(disconnected) = &case.link.disconnected {
        plan.notices.push(Notice::Restored { reason: disconnected.reason.clone() });
    }
}
