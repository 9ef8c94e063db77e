//! What we remember of Microsoft's part in a deal: what it was asked, how far it came, and what it could not be asked.

use serde::{Deserialize, Serialize};

use crate::life_cycle::Stage;
use crate::referral::{Referral, ReferralKind};

/// Microsoft's part in a deal, as far as the seller was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Microsoft {
    /// Where its half of the engagement stood when the seller was last told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// What it was asked for: an `assistanceRequestCode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// What it could not be asked, until something of it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
}

/// A request that was not made, or that Partner Center refused: it is not made again while nothing of it has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A digest of what would have been sent, or of what was missing.
    pub tried: String,
    /// What the seller was told.
    pub told: Vec<String>,
}

impl Microsoft {
    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Microsoft's half is closed: nothing comes of it any more.
    pub fn is_over(&self) -> bool {
        self.stage.is_some_and(Stage::is_terminal)
    }
}

/// How Microsoft was asked to help, as its half of the engagement tells.
pub fn asked_for(half: &Referral) -> Option<&str> {
    let code = half.get("inviteContext.assistanceRequestCode")?.as_str()?;
    (half.kind == ReferralKind::MicrosoftReferral && !code.is_empty()).then_some(code)
}

/// A digest by which a request is known again. FNV-1a: the same in every version of the program.
pub fn digest(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_fnv_1a_and_so_the_same_for_ever() {
        assert_eq!(digest(""), "cbf29ce484222325");
        assert_eq!(digest("a"), "af63dc4c8601ec8c");
    }
}
