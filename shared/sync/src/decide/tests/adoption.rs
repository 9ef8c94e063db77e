//! Two sides that name each other and are not linked.

use super::*;

#[test]
fn only_an_open_flagged_deal_is_adopted() {
    let adopted = Deal::to_adopt(|_| {}, |_| {}).plan();
    assert!(!adopted.ends && adopted.codes().contains(&"adopted"), "{:?}", adopted.codes());
    let unflagged = |record: &mut CrmRecord| {
        set(record, "nwcs_syncwithpartnercenter", json!(false));
    };
    assert_eq!(off(&Deal::to_adopt(|_| {}, unflagged).plan()), Some(&OffReason::NotFlagged));
    let lost = |body: &mut Json| stage(body, "Closed", "Lost");
    let contradiction = Deal::to_adopt(lost, |_| {}).plan();
    assert_eq!(refused(&contradiction)[0].code(), "counterpart-closed");
    let both = Deal::to_adopt(lost, |record| record.phase = Phase::Lost).plan();
    assert_eq!(off(&both), Some(&OffReason::ClosedBefore));
}

#[test]
fn microsoft_may_have_been_asked_for_a_shared_deal_before_it_was_linked() {
    let looks =
        |plan: &Plan| plan.effects.iter().any(|effect| matches!(effect.action, Action::FindHelp));
    // Its contact is incomplete, so that Microsoft is not asked anew.
    let chosen = |record: &mut CrmRecord| {
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
    };
    let shared = |body: &mut Json| body["type"] = json!("Shared");
    assert!(looks(&Deal::to_adopt(shared, chosen).plan()));
    assert!(!looks(&Deal::to_adopt(|_| {}, |_| {}).plan()));
    assert!(!looks(&Deal::to_adopt(shared, |_| {}).plan()));
}

#[test]
fn a_private_deal_is_adopted_where_private_deals_are_not_synced_if_its_seller_shows_it() {
    let mut deal = Deal::to_adopt(
        |_| {},
        |record| {
            set(record, "nwcs_referralvisibility", json!(412_000_001));
        },
    );
    deal.policy.sync_private = false;
    let plan = deal.plan();
    assert!(!plan.ends && plan.codes().contains(&"adopted"), "{:?}", plan.codes());
}
