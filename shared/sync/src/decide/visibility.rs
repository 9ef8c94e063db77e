//! Whether Microsoft's sellers may see the deal: it only ever goes up (contract partner-center 2.5,
//! 3.6). The CRM's column shows what Partner Center says.

use std::collections::BTreeMap;

use cosell_model::audit::Side;
use cosell_model::deal::CONSENT;
use cosell_model::field::Field;
use cosell_model::link::LastSynced;
use cosell_model::notice::Notice;
use cosell_model::patch::PatchOperation;
use cosell_model::value::Value;
use serde_json::json;

use super::case::Case;
use crate::plan::{Action, Effect, HelpRequest, Plan};

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    if !case.referral.has("consent") {
        return;
    }
    let before = case.link.last_synced.get(&Field::Visibility);
    let now = case.observed.get(&Field::Visibility);
    if case.referral.is_visible_to_microsoft() {
        if let Some(now) = now.filter(|now| before != Some(now)) {
            show(case, plan, before, now);
        }
    } else if plan.help == HelpRequest::Ready {
        // Microsoft's sellers can only help with a deal that they see.
        share(case, plan);
    } else if let Some(now) = now {
        share_by_choice(case, plan, before, now);
    }
}

/// The CRM's column says what Partner Center says.
fn show(case: &Case<'_>, plan: &mut Plan, before: Option<&LastSynced>, now: &LastSynced) {
    let Some((column, visible)) = case.mapping.visible() else { return };
    if case.mapping.is_visibility_settled(now) {
        return;
    }
    if case.record.phase.is_closed() {
        return plan.withhold(Field::Visibility, Notice::VisibilityRecordClosed);
    }
    let was_shown = |before: &LastSynced| {
        before.partner_center == now.partner_center && case.mapping.is_visibility_settled(before)
    };
    if before.is_some_and(was_shown) {
        plan.notices.push(Notice::VisibilityRestored);
    }
    let after = visible.as_str().map_or_else(|| visible.to_string(), str::to_owned);
    plan.effects.push(Effect {
        field: Field::Visibility,
        side: Side::Crm,
        before: now.crm.clone(),
        after: Value::text(after),
        overruled: None,
        is_final: false,
        action: Action::Columns(BTreeMap::from([(column.to_string(), visible.clone())])),
    });
}

/// The deal is private: does its seller want otherwise?
fn share_by_choice(
    case: &Case<'_>,
    plan: &mut Plan,
    before: Option<&LastSynced>,
    now: &LastSynced,
) {
    let changed = before.is_none_or(|before| before.crm != now.crm);
    let notice = match case.mapping.visibility_of(case.record) {
        Ok(None | Some(false)) => return,
        Err(error) => {
            let reason = error.to_string();
            return plan.notices.push(Notice::VisibilityUnreadable { reason });
        }
        Ok(Some(true)) if case.referral.stage.is_terminal() => Notice::VisibilityReferralClosed,
        Ok(Some(true)) if case.referral.is_outgoing() => {
            if before != Some(now) {
                share(case, plan);
            }
            return;
        }
        Ok(Some(true)) => Notice::VisibilityIncoming,
    };
    plan.notices.extend(changed.then_some(notice));
}

fn share(case: &Case<'_>, plan: &mut Plan) {
    plan.effects.push(Effect {
        field: Field::Visibility,
        side: Side::PartnerCenter,
        before: Value::Bool(false),
        after: Value::Bool(true),
        overruled: None,
        is_final: true,
        action: Action::Patch(vec![PatchOperation::set(case.referral, CONSENT, json!(true))]),
    });
}

/// Whether the CRM shows what Partner Center says.
pub(super) fn agrees(case: &Case<'_>) -> bool {
    if case.mapping.visible().is_none() {
        return true;
    }
    let wanted = case.mapping.visibility_of(case.record);
    if !case.referral.has("consent") {
        // What was known still holds; the column may have been edited. Of a referral that never had
        // it, a choice to show the deal was never compared.
        let known = case.link.last_synced.get(&Field::Visibility);
        let is_kept = |known: &LastSynced| {
            let agreed = match known.partner_center {
                Value::Bool(true) => case.mapping.is_visibility_settled(known),
                _ => wanted != Ok(Some(true)),
            };
            agreed && known.crm == case.mapping.visibility_in(case.record)
        };
        return known.map_or(matches!(wanted, Ok(None | Some(false))), is_kept);
    }
    let Some(now) = case.observed.get(&Field::Visibility) else { return true };
    if case.referral.is_visible_to_microsoft() {
        case.mapping.is_visibility_settled(now)
    } else {
        wanted != Ok(Some(true))
    }
}
