//! Stage and phase. A closed referral is final; otherwise a closed record outranks an open
//! referral; otherwise Partner Center leads. A record that is closed is never reopened, nor turned
//! from won to lost, because of Partner Center.

use cosell_mapping::{phase_value, stage_value};
use cosell_model::audit::Side;
use cosell_model::crm::Phase;
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::notice::Notice;
use cosell_model::patch::PatchOperation;
use serde_json::Value as Json;

use super::case::Case;
use super::win_hold;
use crate::plan::{Action, Effect, Plan};

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    let (stage, phase) = (case.referral.stage, case.record.phase);
    let base = case.base.get(&Field::Stage);
    let stage_changed = base.is_none_or(|base| base.partner_center != stage_value(stage));
    let phase_changed = base.is_none_or(|base| base.crm != phase_value(phase));
    let record_goes = record_goes(case);
    if stage.is_terminal() {
        // A close that was refused is tried again once a person has moved the record.
        let closes = stage_changed || (phase_changed && case.link.phase_refused.is_some());
        match record_goes {
            Some(goes) if closes && !phase.is_closed() => move_record(case, plan, goes),
            Some(_) => {
                let refused = case.link.phase_refused.clone().filter(|_| !phase_changed);
                plan.notices.push(refused.unwrap_or(Notice::StageFinal { phase, stage }));
            }
            None => {}
        }
    } else if phase_changed && (phase.is_closed() || !stage_changed) {
        move_referral(case, plan);
    } else if let Some(goes) = record_goes.filter(|_| stage_changed && !phase.is_closed()) {
        move_record(case, plan, goes);
    } else if let Some(refused) = case.link.phase_refused.clone().filter(|_| record_goes.is_some())
    {
        plan.notices.push(refused);
    }
}

/// Whether stage and phase mean the same.
pub(super) fn agrees(case: &Case<'_>) -> bool {
    let stages = &case.mapping.stages;
    let (stage, phase) = (case.referral.stage, case.record.phase);
    record_goes(case).is_none()
        || (!stage.is_terminal()
            && stages.to_partner_center.get(&phase).is_none_or(|goes| *goes == stage))
}

fn record_goes(case: &Case<'_>) -> Option<Phase> {
    let goes = case.mapping.stages.to_crm.get(&case.referral.stage).copied()?;
    (goes != case.record.phase).then_some(goes)
}

fn referral_goes(case: &Case<'_>) -> Option<Stage> {
    let stages = &case.mapping.stages;
    let goes = stages.to_partner_center.get(&case.record.phase).copied()?;
    let unaccepted = case.referral.stage == Stage::New && case.record.phase == Phase::Lost;
    Some(if unaccepted { stages.lost_before_accepted } else { goes })
}

fn move_record(case: &Case<'_>, plan: &mut Plan, phase: Phase) {
    let reason = case.referral.get("statusReason").and_then(Json::as_str).unwrap_or_default();
    if phase == Phase::Lost && !reason.trim().is_empty() {
        plan.notices.push(Notice::ReasonGiven { reason: reason.trim().to_owned() });
    }
    plan.effects.push(Effect {
        field: Field::Stage,
        side: Side::Crm,
        before: phase_value(case.record.phase),
        after: phase_value(phase),
        overruled: None,
        is_final: phase.is_closed(),
        action: Action::Phase(phase),
    });
}

fn move_referral(case: &Case<'_>, plan: &mut Plan) {
    let from = case.referral.stage;
    let Some(to) = referral_goes(case).filter(|goes| *goes != from) else { return };
    let Some((status, substatus)) = to.pair().filter(|_| from.may_become(to)) else {
        return plan.withhold(Field::Stage, Notice::StageNotAllowed { from, to });
    };
    if let Some(until) = win_hold::until(case).filter(|_| to == Stage::Won) {
        plan.memory.win_deferred_until = Some(until);
        plan.next = Some(until);
        return plan.withhold(Field::Stage, Notice::WinDeferred { until });
    }
    let set = |path: &str, value: &str| PatchOperation::set(case.referral, path, value.into());
    let mut operations = vec![set("status", status), set("substatus", substatus)];
    if let Some(reason) = case.mapping.stages.reason_for(to, case.record) {
        operations.push(set("statusReason", &reason));
    }
    plan.effects.push(Effect {
        field: Field::Stage,
        side: Side::PartnerCenter,
        before: stage_value(from),
        after: stage_value(to),
        overruled: None,
        is_final: to.is_terminal(),
        action: Action::Patch(operations),
    });
}

/// Whether this plan ends the deal in Partner Center.
pub(super) fn closes_referral(plan: &Plan) -> bool {
    plan.writes_field(&Field::Stage, Side::PartnerCenter)
}
