//! An audit log as text for people.

use std::fmt::Write;

use cosell_model::audit::{AuditEntry, AuditKind, FieldChange, Side, UndecidedField};

use super::DealLog;
use crate::value::shown;

/// A time to the second.
const TIME: usize = 20;

/// How wide the columns of a log's kinds and causes are.
#[derive(Clone, Copy)]
struct Widths {
    kind: usize,
    cause: usize,
}

impl Widths {
    fn of(entries: &[&AuditEntry]) -> Self {
        let longest = |title: &str, text: fn(&AuditEntry) -> String| {
            let lengths = entries.iter().map(|entry| text(entry).len());
            lengths.chain([title.len()]).max().unwrap_or_default()
        };
        Self {
            kind: longest("KIND", |entry| entry.kind.to_string()),
            cause: longest("CAUSE", |entry| entry.cause.to_string()),
        }
    }

    /// Where an entry's text begins, two blanks after each column.
    fn indent(self) -> usize {
        TIME + self.kind + self.cause + 6
    }
}

pub(super) fn of(log: &DealLog) -> String {
    let mut text = match &log.link {
        Some(link) => format!(
            "referral {} and {} {}, linked {:.0}\n",
            link.referral, link.crm.entity, link.crm.id, link.created
        ),
        None => format!("{} is not linked\n", log.subject),
    };
    if log.entries.is_empty() {
        text.push_str("nothing is recorded\n");
        return text;
    }
    let entries = log.entries.iter().enumerate();
    let shown = entries.filter(|(position, entry)| {
        !is_carried_out(entry, log.entries.get(position + 1..).unwrap_or_default())
    });
    let shown: Vec<&AuditEntry> = shown.map(|(_, entry)| entry).collect();
    let widths = Widths::of(&shown);
    let Widths { kind, cause } = widths;
    // Writing into a string cannot fail.
    let _ = writeln!(text, "\n{:<TIME$}  {:<kind$}  {:<cause$}  WHAT", "TIME", "KIND", "CAUSE");
    for entry in shown {
        append(&mut text, entry, widths);
    }
    text
}

/// A write-ahead entry that the same reconciliation carried out says nothing more than the outcome.
/// One that failed, or was followed by nothing, may have been carried out in part: it is shown.
/// That a deal is flapping, or a write was dropped, is no outcome: the reconciliation goes on.
fn is_carried_out(entry: &AuditEntry, later: &[AuditEntry]) -> bool {
    let no_outcome = |kind| {
        matches!(
            kind,
            AuditKind::WriteAhead
                | AuditKind::Failed
                | AuditKind::Flapping
                | AuditKind::DroppedWrite
        )
    };
    entry.kind == AuditKind::WriteAhead
        && later.iter().any(|other| other.invocation == entry.invocation && !no_outcome(other.kind))
}

fn append(text: &mut String, entry: &AuditEntry, widths: Widths) {
    let Widths { kind, cause } = widths;
    // Padding does not apply to the types' own Display, so they are made text first.
    let (at, of, why) =
        (format!("{:.0}", entry.at), entry.kind.to_string(), entry.cause.to_string());
    let _ = writeln!(text, "{at:<TIME$}  {of:<kind$}  {why:<cause$}  {}", entry.message);
    let changes = entry.changes.iter().map(changed);
    let undecided = entry.undecided.iter().map(undecided);
    for line in changes.chain(undecided).chain([requests(entry)]) {
        let _ = writeln!(text, "{:1$}{line}", "", widths.indent());
    }
}

fn changed(change: &FieldChange) -> String {
    let overruled = change.overruled.as_ref();
    let overruled = overruled.map(|lost| format!(" (instead of {})", shown(lost)));
    format!(
        "{} in {}: {} → {}{}",
        change.field,
        change.side,
        shown(&change.before),
        shown(&change.after),
        overruled.unwrap_or_default()
    )
}

fn undecided(UndecidedField { field, partner_center, crm }: &UndecidedField) -> String {
    let (there, here) = (Side::PartnerCenter, Side::Crm);
    format!("{field}: {} in {there}, {} in {here}", shown(partner_center), shown(crm))
}

/// By what the entry is found again elsewhere: the codes in the documentation, the rest in the
/// logs.
fn requests(entry: &AuditEntry) -> String {
    let codes: Vec<&str> = entry.notices.iter().map(cosell_model::notice::Notice::code).collect();
    let found = [
        ("code", Some(codes.join(" ")).filter(|codes| !codes.is_empty())),
        ("Partner Center request", entry.partner_center_request.clone()),
        ("CRM request", entry.crm_request.clone()),
        ("invocation", Some(entry.invocation.clone())),
    ];
    let found = found.into_iter().filter_map(|(name, id)| id.map(|id| format!("{name} {id}")));
    found.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use cosell_model::message::{Cause, Subject};
    use cosell_model::notice::Notice;
    use cosell_model::value::Value;
    use insta::assert_snapshot;

    use super::*;

    fn log(entries: Vec<AuditEntry>) -> DealLog {
        let referral = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa".parse().unwrap();
        DealLog { subject: Subject::Referral(referral), link: None, entries }
    }

    fn entry(kind: AuditKind, invocation: &str) -> AuditEntry {
        AuditEntry {
            pair: "referral#1".into(),
            at: "2026-09-01T08:00:00.123Z".parse().unwrap(),
            kind,
            cause: Cause::Webhook,
            message: format!("{kind} by {invocation}"),
            notices: Vec::new(),
            changes: Vec::new(),
            undecided: Vec::new(),
            partner_center_request: None,
            crm_request: None,
            invocation: invocation.into(),
        }
    }

    #[test]
    fn a_write_ahead_entry_is_shown_only_until_its_outcome() {
        let text = of(&log(vec![
            entry(AuditKind::WriteAhead, "died"),
            entry(AuditKind::WriteAhead, "done"),
            entry(AuditKind::Updated, "done"),
            entry(AuditKind::Resolved, "died later"),
            entry(AuditKind::WriteAhead, "died later"),
            entry(AuditKind::Flapping, "died later"),
        ]));
        assert!(!text.contains("write-ahead by done"), "{text}");
        assert_snapshot!(text);
    }

    #[test]
    fn an_entry_shows_its_changes_codes_and_request_ids_under_its_message() {
        let field = "value".into();
        let text = of(&log(vec![AuditEntry {
            cause: Cause::CrmPoll,
            message: "value had changed on both sides; the CRM's won".into(),
            notices: vec![Notice::ConflictResolved { field, rule: "crm".into() }],
            changes: vec![FieldChange {
                field: "value".into(),
                side: Side::PartnerCenter,
                before: Value::Nothing,
                after: Value::Number("184000.50".parse().unwrap()),
                overruled: Some(Value::text("low")),
            }],
            undecided: vec![UndecidedField {
                field: "name".into(),
                partner_center: Value::text("Harbour\nsensors"),
                crm: Value::Nothing,
            }],
            partner_center_request: Some("R1".into()),
            ..entry(AuditKind::Conflict, "i1")
        }]));
        assert_snapshot!(text);
    }

    #[test]
    fn every_kind_and_cause_has_room() {
        let mut awaiting = entry(AuditKind::AwaitingDecision, "i1");
        awaiting.cause = Cause::CrmPoll;
        let text = of(&log(vec![awaiting, entry(AuditKind::Created, "i2")]));
        assert_snapshot!(text);
    }

    #[test]
    fn an_empty_audit_log_says_so() {
        assert!(of(&log(vec![])).ends_with("nothing is recorded\n"));
    }
}
