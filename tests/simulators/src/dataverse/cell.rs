//! One value in one column of one row, typed as the column is.

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Int(i64),
    /// Money, decimal and double columns.
    Number(f64),
    Bool(bool),
    Guid(Uuid),
    Date(Date),
    /// Whole seconds.
    Moment(Timestamp),
    Lookup {
        table: String,
        id: Uuid,
    },
}

impl Cell {
    pub(crate) fn lookup(table: &str, id: Uuid) -> Self {
        Self::Lookup { table: table.into(), id }
    }

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

    pub(crate) fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The id a lookup points to, or a guid column's value.
    pub(crate) fn as_id(&self) -> Option<Uuid> {
        match self {
            Self::Lookup { id, .. } | Self::Guid(id) => Some(*id),
            _ => None,
        }
    }

    /// The value as the Web API writes it.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => text.as_str().into(),
            Self::Int(number) => (*number).into(),
            Self::Number(number) => (*number).into(),
            Self::Bool(flag) => (*flag).into(),
            Self::Guid(id) | Self::Lookup { id, .. } => id.to_string().into(),
            Self::Date(date) => date.to_string().into(),
            Self::Moment(at) => at.to_string().into(),
        }
    }

    /// The service's sort order: nulls first, text without regard to case.
    pub(crate) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            _ => self.compare(other).unwrap_or(Ordering::Equal),
        }
    }

    /// Compares two values of matching types; `None` when a null or two types meet.
    #[allow(
        clippy::cast_precision_loss,
        reason = "Edm.Int64 beyond 2^53 is never compared with a decimal here"
    )]
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(fold(a).cmp(&fold(b))),
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b),
            (Self::Int(a), Self::Number(b)) => (*a as f64).partial_cmp(b),
            (Self::Number(a), Self::Int(b)) => a.partial_cmp(&(*b as f64)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Self::Moment(a), Self::Moment(b)) => Some(a.cmp(b)),
            _ => Some(self.as_id()?.cmp(&other.as_id()?)),
        }
    }
}

/// Text as the database's collation compares it: without regard to case.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}
