//! Two sides that name each other but are not linked: whether they are linked now.

use cosell_model::field::Field;
use cosell_model::notice::{Notice, OffReason};
use cosell_model::state::DealState;
use serde_json::Value as Json;

use super::case::Case;
use super::scope;
use crate::identity::{identifier, is_on};
use crate::pair::Standing;
use crate::plan::Plan;

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    if case.pair.standing != Standing::Adopt {
        return;
    }
    let refusal = if !is_on(case.mapping, case.record) {
        Some(off(OffReason::NotFlagged))
    } else if let Some(notice) = contradiction(case) {
        Some(Plan::refused(vec![notice]))
    } else {
        out_of_scope(case).map(off)
    };
    if let Some(refusal) = refusal {
        *plan = refusal;
    } else {
        plan.notices.push(Notice::Adopted);
    }
}

fn off(reason: OffReason) -> Plan {
    let notice = Notice::Off { reason: reason.clone() };
    Plan::ending(DealState::Off { reason }, vec![notice])
}

/// Linking an open side with one that is closed would close it: a person must decide.
fn contradiction(case: &Case<'_>) -> Option<Notice> {
    let (referral, record) = (case.referral, case.record);
    // A record that carries the identifier was linked before (its link was lost, or its creation
    // died half-way): it follows.
    let linked_before = identifier(case.mapping, record)
        .is_some_and(|id| id.eq_ignore_ascii_case(&referral.id.to_string()));
    match (referral.stage.is_terminal(), record.phase.is_closed()) {
        // Making another referral might be a duplicate.
        (true, false) if !linked_before => {
            Some(Notice::CounterpartClosed { referral: referral.id, stage: referral.stage })
        }
        // Somebody typed the id of an old opportunity.
        (false, true) if !linked_before && !referral.is_outgoing() => {
            Some(Notice::CounterpartRecordClosed { referral: referral.id, phase: record.phase })
        }
        _ => None,
    }
}

fn out_of_scope(case: &Case<'_>) -> Option<OffReason> {
    let (referral, record) = (case.referral, case.record);
    if referral.stage.is_terminal() && !record.phase.is_closed() {
        return None;
    }
    // A private deal that its seller wants to share is none for long.
    let shares = asks(case) || case.mapping.visibility_of(record) == Ok(Some(true));
    let sync_private = case.policy.sync_private || (shares && referral.is_outgoing());
    scope::outside((sync_private, case.policy.sync_leads), referral)
}

fn asks(case: &Case<'_>) -> bool {
    let column = case.record.get(&case.mapping.help.column);
    matches!(case.mapping.help_code(column), Ok(Some(_)))
}

/// Whether Microsoft may have been asked for this deal before it was linked: then its referral is
/// looked for.
pub(super) fn may_have_been_shared(case: &Case<'_>) -> bool {
    let kind = case.referral.get("type").and_then(Json::as_str).unwrap_or_default();
    case.pair.standing == Standing::Adopt
        && (case.record.phase.is_closed() || !case.referral.stage.is_terminal())
        && case.observed.contains_key(&Field::Help)
        && asks(case)
        && kind.eq_ignore_ascii_case("Shared")
        && case.referral.is_outgoing()
}
