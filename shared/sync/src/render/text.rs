//! Texts that fit where they stand.

use cosell_model::value::Value;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How much of a value the seller reads, in characters.
const SHOWN: usize = 80;

/// A time as people read it.
pub fn minute(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A text of at most so many characters.
pub fn cut(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(length.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Cuts a text of several lines. A CRM may keep a line break as two characters: a text that is too
/// long would be refused for good.
pub(crate) fn cut_lines(text: &str, length: usize) -> String {
    let mut used = 0;
    let fits = text.chars().take_while(|c| {
        used += if *c == '\n' { 2 } else { 1 };
        used <= length
    });
    let kept = fits.count();
    if kept == text.chars().count() { text.to_owned() } else { cut(text, kept) }
}

/// A value as people read it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Nothing => "nothing".to_owned(),
        Value::Text(text) => format!("“{}”", cut(text, SHOWN)),
        Value::List(items) => cut(&items.join("; "), SHOWN),
        Value::Date(date) => date.to_string(),
        other => other.to_json().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_shown_in_part() {
        let long = shown(&Value::text("x".repeat(500)));
        assert_eq!(long.chars().count(), SHOWN + 2);
    }
}
