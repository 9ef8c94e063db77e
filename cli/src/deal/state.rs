//! A deal's state: Sync status as its seller reads it, what is behind it, and what helps.

use std::collections::BTreeSet;

use cosell_mapping::Mapping;
use cosell_model::field::Field;
use cosell_model::link::{DisconnectReason, Link};
use cosell_model::message::Subject;
use cosell_model::notice::Notice;
use cosell_model::state::{DealState, UnlinkedDeal, WaitingFor};
use cosell_sync::render::{cut, label, sentence, status};
use jiff::Timestamp;

use super::description::line;
use super::option_of;

/// The state of a linked deal.
pub(super) fn of_linked(mapping: &Mapping, link: &Link, now: Timestamp) -> String {
    let gone_since = link.disconnected.as_ref().map(|disconnected| disconnected.since);
    let mut text = of(mapping, &link.state, link.state_since.or(gone_since));
    let option = option_of(&Subject::Referral(link.referral));
    for remedy in remedies(&link.state, &option, Some(link)) {
        line(&mut text, "", remedy);
    }
    if let DealState::Paused { until } = link.state
        && until <= now
    {
        line(&mut text, "", "that time is over: the next reconciliation goes on");
    }
    text
}

/// The state of a referral or a record that is not linked.
pub(super) fn of_unlinked(mapping: &Mapping, subject: &Subject, deal: &UnlinkedDeal) -> String {
    let mut text = of(mapping, &deal.state, deal.state_since);
    for remedy in remedies(&deal.state, &option_of(subject), None) {
        line(&mut text, "", remedy);
    }
    text
}

fn of(mapping: &Mapping, state: &DealState, since: Option<Timestamp>) -> String {
    let mut text = String::new();
    line(&mut text, "state", named(mapping, state));
    of_time(&mut text, "since", since);
    match state {
        DealState::PartlySynced { fields, reasons, .. } => {
            of_fields(mapping, fields, &mut text);
            of_reasons(mapping, reasons, &mut text);
        }
        DealState::Waiting { until, fields, .. } => {
            of_fields(mapping, fields, &mut text);
            of_time(&mut text, "until", *until);
        }
        DealState::NeedsDecision { fields } => of_fields(mapping, fields, &mut text),
        DealState::Paused { until } => of_time(&mut text, "until", Some(*until)),
        DealState::Failing { attempts, since, last, cause, next, before, .. } => {
            line(&mut text, "failed attempts", format_args!("{attempts}, since {since:.0}"));
            line(&mut text, "last attempt", format_args!("{last:.0}: {cause}"));
            of_time(&mut text, "next try", Some(*next));
            if **before != DealState::New {
                line(&mut text, "before", named(mapping, before));
            }
        }
        DealState::Refused { reasons } => of_reasons(mapping, reasons, &mut text),
        DealState::New
        | DealState::InSync
        | DealState::Off { .. }
        | DealState::Disconnected { .. } => {}
    }
    text
}

/// The state as the seller reads it, which may be cut, and its name.
fn named(mapping: &Mapping, state: &DealState) -> String {
    let status = cut(&status(mapping, state), mapping.columns.sync_status_length);
    format!("{status} ({})", state.name())
}

fn of_time(text: &mut String, name: &str, at: Option<Timestamp>) {
    if let Some(at) = at {
        line(text, name, format_args!("{at:.0}"));
    }
}

/// One line for each, the first with the name.
fn listed(text: &mut String, name: &str, lines: impl Iterator<Item = String>) {
    for (position, each) in lines.enumerate() {
        line(text, if position == 0 { name } else { "" }, each);
    }
}

fn of_fields(mapping: &Mapping, fields: &BTreeSet<Field>, text: &mut String) {
    let names = fields.iter().map(|field| format!("{} ({field})", label(mapping, field)));
    listed(text, "not in sync", names);
}

fn of_reasons(mapping: &Mapping, reasons: &[Notice], text: &mut String) {
    let reasons = reasons.iter();
    let reasons =
        reasons.map(|reason| format!("{} ({})", sentence(mapping, reason), reason.code()));
    listed(text, "because", reasons);
}

/// What helps; nothing where the state asks for nothing.
fn remedies(state: &DealState, option: &str, link: Option<&Link>) -> Vec<String> {
    let reconcile = format!("cosell deal reconcile {option}");
    match state {
        DealState::InSync | DealState::NeedsDecision { .. } | DealState::Off { .. } => Vec::new(),
        DealState::New => vec![format!("`{reconcile}` reconciles it now")],
        DealState::PartlySynced { blocked: false, .. } => {
            vec!["the next reconciliation tries again".to_owned()]
        }
        DealState::PartlySynced { blocked: true, .. } | DealState::Refused { .. } => {
            vec![format!("fix what is named; an edit tries again, and so does `{reconcile}`")]
        }
        DealState::Waiting { for_what, .. } => vec![waits(*for_what, &reconcile)],
        DealState::Paused { .. } => vec![
            format!("find the other automation (`cosell audit {option}` names the fields);"),
            format!("`{reconcile}` does not wait"),
        ],
        DealState::Failing { .. } => {
            vec![format!("it is tried again by itself; `{reconcile}` tries now")]
        }
        DealState::Disconnected { reason } => vec![reconnects(reason, &reconcile, option, link)],
    }
}

fn waits(for_what: WaitingFor, reconcile: &str) -> String {
    match for_what {
        WaitingFor::Answer => "accept or decline in Partner Center until then".to_owned(),
        WaitingFor::WinDate => {
            "the win is sent then by itself, so that the deal can be registered".to_owned()
        }
        WaitingFor::Acceptance => {
            "they are sent by themselves once the deal is accepted or off hold".to_owned()
        }
        WaitingFor::Referral => is_visible_again(reconcile),
    }
}

fn is_visible_again(reconcile: &str) -> String {
    format!(
        "give the sync's service account its role in Partner Center, then `{reconcile}`; until \
         then nothing is synced"
    )
}

/// What makes the deal sync again.
fn reconnects(
    reason: &DisconnectReason,
    reconcile: &str,
    option: &str,
    link: Option<&Link>,
) -> String {
    let relink = format!("cosell deal relink {option} --opportunity");
    match reason {
        DisconnectReason::RecordDeleted => {
            format!("restore the record, then `{reconcile}`; or link another one: `{relink} ID`")
        }
        DisconnectReason::RecordMerged(into) => {
            format!("to go on with that record: `{relink} {}`", into.id)
        }
        DisconnectReason::ReferralInvisible => is_visible_again(reconcile),
        DisconnectReason::Unlinked => {
            let id = link.map_or("ID", |link| link.crm.id.as_str());
            format!("to link them again: `{relink} {id}`")
        }
    }
}
