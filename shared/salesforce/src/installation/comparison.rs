//! What is there against what is wanted. Values in, findings out.

use cosell_crm::field::{CosellField, Kind};
use cosell_crm::finding::{Finding, State};

use super::found::{Access, Field, FoundObject};
use super::permission::SETS;
use crate::fields::FIELDS;

impl FoundObject {
    pub(super) fn findings(&self) -> Vec<Finding> {
        let finding = |field: &'static CosellField| {
            Finding::new(self.object, field.label, field.name, self.state(field))
        };
        let mut findings: Vec<Finding> = FIELDS.iter().map(finding).collect();
        if !self.fields.is_empty() {
            let what = "Permission to read and write them, of the signed-in user";
            findings.push(Finding::new(self.object, what, "", self.permission()));
        }
        findings
    }

    /// What can be made.
    pub(super) fn missing(&self) -> Vec<&'static CosellField> {
        FIELDS.iter().filter(|field| !self.fields.contains_key(field.name)).collect()
    }

    /// Whether the signed-in user may write everything that is there.
    pub(super) fn is_writable(&self) -> bool {
        self.fields.values().all(|field| field.access == Access::Write)
    }

    fn state(&self, field: &CosellField) -> State {
        match self.fields.get(field.name) {
            Some(found) => compared(field, found),
            None if self.is_certain => {
                State::Missing { remedy: "`cosell crm install` creates it".to_owned() }
            }
            None => State::Missing {
                remedy: format!(
                    "or hidden from the signed-in user, who may not look up definitions: assign it \
                     the permission set {}, or install as an administrator, whose access token \
                     goes into CRM_ACCESS_TOKEN",
                    SETS[0].name
                ),
            },
        }
    }

    fn permission(&self) -> State {
        let with = |access: Access, what: &str| {
            let names = self
                .fields
                .iter()
                .filter(|(_, field)| field.access == access)
                .map(|(name, _)| *name);
            let names: Vec<&str> = names.collect();
            (!names.is_empty()).then(|| format!("{what} for {}", names.join(", ")))
        };
        let lacking = [with(Access::Hidden, "hidden"), with(Access::Read, "read-only")];
        let lacking: Vec<String> = lacking.into_iter().flatten().collect();
        if lacking.is_empty() {
            return State::Right;
        }
        State::Wrong {
            is: lacking.join("; "),
            should: "writable for all".to_owned(),
            remedy: format!("assign the permission set {} to that user", SETS[0].name),
        }
    }
}

fn compared(field: &CosellField, found: &Field) -> State {
    let kind = field.kind;
    let wrong = |remedy: String| State::Wrong { is: present(found), should: wanted(kind), remedy };
    if found.kind != type_name(kind) {
        let remedy = "if nothing uses it, delete the field, erase it from the deleted fields and \
                      install; otherwise change its type by hand";
        return wrong(remedy.to_owned());
    }
    match kind {
        Kind::Identifier { .. } if !(found.is_external_id && found.is_unique) => {
            wrong("mark the field as External ID and as unique, without regard to case".to_owned())
        }
        Kind::Text { length } | Kind::Identifier { length } | Kind::LongText { length }
            if found.length.is_none_or(|most| most < u64::from(length)) =>
        {
            wrong(format!("raise the field's length to {length}"))
        }
        Kind::Choice(choices) => {
            let absent = choices.iter().map(|choice| choice.label);
            let absent: Vec<&str> =
                absent.filter(|label| !found.values.iter().any(|value| value == label)).collect();
            if absent.is_empty() {
                return State::Right;
            }
            let labels = format!("\"{}\"", absent.join("\", \""));
            State::Wrong {
                is: format!("a picklist without {labels}"),
                should: wanted(kind),
                remedy: format!("add these values to the field: {labels}"),
            }
        }
        _ => State::Right,
    }
}

/// As describe calls it.
fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::YesNo => "boolean",
        Kind::Text { .. } | Kind::Identifier { .. } => "string",
        Kind::Link { .. } => "url",
        Kind::LongText { .. } => "textarea",
        Kind::Choice(_) => "picklist",
    }
}

fn wanted(kind: Kind) -> String {
    match kind {
        Kind::YesNo => "a checkbox".to_owned(),
        Kind::Text { length } => format!("Text({length})"),
        Kind::Identifier { length } => format!("Text({length}), External ID, unique"),
        Kind::Link { .. } => "a URL".to_owned(),
        Kind::LongText { length } => format!("Long Text Area({length})"),
        Kind::Choice(choices) => format!("a picklist with its {} values", choices.len()),
    }
}

fn present(found: &Field) -> String {
    let length = found
        .length
        .filter(|length| *length > 0)
        .map(|length| format!("({length})"))
        .unwrap_or_default();
    match found.kind.as_str() {
        "boolean" => "a checkbox".to_owned(),
        "string" => {
            let mut text = format!("Text{length}");
            for (has, name) in
                [(found.is_external_id, ", External ID"), (found.is_unique, ", unique")]
            {
                text += if has { name } else { "" };
            }
            text
        }
        "textarea" => format!("Text Area{length}"),
        "url" => "a URL".to_owned(),
        "picklist" => "a picklist".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
#[path = "comparison_tests.rs"]
mod tests;
