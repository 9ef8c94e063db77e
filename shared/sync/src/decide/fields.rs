//! The mapping's fields: what changed on one side is written to the other.

use std::collections::BTreeMap;

use cosell_mapping::{Rule, Unreadable, attributes};
use cosell_model::audit::{Side, UndecidedField};
use cosell_model::field::Field;
use cosell_model::link::{LastSynced, OpenConflict};
use cosell_model::notice::Notice;
use cosell_model::patch::PatchOperation;
use serde_json::Value as Json;

use super::base::field;
use super::case::Case;
use super::change::{change, merged, obstacle};
use super::currency::Currency;
use super::merge::Merged;
use crate::plan::{Action, Effect, Plan};

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    let currency = Currency::of(case, plan);
    for rule in &case.mapping.rules {
        let field = field(rule);
        if let Some(Unreadable::NoValue { side, reason }) = case.unreadable.get(&field)
            && is_synced(rule)
        {
            let (side, reason) = (*side, reason.clone());
            plan.withhold(field.clone(), Notice::FieldUnreadable { field, side, reason });
            continue;
        }
        let (Some(now), Some(merged)) = (case.observed.get(&field), merged(case, rule)) else {
            continue;
        };
        match merged {
            Merged::Agrees | Merged::Locked => {}
            Merged::Ask => await_decision(case, plan, &field, now),
            Merged::Blocked(notice) => plan.withhold(field, notice),
            write @ Merged::Write { .. } => {
                let Some(change) = change(rule, now, write) else { continue };
                self::write(case, plan, rule, &currency, change);
            }
        }
    }
}

/// Whether the rule has a say after the deal was made.
pub(super) fn is_synced(rule: &Rule) -> bool {
    rule.to_crm.on_update() || rule.to_partner_center.on_update()
}

/// Changed fields that Microsoft locks once a deal exists.
pub(super) fn locked(case: &Case<'_>, plan: &mut Plan) {
    // A contact is sent as a whole, as Microsoft is asked to help.
    let sends_contact = plan.writes_field(&Field::Contact, Side::PartnerCenter);
    let is_locked = |rule: &&Rule| {
        merged(case, rule) == Some(Merged::Locked) && !(sends_contact && rule.is_contact())
    };
    let fields: Vec<Field> = case.mapping.rules.iter().filter(is_locked).map(field).collect();
    if !fields.is_empty() && !case.referral.stage.is_terminal() {
        plan.notices.push(Notice::Locked { fields });
    }
}

fn write(case: &Case<'_>, plan: &mut Plan, rule: &Rule, currency: &Currency, change: Effect) {
    let withheld = obstacle(case, rule, &change).or_else(|| {
        let field = change.field.clone();
        (!currency.lets(rule, change.side)).then_some(Notice::CurrencyDiffers { field })
    });
    if let Some(notice) = withheld {
        if change.overruled.is_some()
            && let Some(now) = case.observed.get(&change.field)
        {
            // Decided, but it cannot be written yet: the decision stands, whatever our own writes
            // do to the records' times.
            let open = OpenConflict {
                partner_center: now.partner_center.clone(),
                crm: now.crm.clone(),
                since: case.now,
                decision: Some(change.side.other()),
            };
            let known = case.link.conflicts.get(&change.field);
            let open = known.filter(|known| known.is_of(now)).cloned().unwrap_or(open);
            plan.conflicts.insert(change.field.clone(), open);
        }
        return plan.withhold(change.field, notice);
    }
    if change.overruled.is_some() {
        let (field, rule) = (change.field.clone(), rule.conflict.to_string());
        plan.notices.push(Notice::ConflictResolved { field, rule });
    }
    let action = match change.side {
        Side::PartnerCenter => Action::Patch(vec![operation(case, plan, rule, &change)]),
        Side::Crm => {
            let json = rule.crm_json(&change.after);
            Action::Columns(BTreeMap::from([(rule.crm.as_str().to_owned(), json)]))
        }
    };
    plan.effects.push(Effect { action, ..change });
}

/// What sets the field. An attribute is part of a list, which is only ever replaced as a whole:
/// with what this plan has set before.
fn operation(case: &Case<'_>, plan: &Plan, rule: &Rule, change: &Effect) -> PatchOperation {
    let path = rule.partner_center.as_str();
    let json = rule.partner_center_json(&change.after, case.referral.get(path));
    let Some(kind) = attributes::kind_of(path) else {
        return PatchOperation::set(case.referral, path, json);
    };
    let mut operation = PatchOperation::set(case.referral, attributes::LIST, Json::Null);
    let earlier = plan.effects.iter().rev().find_map(|effect| match &effect.action {
        Action::Patch(set) => set.iter().rev().find(|set| set.path == operation.path),
        _ => None,
    });
    let list =
        earlier.map(|earlier| &earlier.value).or_else(|| case.referral.get(attributes::LIST));
    operation.value = attributes::with(list, kind, &json);
    operation
}

/// Both values wait for an operator.
fn await_decision(case: &Case<'_>, plan: &mut Plan, field: &Field, now: &LastSynced) {
    let LastSynced { partner_center, crm } = now.clone();
    let open = case.link.conflicts.get(field);
    let known = open.filter(|open| open.is_of(now));
    if known.is_none() {
        plan.undecided.push(UndecidedField {
            field: field.clone(),
            partner_center: partner_center.clone(),
            crm: crm.clone(),
        });
    }
    let conflict = known.cloned().unwrap_or(OpenConflict {
        partner_center,
        crm,
        since: case.now,
        decision: None,
    });
    plan.conflicts.insert(field.clone(), conflict);
    plan.notices.push(Notice::DecisionNeeded { field: field.clone() });
}
