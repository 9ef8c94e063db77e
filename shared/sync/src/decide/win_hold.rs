//! A win of the CRM that comes too soon after the deal was made: Microsoft may then reject its
//! registration (contract partner-center 3.6).

use cosell_model::deal::DealKind;
use jiff::{SignedDuration, Timestamp};

use super::case::Case;

/// 72 hours between creation and win, and as much more as clocks may differ.
const HOLD: SignedDuration = SignedDuration::from_mins(72 * 60 + 5);

/// Until when a win is deferred; `None` when it may be sent. Where Partner Center does not say when
/// the referral was made, it was not later than it was linked.
pub(super) fn until(case: &Case<'_>) -> Option<Timestamp> {
    case.mapping.registering()?;
    let helped = case.link.microsoft_referral.is_some() || case.microsoft().is_some();
    let deal = case.referral.deal(helped);
    // A private deal that its seller shows to Microsoft is partner-led before the win is sent.
    let is_to_be_shared =
        deal == DealKind::Private && case.mapping.visibility_of(case.record) == Ok(Some(true));
    if !can_be_registered(deal) && !is_to_be_shared {
        return None;
    }
    let created = case.referral.time("createdDateTime").unwrap_or(case.link.created);
    let until = created.saturating_add(HOLD).unwrap_or(Timestamp::MAX);
    (case.now < until).then_some(until)
}

/// Co-sell and partner-led deals can (contract partner-center 3.6).
pub(super) fn can_be_registered(deal: DealKind) -> bool {
    matches!(
        deal,
        DealKind::PartnerLed
            | DealKind::Cosell
            | DealKind::ServicesCosell
            | DealKind::InboundCosell
    )
}
