//! Values as an operator reads them: on one line, a text in quotation marks.

use cosell_model::value::Value;
use serde_json::Value as Json;

/// Characters of a value that are shown where it only has to be recognised: a line of notes is
/// enough.
const RECOGNISABLE: usize = 160;

/// What stands for nothing.
const EMPTY: &str = "(empty)";

/// A whole value.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Nothing => EMPTY.to_owned(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Date(date) => date.to_string(),
        Value::Text(_) | Value::Number(_) | Value::List(_) => value.to_json().to_string(),
    }
}

/// A value as it is sent, not longer than it must be to recognise it.
pub(crate) fn recognisable(json: &Json) -> String {
    if json.is_null() { EMPTY.to_owned() } else { shortened(&json.to_string()) }
}

/// A change, of which each value is not longer than it must be to recognise it.
pub(crate) fn change(before: &Value, after: &Value) -> String {
    format!("{} → {}", shortened(&shown(before)), shortened(&shown(after)))
}

fn shortened(text: &str) -> String {
    let length = text.chars().count();
    if length <= RECOGNISABLE {
        return text.to_owned();
    }
    let start: String = text.chars().take(RECOGNISABLE).collect();
    format!("{start}… ({length} characters)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_shown_as_empty_and_a_long_text_in_part() {
        assert_eq!(change(&Value::Nothing, &Value::text("EUR")), "(empty) → \"EUR\"");
        let long = recognisable(&Json::from("x".repeat(300)));
        assert!(long.ends_with("x… (302 characters)"), "{long}");
        assert_eq!(shown(&Value::text("x".repeat(300))).chars().count(), 302);
    }
}
