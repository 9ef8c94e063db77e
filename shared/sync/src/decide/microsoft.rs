//! What Microsoft decides on its referral: its seller is notified once (contract partner-center
//! 3.1, 3.6). Its end is not the deal's end. A closed record is read-only: its seller is notified
//! once it is reopened.

use cosell_model::life_cycle::Stage;
use cosell_model::notice::Notice;
use serde_json::Value as Json;

use super::case::Case;
use crate::plan::Plan;

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    let Some(microsoft) = case.microsoft().filter(|_| !case.record.is_read_only()) else { return };
    let stage = microsoft.stage;
    if case.link.microsoft.stage == Some(stage) || stage == Stage::New {
        return;
    }
    let reason =
        microsoft.get("statusReason").and_then(Json::as_str).map(str::trim).unwrap_or_default();
    let gives_reason = matches!(stage, Stage::Declined | Stage::Lost | Stage::ClosedOtherwise);
    let reason = (gives_reason && !reason.is_empty()).then(|| reason.to_owned());
    plan.notices.push(Notice::MicrosoftDecided { stage, reason });
}
