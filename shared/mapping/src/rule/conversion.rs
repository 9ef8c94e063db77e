//! One rule's value from each side's JSON to the canonical value and across to the other side.

use jiff::civil::Date;
use serde_json::{Value as Json, json};

use super::Rule;
use crate::code::scalar_text;
use crate::conversion_error::ConversionError;
use crate::{mark, solutions};
use cosell_model::crm::CrmRecord;
use cosell_model::referral::{Referral, lookup};
use cosell_model::value::{Kind, Value};

/// The parts of an address are lines of their own in Partner Center; a CRM may have the whole
/// street in one area.
const ADDRESS: &str = "customerProfile.address.";

fn is_address(path: &str) -> bool {
    path.get(..ADDRESS.len()).is_some_and(|start| start.eq_ignore_ascii_case(ADDRESS))
}

impl Rule {
    /// The value that is computed from the referral; `None` where the rule has a path.
    fn computed_from_partner_center(
        &self,
        referral: &Referral,
    ) -> Option<Result<Value, ConversionError>> {
        let text = self.from_partner_center.as_ref()?.of_referral(referral);
        Some(text.and_then(|text| Ok(Value::from_text(self.kind, &text)?)))
    }

    /// The value that is computed from the record; `None` where the rule has a column.
    fn computed_from_crm(&self, record: &CrmRecord) -> Option<Result<Value, ConversionError>> {
        let text = self.from_crm.as_ref()?.of_record(record);
        Some(text.and_then(|text| Ok(Value::from_text(self.crm_kind(), &text)?)))
    }
}

impl Rule {
    /// The field's value in a referral.
    pub fn read_partner_center(&self, referral: &Referral) -> Result<Value, ConversionError> {
        if let Some(computed) = self.computed_from_partner_center(referral) {
            return computed;
        }
        if self.is_listing() {
            return Ok(listed(&referral.all(self.partner_center.as_str())));
        }
        let json = referral.get(self.partner_center.as_str()).unwrap_or(&Json::Null);
        if self.kind == Kind::Solutions {
            Ok(solution_ids(json))
        } else {
            Ok(Value::from_json(self.kind, json)?)
        }
    }

    /// The field's value in a CRM record; a name without its mark.
    pub fn read_crm(&self, record: &CrmRecord) -> Result<Value, ConversionError> {
        if let Some(computed) = self.computed_from_crm(record) {
            return computed;
        }
        Ok(match Value::from_json(self.crm_kind(), record.get(self.column_of(record).as_str()))? {
            Value::Text(name) if self.is_name() => Value::text(mark::bare(&name)),
            value => value,
        })
    }

    /// A Partner Center value as the CRM would hold it; a name without its mark.
    pub fn across_to_crm(&self, value: &Value) -> Result<Value, ConversionError> {
        Ok(match (self.crm_kind(), self.uncut_to_crm(value)?) {
            (Kind::Text | Kind::Solutions, Value::Text(text)) => Value::text(self.cut(&text)),
            (_, value) => value,
        })
    }

    /// As [`Self::across_to_crm`], whatever room the column has.
    pub fn uncut_to_crm(&self, value: &Value) -> Result<Value, ConversionError> {
        let value = match (self.kind, value) {
            (Kind::Choice, Value::Text(code)) => {
                let entry = self
                    .values
                    .get(code)
                    .ok_or_else(|| ConversionError::NoEntry { value: code.clone() })?;
                Value::Text(entry.to_string())
            }
            (Kind::Solutions, Value::List(ids)) => Value::text(ids.join("; ")),
            (Kind::Text, Value::Text(name)) if self.is_name() => Value::text(mark::bare(name)),
            (_, value) => value.clone(),
        };
        self.transformed_to_crm(value)
    }

    /// A CRM value as Partner Center would hold it.
    pub fn across_to_partner_center(&self, value: &Value) -> Result<Value, ConversionError> {
        let value = self.transformed_to_partner_center(value.clone())?;
        Ok(match (self.kind, value) {
            (Kind::Choice, Value::Text(crm)) => {
                let entry = self.values.iter().find(|(_, value)| value.to_string() == crm);
                let (code, _) =
                    entry.ok_or_else(|| ConversionError::NoEntry { value: crm.clone() })?;
                Value::Text(code.clone())
            }
            (Kind::Country, Value::Text(country)) => {
                let country = country.trim();
                if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                    return Err(ConversionError::Country);
                }
                Value::Text(country.to_ascii_uppercase())
            }
            (Kind::Text, Value::Text(text)) if is_address(self.partner_center.as_str()) => {
                Value::text(on_one_line(&text))
            }
            (Kind::Solutions, Value::Text(text)) => {
                let ids: Vec<String> = text
                    .split([';', ',', '\n'])
                    .map(str::trim)
                    .filter(|id| !id.is_empty())
                    .map(str::to_owned)
                    .collect();
                if ids.is_empty() { Value::Nothing } else { Value::List(ids) }
            }
            (_, value) => value,
        })
    }

    /// Whether a value, in Partner Center's form, can be sent there; `present` is what stands
    /// there.
    pub fn check_for_partner_center(
        &self,
        value: &Value,
        present: Option<&Json>,
    ) -> Result<(), ConversionError> {
        match (self.kind, value) {
            (Kind::Solutions, Value::List(ids)) => solutions::check(ids, present),
            _ => Ok(()),
        }
    }

    /// The JSON that sets this field in the CRM; `value` is in the CRM's form.
    pub fn crm_json(&self, value: &Value) -> Json {
        match (self.kind, value) {
            (Kind::Choice, Value::Text(text)) => self
                .values
                .values()
                .find(|entry| entry.to_string() == *text)
                .map_or_else(|| value.to_json(), |entry| entry.json().clone()),
            _ => value.to_json(),
        }
    }

    /// The JSON that sets this field in Partner Center; `value` is in its form. What a present
    /// array tells of a solution beyond its id is kept.
    pub fn partner_center_json(&self, value: &Value, present: Option<&Json>) -> Json {
        match (self.kind, value) {
            (Kind::Date, Value::Date(date)) => midnight(*date),
            (Kind::Solutions, Value::List(ids)) => {
                ids.iter().map(|id| solutions::item(id, present)).collect()
            }
            (Kind::Solutions, Value::Nothing) => json!([]),
            _ => value.to_json(),
        }
    }

    /// As much of a text as the column takes, beside the mark it may carry.
    pub fn cut(&self, text: &str) -> String {
        let mark = if self.marked { mark::ROOM } else { 0 };
        let length = self.crm_length.map_or(usize::MAX, |length| length.saturating_sub(mark));
        text.chars().take(length).collect()
    }

    /// A value of this rule's kind as its column has room for.
    pub fn fitted(&self, value: Value) -> Value {
        match value {
            Value::Text(text) if self.crm_length.is_some() => Value::text(self.cut(&text)),
            value => value,
        }
    }
}

fn on_one_line(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim().trim_end_matches(','));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ")
}

fn midnight(date: Date) -> Json {
    Json::String(format!("{date}T00:00:00Z"))
}

/// The texts of several items; an item without one keeps its place.
fn listed(items: &[Option<&Json>]) -> Value {
    let text = |item: Option<&Json>| {
        item.filter(|json| !json.is_null()).map(scalar_text).unwrap_or_default()
    };
    let texts: Vec<String> = items.iter().copied().map(text).collect();
    if texts.iter().all(String::is_empty) { Value::Nothing } else { Value::List(texts) }
}

fn solution_ids(json: &Json) -> Value {
    let solutions = json.as_array().map(Vec::as_slice).unwrap_or_default();
    let ids: Vec<String> = solutions
        .iter()
        .filter_map(|solution| lookup(solution, "id"))
        .filter_map(Json::as_str)
        .map(str::to_owned)
        .collect();
    if ids.is_empty() { Value::Nothing } else { Value::List(ids) }
}
