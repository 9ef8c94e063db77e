//! What is said about a query that is not understood: the query, a marker, the place, the reason.
//!
//! The form is from memory (contract salesforce 4.3); clients act on the code alone.

use crate::salesforce::refusal::Refusal;

/// Characters of the query shown on each side of the marker.
const AROUND: usize = 40;

fn marked(text: &str, at: usize, reason: &str) -> String {
    let from = at.saturating_sub(AROUND);
    let shown: String = text.chars().skip(from).take(2 * AROUND).collect();
    let marker = " ".repeat(at - from);
    format!("\n{shown}\n{marker}^\nERROR at Row:1:Column:{}\n{reason}", at + 1)
}

pub(super) fn malformed(text: &str, at: usize, reason: &str) -> Refusal {
    Refusal::bad("MALFORMED_QUERY", marked(text, at, reason))
}

pub(super) fn invalid_field(text: &str, at: usize, reason: &str) -> Refusal {
    Refusal::bad("INVALID_FIELD", marked(text, at, reason))
}

pub(super) fn invalid_type(text: &str, at: usize, object: &str) -> Refusal {
    let reason = format!("sObject type '{object}' is not supported.");
    Refusal::bad("INVALID_TYPE", marked(text, at, &reason))
}
