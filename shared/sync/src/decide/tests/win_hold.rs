//! Wins that wait until Microsoft takes the deal's registration.

use super::registration::{led, registering, won_record};
use super::*;

/// The deal of this referral, whose record was won since it was last synced.
fn won_since(mapping: Mapping, change: impl FnOnce(&mut Json), now: &str) -> Deal {
    let mut deal = Deal::of(mapping, led(change), |_| {});
    deal.edit_record(won_record);
    deal.pair.now = now.parse().unwrap();
    deal
}

fn deferred(plan: &Plan) -> Option<String> {
    plan.memory.win_deferred_until.map(|until| until.to_string())
}

#[test]
fn a_win_waits_until_72_hours_after_the_referral_was_made_when_deals_are_registered() {
    let plan = won_since(registering(), |_| {}, "2026-11-22T10:00:00Z").plan();
    assert_eq!(deferred(&plan).unwrap(), "2026-11-22T10:05:00.1234567Z");
    assert_eq!(plan.next, plan.memory.win_deferred_until);
    assert!(plan.operations().is_empty() && plan.deferred.contains("stage"), "{plan:?}");
    let sent = won_since(registering(), |_| {}, "2026-11-22T10:05:01Z").plan();
    assert_eq!((deferred(&sent), sent.operations().len()), (None, 2));
    let unregistered = won_since(shipped(), |_| {}, "2026-11-19T10:00:00Z").plan();
    assert_eq!((deferred(&unregistered), unregistered.operations().len()), (None, 2));
}

#[test]
fn a_win_that_waits_is_found_again_and_the_other_fields_are_synced_meanwhile() {
    let mut deal = won_since(registering(), |_| {}, "2026-11-20T10:00:00Z");
    deal.set("estimatedvalue", json!(205_000));
    let plan = deal.plan();
    assert_eq!(plan.paths(), ["/details/dealValue"]);
    deal.carry_out(&plan);
    deal.pair.now = "2026-11-23T10:00:00Z".parse().unwrap();
    assert_eq!(deal.plan().paths(), ["/status", "/substatus"]);
}

#[test]
fn neither_a_private_deal_nor_a_lost_one_waits() {
    let hide = |body: &mut Json| {
        body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(false);
    };
    let private = won_since(registering(), hide, "2026-11-19T11:00:00Z").plan();
    assert_eq!((deferred(&private), private.operations().len()), (None, 2));
    let mut deal = Deal::of(registering(), led(|_| {}), |_| {});
    deal.edit_record(|record| record.phase = Phase::Lost);
    deal.pair.now = "2026-11-19T11:00:00Z".parse().unwrap();
    let lost = deal.plan();
    assert_eq!((deferred(&lost), lost.operations().len()), (None, 3));
}

#[test]
fn a_win_waits_from_the_link_on_where_partner_center_does_not_say_when_the_deal_was_made() {
    let unsaid = |body: &mut Json| body["createdDateTime"] = Json::Null;
    let mut deal = won_since(registering(), unsaid, "2026-11-22T10:00:00Z");
    deal.pair.now = deal.link().created + jiff::SignedDuration::from_hours(71);
    assert!(deferred(&deal.plan()).is_some());
}

#[test]
fn a_win_waits_though_its_seller_shows_the_deal_to_microsoft_only_with_it() {
    let hide = |body: &mut Json| {
        body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(false);
    };
    let mut deal = won_since(registering(), hide, "2026-11-19T11:00:00Z");
    deal.set("nwcs_referralvisibility", json!(412_000_001));
    let plan = deal.plan();
    assert_eq!(plan.paths(), ["/consent/consentToShareReferralWithMicrosoftSellers"]);
    assert!(deferred(&plan).is_some());
}
