//! Fields whose values are not known.

use std::collections::BTreeSet;

use super::*;

/// The deal after the referral was read like this, and its state.
fn read(deal: &mut Deal, read: impl FnOnce(&mut Json)) -> (Plan, DealState) {
    deal.edit_referral(read);
    let plan = deal.plan();
    let state = deal.folded(&plan).state;
    (plan, state)
}

fn lose_details(body: &mut Json) {
    body.as_object_mut().unwrap().remove("details");
}

fn partly(state: &DealState) -> (BTreeSet<&str>, bool) {
    match state {
        DealState::PartlySynced { fields, blocked, .. } => {
            (fields.iter().map(Field::as_str).collect(), *blocked)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_value_changes_nothing_and_keeps_the_deal_from_being_in_sync() {
    let mut deal = Deal::in_sync();
    let last_synced = deal.link().last_synced["deal_value"].clone();
    let (plan, state) = read(&mut deal, |body| body["details"]["dealValue"] = json!("a lot"));
    assert!(plan.changes_nothing(), "{plan:?}");
    assert_eq!(partly(&state), (BTreeSet::from(["deal_value"]), false));
    assert_eq!(plan.codes(), ["field-unreadable"]);
    deal.carry_out(&plan);
    assert_eq!(deal.link().last_synced["deal_value"], last_synced);

    let again = deal.plan();
    assert!(deal.unread(&again).is_empty(), "{again:?}");
    assert_eq!(partly(&deal.folded(&again).state).0, BTreeSet::from(["deal_value"]));
    let (plan, state) = read(&mut deal, |body| body["details"]["dealValue"] = json!(184_000));
    assert!(plan.changes_nothing() && state == DealState::InSync, "{state:?} {plan:?}");
}

#[test]
fn what_is_no_value_in_the_crm_says_so_there() {
    let mut deal = Deal::in_sync();
    deal.set("estimatedclosedate", json!("soon"));
    let plan = deal.plan();
    let Some(Notice::FieldUnreadable { field, side, .. }) = plan.notices.first() else {
        panic!("{plan:?}")
    };
    assert_eq!((field.as_str(), *side), ("closing_date", Side::Crm));
}

#[test]
fn a_shortened_answer_leaves_a_deal_in_sync_as_it_was() {
    let mut deal = Deal::in_sync();
    let (plan, state) = read(&mut deal, lose_details);
    assert!(plan.effects.is_empty() && state == DealState::InSync, "{state:?} {plan:?}");
}

#[test]
fn an_edit_that_a_shortened_answer_hides_is_not_in_sync() {
    let mut deal = Deal::in_sync();
    deal.set("description", json!("Three."));
    let (plan, state) = read(&mut deal, lose_details);
    assert!(plan.changes_nothing(), "{plan:?}");
    assert_eq!(partly(&state), (BTreeSet::from(["notes"]), false));
}

#[test]
fn a_field_that_was_never_read_is_not_in_sync() {
    let mut deal = Deal::in_sync();
    deal.link_mut().last_synced.remove("notes");
    let (_, state) = read(&mut deal, lose_details);
    assert_eq!(partly(&state), (BTreeSet::from(["notes"]), false));
}
