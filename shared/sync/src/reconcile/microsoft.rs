//! Microsoft's half of an engagement: followed with every look at the pair until it is closed, whichever referral the look is about.
//!
//! Whether an event names Microsoft's half or ours is not documented, and a webhook may be lost (contract partner-center 4.3): so the half is
//! read, beside the two sides, rather than waited for.

use cosell_model::link::Link;
use cosell_model::microsoft::{Microsoft, asked_for};
use cosell_model::referral::Referral;

use super::Attempt;
use crate::failure::Failure;

impl Attempt<'_> {
    /// Microsoft's half: the one in hand, or the one that the link knows and that may still change. One that somebody made after the first
    /// was closed takes its place.
    pub(super) async fn half(
        &self,
        link: &Link,
        in_hand: Option<Referral>,
    ) -> Result<Option<Referral>, Failure> {
        let known = link.microsoft_referral;
        let takes = |half: &Referral| {
            known.is_none_or(|known| known == half.id) || link.microsoft.is_over()
        };
        if let Some(half) = in_hand.filter(takes) {
            return Ok(Some(half));
        }
        match known.filter(|_| !link.microsoft.is_over()) {
            Some(id) => self.engine.partner_center.get(id).await,
            None => Ok(None),
        }
    }
}

/// What the link remembers of Microsoft's part after a look; `told` when there is nothing left to tell of it.
pub(super) fn followed(link: &Link, half: Option<&Referral>, told: bool) -> Microsoft {
    let mut microsoft = link.microsoft.clone();
    if let Some(half) = half {
        if told {
            microsoft.stage = Some(half.stage);
        }
        if microsoft.asked.is_none() || link.microsoft_referral != Some(half.id) {
            microsoft.asked = asked_for(half).map(str::to_owned);
        }
    }
    microsoft
}
