//! `If-Match` and `If-None-Match` (contract dynamics365 3.2, 3.4, 3.5).

use axum::http::{HeaderMap, header};

use super::refusal::{Outcome, Refusal};
use super::rows::Row;
use super::schema::Table;

/// What must hold before a write happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    None,
    /// `If-Match: *`
    Exists,
    /// `If-Match: W/"n"`
    Version(u64),
    /// `If-None-Match: *`
    Missing,
}

impl Condition {
    /// Reads the conditional headers of a write; `If-None-Match: null` is no condition.
    pub(crate) fn of(headers: &HeaderMap, table: &Table) -> Outcome<Self> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let none_match = text(header::IF_NONE_MATCH).filter(|value| *value != "null");
        match (text(header::IF_MATCH), none_match) {
            (None, None) => Ok(Self::None),
            (None, Some("*")) => Ok(Self::Missing),
            (Some("*"), None) => Ok(Self::Exists),
            (Some(tag), None) => {
                if !table.optimistic {
                    return Err(Refusal::bad(
                        "0x8006088D",
                        format!(
                            "Optimistic concurrency isn't enabled for entity type {}.",
                            table.name
                        ),
                    ));
                }
                version(tag).map(Self::Version).ok_or_else(invalid)
            }
            _ => Err(invalid()),
        }
    }

    /// Whether an existing row may be written.
    pub(crate) fn admits(self, row: &Row) -> Outcome<()> {
        match self {
            Self::Version(version) if version != row.version => Err(Refusal::stale()),
            Self::Missing => Err(Refusal::duplicate_record()),
            _ => Ok(()),
        }
    }
}

/// Whether a conditional GET finds the row unchanged.
pub(crate) fn unchanged(headers: &HeaderMap, row: &Row) -> bool {
    let tag = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    tag.and_then(version) == Some(row.version)
}

fn version(tag: &str) -> Option<u64> {
    tag.trim().strip_prefix("W/\"")?.strip_suffix('"')?.parse().ok()
}

fn invalid() -> Refusal {
    Refusal::bad("0x80040203", "The value of the If-Match or If-None-Match header is not valid.")
}
