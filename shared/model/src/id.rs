//! Identifiers, parsed at the border and trusted inside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text was not a GUID.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{text}` is not a {what} id: expected a GUID such as c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa"
)]
pub struct IdError {
    what: &'static str,
    text: String,
}

macro_rules! guid_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a GUID.
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The GUID.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let error = |_| IdError { what: $what, text: text.chars().take(64).collect() };
                Uuid::try_parse(text).map(Self).map_err(error)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }
    };
}

guid_id! {
    /// A referral's id (contract partner-center 2.1).
    ReferralId, "referral"
}
guid_id! {
    /// An engagement's id: the partner's referral and Microsoft's share one (contract
    /// partner-center 2.1).
    EngagementId, "engagement"
}

/// An entity tag exactly as the service gave it; its quotes are part of the value (contract
/// partner-center 2.1).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ETag(String);

impl ETag {
    /// Wraps the service's text unchanged.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text for an `If-Match` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
