//! Named changes of a value on its way: `transform = ["first", "limit:80"]`.
//!
//! A rule that goes one way carries them out in order. One that goes both ways carries them out
//! towards the CRM, and undoes them in reverse order towards Partner Center; those that lose
//! something cannot be undone, and have no place there.

mod chain;
mod country;
mod step;

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub(super) use chain::Shape;

/// One named change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub enum Transform {
    /// `trim`: without blanks at both ends.
    Trim,
    /// `upper`: in capital letters.
    Upper,
    /// `lower`: in small letters.
    Lower,
    /// `title`: each word with a capital.
    Title,
    /// `first_line`: the first line that is not empty.
    FirstLine,
    /// `one_line`: all lines as one.
    OneLine,
    /// `limit:80`: so many characters at most.
    Limit(usize),
    /// `prefix:TEXT`: with this text in front.
    Prefix(String),
    /// `suffix:TEXT`: with this text behind.
    Suffix(String),
    /// `round:2`: so many decimals.
    Round(u32),
    /// `times:1000`: multiplied.
    Times(Decimal),
    /// `days:14`: so many days later; earlier with a minus.
    Days(i32),
    /// `end_of_month`: the month's last day.
    EndOfMonth,
    /// `date_as:%d.%m.%Y`: a day as a text of this form.
    DateAs(String),
    /// `date_from:%d.%m.%Y`: a text of this form as a day.
    DateFrom(String),
    /// `country_name`: the English name of a country code.
    CountryName,
    /// `country_code`: the two-letter code of a country's name.
    CountryCode,
    /// `first`: the first of several.
    First,
    /// `last`: the last of several.
    Last,
    /// `join:, `: all of several, with this text between them.
    Join(String),
}

/// The names, for hints and for the form.
pub(super) const NAMES: &[&str] = &[
    "trim",
    "upper",
    "lower",
    "title",
    "first_line",
    "one_line",
    "limit",
    "prefix",
    "suffix",
    "round",
    "times",
    "days",
    "end_of_month",
    "date_as",
    "date_from",
    "country_name",
    "country_code",
    "first",
    "last",
    "join",
];

/// A text that is no transform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransformError {
    /// There is none of this name.
    #[error("there is no transform `{0}`")]
    Unknown(String),
    /// It needs something behind its name.
    #[error("`{name}` needs {wanted} behind a colon, as in `{example}`")]
    Argument {
        /// Its name.
        name: &'static str,
        /// What is wanted.
        wanted: &'static str,
        /// How it is written.
        example: &'static str,
    },
    /// It takes nothing behind its name.
    #[error("`{0}` takes nothing behind its name")]
    Surplus(String),
}

impl FromStr for Transform {
    type Err = TransformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, argument) = match text.split_once(':') {
            Some((name, argument)) => (name.trim(), Some(argument)),
            None => (text.trim(), None),
        };
        if let Some(plain) = plain(name) {
            return match argument {
                None => Ok(plain),
                Some(_) => Err(TransformError::Surplus(name.to_owned())),
            };
        }
        let argument = argument.unwrap_or_default();
        let number = argument.trim();
        let whole =
            |wanted, example| move |name| TransformError::Argument { name, wanted, example };
        let full = |name, example| match argument {
            "" => Err(TransformError::Argument { name, wanted: "a text", example }),
            text => Ok(text.to_owned()),
        };
        Ok(match name {
            "limit" => {
                let characters = number.parse().ok().filter(|characters| *characters > 0);
                Self::Limit(
                    characters
                        .ok_or_else(|| whole("a whole number from 1", "limit:80")("limit"))?,
                )
            }
            "prefix" => Self::Prefix(full("prefix", "prefix:MSFT ")?),
            "suffix" => Self::Suffix(full("suffix", "suffix: (Microsoft)")?),
            // A decimal has 28 places.
            "round" => {
                let places = number.parse().ok().filter(|places| *places <= 28);
                Self::Round(
                    places.ok_or_else(|| whole("a whole number up to 28", "round:2")("round"))?,
                )
            }
            "times" => {
                let factor = number.parse().ok().filter(|factor: &Decimal| !factor.is_zero());
                Self::Times(
                    factor.ok_or_else(|| whole("a number other than 0", "times:0.001")("times"))?,
                )
            }
            // Three hundred years either way.
            "days" => {
                let days = number.parse().ok().filter(|days: &i32| days.unsigned_abs() <= 110_000);
                Self::Days(days.ok_or_else(|| whole("a whole number of days", "days:-14")("days"))?)
            }
            "date_as" => Self::DateAs(date_form("date_as", argument, "date_as:%d.%m.%Y")?),
            "date_from" => Self::DateFrom(date_form("date_from", argument, "date_from:%d.%m.%Y")?),
            "join" => Self::Join(full("join", "join:, ")?),
            unknown => return Err(TransformError::Unknown(unknown.to_owned())),
        })
    }
}

/// The transform of this name, if it takes nothing behind it.
fn plain(name: &str) -> Option<Transform> {
    Some(match name {
        "trim" => Transform::Trim,
        "upper" => Transform::Upper,
        "lower" => Transform::Lower,
        "title" => Transform::Title,
        "first_line" => Transform::FirstLine,
        "one_line" => Transform::OneLine,
        "end_of_month" => Transform::EndOfMonth,
        "country_name" => Transform::CountryName,
        "country_code" => Transform::CountryCode,
        "first" => Transform::First,
        "last" => Transform::Last,
        _ => return None,
    })
}

/// A form in which a day can be written and read again.
fn date_form(
    name: &'static str,
    form: &str,
    example: &'static str,
) -> Result<String, TransformError> {
    let sample = jiff::civil::date(2026, 11, 21);
    let written = jiff::fmt::strtime::format(form, sample).ok();
    let read = written.and_then(|text| jiff::civil::Date::strptime(form, text).ok());
    if read == Some(sample) {
        return Ok(form.to_owned());
    }
    Err(TransformError::Argument { name, wanted: "a form with day, month and year", example })
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trim => f.write_str("trim"),
            Self::Upper => f.write_str("upper"),
            Self::Lower => f.write_str("lower"),
            Self::Title => f.write_str("title"),
            Self::FirstLine => f.write_str("first_line"),
            Self::OneLine => f.write_str("one_line"),
            Self::Limit(characters) => write!(f, "limit:{characters}"),
            Self::Prefix(text) => write!(f, "prefix:{text}"),
            Self::Suffix(text) => write!(f, "suffix:{text}"),
            Self::Round(places) => write!(f, "round:{places}"),
            Self::Times(factor) => write!(f, "times:{factor}"),
            Self::Days(days) => write!(f, "days:{days}"),
            Self::EndOfMonth => f.write_str("end_of_month"),
            Self::DateAs(form) => write!(f, "date_as:{form}"),
            Self::DateFrom(form) => write!(f, "date_from:{form}"),
            Self::CountryName => f.write_str("country_name"),
            Self::CountryCode => f.write_str("country_code"),
            Self::First => f.write_str("first"),
            Self::Last => f.write_str("last"),
            Self::Join(text) => write!(f, "join:{text}"),
        }
    }
}

impl From<Transform> for String {
    fn from(transform: Transform) -> Self {
        transform.to_string()
    }
}

impl TryFrom<String> for Transform {
    type Error = TransformError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests;
