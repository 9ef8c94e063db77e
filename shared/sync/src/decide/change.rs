//! The change of one field: what its merge wants to write, and what stands in its way.

use cosell_mapping::{ConflictRule, OnHoldEdits, Rule};
use cosell_model::audit::Side;
use cosell_model::crm::Phase;
use cosell_model::life_cycle::Stage;
use cosell_model::link::LastSynced;
use cosell_model::notice::Notice;

use super::base::field;
use super::case::Case;
use super::merge::{Base, Merged, merge};
use crate::plan::{Action, Effect};

/// What is to be done about one field; `None` when it cannot be read, which is no change.
pub(super) fn merged(case: &Case<'_>, rule: &Rule) -> Option<Merged> {
    let field = field(rule);
    let now = case.observed.get(&field)?;
    let open = case.link.conflicts.get(&field);
    let base = match case.base.get(&field) {
        None if case.in_doubt.contains(&field) => Base::InDoubt,
        known => known.into(),
    };
    Some(merge(rule, base, now, case.newest(), open))
}

/// The effect of a merge that writes, without its write.
pub(super) fn change(rule: &Rule, now: &LastSynced, merged: Merged) -> Option<Effect> {
    let Merged::Write { side, value, overruled } = merged else { return None };
    Some(Effect {
        field: field(rule),
        side,
        before: now.on(side).clone(),
        after: value,
        overruled,
        is_final: false,
        action: Action::Patch(Vec::new()),
    })
}

/// Why a change cannot be written there now.
pub(super) fn obstacle(case: &Case<'_>, rule: &Rule, change: &Effect) -> Option<Notice> {
    let field = change.field.clone();
    match change.side {
        // A closed record is read-only for its seller too; a reopened one gets the change then.
        Side::Crm => case.record.phase.is_closed().then_some(Notice::RecordClosed { field }),
        Side::PartnerCenter if case.referral.stage.is_terminal() => {
            Some(Notice::ReferralClosed { field })
        }
        Side::PartnerCenter => {
            let present = case.referral.get(rule.partner_center.as_str());
            match rule.check_for_partner_center(&change.after, present) {
                Err(error) => Some(Notice::FieldUnfit { field, reason: error.to_string() }),
                Ok(()) => waits(case, rule, change).then_some(Notice::AcceptanceNeeded { field }),
            }
        }
    }
}

/// Whether an edit waits until the record leaves hold, or the lead becomes an opportunity. A deal
/// that somebody puts on hold after it was accepted is no invitation, and what an operator decided
/// is an order.
fn waits(case: &Case<'_>, rule: &Rule, change: &Effect) -> bool {
    let on_hold = case.record.phase == Phase::OnHold
        || (case.mapping.is_of_leads && case.record.phase == Phase::Open);
    let is_invitation = on_hold && case.referral.stage == Stage::New;
    let is_ordered = rule.conflict == ConflictRule::Ask && change.overruled.is_some();
    is_invitation && !is_ordered && case.mapping.stages.on_hold_edits == OnHoldEdits::Wait
}
