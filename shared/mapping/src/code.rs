//! Codes: what a CRM calls an entry of a list, as text or as a number.

use std::fmt;

use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

/// What a CRM calls an entry of a list: text or a whole number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(extend("type" = ["string", "integer"])))]
#[serde(transparent)]
pub struct Code(Json);

impl Code {
    /// As it is written to the CRM.
    pub fn json(&self) -> &Json {
        &self.0
    }

    /// Whether `json` is this code; services write a number as text, too.
    pub fn is(&self, json: &Json) -> bool {
        scalar_text(&self.0) == scalar_text(json)
    }
}

impl From<i64> for Code {
    fn from(number: i64) -> Self {
        Self(number.into())
    }
}

impl From<&str> for Code {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&scalar_text(&self.0))
    }
}

/// A scalar's text, to compare codes written as numbers or as text.
pub(crate) fn scalar_text(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

struct CodeVisitor;

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CodeVisitor)
    }
}

impl Visitor<'_> for CodeVisitor {
    type Value = Code;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or a whole number")
    }

    fn visit_i64<E>(self, number: i64) -> Result<Code, E> {
        Ok(number.into())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Code, E> {
        let code = i64::try_from(number).map(Code::from);
        code.map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E>(self, text: &str) -> Result<Code, E> {
        Ok(text.into())
    }
}
