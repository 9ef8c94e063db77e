//! The audit log is complete, and it is true.

use std::collections::BTreeSet;

use cosell_fakes::{Write, Written};
use cosell_mapping::{Mapping, phase_value, stage_value};
use cosell_model::audit::{AuditEntry, AuditKind, FieldChange, Side};
use cosell_model::field::Field;
use cosell_model::referral::Referral;
use cosell_model::value::Value;
use jiff::Timestamp;

use super::End;
use crate::world::LEAD;

/// Nothing was written without an intention before it and, unless the function died or could not
/// write there, an outcome after it. Attempts that fail alike share one of each: the first, and the
/// entry that ends the count.
pub(super) fn complete(end: &End<'_>, wrong: &mut Vec<String>) {
    let (state, book) = (end.state, end.book);
    for write in &state.writes {
        let names = names(end, write);
        let (before, after) = state.audit.split_at(write.audited);
        let of_deal = |entry: &&AuditEntry| names.contains(&entry.pair);
        let own = |entry: &&AuditEntry| entry.invocation == write.invocation;
        let is_ahead = |entry: &&AuditEntry| entry.kind == AuditKind::WriteAhead;
        // What another run concluded side by side with this one does not end what was announced.
        let start = state.audit.iter().filter(own).map(|entry| entry.at).min().unwrap_or(write.at);
        let announced = before.iter().filter(of_deal).any(|entry| own(&entry) && is_ahead(&entry))
            || is_announced(before.iter().filter(of_deal), start);
        let concluded =
            state.audit.iter().filter(of_deal).any(|entry| own(&entry) && !is_ahead(&entry))
                || book.speechless.contains(&write.invocation)
                || is_counted(before.iter().filter(of_deal), after.iter().filter(of_deal));
        if !announced || !concluded {
            let what = if announced { "an outcome" } else { "an intention" };
            wrong.push(format!(
                "{} wrote {} without {what} in the audit log",
                write.invocation, write.subject
            ));
        }
    }
}

/// Whether an attempt that failed before announced the writes of this one.
fn is_announced<'a>(
    before: impl DoubleEndedIterator<Item = &'a AuditEntry>,
    start: Timestamp,
) -> bool {
    let is_end = |entry: &AuditEntry| {
        matches!(entry.kind, AuditKind::Updated | AuditKind::Created) && entry.at < start
    };
    let ends = |entry: &&AuditEntry| entry.kind == AuditKind::WriteAhead || is_end(entry);
    before.rev().find(ends).is_some_and(|entry| entry.kind == AuditKind::WriteAhead)
}

/// Whether other entries count this attempt among those that failed: the failure before it, the
/// number of the next attempt, or the end of the failures.
fn is_counted<'a>(
    before: impl DoubleEndedIterator<Item = &'a AuditEntry>,
    mut after: impl Iterator<Item = &'a AuditEntry>,
) -> bool {
    let outcome = before.rev().find(|entry| entry.kind != AuditKind::WriteAhead);
    outcome.is_some_and(|entry| entry.kind == AuditKind::Failed)
        || after.any(|entry| {
            entry.kind == AuditKind::Recovered || entry.message.contains(" This is attempt ")
        })
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
