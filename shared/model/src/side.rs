//! The two sides of a deal.

use serde::{Deserialize, Serialize};

/// Partner Center or the CRM.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, strum::Display,
)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Microsoft Partner Center.
    #[strum(to_string = "Partner Center")]
    PartnerCenter,
    /// The partner's CRM.
    #[strum(to_string = "CRM")]
    Crm,
}

impl Side {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::PartnerCenter => Self::Crm,
            Self::Crm => Self::PartnerCenter,
        }
    }
}
