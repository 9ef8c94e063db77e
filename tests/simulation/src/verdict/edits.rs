//! No human edit vanishes: each side's last edit of a field stands there, or the audit says what
//! took its place, and why.

use std::collections::BTreeMap;

use cosell_fakes::Written;
use cosell_mapping::Rule;
use cosell_model::audit::{AuditEntry, AuditKind, FieldChange, Side};
use cosell_model::field::Field;
use cosell_model::referral::Referral;
use cosell_model::value::Value;

use super::Pair;
use crate::world::Edit;

/// Whether anybody could notice an edit: a value that was taken back before its successor was
/// carried was never gone.
fn noticeable(pair: &Pair<'_>, rule: &Rule, edit: &Edit) -> bool {
    let own: Vec<&Edit> = pair
        .end
        .book
        .edits
        .iter()
        .filter(|other| {
            other.subject == edit.subject && other.field == edit.field && other.moment < edit.moment
        })
        .collect();
    // It stood there since an edit of it, or an edit found it there.
    let entered = own.iter().rposition(|other| other.value == edit.value).map(|at| at + 1);
    let found = own.iter().rposition(|other| other.before == edit.value);
    let Some(since) = entered.max(found) else {
        return true;
    };
    own[since..].iter().any(|between| carried(pair, rule, between))
}

/// Whether the engine wrote this edit's value to the other side, where it had another.
fn carried(pair: &Pair<'_>, rule: &Rule, edit: &Edit) -> bool {
    let Ok(value) = Value::from_json(rule.kind, &edit.value) else {
        return false;
    };
    let stored =
        |json| Value::from_json(rule.kind, &pair.end.state.crm.kept(rule.crm.as_str(), &json)).ok();
    let here = rule.across_to_crm(&value).ok().and_then(|value| stored(rule.crm_json(&value)));
    let there = rule.across_to_partner_center(&value).ok();
    let leads = &pair.end.names.of(true).rules;
    let on_lead = leads.iter().find(|on_lead| on_lead.name == rule.name);
    let lead = pair.link.lead.as_ref().map(|lead| lead.id.as_str());
    let of = |subject: &str, written: &Written| match written {
        Written::Referral(body) => {
            let referral = Referral::parse(body.clone(), None, None).ok()?;
            rule.read_partner_center(&referral).ok()
        }
        Written::Record(record) if lead == Some(subject) => on_lead?.read_crm(record).ok(),
        Written::Record(record) => rule.read_crm(record).ok(),
    };
    let other = match edit.side {
        Side::Crm => pair.link.referral.to_string(),
        Side::PartnerCenter => pair.link.crm.id.clone(),
    };
    let wanted = if edit.side == Side::Crm { there } else { here };
    let is_other = |subject: &str| {
        subject == other || (edit.side == Side::PartnerCenter && lead == Some(subject))
    };
    let mut later = pair.end.state.writes.iter().filter(|write| write.moment >= edit.moment);
    wanted.is_some()
        && later.any(|write| {
            let before = write.before.as_ref().and_then(|before| of(&write.subject, before));
            is_other(&write.subject)
                && of(&write.subject, &write.after) == wanted
                && (write.before.is_none() || before != wanted)
        })
}

/// Whether the edit looks like a write of ours of which nobody knows whether it was made: like that
/// write, or like what stood there before it.
fn looks_like_ours(pair: &Pair<'_>, edit: &Edit, is_it: impl Fn(&Value) -> bool) -> bool {
    let changes = |entry: &AuditEntry, like: &dyn Fn(&FieldChange) -> bool| {
        let is_there =
            |change: &&FieldChange| change.field == *edit.field && change.side == edit.side;
        entry.changes.iter().filter(is_there).any(like)
    };
    let (log, state) = (pair.log(), pair.end.state);
    let own = || state.audit.iter().filter(|entry| entry.pair == log);
    let mut ahead = own().filter(|entry| {
        entry.kind == AuditKind::WriteAhead
            && entry.at <= edit.at
            && changes(entry, &|change| is_it(&change.before) || is_it(&change.after))
    });
    ahead.any(|ahead| {
        let answers = |entry: &AuditEntry| {
            entry.kind != AuditKind::WriteAhead && entry.at >= ahead.at && entry.at <= edit.at
        };
        !own().any(|entry| answers(entry) && changes(entry, &|_| true))
    })
}

/// What stands in the lead that the record was.
fn on_lead(pair: &Pair<'_>, field: &str) -> Option<Value> {
    let lead = pair.end.state.records.get(&pair.link.lead.as_ref()?.id)?;
    let leads = pair.end.names.leads.as_ref()?;
    let rule = leads.rules.iter().find(|rule| rule.name == field)?;
    rule.read_crm(lead).ok()
}

pub(super) fn check(pair: &Pair<'_>, wrong: &mut Vec<String>) {
    let Pair { end, link, referral, record, .. } = pair;
    let (state, book, weather) = (end.state, end.book, end.weather);
    let lead = link.lead.as_ref().map(|lead| lead.id.clone());
    let subjects: Vec<String> =
        [link.crm.id.clone(), link.referral.to_string()].into_iter().chain(lead).collect();
    let mut last: BTreeMap<(&str, Side), &Edit> = BTreeMap::new();
    for edit in book.edits.iter().filter(|edit| subjects.contains(&edit.subject)) {
        last.insert((edit.field, edit.side), edit);
    }
    for ((field, side), edit) in &last {
        let Some(rule) = pair.rule(field) else {
            continue;
        };
        let Ok(value) = Value::from_json(rule.kind, &edit.value) else {
            continue;
        };
        let now = if *side == Side::Crm {
            rule.read_crm(record)
        } else {
            rule.read_partner_center(referral)
        };
        // A name is cut for its mark, once it stood in Partner Center in full.
        let cut = rule.across_to_crm(&value).ok().filter(|_| rule.marked && *side == Side::Crm);
        let whole_there = || {
            rule.read_partner_center(referral).as_ref() == Ok(&value) || carried(pair, rule, edit)
        };
        let stands = now.as_ref() == Ok(&value)
            || (cut.is_some() && now.as_ref().ok() == cut.as_ref() && whole_there());
        // A deal that is over takes nothing any more, nor does a column that keeps nothing, of
        // which its seller is notified: the lead still shows what was entered there.
        let over = referral.stage.is_terminal() || record.phase.is_closed();
        let unkept = link.dropped_writes.contains_key(&Field::from(*field))
            || (weather.ignores_date && *field == "closing_date");
        if (over || unkept) && *side == Side::Crm && on_lead(pair, field) == Some(value.clone()) {
            continue;
        }
        // Automations overwrite the name as they like.
        if stands || (weather.robots && *field == "name") {
            continue;
        }
        // Emptied before anything was known of it, a field looks as if it had never been filled.
        let known = state.known.get(&referral.id).and_then(|known| known.get(*field));
        if value.is_nothing() && known.is_none_or(|known| edit.moment <= *known) {
            continue;
        }
        let is_it = |other: &Value| *other == value || Some(other) == cut.as_ref();
        // What a later edit on the other side replaced must be named as what was there before; the
        // latest edit of all may only have lost a conflict.
        let later =
            last.get(&(*field, side.other())).is_some_and(|other| other.moment > edit.moment);
        let changes = || {
            state
                .audit
                .iter()
                .flat_map(|entry| &entry.changes)
                .filter(|change| change.field == *field)
        };
        let overruled = changes().any(|change| change.overruled.as_ref().is_some_and(is_it));
        let replaced = later && changes().any(|change| is_it(&change.before));
        let is_excused = overruled || replaced || looks_like_ours(pair, edit, is_it);
        if !is_excused && noticeable(pair, rule, edit) {
            wrong.push(format!(
                "the edit of {field} to {} at {} ({side}, {}) vanished",
                edit.value, edit.moment, edit.subject
            ));
        }
    }
}
