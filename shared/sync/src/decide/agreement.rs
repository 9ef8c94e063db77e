//! Which synced fields do not agree, whatever the reason: ✔ means that there is none.

use cosell_mapping::{Rule, Unreadable};
use cosell_model::audit::Side;
use cosell_model::field::Field;
use cosell_model::link::LastSynced;
use cosell_model::notice::Notice;
use cosell_model::value::Value;

use super::case::Case;
use super::fields::is_synced;
use super::{base, is_kept, stage, visibility};
use crate::plan::Plan;

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    let open = differing(case);
    for field in open {
        if plan.effects.iter().any(|effect| effect.field == field) {
            continue;
        }
        if let Some(side) = one_way(case, &field)
            && !plan.notices.iter().any(|notice| notice.field() == Some(&field))
        {
            plan.notices.push(Notice::OneWay { field: field.clone(), side });
        }
        plan.differing.insert(field);
    }
}

/// The synced fields whose sides do not mean the same.
pub(crate) fn differing(case: &Case<'_>) -> Vec<Field> {
    let rules = case.mapping.rules.iter().filter(|rule| is_synced(rule));
    let mut differing: Vec<Field> =
        rules.filter(|rule| differs(case, rule)).map(base::field).collect();
    differing.extend((!stage::agrees(case)).then_some(Field::Stage));
    differing.extend((!visibility::agrees(case)).then_some(Field::Visibility));
    differing
}

/// Whether the sides of this field do not mean the same, as far as is known.
fn differs(case: &Case<'_>, rule: &Rule) -> bool {
    let field = base::field(rule);
    if let Some(now) = case.observed.get(&field) {
        return !agrees(rule, now, is_unedited(case, rule, now));
    }
    match case.unreadable.get(&field) {
        None | Some(Unreadable::NotForThisDeal) => false,
        Some(Unreadable::NoValue { .. }) => true,
        // What was known of Partner Center's value still holds; the CRM's may have been edited.
        Some(Unreadable::BlockMissing { crm }) => case
            .base
            .get(&field)
            .is_none_or(|base| Some(&base.crm) != crm.as_ref() || !agrees(rule, base, true)),
    }
}

/// Whether nobody edited the field since it was last synced: then a difference is what a column
/// made of our write.
fn is_unedited(case: &Case<'_>, rule: &Rule, now: &LastSynced) -> bool {
    let field = base::field(rule);
    !case.in_doubt.contains(&field) && case.base.get(&field).is_none_or(|base| base == now)
}

/// Whether both sides mean the same, where nobody edited it as far as a column keeps it: amounts
/// may be rounded there, texts cut.
fn agrees(rule: &Rule, now: &LastSynced, is_unedited: bool) -> bool {
    let as_kept = |asked: Option<Value>, kept: &Value| {
        asked.is_some_and(|asked| is_kept(&Value::Nothing, &asked, kept) && !kept.is_nothing())
    };
    let lossy = || {
        as_kept(rule.uncut_to_crm(&now.partner_center).ok(), &now.crm)
            || as_kept(rule.across_to_crm(&now.partner_center).ok(), &now.crm)
            || as_kept(rule.across_to_partner_center(&now.crm).ok(), &now.partner_center)
    };
    rule.agrees(now) || (is_unedited && lossy())
}

/// The side whose edits are not written to the other; `None` where both are, or the field is none
/// of a rule.
pub(crate) fn one_way(case: &Case<'_>, field: &Field) -> Option<Side> {
    let rule = case.mapping.rules.iter().find(|rule| base::field(rule) == *field)?;
    match (rule.to_crm.on_update(), rule.to_partner_center.on_update()) {
        (true, false) => Some(Side::Crm),
        (false, true) => Some(Side::PartnerCenter),
        _ => None,
    }
}
