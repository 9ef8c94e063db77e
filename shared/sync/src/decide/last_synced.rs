//! What was last synced: the base of the next merge.
//!
//! Starts from what the decision was made on, never from a later reading: an edit that somebody
//! made in between must be found by the next reconciliation. A change that was not stored keeps
//! what was synced before, so that it is found again.

use std::collections::{BTreeMap, BTreeSet};

use cosell_mapping::{Rule, phase_value, stage_value};
use cosell_model::audit::Side;
use cosell_model::field::Field;
use cosell_model::link::{LastSynced, Link, WriteAhead};
use cosell_model::value::Value;
use jiff::{SignedDuration, Timestamp};

use super::agreement;
use super::case::Case;
use super::progress::{End, Progress};
use crate::plan::{Action, Effect, Plan};

/// A request that hung takes effect within a minute or two (a gateway holds it no longer), or
/// never.
const MAY_LAND: SignedDuration = SignedDuration::from_mins(5);

/// What to keep as last synced.
pub(crate) fn after(
    case: &Case<'_>,
    plan: &Plan,
    progress: &Progress,
) -> BTreeMap<Field, LastSynced> {
    let mut synced = case.observed.clone();
    let mut keep: BTreeSet<Field> = case.unreadable.keys().cloned().collect();
    keep.extend(plan.deferred.iter().cloned());
    keep.extend(plan.conflicts.keys().cloned());
    // What goes the other way alone is never carried: it stays an edit, not what a column kept.
    let is_one_way = |field: &&Field| agreement::one_way(case, field).is_some();
    let uncarried = plan.differing.iter().filter(is_one_way);
    keep.extend(uncarried.filter(|field| case.base.contains_key(*field)).cloned());
    if !case.referral.has("consent") {
        // The answer was shortened: nothing is known of it.
        keep.insert(Field::Visibility);
    }
    let mut raises_visibility = false;
    for (effect, end) in plan.effects.iter().zip(&progress.ends) {
        if !effect.is_field_change() && effect.field != Field::Reference {
            continue;
        }
        let Some(entry) = synced.get_mut(&effect.field) else { continue };
        // A phase that the CRM refused is not tried again until a side changes: only a person can
        // fix that. A record that takes nothing at all may take it later.
        let is_given_up = matches!((&effect.action, end), (Action::Phase(_), End::Refused(_)))
            && !progress.cannot_notify;
        if *end == End::Stored {
            *entry.on_mut(effect.side) = as_stored(case, effect, progress);
        } else if !is_given_up {
            keep.insert(effect.field.clone());
        }
        raises_visibility |=
            effect.field == Field::Visibility && effect.side == Side::PartnerCenter;
    }
    let is_shown = |values: &LastSynced| case.mapping.is_visibility_settled(values);
    if raises_visibility && synced.get(&Field::Visibility).is_some_and(|values| !is_shown(values)) {
        // The next reconciliation shows it in the CRM.
        synced.remove(&Field::Visibility);
    }
    for field in keep {
        match case.base.get(&field) {
            Some(before) => synced.insert(field, before.clone()),
            None => synced.remove(&field),
        };
    }
    synced
}

/// The fields that stay in doubt once `synced` is known.
pub(crate) fn still_in_doubt(
    case: &Case<'_>,
    synced: &BTreeMap<Field, LastSynced>,
) -> BTreeSet<Field> {
    case.in_doubt.iter().filter(|field| !synced.contains_key(*field)).cloned().collect()
}

/// An effect's value as the service stored it; what it left out of its answer is taken as stored.
pub(crate) fn as_stored(case: &Case<'_>, effect: &Effect, progress: &Progress) -> Value {
    let is_it = |rule: &&Rule| rule.name.as_str() == effect.field.as_str();
    let rule = case.mapping.rules.iter().find(is_it);
    match (effect.side, &progress.referral, &progress.record) {
        (Side::PartnerCenter, Some(referral), _) => match (&effect.field, rule) {
            (Field::Stage, _) => stage_value(referral.stage),
            (Field::Visibility, _) => Value::Bool(referral.is_visible_to_microsoft()),
            (Field::Reference, _) => {
                referral.external_reference.clone().map_or(Value::Nothing, Value::text)
            }
            (_, Some(rule)) if referral.has(rule.partner_center.as_str()) => {
                rule.read_partner_center(referral).unwrap_or_default()
            }
            _ => effect.after.clone(),
        },
        (Side::Crm, _, Some(record)) => match (&effect.field, rule) {
            (Field::Stage, _) => phase_value(record.phase),
            (Field::Visibility, _) => case.mapping.visibility_in(record),
            (_, Some(rule)) => rule.read_crm(record).unwrap_or_default(),
            _ => effect.after.clone(),
        },
        _ => effect.after.clone(),
    }
}

/// Whether Partner Center stored every change as it was asked to.
pub(crate) fn is_stored_as_asked(case: &Case<'_>, plan: &Plan, progress: &Progress) -> bool {
    let ends = plan.effects.iter().zip(&progress.ends);
    let mut there = ends.filter(|(effect, _)| {
        effect.side == Side::PartnerCenter
            && effect.is_field_change()
            && effect.field != Field::Visibility
    });
    there.all(|(effect, end)| {
        *end == End::Stored && as_stored(case, effect, progress) == effect.after
    })
}

/// The link with what is about to be written, before it is. That also keeps two reconciliations
/// from writing one deal side by side. An earlier entry on the same field gives way, and what it
/// meant is kept as last synced.
///
/// Should an answer be lost, the next reconciliation knows our own value from somebody's edit, even
/// from one that takes the old value again.
pub(crate) fn write_ahead(case: &Case<'_>, plan: &Plan, link: &mut Link) {
    // Visibility only goes up: whoever raised it, there is no edit to know it from.
    for effect in plan.changes().filter(|effect| effect.field != Field::Visibility) {
        let Some(mut values) = case.observed.get(&effect.field).cloned() else { continue };
        *values.on_mut(effect.side) = effect.after.clone();
        match case.base.get(&effect.field) {
            Some(known) => link.last_synced.insert(effect.field.clone(), known.clone()),
            None => link.last_synced.remove(&effect.field),
        };
        if case.in_doubt.contains(&effect.field) {
            link.in_doubt.insert(effect.field.clone());
        }
        let entry = WriteAhead { side: effect.side, values, since: case.now };
        link.write_ahead.insert(effect.field.clone(), entry);
    }
}

/// The entries that stay once this plan's own writes were answered and `synced` is what is known
/// now: writes of others that may land yet, as long as nothing newer is known of their field.
pub(crate) fn still_ahead(
    plan: &Plan,
    progress: &Progress,
    link: &Link,
    synced: &BTreeMap<Field, LastSynced>,
    now: Timestamp,
) -> BTreeMap<Field, WriteAhead> {
    let answered = |field: &Field| {
        let ends = plan.effects.iter().zip(&progress.ends);
        ends.into_iter().any(|(effect, end)| {
            effect.field == *field
                && effect.is_field_change()
                && matches!(end, End::Stored | End::Refused(_))
        })
    };
    let may_land = |entry: &WriteAhead| now.duration_since(entry.since) < MAY_LAND;
    let others = link.write_ahead.iter().filter(|(field, entry)| {
        !answered(field) && may_land(entry) && synced.get(*field) == link.last_synced.get(*field)
    });
    others.map(|(field, entry)| (field.clone(), entry.clone())).collect()
}

/// Takes back what was noted ahead of writes that were never made: what stands there from now on was
/// entered by somebody. An earlier entry on the same field counts again, since its write may land
/// yet.
pub(crate) fn take_back(case: &Case<'_>, plan: &Plan, progress: &Progress, link: &mut Link) {
    let ends = plan.effects.iter().zip(&progress.ends);
    let skipped = ends.filter(|(effect, end)| effect.is_field_change() && **end == End::Skipped);
    for (effect, _) in skipped {
        match case.link.write_ahead.get(&effect.field) {
            Some(earlier) => link.write_ahead.insert(effect.field.clone(), earlier.clone()),
            None => link.write_ahead.remove(&effect.field),
        };
    }
}

#[cfg(test)]
mod tests;
