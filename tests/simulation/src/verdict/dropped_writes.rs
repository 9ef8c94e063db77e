//! A close date that the CRM did not keep: in the audit log, and the seller is notified, once.

use cosell_fakes::Written;
use cosell_model::audit::{AuditEntry, AuditKind};
use cosell_model::crm::CrmRecord;
use cosell_model::field::Field;

use super::Pair;
use super::status::waits;

const FIELD: &str = "closing_date";
const LINE: &str = "Estimated close date was not taken over by the CRM";

/// Whether the line was written by a run that came to its end. One that died or failed after it may
/// leave nothing else of a dropped write that a later edit ended.
fn is_of_a_finished_run(pair: &Pair<'_>, line: &str) -> bool {
    let state = pair.end.state;
    let column = &pair.mapping.columns.audit;
    let has =
        |record: &CrmRecord| record.get(column).as_str().is_some_and(|text| text.contains(line));
    let write = state.writes.iter().find(|write| match &write.after {
        Written::Record(record) => record.key == pair.record.key && has(record),
        Written::Referral(_) => false,
    });
    write.is_none_or(|write| pair.finishes(&write.invocation))
}

pub(super) fn check(pair: &Pair<'_>, wrong: &mut Vec<String>) {
    let (id, log, state) = (pair.referral.id, pair.log(), pair.end.state);
    let (ignores, field) = (pair.end.weather.ignores_date, Field::from(FIELD));
    let names =
        |entry: &AuditEntry| entry.notices.iter().any(|notice| notice.field() == Some(&field));
    let found = |entry: &&AuditEntry| {
        entry.pair == log && entry.kind == AuditKind::DroppedWrite && names(entry)
    };
    let found = state.audit.iter().filter(found).count();
    let (Some(rule), false) =
        (pair.rule(FIELD), pair.record.is_read_only() || pair.referral.stage.is_terminal())
    else {
        return;
    };
    let is_partly = pair.status().starts_with("⚠ Partly synced: ");
    if pair.status() != "✔ Synced" && !is_partly {
        return;
    }
    if !ignores && found > 0 {
        wrong.push(format!("the CRM is said not to keep the close date of {id}"));
    }
    let apart = rule.read_partner_center(pair.referral).ok() != rule.read_crm(pair.record).ok()
        && !waits(pair, rule);
    if apart && found == 0 && ignores {
        wrong.push(format!("nobody was notified that the CRM did not keep the close date of {id}"));
    }
    if !pair.link.dropped_writes.is_empty() && !is_partly {
        wrong.push(format!("the seller was never notified of what the CRM did not keep of {id}"));
    }
    let audit = pair.audit_column();
    let lines = audit.matches(LINE).count();
    // A full Audit field has let go of its oldest lines; the lead may have it.
    let complete = !audit.ends_with('…') && pair.link.lead.is_none() && !pair.is_rewritten();
    if apart && lines == 0 && complete && ignores {
        wrong.push(format!("no line says that the CRM did not keep the close date of {id}"));
    }
    let read: Vec<&str> = audit.lines().filter(|line| line.contains(LINE)).collect();
    // The same may be said as often as the log has an entry, and once more for each run that did
    // not come to its end.
    let texts: Vec<&str> = read.iter().filter_map(|line| Some(line.split_once("  ")?.1)).collect();
    let times = |text: &str| texts.iter().filter(|other| **other == text).count();
    if let Some(again) = texts.iter().find(|text| times(text) > found.max(1) + pair.interrupted()) {
        wrong.push(format!("the seller of {id} reads too often: {again}"));
    }
    let finished = read.iter().filter(|line| is_of_a_finished_run(pair, line)).count();
    if finished > found + pair.interrupted() {
        wrong.push(format!(
            "{finished} lines speak of {found} times that the CRM did not keep the close date of {id}"
        ));
    }
}
