//! The audit log is complete, and it is true.

use std::collections::{BTreeMap, BTreeSet};

use cosell_fakes::{State, Write, Written};
use cosell_mapping::{Mapping, phase_value, stage_value};
use cosell_model::audit::{AuditEntry, AuditKind, FieldChange, Side};
use cosell_model::field::Field;
use cosell_model::referral::Referral;
use cosell_model::value::Value;

use super::End;
use crate::world::LEAD;

/// Nothing was written without an intention before it and, unless the function died or could not
/// write there, an outcome after it.
pub(super) fn complete(end: &End<'_>, wrong: &mut Vec<String>) {
    let (state, book) = (end.state, end.book);
    let mut entries: BTreeMap<&str, Vec<&AuditEntry>> = BTreeMap::new();
    for entry in &state.audit {
        entries.entry(&entry.invocation).or_default().push(entry);
    }
    for write in &state.writes {
        let names = names(end, write);
        let own = entries.get(write.invocation.as_str()).map(Vec::as_slice).unwrap_or_default();
        let own: Vec<&AuditEntry> =
            own.iter().copied().filter(|entry| names.contains(&entry.pair)).collect();
        let announced = own.iter().any(|entry| entry.kind == AuditKind::WriteAhead);
        let concluded = own.iter().any(|entry| entry.kind != AuditKind::WriteAhead)
            || book.speechless.contains(&write.invocation)
            || has_failed_before(state, &own)
            || is_counted(state, &own);
        if !announced || !concluded {
            let what = if announced { "an outcome" } else { "an intention" };
            wrong.push(format!(
                "{} wrote {} without {what} in the audit log",
                write.invocation, write.subject
            ));
        }
    }
}

/// Whether the last outcome before these entries is a failure, which counts this one.
fn has_failed_before(state: &State, own: &[&AuditEntry]) -> bool {
    let Some(first) = own.first().copied() else { return false };
    let position = state.audit.iter().position(|entry| std::ptr::eq(entry, first));
    let mut before = state.audit[..position.unwrap_or_default()].iter().rev();
    let is_outcome =
        |entry: &&AuditEntry| entry.pair == first.pair && entry.kind != AuditKind::WriteAhead;
    before.find(is_outcome).is_some_and(|entry| entry.kind == AuditKind::Failed)
}

/// Whether a later entry counts these attempts among those that failed: the number of the next
/// attempt does, and so does the end of the failures.
fn is_counted(state: &State, own: &[&AuditEntry]) -> bool {
    let Some(last) = own.last().copied() else { return false };
    let Some(attempt) = attempt(last) else { return false };
    let position = state.audit.iter().position(|entry| std::ptr::eq(entry, last));
    let mut later = state.audit[position.unwrap_or_default()..].iter();
    later.any(|entry| {
        let counts = entry.kind == AuditKind::Recovered
            || self::attempt(entry).is_some_and(|other| other > attempt);
        entry.pair == last.pair && counts
    })
}

/// Which attempt an entry says that it is.
fn attempt(entry: &AuditEntry) -> Option<u32> {
    let (_, attempt) = entry.message.rsplit_once(" This is attempt ")?;
    attempt.trim_end_matches('.').parse().ok()
}

/// What the log of a written subject may be kept under.
fn names(end: &End<'_>, write: &Write) -> BTreeSet<String> {
    let (state, deals) = (end.state, &end.names.deals);
    let column = &deals.columns.referral_id;
    let crm = |id: &str| format!("crm#{}#{}#{id}", deals.system, deals.entity);
    let referral = |id: &str| format!("referral#{id}");
    let mut names = BTreeSet::from([crm(&write.subject), referral(&write.subject)]);
    let mut related = |body: &serde_json::Value| {
        names.extend(body["externalReferenceId"].as_str().map(crm));
        // What is done to Microsoft's referral stands under the partner's own referral.
        let siblings = state
            .referrals
            .iter()
            .filter(|(_, other)| other["engagementId"] == body["engagementId"]);
        names.extend(siblings.map(|(id, _)| referral(&id.to_string())));
    };
    match &write.after {
        Written::Referral(body) => related(body),
        Written::Record(record) => {
            names.extend(record.get(column).as_str().map(referral));
            let carried = write.before.iter().filter_map(|before| match before {
                Written::Record(before) => before.get(column).as_str().map(referral),
                Written::Referral(_) => None,
            });
            names.extend(carried);
        }
    }
    let naming =
        state.referrals.iter().filter(|(_, body)| body["externalReferenceId"] == *write.subject);
    names.extend(naming.map(|(id, _)| referral(&id.to_string())));
    // A lead's pair goes on with the opportunity that it became.
    let was_lead = state
        .links
        .values()
        .filter(|link| link.lead.as_ref().is_some_and(|lead| lead.id == write.subject));
    names.extend(was_lead.map(|link| referral(&link.referral.to_string())));
    names.extend(state.link_of(&write.subject).map(|link| referral(&link.referral.to_string())));
    names
}

/// A change that an outcome claims was really written, by that invocation.
pub(super) fn truthful(end: &End<'_>, wrong: &mut Vec<String>) {
    let (state, mapping, leads) = (end.state, &end.names.deals, &end.names.leads);
    for entry in state.audit.iter().filter(|entry| entry.kind != AuditKind::WriteAhead) {
        for change in &entry.changes {
            let own = state.writes.iter().filter(|write| write.invocation == entry.invocation);
            if !own
                .into_iter()
                .any(|write| holds((mapping, leads.as_deref()), &write.after, change))
            {
                wrong.push(format!(
                    "the audit log of {} claims that {} wrote {} in {}: {:?}",
                    entry.pair, entry.invocation, change.field, change.side, change.after
                ));
            }
        }
    }
}

fn holds(
    (deals, leads): (&Mapping, Option<&Mapping>),
    written: &Written,
    change: &FieldChange,
) -> bool {
    let mapping = match written {
        Written::Record(record) if record.key.entity == LEAD => leads.unwrap_or(deals),
        _ => deals,
    };
    let rule = mapping.rules.iter().find(|rule| rule.name == change.field.as_str());
    let value: Option<Value> = match (written, change.side) {
        (Written::Record(record), Side::Crm) => match rule {
            None if change.field == Field::Stage => Some(phase_value(record.phase)),
            None if change.field == Field::Visibility => Some(mapping.visibility_in(record)),
            rule => rule.and_then(|rule| rule.read_crm(record).ok()),
        },
        (Written::Referral(body), Side::PartnerCenter) => {
            Referral::parse(body.clone(), None, None).ok().and_then(|referral| match rule {
                None if change.field == Field::Stage => Some(stage_value(referral.stage)),
                None if change.field == Field::Visibility => {
                    Some(Value::Bool(referral.is_visible_to_microsoft()))
                }
                rule => rule.and_then(|rule| rule.read_partner_center(&referral).ok()),
            })
        }
        _ => None,
    };
    value.as_ref() == Some(&change.after)
}
