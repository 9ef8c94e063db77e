//! Dataverse's error codes.

use std::fmt;

use serde_json::Value as Json;

/// An error code of contract dynamics365 4.3. Mostly written as hex; some paths may give it as a
/// signed decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ErrorCode(u32);

impl ErrorCode {
    pub(crate) const DOES_NOT_EXIST: Self = Self(0x8004_0217);
    pub(crate) const UNKNOWN_KEY: Self = Self(0x8006_0891);
    pub(crate) const CLOSED_ALREADY: Self = Self(0x8004_0515);
    pub(crate) const READ_ONLY_ROW: Self = Self(0x8004_022e);

    pub(crate) const fn number(self) -> u32 {
        self.0
    }

    /// `0x80040217`, `-2147220969`, or the number itself; zero is no code.
    pub(crate) fn read(json: &Json) -> Option<Self> {
        let number = match json {
            Json::String(text) => match text.trim().get(..2) {
                Some("0x" | "0X") => u32::from_str_radix(&text.trim()[2..], 16).ok()?,
                _ => word(text.trim().parse().ok()?)?,
            },
            Json::Number(number) => word(number.as_i64()?)?,
            _ => return None,
        };
        (number != 0).then_some(Self(number))
    }
}

fn word(number: i64) -> Option<u32> {
    u32::try_from(number).ok().or_else(|| i32::try_from(number).ok().map(i32::cast_unsigned))
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hex_and_decimal_spell_the_same_code() {
        for spelling in [
            json!("0x80072322"),
            json!("0X80072322"),
            json!("-2147015902"),
            json!(-2_147_015_902_i64),
            json!(2_147_951_394_u32),
        ] {
            assert_eq!(ErrorCode::read(&spelling).unwrap().to_string(), "0x80072322", "{spelling}");
        }
    }

    #[test]
    fn what_is_no_code_is_none() {
        for nothing in [
            json!("0x0"),
            json!(""),
            json!("invalid_client"),
            json!("0xzz"),
            json!(null),
            json!({}),
            json!("é"),
        ] {
            assert_eq!(ErrorCode::read(&nothing), None, "{nothing}");
        }
    }
}
