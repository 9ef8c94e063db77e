//! Computed values in a decision.

use cosell_mapping::{Expression, When};

use super::new_record::made;
use super::*;

fn expression(text: &str) -> Expression {
    Expression::try_from(text.to_owned()).unwrap()
}

/// The shipped mapping, its notes computed from the referral, and its name from the record.
fn computing() -> Mapping {
    let mut mapping = shipped();
    let notes = rule_mut(&mut mapping, "notes");
    notes.from_partner_center = Some(expression("{{ name }}: {{ details.notes }}"));
    notes.partner_center = "".into();
    notes.to_partner_center = When::Never;
    let name = rule_mut(&mut mapping, "name");
    name.from_crm = Some(expression("{{ customerid_account.name }}, {{ name }}"));
    name.crm = "".into();
    name.to_crm = When::Never;
    mapping
}

/// A deal in sync, as far as computed values go.
fn computed() -> Deal {
    Deal::of(
        computing(),
        |body| body["name"] = json!("Norrsken, Cold-store rollout"),
        |record| set(record, "description", json!("Cold-store rollout: Two warehouses.")),
    )
}

#[test]
fn computed_values_are_carried_on_creation() {
    let mut deal = Deal::without_record(|_| {});
    deal.mapping = computing();
    assert_eq!(made(&deal.plan()).fields["description"], "Cold-store rollout: Two warehouses.");
    let mut deal = Deal::without_referral(|_| {});
    deal.mapping = computing();
    assert_eq!(created(&deal.plan())["name"], "Norrsken, Cold-store rollout");
}

#[test]
fn a_computed_value_is_written_when_what_it_is_computed_from_changes_and_only_then() {
    let plan = computed().plan();
    assert!(plan.changes_nothing(), "{plan:?}");
    let mut edited = computed();
    edited.set("description", json!("the seller's own"));
    assert!(edited.plan().changes_nothing(), "the rule goes one way");
    let mut changed = computed();
    changed.edit_referral(|body| body["details"]["notes"] = json!("Three."));
    assert_eq!(changed.plan().columns()["description"], "Norrsken, Cold-store rollout: Three.");
    let mut renamed = computed();
    renamed.set("name", json!("Wave 2"));
    let operations = renamed.plan().operations();
    assert_eq!(operations.len(), 1);
    assert_eq!(operations[0].value, json!("Norrsken, Wave 2"));
}

#[test]
fn a_value_that_cannot_be_computed_is_no_change() {
    let mut deal = computed();
    let last_synced = deal.link().last_synced["notes"].clone();
    rule_mut(&mut deal.mapping, "notes").from_partner_center =
        Some(expression("{{ customerProfile.team[0].lastName }}"));
    let plan = deal.plan();
    assert!(plan.columns().is_empty());
    deal.carry_out(&plan);
    assert_eq!(deal.link().last_synced["notes"], last_synced);
}
