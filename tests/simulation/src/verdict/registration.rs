//! Won deals are registered, once, and none is sent as won before Microsoft takes its registration.

use cosell_fakes::Written;
use cosell_mapping::Required;
use cosell_model::crm::Phase;
use cosell_model::deal::DealKind;
use cosell_model::life_cycle::Stage;
use cosell_model::link::Registering;
use cosell_model::referral::{Referral, ReferralKind};
use jiff::SignedDuration;
use serde_json::Value as Json;

use super::status::refuses_for_good;
use super::{End, Pair};

/// The least time between creation and win (contract partner-center 3.6).
const LEAST_AGE: SignedDuration = SignedDuration::from_hours(72);

/// Which deals Microsoft registers (contract partner-center 3.6).
fn can_be_registered(referral: &Referral, with_microsoft: bool) -> bool {
    matches!(
        referral.deal(with_microsoft),
        DealKind::PartnerLed
            | DealKind::Cosell
            | DealKind::ServicesCosell
            | DealKind::InboundCosell
    )
}

fn registrations(referral: &Referral) -> usize {
    referral.get("registrations").and_then(Json::as_array).map_or(0, Vec::len)
}

pub(super) fn check(pair: &Pair<'_>, wrong: &mut Vec<String>) {
    let Pair { end, link, referral, record, .. } = pair;
    let count = registrations(referral);
    if count > 1 {
        wrong.push(format!("the deal {} was registered {count} times", referral.id));
    }
    let won = referral.stage == Stage::Won && record.phase == Phase::Won;
    if !end.weather.registers || !won || count == 1 || !pair.is_flagged() {
        return;
    }
    let microsofts = end.referrals.iter().find(|other| {
        other.kind == ReferralKind::MicrosoftReferral && other.engagement == referral.engagement
    });
    let accepted = microsofts.is_none_or(|microsofts| {
        matches!(microsofts.stage, Stage::Active | Stage::Won)
            && link.microsoft_referral == Some(microsofts.id)
    });
    let age = referral
        .time("createdDateTime")
        .zip(referral.time("closedDateTime"))
        .map(|(from, to)| to.duration_since(from));
    let old = age.is_some_and(|age| age >= LEAST_AGE);
    if !accepted || !old || !can_be_registered(referral, microsofts.is_some()) {
        return;
    }
    // What keeps it from being registered is known: a value is missing, or refused for good.
    let rules = pair.mapping.registering().map(|registration| registration.rules.as_slice());
    let missing = rules.unwrap_or_default().iter().any(|rule| {
        let empty = rule.read_crm(record).is_ok_and(|value| value.is_nothing());
        empty && rule.required == Required::Always
    });
    let is_known = matches!(link.registering, Some(Registering::Refused { .. }))
        && (missing || refuses_for_good(&end.state.partner_center.refusals));
    if !is_known {
        wrong.push(format!(
            "the won deal {} was never registered: {:?}",
            referral.id, link.registering
        ));
    }
}

/// No win of a deal that can be registered was sent within 72 hours of its creation.
pub(super) fn never_too_early(end: &End<'_>, wrong: &mut Vec<String>) {
    if !end.weather.registers {
        return;
    }
    for write in &end.state.writes {
        let (Some(Written::Referral(before)), Written::Referral(after)) =
            (&write.before, &write.after)
        else {
            continue;
        };
        if before["status"] == "Closed" || after["substatus"] != "Won" {
            continue;
        }
        let Ok(referral) = Referral::parse(before.clone(), None, None) else { continue };
        let created = referral.time("createdDateTime");
        let age = created.map(|created| write.at.duration_since(created));
        if age.is_some_and(|age| age < LEAST_AGE) && can_be_registered(&referral, false) {
            wrong.push(format!("{} was sent as won too early to be registered", referral.id));
        }
    }
}
