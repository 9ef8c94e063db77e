//! A deal that something else keeps changing back and forth is paused for a while.

use cosell_model::audit::Side;
use cosell_model::field::Field;
use cosell_model::notice::Notice;
use cosell_model::state::DealState;

use super::case::Case;
use crate::plan::Plan;

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    plan.memory.activity = case.link.activity.clone();
    let planned = plan.changes().map(|effect| (effect.field.clone(), effect.side));
    let writes: Vec<(Field, Side)> = landed(case).chain(planned).collect();
    if writes.is_empty() {
        return;
    }
    let flapping = case.policy.flapping.note(&mut plan.memory.activity, case.now, &writes);
    if let Some(flapping) = flapping {
        let until = flapping.until;
        let fields = flapping.fields.into_iter().collect();
        plan.notices.push(Notice::Flapping { fields, until });
        plan.state = Some(DealState::Paused { until });
        plan.next = Some(until);
    }
}

/// Earlier writes that took effect, though nobody waited for their answer.
pub(crate) fn landed(case: &Case<'_>) -> impl Iterator<Item = (Field, Side)> {
    let landed = case.link.write_ahead.iter().filter(|(field, write)| {
        let now = case.observed.get(*field);
        now.is_some_and(|now| now.on(write.side) == write.values.on(write.side))
    });
    landed.map(|(field, write)| (field.clone(), write.side))
}
