//! Which referrals take part.

use cosell_model::notice::OffReason;
use cosell_model::referral::{Referral, ReferralKind};

/// Why a referral that is not linked takes no part; `None` when it does.
pub(super) fn outside(
    (sync_private, sync_leads): (bool, bool),
    referral: &Referral,
) -> Option<OffReason> {
    match referral.kind {
        ReferralKind::Lead if !sync_leads => Some(OffReason::LeadsOff),
        ReferralKind::MicrosoftReferral => Some(OffReason::MicrosoftReferral),
        _ if referral.stage.is_terminal() => Some(OffReason::ClosedBefore),
        ReferralKind::Opportunity if !referral.is_visible_to_microsoft() && !sync_private => {
            Some(OffReason::Private)
        }
        ReferralKind::Opportunity | ReferralKind::Lead => None,
    }
}
