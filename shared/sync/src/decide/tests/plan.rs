//! Plans are data.

use super::*;

/// One plan of each kind that a decision gives.
fn plans() -> Vec<Plan> {
    let mut both_ways = Deal::in_sync();
    both_ways.edit_referral(|body| body["details"]["notes"] = json!("Three."));
    both_ways.set("estimatedvalue", json!(205_000));
    let mut helped = Deal::in_sync();
    helped.edit_record(asks);
    let mut lacking = Deal::in_sync();
    lacking.set("nwcs_howcanmicrosofthelp", json!(412_000_002));
    let mut lost = Deal::in_sync();
    lost.edit_referral(|body| stage(body, "Closed", "Lost"));
    let registered = Deal::of(
        registration::registering(),
        registration::led(|body| stage(body, "Closed", "Won")),
        registration::won_record,
    );
    let mut switched_off = Deal::in_sync();
    switched_off.set("nwcs_syncwithpartnercenter", json!(false));
    let mut gone = Deal::in_sync();
    gone.pair.referral = None;
    let contradiction = Standing::Contradiction(Notice::IdentifierUnreadable);
    let former = Standing::FormerLead { opportunity: RECORD.into() };
    let contradicted = Deal::observed(shipped(), pair(contradiction, None, Some(record(|_| {}))));
    let released = Deal::observed(shipped(), pair(former, None, Some(record(|_| {}))));
    let deals = vec![
        Deal::in_sync(),
        both_ways,
        helped,
        lacking,
        lost,
        registered,
        switched_off,
        gone,
        contradicted,
        released,
        Deal::without_record(|_| {}),
        Deal::without_referral(asks),
        Deal::to_adopt(|_| {}, |_| {}),
    ];
    deals.iter().map(Deal::plan).collect()
}

#[test]
fn every_plan_reads_back_from_what_it_is_stored_as() {
    for plan in plans() {
        let text = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan, "{text}");
    }
}

#[test]
fn a_decision_on_the_same_deal_is_the_same() {
    assert_eq!(plans(), plans());
}
