//! What must hold once the storm is over.

mod audit_log;
mod dropped_writes;
mod edits;
mod marks;
mod pairs;

use std::collections::BTreeMap;

use cosell_fakes::{State, Written};
use cosell_mapping::Mapping;
use cosell_model::audit::AuditKind;
use cosell_model::link::DisconnectReason;
use cosell_model::referral::Referral;
use cosell_model::value::Value;

use crate::schedule::HOUR;
use crate::world::{Book, LEAD, World};

/// So many writes of one field of one pair in an hour are a fight that nobody stopped: the breaker
/// lets twenty pass at most.
const FIGHT: usize = 24;

/// Everything that is wrong in the end; empty is good.
pub(crate) fn violations(world: &World, mapping: &Mapping) -> Vec<String> {
    let (state, book) = (world.state(), world.book());
    let mut wrong = state.violations.clone();
    let referrals: Vec<Referral> = state
        .referrals
        .values()
        .filter_map(|body| Referral::parse(body.clone(), None, None).ok())
        .collect();
    pairs::exactly_one(&state, &referrals, &mut wrong);
    pairs::nothing_forgotten((&state, &book), &referrals, &mut wrong);
    let (deals, leads) = (mapping, mapping.of_leads());
    for link in state.links.values().filter(|link| link.disconnected.is_none()) {
        let mapping = leads.as_ref().filter(|_| link.crm.entity == LEAD).unwrap_or(deals);
        let referral = referrals.iter().find(|referral| referral.id == link.referral);
        let record = state.records.get(&link.crm.id).filter(|record| record.merged_into.is_none());
        let (Some(referral), Some(record)) = (referral, record) else {
            // Nobody reconciled since one side went.
            continue;
        };
        pairs::in_sync((world, &state), mapping, (link, referral, record), &mut wrong);
        pairs::microsofts_answer(&referrals, (link, referral, record), &mut wrong);
        let pair = edits::Pair {
            state: &state,
            book: &book,
            weather: &world.weather,
            link,
            referral,
            record,
            leads: leads.as_ref(),
        };
        edits::check(&pair, mapping, &mut wrong);
        dropped_writes::check(&pair, mapping, &mut wrong);
    }
    unlinked_stay_unlinked(&state, &book, &mut wrong);
    audit_log::complete(&state, &book, &mut wrong);
    audit_log::truthful(&state, mapping, &mut wrong);
    books(&state, &mut wrong);
    no_fight(&state, mapping, &mut wrong);
    marks::check(&state, &world.weather, &mut wrong);
    wrong
}

/// Every message that was sent is done, dead, or still there.
fn books(state: &State, wrong: &mut Vec<String>) {
    let queue = &state.queue;
    if !queue.is_empty() {
        wrong.push(format!("{} messages are still on the queue", queue.len()));
    }
    if queue.sent != queue.deleted + queue.dead + queue.len() {
        wrong.push(format!(
            "{} messages were sent, {} done, {} are dead and {} wait",
            queue.sent,
            queue.deleted,
            queue.dead,
            queue.len()
        ));
    }
}

/// What an operator unlinked is not linked again by anybody else.
fn unlinked_stay_unlinked(state: &State, book: &Book, wrong: &mut Vec<String>) {
    for link in state.links.values().filter(|link| !book.relinked.contains(&link.referral)) {
        let pair = format!("referral#{}", link.referral);
        let ordered =
            state.audit.iter().any(|entry| entry.pair == pair && entry.kind == AuditKind::Unlinked);
        let unlinked = link
            .disconnected
            .as_ref()
            .is_some_and(|tombstone| tombstone.reason == DisconnectReason::Unlinked);
        if ordered && !unlinked {
            wrong.push(format!("{pair} was unlinked by an operator and is linked again"));
        }
    }
}

/// No field of a pair was written again and again.
fn no_fight(state: &State, mapping: &Mapping, wrong: &mut Vec<String>) {
    let mut names: BTreeMap<String, Vec<jiff::Timestamp>> = BTreeMap::new();
    for write in &state.writes {
        let rule = mapping.rules.iter().find(|rule| rule.name == "name");
        let name = |written: &Written| match written {
            Written::Referral(body) => Value::text(body["name"].as_str().unwrap_or_default()),
            Written::Record(record) => {
                rule.and_then(|rule| rule.read_crm(record).ok()).unwrap_or_default()
            }
        };
        let changed =
            write.before.as_ref().is_some_and(|before| name(before) != name(&write.after));
        if let Some(link) = state.link_of(&write.subject).filter(|_| changed) {
            names.entry(link.referral.to_string()).or_default().push(write.at);
        }
    }
    for (pair, times) in names {
        let within_an_hour =
            |burst: &&[jiff::Timestamp]| burst[FIGHT - 1].duration_since(burst[0]) < HOUR;
        if let Some(start) = times.windows(FIGHT).find(within_an_hour).and_then(<[_]>::first) {
            wrong.push(format!(
                "the name of {pair} was written {FIGHT} times within an hour of {start}"
            ));
        }
    }
}
