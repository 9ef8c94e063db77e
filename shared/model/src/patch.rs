//! The JSON Patch that changes a referral (contract partner-center 3.4).

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::referral::Referral;

/// One JSON Patch operation; Partner Center knows `add` and `replace` only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PatchOperation {
    /// `add` or `replace`.
    pub op: PatchVerb,
    /// JSON pointer, such as `/details/dealValue`.
    pub path: String,
    /// The new value.
    pub value: Json,
}

/// What a patch operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatchVerb {
    /// Sets a property that is absent.
    Add,
    /// Sets a property that is present, be it null.
    Replace,
}

impl PatchOperation {
    /// Sets the property at a dotted path: `replace` where the referral has it, `add` where it has
    /// not.
    pub fn set(referral: &Referral, path: &str, value: Json) -> Self {
        let op = if referral.has(path) { PatchVerb::Replace } else { PatchVerb::Add };
        Self { op, path: format!("/{}", path.replace('.', "/")), value }
    }
}
