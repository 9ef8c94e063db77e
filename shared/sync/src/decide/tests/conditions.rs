//! Rules that are there for some deals only.

use cosell_mapping::{Required, When};
use cosell_model::patch::PatchOperation;

use super::new_record::made;
use super::*;

/// The shipped mapping with this condition on a rule.
fn with(name: &str, when: Json) -> Mapping {
    let mut mapping = shipped();
    rule_mut(&mut mapping, name).when = Some(serde_json::from_value(when).unwrap());
    mapping
}

fn invite(body: &mut Json) {
    body["direction"] = json!("Incoming");
    body["type"] = json!("Shared");
    body["inviteContext"] = json!({ "invitedBy": { "organizationId": "msft" } });
    body["inviteContext"]["notes"] = json!("Please help.");
}

#[test]
fn where_the_condition_does_not_hold_nothing_is_synced_and_what_was_last_synced_stays() {
    let mut deal = Deal::in_sync();
    let last_synced = deal.link().last_synced["notes"].clone();
    deal.mapping = with("notes", json!({ "deal": ["cosell"] }));
    deal.set("description", json!("new"));
    let plan = deal.plan();
    assert!(plan.effects.is_empty(), "{plan:?}");
    deal.carry_out(&plan);
    assert_eq!(deal.link().last_synced["notes"], last_synced);

    // The Microsoft referral appears: now the edit is found.
    deal.link_mut().microsoft_referral =
        Some("0f6f2b57-7f4e-4c8d-8c0e-55c7a1d4e3b3".parse().unwrap());
    let sent = PatchOperation::set(&referral(|_| {}), "details.notes", json!("new"));
    assert_eq!(deal.plan().operations(), [sent]);
}

#[test]
fn where_it_does_not_hold_a_new_referral_neither_gets_nor_needs_the_field() {
    let mut mapping = with("notes", json!({ "deal": ["cosell"] }));
    rule_mut(&mut mapping, "notes").required = Required::Always;
    for notes in [Json::Null, json!("Two warehouses.")] {
        let mut deal = Deal::without_referral(|record| set(record, "description", notes));
        deal.mapping = mapping.clone();
        assert!(created(&deal.plan())["details"].get("notes").is_none());
    }
}

#[test]
fn two_rules_for_different_deals_share_a_column() {
    let mut mapping = with("notes", json!({ "direction": "outgoing" }));
    let mut inbound = rule_mut(&mut mapping, "notes").clone();
    inbound.name = "inbound_notes".into();
    inbound.partner_center = "inviteContext.notes".into();
    inbound.to_partner_center = When::Never;
    inbound.when = Some(serde_json::from_value(json!({ "direction": "incoming" })).unwrap());
    mapping.rules.push(inbound);
    let from = |change: fn(&mut Json)| {
        let mut deal = Deal::without_record(change);
        deal.mapping = mapping.clone();
        made(&deal.plan()).fields["description"].clone()
    };
    assert_eq!(from(|_| {}), "Two warehouses.");
    assert_eq!(from(invite), "Please help.");
    let mut deal = Deal::of(mapping.clone(), invite, |_| {});
    deal.edit_referral(|body| body["inviteContext"]["notes"] = json!("Please hurry."));
    let plan = deal.plan();
    assert_eq!(plan.columns()["description"], "Please hurry.");
    let fields: Vec<&str> = plan.changes().map(|effect| effect.field.as_str()).collect();
    assert_eq!(fields, ["inbound_notes"], "what is refused is named by the rule that wrote it");
}
