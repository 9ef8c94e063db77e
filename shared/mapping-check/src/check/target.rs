//! What concerns several parts of a mapping: targets that are written twice, and stages.

use std::collections::BTreeMap;

use super::draft::{Draft, Ruled, Table};
use crate::diagnostic::Diagnostics;
use crate::node::Node;
use cosell_mapping::{Stages, When, paths};
use cosell_model::life_cycle::Stage;
use cosell_model::path::ColumnPath;

pub(super) fn check(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    names(draft, diagnostics);
    own_columns_differ(draft, diagnostics);
    own_columns_are_not_read(draft, diagnostics);
    crm_targets(draft, diagnostics);
    partner_center_targets(draft, diagnostics);
    if let Some(stages) = &draft.stages {
        check_stages(draft, stages, diagnostics);
    }
}

fn names(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for Ruled { rule, node, .. } in &draft.rules {
        if let Some(line) = names.insert(rule.name.as_str(), node.line()) {
            let what = format!(
                "{} `{}` stands twice, the first time in line {line}",
                draft.table.rule(),
                rule.name
            );
            diagnostics.error(node.place_of("name"), what, "give it another name");
        }
    }
}

/// Columns are compared without case, as both CRMs do.
fn crm_targets(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    let writing: Vec<&Ruled<'_>> =
        draft.rules.iter().filter(|ruled| ruled.rule.to_crm != When::Never).collect();
    for (at, ruled) in writing.iter().enumerate() {
        let column = &ruled.rule.crm;
        let own = own_columns(draft).find(|(_, own)| is_same(own, column));
        let same = |other: &&&Ruled<'_>| {
            is_same(&other.rule.crm, column) && !ruled.rule.excludes(&other.rule)
        };
        let other = writing[..at].iter().rfind(same).map(|other| other.title());
        if let Some(other) = other.or_else(|| own.map(|(what, _)| what.to_owned())) {
            diagnostics.error(
                ruled.node.blamed(&["crm", "to_crm"]),
                format!("{} and {other} both write the CRM column `{column}`", ruled.title()),
                "set to_crm = \"never\" in one of them, or give it another column",
            );
        }
    }
}

/// What the sync writes beside one another would overwrite itself.
fn own_columns_differ(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    if draft.table != Table::Opportunities {
        return;
    }
    let own: Vec<(&'static str, &ColumnPath)> = own_columns(draft).collect();
    for (at, (what, column)) in own.iter().enumerate() {
        let Some((other, _)) = own[..at].iter().find(|(_, known)| is_same(known, column)) else {
            continue;
        };
        let part = |what: &'static str| {
            what.trim_start_matches('[').split_once("] ").unwrap_or((what, ""))
        };
        let ((table, key), (others_table, others_key)) = (part(what), part(other));
        let Some(node) = draft.root.get(table) else { continue };
        let keys = if table == others_table { vec![key, others_key] } else { vec![key] };
        let what = format!("{other} and {what} are both the CRM column `{column}`");
        diagnostics.error(node.blamed(&keys), what, "give each a column of its own");
    }
}

/// What the sync says is never read back: each of its lines would be sent, and make the next.
fn own_columns_are_not_read(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    for ruled in draft.rules.iter().filter(|ruled| ruled.rule.to_crm == When::Never) {
        let column = &ruled.rule.crm;
        let is_read = |(what, own): &(&str, &ColumnPath)| {
            what.starts_with("[columns]") && is_same(own, column)
        };
        if let Some((what, _)) = own_columns(draft).find(is_read) {
            diagnostics.error(
                ruled.node.place_of("crm"),
                format!("{} reads the CRM column `{column}`, which is {what}", ruled.title()),
                "give it another column: what the sync writes itself is not sent",
            );
        }
    }
}

fn is_same(column: &ColumnPath, other: &ColumnPath) -> bool {
    column.as_str().eq_ignore_ascii_case(other.as_str())
}

/// The columns that the sync fills itself.
fn own_columns<'a>(draft: &'a Draft<'_>) -> impl Iterator<Item = (&'static str, &'a ColumnPath)> {
    let columns = draft.columns.iter().flat_map(|columns| {
        [
            ("[columns] sync", &columns.sync),
            ("[columns] referral_id", &columns.referral_id),
            ("[columns] referral_link", &columns.referral_link),
            ("[columns] audit", &columns.audit),
            ("[columns] sync_status", &columns.sync_status),
            ("[columns] microsoft_crm_id", &columns.microsoft_crm_id),
        ]
    });
    let help = draft.help.iter().map(|help| ("[help] column", &help.column));
    let visibility = draft.visibility.iter();
    let visibility = visibility.map(|visibility| ("[visibility] column", &visibility.column));
    columns.chain(help).chain(visibility)
}

/// A path and one below it are one target, too.
fn partner_center_targets(draft: &Draft<'_>, diagnostics: &mut Diagnostics) {
    let writing: Vec<&Ruled<'_>> =
        draft.rules.iter().filter(|ruled| ruled.rule.to_partner_center != When::Never).collect();
    for (at, ruled) in writing.iter().enumerate() {
        let path = ruled.rule.partner_center.as_str();
        let other = writing[..at].iter().find(|other| {
            let excluded = ruled.rule.excludes(&other.rule);
            let other = other.rule.partner_center.as_str();
            !excluded && (paths::is_at_or_below(path, other) || paths::is_at_or_below(other, path))
        });
        if let Some(other) = other {
            diagnostics.error(
                ruled.node.blamed(&["partner_center", "to_partner_center"]),
                format!(
                    "{} and {} both write `{path}` in Partner Center",
                    ruled.title(),
                    other.title()
                ),
                "set to_partner_center = \"never\" in one of them",
            );
        }
    }
}

fn check_stages(draft: &Draft<'_>, stages: &Stages, diagnostics: &mut Diagnostics) {
    let Some(node) = draft.at.get("stages") else {
        return;
    };
    let table = match draft.table {
        Table::Opportunities => "stages",
        Table::Leads => "lead.stages",
        Table::Registrations => return,
    };
    let pairs = node.get("to_partner_center").into_iter().flat_map(Node::entries);
    for (phase, entry) in pairs {
        let stage = stages.to_partner_center.iter().find_map(|(known, stage)| {
            let is_it = serde_json::to_value(known).is_ok_and(|known| known == phase);
            is_it.then_some(*stage)
        });
        if let Some(stage) = stage.filter(|stage| stage.pair().is_none()) {
            diagnostics.error(
                entry.value.place(),
                format!(
                    "[{table}.to_partner_center] {phase} = {stage}: only Microsoft sets that stage"
                ),
                "use New, Active, Won, Lost or Declined",
            );
        }
    }
    let lost = stages.lost_before_accepted;
    if !Stage::New.may_become(lost) || !lost.is_terminal() || lost == Stage::Won {
        diagnostics.error(
            node.place_of("lost_before_accepted"),
            format!("[{table}] lost_before_accepted = {lost} does not end a referral as lost"),
            "use Declined or Lost",
        );
    }
}
