//! A win of the CRM that comes too soon after the deal was made: Microsoft may then reject its registration (contract partner-center 3.6).

use jiff::{SignedDuration, Timestamp};

use super::seller::minute;
use cosell_mapping::Mapping;
use cosell_model::crm::CrmRecord;
use cosell_model::deal::DealKind;
use cosell_model::link::Link;
use cosell_model::referral::Referral;

/// 72 hours between creation and win, and as much more as clocks may differ.
const HOLD: SignedDuration = SignedDuration::from_mins(72 * 60 + 5);

/// Until when a win waits; `None` when it may be sent. Where Partner Center does not say when the referral was made, it was not later
/// than it was linked.
pub(super) fn waits(
    mapping: &Mapping,
    link: &Link,
    referral: &Referral,
    record: &CrmRecord,
    now: Timestamp,
) -> Option<Timestamp> {
    mapping.registering()?;
    let deal = referral.deal(link.microsoft_referral.is_some());
    // A private deal that its seller shows to Microsoft is partner-led before the win is sent.
    let is_to_be_shared =
        deal == DealKind::Private && mapping.visibility_of(record) == Ok(Some(true));
    if !can_be_registered(deal) && !is_to_be_shared {
        return None;
    }
    let created = referral.time("createdDateTime").unwrap_or(link.created);
    let until = created.saturating_add(HOLD).unwrap_or(Timestamp::MAX);
    (now < until).then_some(until)
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

/// What the seller reads of a win that waits: as the sync status, and as a line.
pub fn win_waits_until(until: Timestamp) -> (String, String) {
    let until = minute(until);
    (
        format!("Won: sent on {until}"),
        format!(
            "The deal is sent as won on {until}, because Microsoft rejects the registration of deals won within 72 hours."
        ),
    )
}
