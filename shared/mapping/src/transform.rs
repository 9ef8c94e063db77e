//! Named changes of a value on its way: `transform = ["first", "limit:80"]`.
//!
//! A rule that goes one way carries them out in order. One that goes both ways carries them out
//! towards the CRM, and undoes them in reverse order towards Partner Center; those that lose
//! something cannot be undone, and have no place there.

mod country;
pub(crate) mod shape;
mod step;

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use strum::{Display, EnumDiscriminants, EnumString, VariantNames};

/// One named change.
#[derive(Clone, Debug, PartialEq, Serialize, EnumDiscriminants)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(into = "String")]
#[strum_discriminants(
    name(TransformName),
    doc = "A transform's name.",
    derive(Display, EnumString, VariantNames, Hash),
    strum(serialize_all = "snake_case")
)]
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
        name: TransformName,
        /// What is wanted.
        wanted: &'static str,
        /// How it is written.
        example: &'static str,
    },
    /// It takes nothing behind its name.
    #[error("`{0}` takes nothing behind its name")]
    Surplus(TransformName),
}

impl FromStr for Transform {
    type Err = TransformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, argument) = match text.split_once(':') {
            Some((name, argument)) => (name.trim(), Some(argument)),
            None => (text.trim(), None),
        };
        let name: TransformName =
            name.parse().map_err(|_| TransformError::Unknown(name.to_owned()))?;
        let plain = |transform| match argument {
            None => Ok(transform),
            Some(_) => Err(TransformError::Surplus(name)),
        };
        let argument = argument.unwrap_or_default();
        let wrong = |wanted, example| TransformError::Argument { name, wanted, example };
        let number = argument.trim();
        let full = |example| match argument {
            "" => Err(wrong("a text", example)),
            text => Ok(text.to_owned()),
        };
        let day_form = |example| {
            let form = Some(argument.to_owned()).filter(|form| is_day_form(form));
            form.ok_or_else(|| wrong("a form with day, month and year", example))
        };
        match name {
            TransformName::Trim => plain(Self::Trim),
            TransformName::Upper => plain(Self::Upper),
            TransformName::Lower => plain(Self::Lower),
            TransformName::Title => plain(Self::Title),
            TransformName::FirstLine => plain(Self::FirstLine),
            TransformName::OneLine => plain(Self::OneLine),
            TransformName::EndOfMonth => plain(Self::EndOfMonth),
            TransformName::CountryName => plain(Self::CountryName),
            TransformName::CountryCode => plain(Self::CountryCode),
            TransformName::First => plain(Self::First),
            TransformName::Last => plain(Self::Last),
            TransformName::Limit => {
                let characters = number.parse().ok().filter(|characters| *characters > 0);
                characters
                    .map(Self::Limit)
                    .ok_or_else(|| wrong("a whole number from 1", "limit:80"))
            }
            // A decimal has 28 places.
            TransformName::Round => {
                let places = number.parse().ok().filter(|places| *places <= 28);
                places.map(Self::Round).ok_or_else(|| wrong("a whole number up to 28", "round:2"))
            }
            TransformName::Times => {
                let factor = number.parse().ok().filter(|factor: &Decimal| !factor.is_zero());
                factor.map(Self::Times).ok_or_else(|| wrong("a number other than 0", "times:0.001"))
            }
            // Three hundred years either way.
            TransformName::Days => {
                let days = number.parse().ok().filter(|days: &i32| days.unsigned_abs() <= 110_000);
                days.map(Self::Days).ok_or_else(|| wrong("a whole number of days", "days:-14"))
            }
            TransformName::Prefix => full("prefix:MSFT ").map(Self::Prefix),
            TransformName::Suffix => full("suffix: (Microsoft)").map(Self::Suffix),
            TransformName::Join => full("join:, ").map(Self::Join),
            TransformName::DateAs => day_form("date_as:%d.%m.%Y").map(Self::DateAs),
            TransformName::DateFrom => day_form("date_from:%d.%m.%Y").map(Self::DateFrom),
        }
    }
}

/// Whether a day can be written in this form and read again.
fn is_day_form(form: &str) -> bool {
    let sample = jiff::civil::date(2026, 11, 21);
    let written = jiff::fmt::strtime::format(form, sample).ok();
    written.and_then(|text| jiff::civil::Date::strptime(form, text).ok()) == Some(sample)
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = TransformName::from(self);
        match self {
            Self::Limit(characters) => write!(f, "{name}:{characters}"),
            Self::Prefix(text)
            | Self::Suffix(text)
            | Self::Join(text)
            | Self::DateAs(text)
            | Self::DateFrom(text) => write!(f, "{name}:{text}"),
            Self::Round(places) => write!(f, "{name}:{places}"),
            Self::Times(factor) => write!(f, "{name}:{factor}"),
            Self::Days(days) => write!(f, "{name}:{days}"),
            _ => write!(f, "{name}"),
        }
    }
}

impl From<Transform> for String {
    fn from(transform: Transform) -> Self {
        transform.to_string()
    }
}

/// A name that is none says which there are.
impl<'de> Deserialize<'de> for Transform {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| match error {
            TransformError::Unknown(name) => {
                D::Error::unknown_variant(&name, TransformName::VARIANTS)
            }
            other => D::Error::custom(other),
        })
    }
}

#[cfg(test)]
mod tests;
