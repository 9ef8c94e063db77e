//! A trail as text for people.

use std::fmt::Write;

use cosell_model::audit::{AuditEntry, AuditKind, FieldChange, Side, UndecidedField};
use cosell_model::value::Value;

use crate::audit::Trail;

/// Time to the second, kind (`unchanged`) and cause (`crm-poll`, `operator`), two blanks after each.
const INDENT: usize = 22 + 11 + 10;

pub(crate) fn render(trail: &Trail) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = match &trail.link {
        Some(link) => {
            writeln!(
                text,
                "referral {} and {} {}, linked {:.0}",
                link.referral, link.crm.entity, link.crm.id, link.created
            )
        }
        None => writeln!(text, "{} is not linked", trail.subject),
    };
    if trail.entries.is_empty() {
        text.push_str("nothing is recorded\n");
        return text;
    }
    let _ = writeln!(text, "\n{:<20}  {:<9}  {:<8}  WHAT", "TIME", "KIND", "CAUSE");
    for (position, entry) in trail.entries.iter().enumerate() {
        if !is_carried_out(entry, &trail.entries[position + 1..]) {
            append(&mut text, entry);
        }
    }
    text
}

/// An intention that the same look carried out says nothing more than the outcome. One that failed, or was followed by nothing,
/// may have been carried out in part: it is shown. That a pair is slowed down, or a field was not kept, is no outcome: the look goes on.
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

fn append(text: &mut String, entry: &AuditEntry) {
    // Padding does not apply to the types' own Display, so they are made text first.
    let (at, kind, cause) =
        (format!("{:.0}", entry.at), entry.kind.to_string(), entry.cause.to_string());
    let _ = writeln!(text, "{at:<20}  {kind:<9}  {cause:<8}  {}", entry.message);
    for change in &entry.changes {
        let _ = writeln!(text, "{:INDENT$}{}", "", changed(change));
    }
    for parked in &entry.undecided {
        let UndecidedField { field, partner_center, crm } = parked;
        let _ = writeln!(
            text,
            "{:INDENT$}{field}: {} in {}, {} in {}",
            "",
            shown(partner_center),
            Side::PartnerCenter,
            shown(crm),
            Side::Crm
        );
    }
    let requests = [
        ("Partner Center request", entry.partner_center_request.as_deref()),
        ("CRM request", entry.crm_request.as_deref()),
        ("invocation", Some(entry.invocation.as_str())),
    ];
    let requests: Vec<_> =
        requests.iter().filter_map(|(name, id)| id.map(|id| format!("{name} {id}"))).collect();
    let _ = writeln!(text, "{:INDENT$}{}", "", requests.join(", "));
}

fn changed(change: &FieldChange) -> String {
    let overruled = change
        .overruled
        .as_ref()
        .map(|lost| format!(" (instead of {})", shown(lost)))
        .unwrap_or_default();
    format!(
        "{} in {}: {} -> {}{overruled}",
        change.field,
        change.side,
        shown(&change.before),
        shown(&change.after)
    )
}

/// A text in quotation marks, on one line.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Nothing => "nothing".to_owned(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Date(date) => date.to_string(),
        Value::Text(_) | Value::Number(_) | Value::List(_) => value.to_json().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use cosell_model::message::{Cause, Subject};

    use super::*;

    fn trail(entries: Vec<AuditEntry>) -> Trail {
        Trail {
            subject: Subject::Referral("c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa".parse().unwrap()),
            link: None,
            entries,
        }
    }

    #[test]
    fn an_intention_is_shown_only_until_its_outcome() {
        let entry = |kind, invocation: &str| AuditEntry {
            pair: "referral#1".into(),
            at: "2026-09-01T08:00:00Z".parse().unwrap(),
            kind,
            cause: Cause::Webhook,
            message: format!("{kind} by {invocation}"),
            changes: Vec::new(),
            undecided: Vec::new(),
            partner_center_request: None,
            crm_request: None,
            invocation: invocation.into(),
        };
        let text = render(&trail(vec![
            entry(AuditKind::WriteAhead, "died"),
            entry(AuditKind::WriteAhead, "done"),
            entry(AuditKind::Updated, "done"),
            entry(AuditKind::Resolved, "died later"),
            entry(AuditKind::WriteAhead, "died later"),
            entry(AuditKind::Flapping, "died later"),
        ]));
        for shown in [
            "write-ahead by died\n",
            "updated by done",
            "resolved by died later",
            "write-ahead by died later",
        ] {
            assert!(text.contains(shown), "{text}");
        }
        assert!(!text.contains("write-ahead by done"), "{text}");
    }

    #[test]
    fn an_entry_shows_its_changes_and_request_ids_under_its_message() {
        let text = render(&trail(vec![AuditEntry {
            pair: "referral#1".into(),
            at: "2026-09-01T08:00:00.123Z".parse().unwrap(),
            kind: AuditKind::Conflict,
            cause: Cause::CrmPoll,
            message: "value had changed on both sides; the CRM's won".into(),
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
            crm_request: None,
            invocation: "i1".into(),
        }]));
        let expected = "\
referral#c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa is not linked

TIME                  KIND       CAUSE     WHAT
2026-09-01T08:00:00Z  conflict   crm-poll  value had changed on both sides; the CRM's won
                                           value in Partner Center: nothing -> 184000.5 (instead of \"low\")
                                           name: \"Harbour\\nsensors\" in Partner Center, nothing in CRM
                                           Partner Center request R1, invocation i1
";
        assert_eq!(text, expected);
    }

    #[test]
    fn an_empty_trail_says_so() {
        assert!(render(&trail(vec![])).ends_with("nothing is recorded\n"));
    }
}
