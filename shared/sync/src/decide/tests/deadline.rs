//! Invitations that expire soon.

use cosell_model::notice::Inviter;
use jiff::Timestamp;

use super::*;

const EXPIRES: &str = "2026-12-05T09:30:00Z";

fn invited(expires: &str) -> impl FnOnce(&mut Json) {
    move |body| {
        pending(body);
        body["direction"] = json!("Incoming");
        body["expirationDateTime"] = json!(expires);
    }
}

/// An invitation that nobody has answered.
fn unanswered() -> Deal {
    Deal::of(shipped(), invited(EXPIRES), |record| record.phase = Phase::OnHold)
}

fn at(deal: &mut Deal, now: &str) -> Plan {
    deal.pair.now = now.parse().unwrap();
    deal.plan()
}

fn warning(days: u16, inviter: Inviter) -> Notice {
    Notice::DeadlineNear { by: EXPIRES.parse().unwrap(), days, inviter }
}

fn waits(deal: &Deal, plan: &Plan) -> Option<Timestamp> {
    match deal.folded(plan).state {
        DealState::Waiting { until, .. } => until,
        _ => None,
    }
}

#[test]
fn each_threshold_warns_once_and_the_state_stays_until_the_answer() {
    let mut deal = unanswered();
    let early = at(&mut deal, "2026-11-30T09:29:00Z");
    assert!(early.effects.is_empty() && early.memory.warned.is_empty(), "{early:?}");
    let first = at(&mut deal, "2026-11-30T09:30:00Z");
    assert_eq!(deal.unread(&first), [warning(5, Inviter::Microsoft)]);
    assert_eq!(waits(&deal, &first).unwrap().to_string(), EXPIRES);
    deal.carry_out(&first);
    let again = at(&mut deal, "2026-12-03T09:30:00Z");
    assert!(again.effects.is_empty(), "{again:?}");
    assert!(waits(&deal, &again).is_some());
    assert_eq!(again.memory.warned, deal.link().warned);
    let last = at(&mut deal, "2026-12-04T09:30:00Z");
    assert_eq!(deal.unread(&last), [warning(1, Inviter::Microsoft)]);
    deal.carry_out(&last);
    deal.edit_referral(|body| stage(body, "Active", "Accepted"));
    deal.edit_record(|record| record.phase = Phase::Open);
    let answered = at(&mut deal, "2026-12-04T12:00:00Z");
    assert!(deal.unread(&answered).is_empty() && answered.memory.warned.is_empty());
}

#[test]
fn another_deadline_warns_anew() {
    let mut deal = unanswered();
    let plan = at(&mut deal, "2026-12-04T12:00:00Z");
    deal.carry_out(&plan);
    deal.edit_referral(|body| body["expirationDateTime"] = json!("2026-12-08T09:30:00Z"));
    let moved = at(&mut deal, "2026-12-04T13:00:00Z");
    assert_eq!(deal.says(&moved), ["deadline-near"]);
}

#[test]
fn microsofts_time_to_answer_is_notified_and_the_deal_stays_in_sync() {
    let mut deal = Deal::in_sync();
    let mut microsoft = referral(invited(EXPIRES));
    microsoft.id = "8d3f9b10-5b9f-4a2c-9c61-1d6a0be7f002".parse().unwrap();
    deal.pair.microsoft = Some(microsoft.clone());
    let plan = at(&mut deal, "2026-12-01T09:30:00Z");
    assert!(deal.unread(&plan).contains(&warning(5, Inviter::Us)), "{:?}", deal.says(&plan));
    assert_eq!(deal.folded(&plan).state, DealState::InSync);
    deal.carry_out(&plan);
    deal.pair.microsoft = None;
    let unrelated = at(&mut deal, "2026-12-01T10:00:00Z");
    assert_eq!(
        unrelated.memory.warned, plan.memory.warned,
        "a reconciliation that is not about the Microsoft referral forgets nothing"
    );
    deal.carry_out(&unrelated);
    deal.pair.microsoft = Some(microsoft);
    let again = at(&mut deal, "2026-12-01T11:00:00Z");
    assert!(deal.unread(&again).is_empty(), "{:?}", deal.says(&again));
}

#[test]
fn nobody_is_warned_on_a_closed_record_or_by_a_setting_of_never() {
    let mut lost = unanswered();
    lost.edit_record(|record| record.phase = Phase::Lost);
    let plan = at(&mut lost, "2026-12-04T12:00:00Z");
    assert!(!plan.codes().contains(&"deadline-near") && plan.memory.warned.is_empty());
    let mut never = unanswered();
    never.policy.deadlines = "never".parse().unwrap();
    let plan = at(&mut never, "2026-12-04T12:00:00Z");
    assert!(!plan.codes().contains(&"deadline-near") && plan.memory.warned.is_empty());
}
