//! The sentences: what a seller or an operator reads of notices and states. Every one stands here
//! and in its neighbours, so that a product manager can read them in one place and a second
//! language could stand beside them.

mod sentences;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod words;

pub use sentences::{disconnect_reason, sentence};
pub use state::status;
pub(crate) use text::cut_lines;
pub use text::{cut, minute};
pub use words::Words;

use cosell_mapping::Mapping;
use cosell_model::field::Field;
use cosell_model::notice::Notice;

/// What a seller calls a field.
pub fn label<'a>(mapping: &'a Mapping, field: &'a Field) -> &'a str {
    match field {
        Field::Stage => "Stage",
        Field::Help => "How can Microsoft help?",
        Field::Visibility => "Referral Visibility",
        Field::Contact => "Customer contact",
        Field::Reference => "CRM ID",
        Field::Registration => "Deal registration",
        Field::Rule(name) => {
            let registration = mapping.registration.iter().flat_map(|of| &of.rules);
            let mut rules = mapping.rules.iter().chain(registration);
            let rule = rules.find(|rule| rule.name.as_str() == name.as_str());
            rule.map_or(name.as_str(), |rule| rule.label.as_str())
        }
    }
}

fn labels<'a>(mapping: &'a Mapping, fields: impl IntoIterator<Item = &'a Field>) -> String {
    let labels: Vec<&str> = fields.into_iter().map(|field| label(mapping, field)).collect();
    labels.join(", ")
}

/// What a seller does when a field is missing, as the mapping says.
fn remedy<'a>(mapping: &'a Mapping, field: &Field) -> &'a str {
    let registration = mapping.registration.iter().flat_map(|of| &of.rules);
    let mut rules = mapping.rules.iter().chain(registration);
    let rule = rules.find(|rule| rule.name.as_str() == field.as_str());
    rule.map_or("", |rule| rule.remedy.as_str())
}

/// Whether the seller reads it in the Audit field. Of an edit that only waits, Sync status says
/// enough.
pub(crate) fn is_line(notice: &Notice) -> bool {
    !matches!(
        notice,
        Notice::AcceptanceNeeded { .. }
            | Notice::RecordClosed { .. }
            | Notice::VisibilityRecordClosed
            | Notice::Restored { .. }
            | Notice::Off { .. }
            | Notice::Adopted
            | Notice::LeadQualified { .. }
            | Notice::Linked { .. }
            | Notice::DecisionMade { .. }
    )
}

/// A notice without customer data, for logs and the audit log; `None` where nothing is left of it.
pub fn redacted(notice: &Notice) -> Option<Notice> {
    match notice {
        // Somebody's own words.
        Notice::ReasonGiven { .. } => None,
        Notice::MicrosoftDecided { stage, .. } => {
            Some(Notice::MicrosoftDecided { stage: *stage, reason: None })
        }
        Notice::DroppedWrite { field, at, .. } => Some(Notice::DroppedWrite {
            field: field.clone(),
            at: *at,
            value: cosell_model::value::Value::Nothing,
        }),
        other => Some(other.clone()),
    }
}

/// The sentences of these notices, as one text.
pub fn sentences<'a>(mapping: &Mapping, notices: impl IntoIterator<Item = &'a Notice>) -> String {
    let sentences: Vec<String> =
        notices.into_iter().map(|notice| sentence(mapping, notice)).collect();
    sentences.join(" ")
}
