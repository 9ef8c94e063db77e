//! Values in a query: unquoted numbers, dates and moments, quoted strings, and days named by their
//! distance.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _};

use crate::salesforce::values::moment;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Text(String),
    Number(f64),
    Bool(bool),
    Date(Date),
    Moment(Timestamp),
    /// Such as `TODAY` or `LAST_N_DAYS:7`, in capitals.
    Days(String),
}

impl Literal {
    /// A number, date or datetime as written without quotes.
    pub(super) fn plain(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<f64>() {
            return Some(Self::Number(number));
        }
        if text.contains('T') {
            return moment(text).map(Self::Moment);
        }
        text.parse().ok().filter(|_| text.len() == 10).map(Self::Date)
    }

    pub(super) fn word(word: &str) -> Option<Self> {
        let word = word.to_uppercase();
        match word.as_str() {
            "NULL" => Some(Self::Null),
            "TRUE" => Some(Self::Bool(true)),
            "FALSE" => Some(Self::Bool(false)),
            _ => days(&word, Timestamp::UNIX_EPOCH).map(|_| Self::Days(word)),
        }
    }

    /// What the service calls the type in its complaints.
    pub(super) fn is_quoted(&self) -> bool {
        matches!(self, Self::Text(_))
    }
}

/// The days from the first to before the last that `word` means; days begin at midnight UTC.
pub(super) fn days(word: &str, now: Timestamp) -> Option<(Date, Date)> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let (name, count) = match word.split_once(':') {
        Some((name, count)) => (name, Some(count.parse::<i64>().ok()?)),
        None => (word, None),
    };
    let from = |date: Date, length: Span| Some((date, date.checked_add(length).ok()?));
    let day = |distance: i64| today.checked_add(distance.days()).ok();
    let month = today.first_of_month();
    let year = today.first_of_year();
    match (name, count) {
        ("TODAY", None) => from(today, 1.day()),
        ("YESTERDAY", None) => from(day(-1)?, 1.day()),
        ("TOMORROW", None) => from(day(1)?, 1.day()),
        ("LAST_90_DAYS", None) => from(day(-89)?, 90.days()),
        ("LAST_N_DAYS", Some(count)) => from(day(1 - count)?, count.days()),
        ("NEXT_90_DAYS", None) => from(day(1)?, 90.days()),
        ("NEXT_N_DAYS", Some(count)) => from(day(1)?, count.days()),
        ("N_DAYS_AGO", Some(count)) => from(day(-count)?, 1.day()),
        ("THIS_MONTH", None) => from(month, 1.month()),
        ("LAST_MONTH", None) => from(month.checked_sub(1.month()).ok()?, 1.month()),
        ("NEXT_MONTH", None) => from(month.checked_add(1.month()).ok()?, 1.month()),
        ("THIS_YEAR", None) => from(year, 1.year()),
        ("LAST_YEAR", None) => from(year.checked_sub(1.year()).ok()?, 1.year()),
        ("NEXT_YEAR", None) => from(year.checked_add(1.year()).ok()?, 1.year()),
        _ => None,
    }
}
