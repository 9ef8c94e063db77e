//! A deal that was just created: what only shows now that both sides are there.

use cosell_mapping::Mapping;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::link::Link;
use cosell_model::referral::Referral;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::case::Case;
use super::progress::Progress;
use super::{
    agreement, deadline, dropped_writes, fold, new_record, new_referral, status, visibility,
};
use crate::pair::{Pair, Standing};
use crate::plan::{Action, Memory, Plan};
use crate::policy::Rules;

/// The plan of a deal that was just created, now that it is linked: the same effects, and what only
/// shows with both sides.
pub(crate) fn after(case: &Case<'_>, plan: &Plan) -> Plan {
    let mut created = Plan { memory: Memory::default(), ..plan.clone() };
    created
        .effects
        .retain(|effect| !matches!(effect.action, Action::Columns(_) | Action::Notify(_)));
    dropped_writes::decide(case, &mut created);
    visibility::decide(case, &mut created);
    deadline::decide(case, &mut created);
    agreement::decide(case, &mut created);
    let mut known = Vec::new();
    created.notices.retain(|notice| {
        let is_new = !known.contains(notice);
        known.push(notice.clone());
        is_new
    });
    created
}

/// The plan of a new record with what its seller reads in it: the state that the deal will be in,
/// and what only shows with both sides.
pub(super) fn introduced(rules: Rules<'_>, pair: &Pair, mut plan: Plan) -> Plan {
    let Some(referral) = &pair.referral else { return plan };
    let mapping = rules.mapping_of(pair.table);
    let made = plan.effects.iter().find_map(|effect| match &effect.action {
        Action::CreateRecord { write, .. } => Some(write),
        _ => None,
    });
    let Some(mut write) = made.cloned() else { return plan };
    let record = made_of(mapping, &write, pair.now);
    let mut link = Link::new(referral, &record, pair.now);
    link.last_synced = new_record::start(mapping, referral, &record);
    let expected =
        Pair { standing: Standing::Linked, link: Some(link), record: Some(record), ..pair.clone() };
    let Ok(case) = rules.case(&expected) else { return plan };
    let created = after(&case, &plan);
    let progress = Progress { is_creation: true, ..Progress::planned(&created, case.link) };
    let state = fold::of(&case, &created, &progress).state;
    plan.notices = created.notices;
    let says = (&state, plan.notices.as_slice());
    new_record::introduce((mapping, rules.policy), referral, &mut write, says, pair.now);
    for effect in &mut plan.effects {
        if let Action::CreateRecord { write: whole, .. } = &mut effect.action {
            *whole = write.clone();
        }
    }
    plan
}

/// The record that a CRM makes of a write which it keeps as it is.
fn made_of(mapping: &Mapping, write: &CrmWrite, now: Timestamp) -> CrmRecord {
    let key = CrmKey {
        system: mapping.system.clone(),
        entity: mapping.entity.clone(),
        id: String::new(),
    };
    CrmRecord {
        key,
        version: String::new(),
        modified: now,
        phase: write.phase.unwrap_or(Phase::Open),
        fields: write.fields.clone(),
        converted_into: None,
        merged_into: None,
        request_id: None,
    }
}

/// The plan of a new referral with what is written to its record then. Identifier and link follow
/// from the answer.
pub(super) fn foreseen(rules: Rules<'_>, pair: &Pair, mut plan: Plan) -> Plan {
    let Some(linked) = expected(rules, pair, &plan) else { return plan };
    let Ok(case) = rules.case(&linked) else { return plan };
    let created = after(&case, &plan);
    let progress = Progress { is_creation: true, ..Progress::planned(&created, case.link) };
    let mut columns = status::columns(&case, &created, &progress);
    for column in [&case.mapping.columns.referral_id, &case.mapping.columns.referral_link] {
        columns.insert(column.to_string(), json!(""));
    }
    plan.effects = created.effects;
    plan.effects.extend(status::effect(columns));
    plan
}

/// The deal once its referral is made, as far as that is known before: the ids are the service's.
fn expected(rules: Rules<'_>, pair: &Pair, plan: &Plan) -> Option<Pair> {
    let record = pair.record.as_ref()?;
    let body = plan.effects.iter().find_map(|effect| match &effect.action {
        Action::CreateReferral(body) => Some(body),
        _ => None,
    });
    let mut body: Json = body?.clone();
    for (name, value) in [
        ("id", "00000000-0000-0000-0000-000000000000"),
        ("eTag", "-"),
        ("status", "Active"),
        ("substatus", "Accepted"),
        ("direction", "Outgoing"),
        ("updatedDateTime", &pair.now.to_string()),
    ] {
        body[name] = json!(value);
    }
    let referral = Referral::parse(body, None, None).ok()?;
    let mut link = Link::new(&referral, record, pair.now);
    link.last_synced = new_referral::start(rules.mapping_of(pair.table), &referral, record, true);
    let standing = Standing::Linked;
    Some(Pair { standing, link: Some(link), referral: Some(referral), ..pair.clone() })
}
