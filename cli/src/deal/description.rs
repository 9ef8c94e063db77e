//! A deal as text for people.

use std::fmt::{Display, Write};

use cosell_mapping::Mapping;
use cosell_model::audit::Side;
use cosell_model::field::Field;
use cosell_model::link::{Disconnected, Link, OpenConflict, Registering};
use cosell_model::message::Subject;
use cosell_model::state::{DealState, UnlinkedDeal, WaitingFor};
use cosell_sync::render::{disconnect_reason, label};
use jiff::Timestamp;

use super::{name_of, state};
use crate::value::shown;

const NAME: usize = 20;

/// Everything an operator may act on.
pub(super) fn of(mapping: &Mapping, link: &Link, now: Timestamp) -> String {
    let mapping = &table_of(mapping, &link.crm.entity);
    let mut text = of_identity(link);
    text.push_str(&state::of_linked(mapping, link, now));
    of_writes(mapping, link, &mut text);
    of_times(link, &mut text);
    if !link.conflicts.is_empty() {
        text.push_str("\nawaiting a decision:\n");
    }
    for (field, conflict) in &link.conflicts {
        text.push_str(&of_conflict((label(mapping, field), field), conflict));
        if conflict.decision.is_none() {
            append(
                &mut text,
                format_args!(
                    "  resolve it with: cosell deal resolve --referral {} --field {} --winner \
                     crm|partner-center\n",
                    link.referral,
                    quoted(field.as_str())
                ),
            );
        }
    }
    text
}

/// A referral or a record that is not linked.
pub(super) fn of_unlinked(mapping: &Mapping, subject: &Subject, deal: &UnlinkedDeal) -> String {
    let mut text = String::new();
    let mapping = match subject {
        Subject::Referral(id) => {
            line(&mut text, "referral", id);
            mapping.clone()
        }
        Subject::Crm(key) => {
            line(&mut text, &key.entity, format_args!("{} in {}", key.id, key.system));
            table_of(mapping, &key.entity)
        }
    };
    let since = deal.updated.map(|at| format!(", last saved {at:.0}")).unwrap_or_default();
    line(&mut text, "linked", format_args!("no{since}"));
    text.push_str(&state::of_unlinked(&mapping, subject, deal));
    text
}

/// The mapping of the table that the record stands in.
fn table_of(mapping: &Mapping, entity: &str) -> Mapping {
    let leads = mapping.of_leads().filter(|leads| leads.entity == entity);
    leads.unwrap_or_else(|| mapping.clone())
}

/// Writes without a known outcome, and what became of the registration.
fn of_writes(mapping: &Mapping, link: &Link, text: &mut String) {
    for (field, write) in &link.write_ahead {
        let name = label(mapping, field);
        let what = format!(
            "{name} ({field}) in {} since {:.0}, outcome not known yet",
            write.side, write.since
        );
        line(text, "being written", what);
    }
    match &link.registering {
        Some(Registering::Started) => line(text, "registration", "was sent, outcome not known yet"),
        Some(Registering::Done) => line(text, "registration", "stands in Partner Center"),
        // Why it was refused is part of the state.
        Some(Registering::Refused { .. }) | None => {}
    }
}

/// What is only a matter of time, unless the state says it.
fn of_times(link: &Link, text: &mut String) {
    let waits_for = match &link.state {
        DealState::Waiting { for_what, .. } => Some(*for_what),
        _ => None,
    };
    if let Some(until) = link.win_deferred_until.filter(|_| waits_for != Some(WaitingFor::WinDate))
    {
        let what = format!("is sent on {until:.0}, so that the deal can be registered");
        line(text, "win", what);
    }
    for (referral, warned) in &link.warned {
        let whose = if *referral == link.referral { "our" } else { "Microsoft's" };
        let what = format!("{whose} answer is due by {:.0}; the seller was warned", warned.expires);
        line(text, "deadline", what);
    }
}

/// Which two, and since when.
pub(super) fn of_identity(link: &Link) -> String {
    let mut text = String::new();
    line(&mut text, "referral", link.referral);
    line(&mut text, &link.crm.entity, format_args!("{} in {}", link.crm.id, link.crm.system));
    if let Some(lead) = &link.lead {
        line(&mut text, "was", format_args!("{} {}", lead.entity, lead.id));
    }
    line(&mut text, "engagement", known(link.engagement));
    let stage = link.microsoft.stage.map(|stage| format!(" ({stage})")).unwrap_or_default();
    let microsoft = known(link.microsoft_referral);
    line(&mut text, "Microsoft referral", format_args!("{microsoft}{stage}"));
    let (linked, saved) = (link.created, link.updated);
    line(&mut text, "linked", format_args!("{linked:.0}, last saved {saved:.0}"));
    text
}

/// One side of a deal that is to be, and what it belongs to now.
pub(super) fn of_side(side: &Subject, link: Option<&Link>) -> String {
    let name = name_of(side);
    let Some(link) = link else {
        return format!("{name}: not linked\n");
    };
    let other = match side {
        Subject::Referral(_) => format!("{} {}", link.crm.entity, link.crm.id),
        Subject::Crm(_) => format!("referral {}", link.referral),
    };
    match &link.disconnected {
        Some(Disconnected { reason, since }) => {
            let reason = disconnect_reason(reason);
            format!("{name}: was linked with {other}, disconnected {since:.0}: {reason}\n")
        }
        None => format!("{name}: linked with {other}\n"),
    }
}

/// Both values.
pub(super) fn of_conflict((label, field): (&str, &Field), conflict: &OpenConflict) -> String {
    let mut text = format!("{label} ({field}), since {:.0}\n", conflict.since);
    for (side, value) in
        [(Side::PartnerCenter, &conflict.partner_center), (Side::Crm, &conflict.crm)]
    {
        // Padding does not apply to the side's own Display.
        append(&mut text, format_args!("  {:14}  {}\n", side.to_string(), shown(value)));
    }
    if let Some(winner) = conflict.decision {
        append(
            &mut text,
            format_args!(
                "  decided for the value in {winner}, which has not reached the other side yet\n"
            ),
        );
    }
    text
}

fn known(id: Option<impl ToString>) -> String {
    id.map_or_else(|| "none known".to_owned(), |id| id.to_string())
}

/// As a shell takes it.
fn quoted(field: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if field.chars().all(plain) {
        field.to_owned()
    } else {
        format!("'{}'", field.replace('\'', r"'\''"))
    }
}

/// A name and what is to be said of it; without a name it goes on with the line before.
pub(super) fn line(text: &mut String, name: &str, value: impl Display) {
    append(text, format_args!("{name:NAME$}  {value}\n"));
}

fn append(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
#[path = "description_tests.rs"]
mod tests;
