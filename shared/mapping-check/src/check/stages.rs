//! `[stages]`: what a stage and a phase cannot mean, and the reasons that are sent.

use super::choice;
use super::column;
use super::draft::{Draft, Table};
use crate::diagnostic::Diagnostics;
use crate::node::Node;
use crate::suggestion::nearest;
use cosell_mapping::{ReasonColumn, Stages, paths};
use cosell_model::crm::Phase;
use cosell_model::life_cycle::Stage;
use serde::Serialize;

/// The table of an entry, and how a sentence names it.
struct Entries<'a, K, V> {
    title: String,
    node: Node<'a>,
    pairs: Vec<(K, V)>,
}

pub(super) fn check(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    let (Some(stages), Some(node)) = (&draft.stages, draft.at.get("stages")) else {
        return;
    };
    let title = draft.table.stages();
    let of = |name: &str| (format!("[{title}.{name}]"), node.get(name));
    if let (title, Some(node)) = of("to_crm") {
        let pairs = stages.to_crm.iter().map(|(stage, phase)| (*stage, *phase)).collect();
        to_crm(draft.table, &Entries { title, node, pairs }, diagnostics);
    }
    if let (title, Some(node)) = of("to_partner_center") {
        let pairs = stages.to_partner_center.iter();
        let pairs = pairs.map(|(phase, stage)| (*phase, *stage)).collect();
        to_partner_center(draft.table, &Entries { title, node, pairs }, diagnostics);
    }
    if let (title, Some(node)) = of("reasons") {
        let pairs = stages.reasons.iter().map(|(stage, reason)| (*stage, reason.as_str()));
        reasons(&Entries { title, node, pairs: pairs.collect() }, diagnostics);
    }
    if let ((title, Some(node)), Some(reason)) = (of("reason"), &stages.reason) {
        reason_column(draft, &title, node, reason, diagnostics);
    }
    lost_before_accepted(title, stages, node, diagnostics);
}

/// The phases that a stage can mean, those of the table among them. A phase that is not here says
/// something else of the deal.
fn phases_of(table: Table, stage: Stage) -> Vec<Phase> {
    let all: &[Phase] = match stage {
        Stage::New => &[Phase::OnHold, Phase::Open],
        Stage::Active => &[Phase::Open],
        Stage::Won => &[Phase::Won],
        Stage::Lost => &[Phase::Lost],
        // The referral ended, and the deal may go on without it.
        Stage::Declined | Stage::Expired | Stage::ClosedOtherwise => &[Phase::Lost, Phase::Open],
    };
    let is_of_table = |phase: &&Phase| match table {
        Table::Leads => matches!(phase, Phase::Open | Phase::Lost),
        Table::Opportunities | Table::Registrations => true,
    };
    all.iter().filter(is_of_table).copied().collect()
}

fn to_crm(table: Table, entries: &Entries<'_, Stage, Phase>, diagnostics: &mut Diagnostics) {
    for (stage, phase) in &entries.pairs {
        let meant = phases_of(table, *stage);
        if meant.contains(phase) {
            continue;
        }
        let why = match (stage, phase) {
            (Stage::New | Stage::Active, phase) if phase.is_closed() => {
                "a deal that goes on would be closed in the CRM"
            }
            (Stage::Active, _) => "a deal that was accepted would wait for somebody to accept it",
            (Stage::Won, Phase::Lost) => "a deal that is won would be lost in the CRM",
            (Stage::Won | Stage::Lost, Phase::OnHold | Phase::Open) => {
                "a deal that is closed would be open in the CRM"
            }
            (_, Phase::Won) => "a deal that is not won would be won in the CRM",
            _ => "a referral that has ended cannot be accepted any more",
        };
        entries.refuse(stage, phase, why, &meant, diagnostics);
    }
}

/// The stage that a phase can mean, if it can mean one.
fn stage_of(table: Table, phase: Phase) -> Option<Stage> {
    match (table, phase) {
        // Nobody has accepted it yet, and it stays so.
        (_, Phase::OnHold) | (Table::Leads, Phase::Open) => None,
        (_, Phase::Open | Phase::Qualified) => Some(Stage::Active),
        (_, Phase::Won) => Some(Stage::Won),
        (_, Phase::Lost) => Some(Stage::Lost),
    }
}

fn to_partner_center(
    table: Table,
    entries: &Entries<'_, Phase, Stage>,
    diagnostics: &mut Diagnostics,
) {
    for (phase, stage) in &entries.pairs {
        let meant = stage_of(table, *phase);
        if meant == Some(*stage) {
            continue;
        }
        let why = match (phase, stage) {
            (_, Stage::Expired | Stage::ClosedOtherwise) => "only Microsoft sets that stage",
            (_, Stage::New) => "Partner Center takes no referral back to New",
            (Phase::OnHold | Phase::Open | Phase::Qualified, stage) if stage.is_terminal() => {
                "a deal that goes on would be closed in Partner Center, which cannot be undone"
            }
            (Phase::Won | Phase::Lost, Stage::Active) => {
                "a deal that is closed would be open in Partner Center"
            }
            (Phase::Won, _) => "a deal that is won would be lost in Partner Center",
            (Phase::Lost, Stage::Won) => "a deal that is lost would be won in Partner Center",
            (Phase::Lost, _) => {
                "a deal that was accepted cannot be declined; for one that was not, there is \
                 lost_before_accepted"
            }
            _ => "a deal that nobody has accepted yet would accept itself",
        };
        let meant: Vec<Stage> = meant.into_iter().collect();
        entries.refuse(phase, stage, why, &meant, diagnostics);
    }
}

impl<K: Serialize, V: Serialize> Entries<'_, K, V> {
    fn refuse(&self, key: &K, value: &V, why: &str, meant: &[V], diagnostics: &mut Diagnostics) {
        let key = word(key);
        let place = self.node.blamed(&[&key]);
        // A word that the table does not know was noted before.
        if diagnostics.has_error_at(place) {
            return;
        }
        let meant: Vec<String> = meant.iter().map(word).collect();
        let what = format!("{} {key} = {}: {why}", self.title, word(value));
        let remedy = match meant.as_slice() {
            [] => "leave it out: then nothing changes".to_owned(),
            meant => {
                format!("use {}; an entry that is left out changes nothing", meant.join(" or "))
            }
        };
        diagnostics.error(place, what, remedy);
    }
}

/// As it stands in the file.
fn word(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().map(str::to_owned).unwrap_or_default()
}

fn reasons(entries: &Entries<'_, Stage, &str>, diagnostics: &mut Diagnostics) {
    let Entries { title, node, pairs } = entries;
    for (stage, reason) in pairs {
        let place = node.blamed(&[&word(stage)]);
        if stage.pair().is_none() || *stage == Stage::New {
            diagnostics.warning(
                place,
                format!("{title} {stage} has no effect, since the sync never sets that stage"),
                "take it out",
            );
        } else if reason.trim().is_empty() {
            let what = format!("{title} {stage} is empty");
            diagnostics.error(place, what, "write a reason, or take it out");
        } else if let Some(meant) = slip(reason) {
            let what = format!("{title} {stage}: Partner Center offers no reason `{reason}`");
            diagnostics.warning(place, what, format!("did you mean `{meant}`?"));
        }
    }
}

fn reason_column(
    draft: &Draft<'_>,
    title: &str,
    node: Node<'_>,
    reason: &ReasonColumn,
    diagnostics: &mut Diagnostics,
) {
    // An empty one is noted with the other texts.
    if !reason.column.is_empty() {
        let place = node.place_of("column");
        column::check_name(reason.column.as_str(), draft.crm, place, diagnostics);
    }
    let Some(values) = node.get("values") else { return };
    choice::shared(title, values, &reason.values, None, diagnostics);
    for (given, entry) in values.entries() {
        if let Some(meant) = slip(given) {
            let what = format!("{title}: Partner Center offers no reason `{given}`");
            diagnostics.warning(entry.key, what, format!("did you mean `{meant}`?"));
        }
    }
}

/// The reason that was meant, where one is misspelt. Partner Center takes other texts, too.
fn slip(reason: &str) -> Option<&'static str> {
    let known = paths::REASONS;
    nearest(reason, known.iter().copied()).filter(|_| !known.contains(&reason))
}

fn lost_before_accepted(
    title: &str,
    stages: &Stages,
    node: Node<'_>,
    diagnostics: &mut Diagnostics,
) {
    let lost = stages.lost_before_accepted;
    if !Stage::New.may_become(lost) || !lost.is_terminal() || lost == Stage::Won {
        diagnostics.error(
            node.place_of("lost_before_accepted"),
            format!("[{title}] lost_before_accepted = {lost} does not end a referral as lost"),
            "use Declined or Lost",
        );
    }
}

#[cfg(test)]
#[path = "stages_tests.rs"]
mod tests;
