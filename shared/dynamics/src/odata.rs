//! The small part of OData's syntax that we write ourselves.

use uuid::Uuid;

/// Longer than any logical or schema name that Dataverse allows.
const LONGEST_NAME: usize = 128;

/// Whether `text` can be a column, table or navigation name. Only such text is ever put into a URL
/// or a body's property name.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= LONGEST_NAME
        && bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A string literal for `$filter` (contract dynamics365 3.3). The URL's percent-encoding comes on
/// top.
pub(crate) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A row's address below the API's root, also the value of a lookup's bind.
pub(crate) fn row(entity_set: &str, id: Uuid) -> String {
    format!("{entity_set}({})", id.hyphenated())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_letters_digits_and_underscores_only() {
        for good in ["name", "_customerid_value", "nwcs_ReferralId", "address1_city"] {
            assert!(is_name(good), "{good}");
        }
        for bad in
            ["", "1name", "name eq 'x'", "name)", "a/b", "a,b", "näme", "a'", &"x".repeat(129)]
        {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_quote_cannot_end_a_literal() {
        assert_eq!(text("O'Neill' or name ne '"), "'O''Neill'' or name ne '''");
    }
}
