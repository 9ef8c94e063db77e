//! What must hold once the storm is over.

use std::collections::BTreeMap;

use cosell_core::audit::Side;
use cosell_core::crm::{CrmRecord, Phase};
use cosell_core::life_cycle::Stage;
use cosell_core::link::Link;
use cosell_core::mapping::{Mapping, Rule};
use cosell_core::referral::{Referral, ReferralKind};
use cosell_core::value::Value;
use serde_json::json;

use crate::ports::kept;
use crate::world::{Edit, State, World};

/// Everything that is wrong in the end; empty is good.
pub(crate) fn violations(world: &World, mapping: &Mapping) -> Vec<String> {
    let state = world.state();
    let mut wrong = state.violations.clone();
    let referrals: Vec<Referral> = state
        .referrals
        .values()
        .filter_map(|body| Referral::parse(body.clone(), None, None).ok())
        .collect();
    exactly_one(&state, &referrals, &mut wrong);
    nothing_forgotten(&state, &referrals, &mut wrong);
    for link in state.links.values() {
        let referral = referrals.iter().find(|referral| referral.id == link.referral);
        let record = state.records.get(&link.crm.id);
        if let (Some(referral), Some(record)) = (referral, record) {
            in_step(world, mapping, referral, record, &mut wrong);
            edits_kept(&state, mapping, link, referral, record, &mut wrong);
        }
    }
    if !state.queue.is_empty() {
        wrong.push(format!("{} messages are still on the queue", state.queue.len()));
    }
    wrong
}

fn exactly_one(state: &State, referrals: &[Referral], wrong: &mut Vec<String>) {
    let mut own: BTreeMap<&str, usize> = BTreeMap::new();
    let mut halves: BTreeMap<String, usize> = BTreeMap::new();
    for referral in referrals {
        match (referral.kind, &referral.external_reference) {
            (ReferralKind::MicrosoftHalf, _) => *halves.entry(format!("{:?}", referral.engagement)).or_default() += 1,
            (_, Some(reference)) => *own.entry(reference).or_default() += 1,
            _ => {}
        }
    }
    wrong.extend(
        own.iter()
            .filter(|(_, count)| **count > 1)
            .map(|(id, count)| format!("{count} referrals for opportunity {id}")),
    );
    wrong.extend(
        halves
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|(id, count)| format!("{count} halves of Microsoft's in {id}")),
    );
    let mut records: BTreeMap<&str, usize> = BTreeMap::new();
    for record in state.records.values() {
        if let Some(id) = record.get("nwcs_referralid").as_str() {
            *records.entry(id).or_default() += 1;
        }
    }
    wrong.extend(
        records
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|(id, count)| format!("{count} records for referral {id}")),
    );
}

/// Every open, flagged opportunity and every open invitation is linked, and asked help was asked.
fn nothing_forgotten(state: &State, referrals: &[Referral], wrong: &mut Vec<String>) {
    for record in state.records.values().filter(|record| !record.phase.is_closed()) {
        let Some(link) = state.links.values().find(|link| link.crm == record.key) else {
            // Its referral was closed before the pair was linked: only a person can decide, and was told.
            let status = record.get("nwcs_syncstatus").as_str().unwrap_or_default();
            if !status.contains("already closed") {
                wrong.push(format!("opportunity {} was never shared: {status}", record.key.id));
            }
            continue;
        };
        let own = referrals.iter().find(|referral| referral.id == link.referral);
        let asked = !record.get("nwcs_howcanmicrosofthelp").is_null();
        let invited = referrals
            .iter()
            .any(|other| other.kind == ReferralKind::MicrosoftHalf && other.engagement == link.engagement);
        if asked && !invited && own.is_some_and(|own| !own.stage.is_terminal()) {
            wrong.push(format!("Microsoft was never asked to help with {}", record.key.id));
        }
        if record.get("nwcs_referralid") != &json!(link.referral.to_string()) {
            wrong.push(format!("opportunity {} does not carry its referral's id", record.key.id));
        }
    }
    for referral in referrals
        .iter()
        .filter(|referral| !referral.stage.is_terminal() && referral.kind == ReferralKind::Opportunity)
    {
        if !state.links.contains_key(&referral.id) {
            wrong.push(format!("referral {} has no record", referral.id));
        }
    }
}

fn in_step(world: &World, mapping: &Mapping, referral: &Referral, record: &CrmRecord, wrong: &mut Vec<String>) {
    let expected = match referral.stage {
        Stage::Won => &[Phase::Won, Phase::Lost][..],
        Stage::Lost | Stage::Declined => &[Phase::Lost, Phase::Won],
        Stage::New => &[Phase::OnHold],
        _ => &[Phase::Open],
    };
    if !expected.contains(&record.phase) {
        wrong.push(format!(
            "referral {} is {} but its record is {}",
            referral.id, referral.stage, record.phase
        ));
    }
    if referral.stage.is_terminal() || record.phase.is_closed() {
        return;
    }
    let both_ways = |rule: &&Rule| rule.to_crm.on_update() && rule.to_partner_center.on_update();
    for rule in mapping
        .rules
        .iter()
        .filter(both_ways)
        .filter(|rule| !(world.weather.ignores_date && rule.name == "closing_date"))
    {
        if !agree(world, rule, referral, record) {
            let (there, here) = (rule.read_partner_center(referral), rule.read_crm(record));
            wrong.push(format!(
                "{} differs for referral {}: {there:?} there, {here:?} here",
                rule.name, referral.id
            ));
        }
    }
}

/// Equal, or as equal as a lossy CRM can be.
fn agree(world: &World, rule: &Rule, referral: &Referral, record: &CrmRecord) -> bool {
    let (Ok(there), Ok(here)) = (rule.read_partner_center(referral), rule.read_crm(record)) else {
        return false;
    };
    let asked = rule
        .across_to_crm(&there)
        .map(|value| kept(&world.weather, &rule.crm, &rule.crm_json(&value)));
    asked.is_ok_and(|json| Value::from_json(rule.kind, &json).is_ok_and(|value| value == here))
        || rule.across_to_partner_center(&here).is_ok_and(|value| value == there)
}

/// Each side's last edit of a field still stands there, or the audit names it.
fn edits_kept(state: &State, mapping: &Mapping, link: &Link, referral: &Referral, record: &CrmRecord, wrong: &mut Vec<String>) {
    let subjects = [link.crm.id.clone(), link.referral.to_string()];
    let mut last: BTreeMap<(&str, &str), &Edit> = BTreeMap::new();
    for edit in state.edits.iter().filter(|edit| subjects.contains(&edit.subject)) {
        last.insert((&edit.subject, edit.field), edit);
    }
    for edit in last.values() {
        let Some(rule) = mapping.rules.iter().find(|rule| rule.name == edit.field) else {
            continue;
        };
        let Ok(value) = Value::from_json(rule.kind, &edit.value) else {
            continue;
        };
        let now = if edit.side == Side::Crm {
            rule.read_crm(record)
        } else {
            rule.read_partner_center(referral)
        };
        let named = state
            .audit
            .iter()
            .flat_map(|entry| &entry.changes)
            .any(|change| change.field == edit.field && (change.before == value || change.overruled.as_ref() == Some(&value)));
        if now.as_ref() != Ok(&value) && !named {
            wrong.push(format!(
                "the edit of {} to {} at {} ({}, {}) vanished",
                edit.field, edit.value, edit.moment, edit.side, edit.subject
            ));
        }
    }
}
