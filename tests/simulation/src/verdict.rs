//! What must hold once the storm is over.

mod audit_log;
mod counts;
mod deadlines;
mod dropped_writes;
mod edits;
mod forgotten;
mod marks;
mod microsoft;
mod registration;
mod status;

use std::collections::{BTreeMap, BTreeSet};

use cosell_fakes::{State, Written};
use cosell_mapping::{Mapping, Rule};
use cosell_model::audit::AuditKind;
use cosell_model::crm::CrmRecord;
use cosell_model::link::{DisconnectReason, Link};
use cosell_model::message::Subject;
use cosell_model::referral::Referral;
use cosell_model::value::Value;
use serde_json::json;

use crate::mappings::Names;
use crate::schedule::HOUR;
use crate::weather::Weather;
use crate::world::{Book, LEAD, World};

/// So many writes of one field of one pair in an hour are a fight that nobody stopped: the breaker
/// lets twenty pass at most.
const FIGHT: usize = 24;

/// Everything, as it is in the end.
struct End<'a> {
    state: &'a State,
    book: &'a Book,
    weather: &'a Weather,
    names: &'a Names,
    referrals: Vec<Referral>,
}

/// A pair as it is in the end.
struct Pair<'a> {
    end: &'a End<'a>,
    link: &'a Link,
    referral: &'a Referral,
    record: &'a CrmRecord,
    /// Of the record's table.
    mapping: &'a Mapping,
}

impl<'a> End<'a> {
    fn new(world: &'a World, state: &'a State, book: &'a Book) -> Self {
        let read = |body: &serde_json::Value| Referral::parse(body.clone(), None, None).ok();
        let referrals = state.referrals.values().filter_map(read).collect();
        Self { state, book, weather: &world.weather, names: &world.names, referrals }
    }

    /// The pairs that are linked and whose two sides are there.
    fn pairs(&self) -> Vec<Pair<'_>> {
        let alive = self.state.links.values().filter(|link| link.disconnected.is_none());
        let pair = |link: &'a Link| {
            // Where one side is gone, nobody reconciled since.
            let referral = self.referrals.iter().find(|referral| referral.id == link.referral)?;
            let record = self.state.records.get(&link.crm.id)?;
            let mapping = self.names.of(link.crm.entity == LEAD);
            record.merged_into.is_none().then_some(Pair {
                end: self,
                link,
                referral,
                record,
                mapping,
            })
        };
        alive.filter_map(pair).collect()
    }
}

impl Pair<'_> {
    fn is_flagged(&self) -> bool {
        *self.record.get(self.end.names.sync()) == json!(true)
    }

    /// Whether this run came to its end with this deal.
    fn finishes(&self, run: &str) -> bool {
        let lead = self.link.lead.as_ref().map(|lead| Subject::Crm(lead.clone()));
        let subjects = [Subject::Crm(self.link.crm.clone()), Subject::Referral(self.link.referral)];
        let finished = &self.end.book.finished;
        let ends = |subject: Subject| finished.contains(&(run.to_owned(), subject.to_string()));
        subjects.into_iter().chain(lead).any(ends)
    }

    /// How many runs wrote the record and did not come to their end. Whether what the seller reads
    /// arrived with such a write is not known: a line may stand there once more for each.
    fn interrupted(&self) -> usize {
        let writes = self.end.state.writes.iter();
        let runs: BTreeSet<&str> = writes
            .filter(|write| write.subject == self.record.key.id)
            .map(|write| write.invocation.as_str())
            .collect();
        runs.into_iter().filter(|run| !self.finishes(run)).count()
    }

    fn status(&self) -> &str {
        self.record.get(&self.mapping.columns.sync_status).as_str().unwrap_or_default()
    }

    fn audit_column(&self) -> &str {
        self.record.get(&self.mapping.columns.audit).as_str().unwrap_or_default()
    }

    /// Whether a seller may have taken lines out of Audit.
    fn is_rewritten(&self) -> bool {
        let lead = self.link.lead.as_ref().map(|lead| &lead.id);
        let rewritten = &self.end.book.rewritten;
        rewritten.contains(&self.record.key.id) || lead.is_some_and(|lead| rewritten.contains(lead))
    }

    fn rule(&self, name: &str) -> Option<&Rule> {
        self.mapping.rules.iter().find(|rule| rule.name == name)
    }

    /// What its entries of the audit log are kept under.
    fn log(&self) -> String {
        format!("referral#{}", self.referral.id)
    }
}

/// Everything that is wrong in the end; empty is good.
pub(crate) fn violations(world: &World) -> Vec<String> {
    let (state, book) = (world.state(), world.book());
    let end = End::new(world, &state, &book);
    let mut wrong = state.violations.clone();
    counts::exactly_one(&end, &mut wrong);
    forgotten::check(&end, &mut wrong);
    for pair in end.pairs() {
        status::check(&pair, &mut wrong);
        microsoft::check(&pair, &mut wrong);
        edits::check(&pair, &mut wrong);
        dropped_writes::check(&pair, &mut wrong);
        registration::check(&pair, &mut wrong);
        deadlines::check(&pair, &mut wrong);
    }
    unlinked_stay_unlinked(&state, &book, &mut wrong);
    audit_log::complete(&end, &mut wrong);
    audit_log::truthful(&end, &mut wrong);
    books(&state, &mut wrong);
    no_fight(&state, &world.names.deals, &mut wrong);
    marks::check(&end, &mut wrong);
    registration::never_too_early(&end, &mut wrong);
    wrong
}

/// The pairs as they are in the end, for people.
pub(crate) fn pairs_in_the_end(world: &World) -> Vec<String> {
    let (state, book) = (world.state(), world.book());
    let end = End::new(world, &state, &book);
    let mut lines = Vec::new();
    for pair in end.pairs() {
        let Pair { link, referral, record, .. } = &pair;
        let there = referral.stage;
        lines.push(format!(
            "In the end {} is {there}, and {} is {}: {}",
            referral.id,
            record.key,
            record.phase,
            pair.status()
        ));
        for rule in pair.mapping.rules.iter().filter(|rule| rule.to_crm.on_update()) {
            let values = (rule.read_partner_center(referral).ok(), rule.read_crm(record).ok());
            let synced = link.last_synced.get(rule.name.as_str());
            lines.push(format!("      {}: {values:?}, last {synced:?}", rule.name));
        }
        lines.extend(pair.audit_column().lines().map(|line| format!("      | {line}")));
    }
    lines
}

/// What is wrong while services still refuse something; empty is good.
pub(crate) fn while_refused(world: &World) -> Vec<String> {
    let (state, book) = (world.state(), world.book());
    let end = End::new(world, &state, &book);
    let mut wrong = Vec::new();
    counts::exactly_one(&end, &mut wrong);
    for pair in end.pairs() {
        status::check(&pair, &mut wrong);
        edits::check(&pair, &mut wrong);
    }
    wrong.into_iter().map(|wrong| format!("while something is refused: {wrong}")).collect()
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
            .is_some_and(|disconnected| disconnected.reason == DisconnectReason::Unlinked);
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
