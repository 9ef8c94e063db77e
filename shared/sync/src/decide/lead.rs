//! From a lead to its opportunity: a lead of Microsoft's or a marketplace's is a lead in the CRM
//! until somebody accepts it.
//!
//! What was synced of the lead goes with the deal. A field is the same on both when its rules have
//! the same name and read the same values.

use crate::identity::is_on;
use std::collections::{BTreeMap, BTreeSet};

use cosell_mapping::{Carried, Mapping, Rule, Situation, phase_value, stage_value};
use cosell_model::audit::Side;
use cosell_model::crm::{CrmRecord, CrmWrite, Phase};
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::link::{DisconnectReason, LastSynced, Link, WriteAhead};
use cosell_model::notice::{Notice, OffReason};
use cosell_model::referral::Referral;
use cosell_model::state::DealState;
use cosell_model::value::Value;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::case::Case;
use super::{base, is_kept, new_record};
use crate::pair::Pair;
use crate::plan::{Action, Effect, Plan};
use crate::policy::Table;

/// Whether a lead is to become an opportunity: it was qualified in the CRM, or the referral was
/// accepted (or won) in Partner Center.
fn is_accepted(referral: &Referral, lead: &CrmRecord) -> bool {
    let accepted = matches!(referral.stage, Stage::Active | Stage::Won);
    lead.phase == Phase::Qualified || (accepted && lead.phase == Phase::Open)
}

/// Whether a lead may have an opportunity already: it is accepted, or it is off because the deal
/// goes on elsewhere. A lead that its seller switched off while nobody had accepted the referral is
/// no deal yet.
pub(crate) fn may_have_become(mapping: &Mapping, referral: &Referral, lead: &CrmRecord) -> bool {
    if is_on(mapping, lead) {
        return is_accepted(referral, lead);
    }
    referral.stage != Stage::New || lead.phase == Phase::Qualified
}

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    if case.pair.table != Table::Leads {
        return;
    }
    let lead = case.record;
    let opportunity = case.pair.opportunity.as_ref();
    if is_on(case.mapping, lead) {
        if !is_accepted(case.referral, lead) {
            return;
        }
    } else if !opportunity.is_some_and(|made| is_on(case.deals, made)) {
        // Its opportunity is switched on by us when we released the lead, or by its seller, for
        // whom the lead is read-only.
        return;
    }
    plan.ends = true;
    if opportunity.is_none() && lead.converted_into.is_some() {
        // Should it come back, the deal goes on with it.
        let reason = DisconnectReason::RecordDeleted;
        let state = DealState::Disconnected { reason: reason.clone() };
        *plan = Plan::ending(state, vec![Notice::Disconnected { reason }]);
        return;
    }
    if opportunity.is_none() && lead.phase.is_closed() {
        *plan = Plan::refused(vec![Notice::LeadWithoutOpportunity]);
        return;
    }
    let write = opportunity_of(case.deals, case.mapping, case.link, case.referral, lead);
    let after = opportunity.map_or(Value::Nothing, |made| Value::text(made.key.id.clone()));
    plan.effects.push(Effect {
        field: Field::Stage,
        side: Side::Crm,
        before: phase_value(lead.phase),
        after,
        overruled: None,
        is_final: true,
        action: Action::ConvertLead(write),
    });
}

/// What a lead needs whose deal goes on as an opportunity: to be switched off, with a notice.
pub(super) fn release(leads: &Mapping, pair: &Pair, opportunity: &str) -> Plan {
    let reason = OffReason::BecameOpportunity(opportunity.to_owned());
    let notice = Notice::Off { reason: reason.clone() };
    let mut plan = Plan::ending(DealState::Off { reason }, vec![notice]);
    let is_open = |lead: &&CrmRecord| !lead.is_read_only() && is_on(leads, lead);
    let open = pair.record.as_ref().filter(is_open);
    plan.effects.extend(open.map(|_| Effect {
        field: Field::Stage,
        side: Side::Crm,
        before: Value::Nothing,
        after: Value::text(opportunity),
        overruled: None,
        is_final: false,
        action: Action::ReleaseLead { opportunity: opportunity.to_owned() },
    }));
    plan
}

/// What the opportunity of an accepted lead is made with: the referral's values, but where the
/// seller entered something in the lead: that follows from a later reading of the lead
/// ([`left_behind`]), or it would replace what was entered since.
fn opportunity_of(
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
            write.fields.insert(rule.crm.as_str().to_owned(), json);
        }
    }
    deals.show_visibility(referral, &mut write);
    write
}

/// The fields of `write` that Partner Center changed since they were last synced, as the link notes
/// them before its lead is converted: whatever becomes of the answer, the opportunity's value is
/// then known to be ours.
pub(crate) fn write_ahead(
    (deals, leads): (&Mapping, &Mapping),
    (link, referral): (&Link, &Referral),
    write: &CrmWrite,
    now: Timestamp,
) -> BTreeMap<Field, WriteAhead> {
    let rules = deals.rules.iter().filter(|rule| counterpart(rule, leads).is_some());
    let entries =
        rules.filter(|rule| write.fields.contains_key(rule.crm.as_str())).filter_map(|rule| {
            let field = base::field(rule);
            let partner_center = rule.read_partner_center(referral).ok()?;
            let synced = link.last_synced.get(&field)?;
            let crm = rule.across_to_crm(&partner_center).ok()?;
            let values = LastSynced { partner_center, crm };
            let entry = WriteAhead { side: Side::Crm, values, since: now };
            (synced.partner_center != entry.values.partner_center).then_some((field, entry))
        });
    entries.collect()
}

/// A lead on its way: as it was when its conversion was decided, and as it is.
pub(crate) struct Leaving<'a> {
    pub(crate) link: &'a Link,
    pub(crate) referral: &'a Referral,
    pub(crate) before: &'a CrmRecord,
    pub(crate) now: &'a CrmRecord,
}

/// What a seller entered in the lead and its opportunity does not have: a conversion by hand did
/// not copy it, or it was entered while we made the opportunity. Where the opportunity has a value
/// of its own, that stands.
pub(crate) fn left_behind(
    (deals, leads): (&Mapping, &Mapping),
    leaving: &Leaving<'_>,
    opportunity: &CrmRecord,
) -> CrmWrite {
    let Leaving { link, referral, before, now: lead } = leaving;
    let mut write = CrmWrite::default();
    let situation = Situation::of(referral, link.microsoft_referral.is_some());
    for rule in deals.rules.iter().filter(|rule| rule.to_crm.on_update() && rule.applies(situation))
    {
        let (Some(entered), Ok(present)) =
            (entered(rule, leads, link, lead), rule.read_crm(opportunity))
        else {
            continue;
        };
        // A mark takes no room before the name stands in Partner Center in full.
        let entered = Rule { marked: false, ..rule.clone() }.fitted(entered);
        let is = |value: Option<Value>| value.is_some_and(|value| is_copy(rule, &value, &present));
        // A column may be shorter than the mapping knows.
        let is_referrals = || {
            let value = rule.read_partner_center(referral);
            let value = value.and_then(|value| rule.across_to_crm(&value));
            value.is_ok_and(|value| is_kept(&Value::Nothing, &value, &present))
        };
        let unedited = || {
            let synced = link.last_synced.get(&base::field(rule))?;
            Some(rule.fitted(synced.crm.clone()))
        };
        let copied = || {
            let on_lead = counterpart(rule, leads)?;
            on_lead.read_crm(before).ok().map(|value| rule.fitted(value))
        };
        let made_with = || {
            let ahead = link.write_ahead.get(&base::field(rule))?;
            (ahead.side == Side::Crm).then(|| ahead.values.crm.clone())
        };
        let ours = || is_referrals() || is(made_with());
        let is_old = || present.is_nothing() || ours() || is(unedited()) || is(copied());
        if !is_copy(rule, &entered, &present) && !entered.is_nothing() && is_old() {
            write.fields.insert(rule.crm.as_str().to_owned(), rule.crm_json(&entered));
        }
    }
    write
}

/// What a seller entered in the lead since its field was last synced; of a field that never was,
/// whatever stands there.
fn entered(rule: &Rule, leads: &Mapping, link: &Link, lead: &CrmRecord) -> Option<Value> {
    let value = counterpart(rule, leads)?.read_crm(lead).ok()?;
    let is_new = match link.last_synced.get(&base::field(rule)) {
        Some(synced) => value != synced.crm,
        None => !value.is_nothing(),
    };
    is_new.then_some(value)
}

/// Whether `now` is a value of the lead as the opportunity's column keeps it: amounts may be
/// rounded there, texts cut.
fn is_copy(rule: &Rule, of: &Value, now: &Value) -> bool {
    match (of, now) {
        (Value::Number(_), Value::Number(_)) => is_kept(&Value::Nothing, of, now),
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
    let same_path =
        named.partner_center.as_str().eq_ignore_ascii_case(rule.partner_center.as_str());
    (same_values && same_path).then_some(named)
}

/// The link of the opportunity that this link's lead became.
///
/// What the opportunity lacks counts as never synced, so that it is filled and not emptied in
/// Partner Center. The lead counts as having been on hold and unanswered, so that an opportunity
/// that is worked on accepts the referral, and follows one that is closed; but not one that ended
/// unwon while it was a lead: who made an opportunity of it nevertheless wants that open.
pub(crate) fn moved(
    link: &Link,
    opportunity: &CrmRecord,
    (deals, leads): (&Mapping, &Mapping),
    referral: &Referral,
    now: Timestamp,
) -> Link {
    let (mut synced, in_doubt) = carried_along(link, opportunity, (deals, leads));
    synced.insert(Field::Stage, unanswered(link, referral));
    let observed = new_record::start(deals, referral, opportunity);
    synced.extend(observed.get(&Field::Help).map(|help| (Field::Help, help.clone())));
    let mut conflicts = link.conflicts.clone();
    conflicts.retain(|field, _| synced.contains_key(field));
    let mut dropped_writes = link.dropped_writes.clone();
    dropped_writes.retain(|field, _| synced.contains_key(field));
    Link {
        crm: opportunity.key.clone(),
        lead: Some(link.crm.clone()),
        last_synced: synced,
        conflicts,
        write_ahead: BTreeMap::new(),
        in_doubt,
        dropped_writes,
        notified: BTreeSet::new(),
        audited: BTreeSet::new(),
        disconnected: None,
        crm_version: opportunity.version.clone(),
        referral_etag: referral.etag.as_str().to_owned(),
        version: 0,
        updated: now,
        ..link.clone()
    }
}

/// What was last synced, in the opportunity's form, and the fields in doubt: what the conversion
/// wrote took effect if the opportunity has it; a seller's third value hides whether it did.
fn carried_along(
    link: &Link,
    opportunity: &CrmRecord,
    (deals, leads): (&Mapping, &Mapping),
) -> (BTreeMap<Field, LastSynced>, BTreeSet<Field>) {
    let (mut synced, mut in_doubt) = (BTreeMap::new(), BTreeSet::new());
    for rule in deals.rules.iter().filter(|rule| counterpart(rule, leads).is_some()) {
        let field = base::field(rule);
        let Some(before) = link.last_synced.get(&field) else { continue };
        let present = rule.read_crm(opportunity).ok().filter(|value| !value.is_nothing());
        let Some(present) = present else { continue };
        let ahead = link.write_ahead.get(&field).filter(|ahead| ahead.side == Side::Crm);
        let written = ahead.filter(|ahead| is_copy(rule, &ahead.values.crm, &present));
        let is_unchanged = is_copy(rule, &before.crm, &present);
        let (partner_center, crm) = match (written, ahead) {
            (Some(written), _) => (&written.values.partner_center, present),
            (None, _) if is_unchanged => (&before.partner_center, present),
            (None, None) => (&before.partner_center, rule.fitted(before.crm.clone())),
            (None, Some(_)) => {
                in_doubt.insert(field);
                continue;
            }
        };
        synced.insert(field, LastSynced { partner_center: partner_center.clone(), crm });
    }
    (synced, in_doubt)
}

fn unanswered(link: &Link, referral: &Referral) -> LastSynced {
    let stage = stage_value(referral.stage);
    let is_known_end = referral.stage.is_terminal()
        && referral.stage != Stage::Won
        && link.last_synced.get(&Field::Stage).is_some_and(|synced| synced.partner_center == stage);
    LastSynced {
        partner_center: if is_known_end { stage } else { stage_value(Stage::New) },
        crm: phase_value(Phase::OnHold),
    }
}

/// What the opportunity gets with what the lead had: the switch and, where a conversion begins at
/// the very stage of deals that nobody has accepted, its phase: who qualifies the lead accepts it.
pub(crate) fn taken_over(
    deals: &Mapping,
    opportunity: &CrmRecord,
    left: CrmWrite,
    lead: Phase,
) -> CrmWrite {
    let mut write = left;
    if !is_on(deals, opportunity) {
        write.fields.insert(deals.columns.sync.to_string(), Json::Bool(true));
    }
    if (lead, opportunity.phase) == (Phase::Qualified, Phase::OnHold) {
        write.phase = Some(Phase::Open);
    }
    write
}
