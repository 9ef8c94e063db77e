//! Deal registration on a won referral, as the service checks it (contract partner-center 2.9,
//! 3.6).

use cosell_sync::{Failure, FailureKind, System};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::partner_center::SHARE;
use crate::world::State;

/// The least time between creation and win.
const LEAST_AGE: SignedDuration = SignedDuration::from_hours(72);

/// Whether this deal may be registered. Where a body does not say when it was made, its age is not
/// checked.
pub(crate) fn check(state: &State, deal: &Json) -> Result<(), Failure> {
    let refuse = |why: &str| Err(Failure::new(System::PartnerCenter, FailureKind::Rejected, why));
    if deal["substatus"] != "Won" {
        return refuse("only a won deal can be registered");
    }
    let time = |name: &str| deal[name].as_str()?.parse::<Timestamp>().ok();
    let age = time("createdDateTime")
        .zip(time("closedDateTime"))
        .map(|(from, to)| to.duration_since(from));
    if age.is_some_and(|age| age < LEAST_AGE) {
        return refuse("the deal was won within 72 hours of its creation");
    }
    let microsofts = state.referrals.values().find(|other| {
        other["target"][0]["id"] == "msft" && other["engagementId"] == deal["engagementId"]
    });
    let answer = microsofts.map(|other| other["substatus"].clone());
    if answer.is_some_and(|answer| answer != "Accepted" && answer != "Won") {
        return refuse("Microsoft has not accepted this deal");
    }
    if deal["direction"] == "Outgoing" && deal.pointer(SHARE) != Some(&json!(true)) {
        return refuse("a private deal cannot be registered");
    }
    Ok(())
}
