//! From a lead to its opportunity: what was last_synced of the lead goes with the deal.
//!
//! A field is the same on both when its rules have the same name and read the same values.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::dropped_writes::keeps;
use crate::built_in_fields::{HELP, STAGE};
use cosell_mapping::Carried;
use cosell_mapping::{Mapping, Rule, Situation, phase_value, stage_value};
use cosell_model::crm::{CrmRecord, CrmWrite, Phase};
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::link::{LastSynced, Link};
use cosell_model::referral::Referral;
use cosell_model::value::Value;

/// Whether a lead is to become an opportunity: it was qualified in the CRM, or the referral was accepted (or won) in Partner Center.
pub fn accepted_as_lead(referral: &Referral, lead: &CrmRecord) -> bool {
    let accepted = matches!(referral.stage, Stage::Active | Stage::Won);
    lead.phase == Phase::Qualified || (accepted && lead.phase == Phase::Open)
}

/// What the opportunity of an accepted lead is made with: the referral's values, but where the seller entered something in the lead: that
/// follows from a later reading of the lead ([`left_behind`]), or it would replace what was entered since.
pub fn plan_opportunity(
    deals: &Mapping,
    leads: &Mapping,
    link: &Link,
    referral: &Referral,
    lead: &CrmRecord,
) -> CrmWrite {
    let mut write = CrmWrite::default();
    for rule in deals.rules.iter().filter(|rule| rule.to_crm.on_create()) {
        // No CRM makes an opportunity without a name.
        let follows = !rule.is_name() && entered(rule, leads, link, lead).is_some();
        if let Carried::Written { json, .. } = rule.carried_to_crm(referral)
            && !follows
        {
            write.fields.insert(rule.crm.to_string(), json);
        }
    }
    deals.show_visibility(referral, &mut write);
    write
}

/// What a seller entered in the lead and its opportunity does not have: a conversion by hand did not copy it, or it was entered while we
/// made the opportunity. Where the opportunity has a value of its own, that stands. The lead is given as it was when we began, and as it is.
pub fn left_behind(
    (deals, leads): (&Mapping, &Mapping),
    link: &Link,
    referral: &Referral,
    (before, lead): (&CrmRecord, &CrmRecord),
    opportunity: &CrmRecord,
) -> CrmWrite {
    let mut write = CrmWrite::default();
    let situation = Situation::of(referral, link.microsoft_referral.is_some());
    for rule in deals.rules.iter().filter(|rule| rule.to_crm.on_update() && rule.applies(situation))
    {
        let (Some(entered), Ok(present)) =
            (entered(rule, leads, link, lead), rule.read_crm(opportunity))
        else {
            continue;
        };
        let entered = rule.fitted(entered);
        let is = |value: Option<Value>| value.is_some_and(|value| is_copy(rule, &value, &present));
        let from_referral =
            || rule.read_partner_center(referral).and_then(|value| rule.across_to_crm(&value)).ok();
        let unedited = || {
            link.last_synced
                .get(rule.name.as_str())
                .map(|last_synced| rule.fitted(last_synced.crm.clone()))
        };
        let copied = || {
            counterpart(rule, leads)
                .and_then(|on_lead| on_lead.read_crm(before).ok())
                .map(|value| rule.fitted(value))
        };
        let is_old =
            || present.is_nothing() || is(from_referral()) || is(unedited()) || is(copied());
        if !is_copy(rule, &entered, &present) && !entered.is_nothing() && is_old() {
            write.fields.insert(rule.crm.to_string(), rule.crm_json(&entered));
        }
    }
    write
}

/// What a seller entered in the lead since its field was last last_synced; of a field that never was, whatever stands there.
fn entered(rule: &Rule, leads: &Mapping, link: &Link, lead: &CrmRecord) -> Option<Value> {
    let value = counterpart(rule, leads)?.read_crm(lead).ok()?;
    let is_new = match link.last_synced.get(rule.name.as_str()) {
        Some(last_synced) => value != last_synced.crm,
        None => !value.is_nothing(),
    };
    is_new.then_some(value)
}

/// Whether `now` is a value of the lead as the opportunity's column keeps it: amounts may be rounded there, texts cut.
fn is_copy(rule: &Rule, of: &Value, now: &Value) -> bool {
    match (of, now) {
        (Value::Number(_), Value::Number(_)) => keeps(&Value::Nothing, of, now),
        (Value::Text(of), Value::Text(kept)) => {
            let is_full = kept.chars().count() >= rule.cut(of).chars().count();
            of.starts_with(kept.as_str()) && is_full
        }
        _ => of == now,
    }
}

fn counterpart<'a>(rule: &Rule, leads: &'a Mapping) -> Option<&'a Rule> {
    let named = leads.rules.iter().find(|lead| lead.name == rule.name)?;
    let same_values =
        named.kind == rule.kind && named.values == rule.values && named.transform == rule.transform;
    let same_values = same_values
        && named.from_partner_center == rule.from_partner_center
        && named.from_crm == rule.from_crm;
    (same_values && named.partner_center.is(rule.partner_center.as_str())).then_some(named)
}

/// The link of the opportunity that this link's lead became.
///
/// What the opportunity lacks counts as never last_synced, so that it is filled and not emptied in Partner Center. The lead counts as having
/// been on hold and unanswered, so that an opportunity that is worked on accepts the referral, and follows one that is closed; but not
/// one that ended unwon while it was a lead: who made an opportunity of it nevertheless wants that open.
#[must_use]
pub fn moved_to(
    link: &Link,
    opportunity: &CrmRecord,
    deals: &Mapping,
    leads: &Mapping,
    referral: &Referral,
    now: Timestamp,
) -> Link {
    let mut last_synced: BTreeMap<String, LastSynced> = BTreeMap::new();
    for rule in deals.rules.iter().filter(|rule| counterpart(rule, leads).is_some()) {
        let Some(before) = link.last_synced.get(rule.name.as_str()) else {
            continue;
        };
        let present = rule.read_crm(opportunity).ok().filter(|value| !value.is_nothing());
        if let Some(present) = present {
            let crm = if is_copy(rule, &before.crm, &present) {
                present
            } else {
                rule.fitted(before.crm.clone())
            };
            let partner_center = before.partner_center.clone();
            last_synced.insert(rule.name.to_string(), LastSynced { partner_center, crm });
        }
    }
    let stage = stage_value(referral.stage);
    let known_end = referral.stage.is_terminal()
        && referral.stage != Stage::Won
        && link
            .last_synced
            .get(STAGE)
            .is_some_and(|last_synced| last_synced.partner_center == stage);
    let unanswered = LastSynced {
        partner_center: if known_end { stage } else { stage_value(Stage::New) },
        crm: phase_value(Phase::OnHold),
    };
    last_synced.insert(STAGE.to_owned(), unanswered);
    let observed = deals.observe(referral, opportunity);
    last_synced
        .extend(observed.values.get(&Field::Help).map(|help| (HELP.to_owned(), help.clone())));
    let mut conflicts = link.conflicts.clone();
    conflicts.retain(|field, _| last_synced.contains_key(field));
    let mut dropped_writes = link.dropped_writes.clone();
    dropped_writes.retain(|field, _| last_synced.contains_key(field));
    Link {
        crm: opportunity.key.clone(),
        lead: Some(link.crm.clone()),
        last_synced,
        conflicts,
        pending: BTreeMap::new(),
        dropped_writes,
        problem: None,
        tombstone: None,
        crm_version: opportunity.version.clone(),
        referral_etag: referral.etag.as_str().to_owned(),
        version: 0,
        updated: now,
        ..link.clone()
    }
}
