//! Decisions after a write whose answer was lost.

use cosell_model::link::Link;

use super::*;
use crate::decide::last_synced::write_ahead;

/// The plan's writes are under way, and nobody knows what becomes of them.
fn lose(deal: &mut Deal, plan: &Plan) {
    let mut link = deal.link().clone();
    write_ahead(&deal.case(), plan, &mut link);
    *deal.link_mut() = link;
}

/// The seller set the notes to `new`, which was being sent when the answer was lost.
fn interrupted() -> Deal {
    let mut deal = Deal::in_sync();
    deal.set("description", json!("new"));
    let plan = deal.plan();
    lose(&mut deal, &plan);
    deal.set("description", json!("Two warehouses."));
    deal
}

fn notes(deal: &mut Deal, text: &str) {
    deal.edit_referral(|body| body["details"]["notes"] = json!(text));
}

fn is_conflict(plan: &Plan) -> bool {
    plan.changes().any(|effect| effect.overruled.is_some())
}

#[test]
fn an_edit_back_to_the_old_value_wins_over_our_own_write_whose_answer_was_lost() {
    let mut deal = interrupted();
    notes(&mut deal, "new");
    let plan = deal.plan();
    assert_eq!(plan.changes().count(), 1);
    assert_eq!(plan.operations()[0].value, json!("Two warehouses."), "the seller took it back");
    assert!(plan.columns().is_empty());
}

#[test]
fn when_nobody_can_say_whether_our_write_landed_an_edit_back_still_counts_as_one() {
    // The notes were on their way to Partner Center, somebody wrote a third text there, and the
    // seller took the first one again.
    let mut deal = interrupted();
    notes(&mut deal, "third");
    assert!(is_conflict(&deal.plan()));
}

#[test]
fn what_an_earlier_entry_meant_outlives_the_entry() {
    // A second write of the same field is under way, and its answer is lost as well.
    let mut deal = interrupted();
    notes(&mut deal, "third");
    let plan = deal.plan();
    lose(&mut deal, &plan);
    assert_eq!(deal.link().write_ahead.len(), 1);
    assert!(is_conflict(&deal.plan()), "still nobody can say");
}

#[test]
fn our_own_write_that_landed_is_no_edit() {
    let mut deal = interrupted();
    notes(&mut deal, "new");
    deal.set("description", json!("new"));
    let plan = deal.plan();
    assert!(plan.effects.is_empty(), "{plan:?}");
}

#[test]
fn a_write_that_never_landed_is_made_again() {
    let mut deal = interrupted();
    deal.set("description", json!("new"));
    assert_eq!(deal.plan().operations()[0].value, json!("new"));
}

#[test]
fn a_field_that_was_emptied_while_nobody_can_say_what_landed_is_not_filled_without_a_word() {
    let mut deal = interrupted();
    deal.set("description", json!("new"));
    notes(&mut deal, "");
    let plan = deal.plan();
    assert!(is_conflict(&plan), "{plan:?}");
    // It waits, and whoever reconciles next still knows.
    let link = deal.link().clone();
    let link = Link { in_doubt: deal.case().in_doubt, write_ahead: [].into(), ..link };
    *deal.link_mut() = Link { last_synced: [].into(), ..link };
    assert!(is_conflict(&deal.plan()));
}
