//! The canonical value of a field, in which a side is compared with what was last seen on that
//! side.

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use strum::IntoStaticStr;

/// One field's value. Equality is meaning, not spelling: `250000.0000` equals `250000`, an empty
/// text equals nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing: absent, null, or empty. Both systems treat these alike.
    #[default]
    Nothing,
    /// Text, never empty.
    Text(String),
    /// Money or another number.
    Number(Decimal),
    /// Yes or no.
    Bool(bool),
    /// A day.
    Date(Date),
    /// Several texts, in order; never empty.
    List(Vec<String>),
}

/// The type of a mapped field: how its JSON is read and written on each side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Text as it is.
    Text,
    /// A decimal number; JSON number or string on reading.
    Money,
    /// A day: date-time at midnight UTC in Partner Center, `YYYY-MM-DD` in the CRM.
    Date,
    /// Yes or no.
    Bool,
    /// One of a list; the rule's `values` table pairs the two systems' codes.
    Choice,
    /// A country as ISO 3166-1 alpha-2; Partner Center refuses anything else.
    Country,
    /// Solution ids: an array of solution objects in Partner Center, `ID; ID` text in the CRM.
    Solutions,
}

/// A value that does not have the form its field's kind asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct ValueError {
    expected: &'static str,
    found: &'static str,
}

fn unexpected(expected: &'static str, json: &Json) -> ValueError {
    let found = match json {
        Json::Null => "nothing",
        Json::Bool(_) => "yes/no",
        Json::Number(_) => "a number",
        Json::String(_) => "text of another form",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    };
    ValueError { expected, found }
}

impl Value {
    /// Text; empty text is [`Value::Nothing`].
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Nothing } else { Self::Text(text) }
    }

    /// Whether there is nothing here.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// Reads a JSON value of either system as `kind`; solutions have their own forms, see
    /// [`crate::mapping`].
    pub fn from_json(kind: Kind, json: &Json) -> Result<Self, ValueError> {
        if json.is_null() {
            return Ok(Self::Nothing);
        }
        match kind {
            Kind::Text | Kind::Choice | Kind::Country | Kind::Solutions => match json {
                Json::String(text) => Ok(Self::text(text.clone())),
                Json::Number(number) => Ok(Self::Text(number.to_string())),
                other => Err(unexpected("text", other)),
            },
            Kind::Money => {
                decimal(json).ok_or_else(|| unexpected("a number", json)).map(Self::Number)
            }
            Kind::Date => match json {
                Json::String(text) if text.is_empty() => Ok(Self::Nothing),
                Json::String(text) => {
                    day(text).map(Self::Date).ok_or_else(|| unexpected("a date", json))
                }
                other => Err(unexpected("a date", other)),
            },
            Kind::Bool => json.as_bool().map(Self::Bool).ok_or_else(|| unexpected("yes/no", json)),
        }
    }

    /// Reads a text that people wrote as `kind`: as its JSON, and yes or no as `true` or `false`.
    pub fn from_text(kind: Kind, text: &str) -> Result<Self, ValueError> {
        let json = match (kind, text) {
            _ if text.is_empty() => Json::Null,
            (Kind::Bool, "true") => Json::Bool(true),
            (Kind::Bool, "false") => Json::Bool(false),
            _ => Json::from(text),
        };
        Self::from_json(kind, &json)
    }

    /// Plain JSON: money as a number, a day as `YYYY-MM-DD`, a list as an array.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Nothing => Json::Null,
            Self::Text(text) => Json::String(text.clone()),
            Self::Number(number) => number_json(*number),
            Self::Bool(yes) => Json::Bool(*yes),
            Self::Date(date) => Json::String(date.to_string()),
            Self::List(items) => items.iter().cloned().map(Json::String).collect(),
        }
    }
}

fn decimal(json: &Json) -> Option<Decimal> {
    let text = match json {
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    text.parse()
        .or_else(|_| Decimal::from_scientific(&text))
        .ok()
        .map(|number: Decimal| number.normalize())
}

/// A whole number without a fraction where there is none: `184000`, not `184000.0`.
fn number_json(number: Decimal) -> Json {
    let number = number.normalize();
    if number.scale() == 0
        && let Ok(whole) = i64::try_from(number)
    {
        return Json::from(whole);
    }
    // Both systems' amounts stay below 1e13 with at most 4 decimals: 17 digits, which a double
    // carries.
    number.to_string().parse::<f64>().map_or(Json::Null, Json::from)
}

fn day(text: &str) -> Option<Date> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.to_zoned(TimeZone::UTC).date());
    }
    text.get(..10).and_then(|day| day.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn money_is_compared_by_meaning() {
        let stored = Value::from_json(Kind::Money, &json!(250_000.000_0)).unwrap();
        assert_eq!(stored, Value::from_json(Kind::Money, &json!("250000")).unwrap());
        assert_eq!(stored.to_json(), json!(250_000));
        assert_ne!(stored, Value::from_json(Kind::Money, &json!(250_000.5)).unwrap());
    }

    #[test]
    fn a_day_is_read_from_both_systems_forms() {
        let day = Value::Date(jiff::civil::date(2026, 9, 30));
        for text in [
            "2026-09-30",
            "2026-09-30T00:00:00Z",
            "2026-09-30T00:00:00.0000000Z",
            "2026-09-30T00:00:00",
        ] {
            assert_eq!(Value::from_json(Kind::Date, &json!(text)).unwrap(), day, "{text}");
        }
        assert!(Value::from_json(Kind::Date, &json!("soon")).is_err());
    }

    #[test]
    fn empty_text_is_nothing() {
        assert!(Value::from_json(Kind::Text, &json!("")).unwrap().is_nothing());
        assert!(Value::from_json(Kind::Text, &Json::Null).unwrap().is_nothing());
    }
}
