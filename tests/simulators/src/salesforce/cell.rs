//! One value in one field of one record, typed as the field is.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    /// Text, picklist values, ids; several choices are joined by `;`.
    Text(String),
    /// A number that is shown with a fraction: `48000.0`.
    Number(f64),
    Int(i64),
    Bool(bool),
    Date(Date),
    /// Whole seconds.
    Moment(Timestamp),
}

impl Cell {
    /// A moment cut to the whole seconds the service keeps.
    pub(crate) fn moment(at: Timestamp) -> Self {
        Self::Moment(Timestamp::from_second(at.as_second()).unwrap_or(at))
    }

    pub(crate) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            #[expect(
                clippy::cast_precision_loss,
                reason = "the service's integers have eight digits"
            )]
            Self::Int(number) => Some(*number as f64),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn as_moment(&self) -> Option<Timestamp> {
        match self {
            Self::Moment(at) => Some(*at),
            _ => None,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => json!(text),
            Self::Number(number) => json!(number),
            Self::Int(number) => json!(number),
            Self::Bool(value) => json!(value),
            Self::Date(date) => json!(date.to_string()),
            Self::Moment(at) => json!(shown(*at)),
        }
    }

    /// The order within one type, text without regard to case; `None` between types and for null.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(fold(a).cmp(&fold(b))),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Self::Moment(a), Self::Moment(b)) => Some(a.cmp(b)),
            _ => self.as_number()?.partial_cmp(&other.as_number()?),
        }
    }
}

/// `2026-08-20T14:03:27.000+0000`: the milliseconds are always zero (contract salesforce 2).
pub(crate) fn shown(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}
