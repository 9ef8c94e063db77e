//! What one transform does to a value, and undoing it.

use jiff::Span;
use jiff::civil::Date;
use jiff::fmt::strtime;
use rust_decimal::Decimal;

use super::{Transform, country};
use crate::conversion_error::ConversionError;
use cosell_model::value::Value;

impl Transform {
    /// The value after this; nothing stays nothing.
    pub fn done(&self, value: Value) -> Result<Value, ConversionError> {
        Ok(match (self, value) {
            (_, Value::Nothing) => Value::Nothing,
            (Self::First, Value::List(items)) => {
                items.into_iter().next().map_or(Value::Nothing, Value::text)
            }
            (Self::Last, Value::List(items)) => {
                items.into_iter().next_back().map_or(Value::Nothing, Value::text)
            }
            (Self::Join(between), Value::List(items)) => {
                let items: Vec<String> =
                    items.into_iter().filter(|item| !item.is_empty()).collect();
                Value::text(items.join(between))
            }
            (Self::Round(places), Value::Number(number)) => {
                Value::Number(number.round_dp(*places).normalize())
            }
            (Self::Times(factor), Value::Number(number)) => {
                self.number(number.checked_mul(*factor))?
            }
            (Self::Days(days), Value::Date(date)) => {
                self.day(date.checked_add(Span::new().days(*days)).ok())?
            }
            (Self::EndOfMonth, Value::Date(date)) => Value::Date(date.last_of_month()),
            (Self::DateAs(form), Value::Date(date)) => {
                Value::text(strtime::format(form, date).unwrap_or_default())
            }
            (Self::DateFrom(form), Value::Text(text)) => {
                self.day(Date::strptime(form, text.trim()).ok())?
            }
            (_, Value::Text(text)) => self.text(&text)?,
            _ => return Err(self.unfit()),
        })
    }

    /// The value before this, where it can be undone.
    pub fn undone(&self, value: Value) -> Result<Value, ConversionError> {
        match (self, value) {
            (_, Value::Nothing) => Ok(Value::Nothing),
            (Self::Trim | Self::Round(_), value) => self.done(value),
            (Self::Prefix(prefix), Value::Text(text)) => {
                Ok(Value::text(text.strip_prefix(prefix.as_str()).unwrap_or(&text)))
            }
            (Self::Suffix(suffix), Value::Text(text)) => {
                Ok(Value::text(text.strip_suffix(suffix.as_str()).unwrap_or(&text)))
            }
            (Self::Times(factor), Value::Number(number)) => {
                self.number(number.checked_div(*factor))
            }
            (Self::Days(days), Value::Date(date)) => {
                self.day(date.checked_sub(Span::new().days(*days)).ok())
            }
            (Self::DateAs(form), value) => Self::DateFrom(form.clone()).done(value),
            (Self::DateFrom(form), value) => Self::DateAs(form.clone()).done(value),
            (Self::CountryName, value) => Self::CountryCode.done(value),
            (Self::CountryCode, value) => Self::CountryName.done(value),
            _ => Err(self.unfit()),
        }
    }

    fn text(&self, text: &str) -> Result<Value, ConversionError> {
        Ok(match self {
            Self::Trim => Value::text(text.trim()),
            Self::Upper => Value::text(text.to_uppercase()),
            Self::Lower => Value::text(text.to_lowercase()),
            Self::Title => Value::text(title(text)),
            Self::FirstLine => Value::text(lines(text).next().unwrap_or_default()),
            Self::OneLine => Value::text(lines(text).collect::<Vec<_>>().join(" ")),
            Self::Limit(characters) => {
                Value::text(text.chars().take(*characters).collect::<String>())
            }
            Self::Prefix(prefix) => Value::text(format!("{prefix}{text}")),
            Self::Suffix(suffix) => Value::text(format!("{text}{suffix}")),
            Self::CountryName => Value::text(country::name(text).ok_or_else(|| self.unfit())?),
            Self::CountryCode => Value::text(country::code(text).ok_or_else(|| self.unfit())?),
            _ => return Err(self.unfit()),
        })
    }

    fn number(&self, number: Option<Decimal>) -> Result<Value, ConversionError> {
        number.map(|number| Value::Number(number.normalize())).ok_or_else(|| self.unfit())
    }

    fn day(&self, date: Option<Date>) -> Result<Value, ConversionError> {
        date.map(Value::Date).ok_or_else(|| self.unfit())
    }

    /// The value is customer data: only what was wanted of it is said.
    fn unfit(&self) -> ConversionError {
        ConversionError::Transform {
            transform: self.to_string(),
            wanted: match self {
                Self::CountryName | Self::CountryCode => {
                    "the English name or the two-letter code of a country"
                }
                Self::DateAs(_) | Self::DateFrom(_) => "a day, in the form that the mapping gives",
                Self::Round(_) | Self::Times(_) => "a number that is not too large",
                Self::Days(_) | Self::EndOfMonth => "a day in the calendar",
                Self::First | Self::Last | Self::Join(_) => "a list",
                _ => "a text",
            },
        }
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn title(text: &str) -> String {
    let mut at_start = true;
    let letters = text.chars().flat_map(|c| {
        let first = at_start && c.is_alphabetic();
        at_start = !(c.is_alphanumeric() || c == '\'' || c == '’');
        if first { c.to_uppercase().collect::<Vec<_>>() } else { c.to_lowercase().collect() }
    });
    letters.collect()
}
