//! What we remember of Microsoft's part in a deal: what it was asked, how far it came, and what it
//! could not be asked.

use serde::{Deserialize, Serialize};

use crate::life_cycle::Stage;
use crate::notice::Notice;
use crate::referral::{Referral, ReferralKind};

/// Microsoft's part in a deal, as far as the seller was notified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Microsoft {
    /// Where its referral stood when the seller was last notified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// What it was asked for: an `assistanceRequestCode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested: Option<String>,
    /// What it could not be asked, until something of it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedRequest>,
}

/// A request that was not made, or that Partner Center refused: it is not made again while nothing
/// of it has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedRequest {
    /// A digest of what would have been sent, or of what was missing.
    pub tried: String,
    /// Why.
    pub reasons: Vec<Notice>,
}

impl Microsoft {
    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The Microsoft referral is closed: nothing comes of it any more.
    pub fn is_over(&self) -> bool {
        self.stage.is_some_and(Stage::is_terminal)
    }
}

/// How Microsoft was asked to help, as its referral says.
pub fn requested_help(microsoft: &Referral) -> Option<&str> {
    let code = microsoft.get("inviteContext.assistanceRequestCode")?.as_str()?;
    (microsoft.kind == ReferralKind::MicrosoftReferral && !code.is_empty()).then_some(code)
}
