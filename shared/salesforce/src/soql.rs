//! The small part of SOQL that we write ourselves (contract salesforce 3.1).

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

/// Longer than any API name.
const LONGEST_NAME: usize = 80;

/// Whether `text` can be the name of a field or relationship. Only such text is ever put into a
/// query or an address.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= LONGEST_NAME
        && bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A string literal. The backslash first; a line break would end the query's line.
pub(crate) fn text(value: &str) -> String {
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push('\'');
    for character in value.chars() {
        match character {
            '\\' => literal.push_str("\\\\"),
            '\'' => literal.push_str("\\'"),
            '"' => literal.push_str("\\\""),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '\u{8}' => literal.push_str("\\b"),
            '\u{c}' => literal.push_str("\\f"),
            // Other control characters have no escape, and no place in a name.
            other if other.is_control() => literal.push(' '),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

/// A moment, cut to whole seconds: the documented forms carry no fraction.
pub(crate) fn moment(at: Timestamp) -> String {
    let floor = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Floor);
    at.round(floor).unwrap_or(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_ends_its_literal() {
        assert_eq!(text(r"O'Neill\' OR Name != '"), r"'O\'Neill\\\' OR Name != \''");
        assert_eq!(text("a\nb\u{0}c\""), r#"'a\nb c\"'"#);
        assert_eq!(text(r"\"), r"'\\'");
    }

    #[test]
    fn names_hold_letters_digits_and_underscores_only() {
        for good in ["Name", "Msp_Referral_Id__c", "BillingCity"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "1a", "Name FROM", "a.b", "a/b", "näme", "a'", "_a", &"x".repeat(81)] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_moment_has_no_fraction() {
        let at: Timestamp = "2026-08-20T14:03:27.9Z".parse().unwrap();
        assert_eq!(moment(at), "2026-08-20T14:03:27Z");
    }
}
