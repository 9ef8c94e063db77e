//! Reading a checked mapping, and filling what only a deployment's settings know.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::mapping::Mapping;
use cosell_model::record_id::RecordIds;

/// Values for the `{name}` placeholders of a mapping, such as the publisher prefix.
pub type Placeholders = BTreeMap<&'static str, String>;

/// The placeholder of the deal team's telephone number, which every mapping may have.
pub const TEAM_PHONE: &str = "team_phone";

/// A checked mapping that cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// No setting fills these placeholders.
    #[error(
        "the mapping cannot be used: no setting fills {}",
        names.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ")
    )]
    Unfilled {
        /// Their names.
        names: Vec<String>,
    },
    /// It was not made by this version's `cosell-mapping-check`.
    #[error("the mapping cannot be used: it is not in the form of this version: {0}")]
    Form(#[from] serde_json::Error),
}

impl Mapping {
    /// Reads the checked form of a mapping for the CRM with these ids, filling its placeholders.
    pub fn load(
        checked: &str,
        record_ids: RecordIds,
        placeholders: &Placeholders,
    ) -> Result<Self, MappingError> {
        let mut json: Json = serde_json::from_str(checked)?;
        let mut names = Vec::new();
        fill(&mut json, placeholders, &mut names);
        if !names.is_empty() {
            names.sort();
            names.dedup();
            return Err(MappingError::Unfilled { names });
        }
        Ok(Self { record_ids, ..serde_json::from_value(json)? })
    }
}

fn fill(json: &mut Json, placeholders: &Placeholders, unfilled: &mut Vec<String>) {
    match json {
        Json::String(text) => {
            let (text_filled, mut names) = filled(text, placeholders);
            *text = text_filled;
            unfilled.append(&mut names);
        }
        Json::Array(items) => {
            for item in items {
                fill(item, placeholders, unfilled);
            }
        }
        Json::Object(entries) => {
            for value in entries.values_mut() {
                fill(value, placeholders, unfilled);
            }
        }
        _ => {}
    }
}

/// A text with each `{name}` replaced, where `name` is lower-case letters and underscores, and the
/// names that nothing fills.
pub fn filled(text: &str, placeholders: &Placeholders) -> (String, Vec<String>) {
    let (mut filled, mut unfilled) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        // An expression begins so.
        if let Some(inside) = after.strip_prefix('{') {
            filled.push_str("{{");
            rest = inside;
            continue;
        }
        let length =
            after.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(after.len());
        if length == 0 || !after[length..].starts_with('}') {
            filled.push('{');
            rest = after;
            continue;
        }
        let name = &after[..length];
        match placeholders.get(name) {
            Some(value) => filled.push_str(value),
            None => unfilled.push(name.to_owned()),
        }
        rest = &after[length + 1..];
    }
    filled.push_str(rest);
    (filled, unfilled)
}
