//! The mapping's fields: what changed on one side is written to the other.

use std::collections::BTreeMap;

use cosell_mapping::{ConflictRule, Mapping, OnHoldEdits, Rule, attributes};
use cosell_model::audit::{Side, UndecidedField};
use cosell_model::crm::Phase;
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::link::{LastSynced, Link, OpenConflict};
use cosell_model::notice::Notice;
use cosell_model::patch::PatchOperation;
use serde_json::Value as Json;

use super::Case;
use super::currency::Currency;
use super::merge::{Merged, merge};
use crate::plan::{Action, Effect, Plan};

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    let currency = Currency::of(case, plan);
    for rule in &case.mapping.rules {
        let field = field(rule);
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

/// The field of a rule.
pub(crate) fn field(rule: &Rule) -> Field {
    Field::from(rule.name.as_str())
}

/// What is to be done about one field; `None` when it cannot be read, which is no change.
pub(super) fn merged(case: &Case<'_>, rule: &Rule) -> Option<Merged> {
    let field = field(rule);
    let now = case.observed.get(&field)?;
    let open = case.link.conflicts.get(&field);
    Some(merge(rule, case.base.get(&field), now, case.newest(), open))
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

fn write(case: &Case<'_>, plan: &mut Plan, rule: &Rule, currency: &Currency, change: Effect) {
    let withheld = obstacle(case, rule, &change).or_else(|| {
        let field = change.field.clone();
        (!currency.lets(rule, change.side)).then_some(Notice::CurrencyDiffers { field })
    });
    if let Some(notice) = withheld {
        if change.overruled.is_some()
            && let Some(now) = case.observed.get(&change.field)
        {
            // Decided, but it cannot be written yet: the decision stands, whatever our own writes do to the records' times.
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

/// What sets the field. An attribute is part of a list, which is only ever replaced as a whole: with what this plan has set before.
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

/// Whether an edit waits until the record leaves hold, or the lead becomes an opportunity. A deal that somebody puts on hold after it
/// was accepted is no invitation, and what an operator decided is an order.
fn waits(case: &Case<'_>, rule: &Rule, change: &Effect) -> bool {
    let on_hold = case.record.phase == Phase::OnHold
        || (case.mapping.is_of_leads && case.record.phase == Phase::Open);
    let is_invitation = on_hold && case.referral.stage == Stage::New;
    let is_ordered = rule.conflict == ConflictRule::Ask && change.overruled.is_some();
    is_invitation && !is_ordered && case.mapping.stages.on_hold_edits == OnHoldEdits::Wait
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

/// What was last synced. A write that was under way took effect if its side has the very value that was asked for. If that side has a
/// third value, nobody can say what was synced last: then nothing was, so that the field's rule decides and the audit log keeps
/// both values.
pub(super) fn base(
    mapping: &Mapping,
    link: &Link,
    observed: &BTreeMap<Field, LastSynced>,
) -> BTreeMap<Field, LastSynced> {
    let mut base = link.last_synced.clone();
    for (field, values) in &mut base {
        cut_for_mark(mapping, field, values, observed);
    }
    for (field, write) in &link.write_ahead {
        let Some(now) = observed.get(field) else { continue };
        let side = write.side;
        if now.on(side) == write.values.on(side) {
            let mut values = write.values.clone();
            cut_for_mark(mapping, field, &mut values, observed);
            base.insert(field.clone(), values);
        } else if base.get(field).is_some_and(|before| now.on(side) != before.on(side)) {
            base.remove(field);
        }
    }
    base
}

/// A name that was cut since, to make room for its mark, is no edit.
fn cut_for_mark(
    mapping: &Mapping,
    field: &Field,
    values: &mut LastSynced,
    observed: &BTreeMap<Field, LastSynced>,
) {
    let (Some(rule), Some(now)) = (mapping.marked_name(), observed.get(field)) else { return };
    if self::field(rule) == *field && rule.fitted(values.crm.clone()) == now.crm {
        values.crm.clone_from(&now.crm);
    }
}
