//! Referrals without a record.

use cosell_mapping::Carried;
use cosell_model::crm::CrmWrite;

use super::*;

/// The record that is made.
pub(super) fn made(plan: &Plan) -> &CrmWrite {
    let mut effects = plan.effects.iter();
    let write = effects.find_map(|effect| match &effect.action {
        Action::CreateRecord { write, .. } => Some(write),
        _ => None,
    });
    write.unwrap_or_else(|| panic!("not made: {:?}", plan.codes()))
}

#[test]
fn an_unanswered_referral_becomes_a_record_on_hold_that_shows_its_sync() {
    let plan = Deal::without_record(pending).plan();
    let write = made(&plan);
    assert_eq!(write.phase, Some(Phase::OnHold));
    assert_eq!(write.fields["nwcs_syncstatus"], "✔ Synced");
    assert_eq!(write.fields["nwcs_syncwithpartnercenter"], true);
    assert_eq!(
        write.fields["nwcs_referrallink"],
        "https://partner.example/referrals/c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa"
    );
    assert_eq!(plan.codes(), ["record-created"]);
    assert_eq!(write.fields["estimatedvalue"], 184_000);
    assert!(!write.fields.contains_key("nwcs_referralid"), "the identifier is the upsert's key");
}

#[test]
fn leads_private_deals_and_closed_referrals_follow_the_policy() {
    let reason = |change: &dyn Fn(&mut Deal), body: fn(&mut Json)| {
        let mut deal = Deal::without_record(body);
        change(&mut deal);
        off(&deal.plan()).cloned()
    };
    let lead = |body: &mut Json| {
        body["direction"] = json!("Incoming");
        body["qualification"] = json!("Direct");
    };
    let without_leads = |deal: &mut Deal| deal.policy.sync_leads = false;
    assert_eq!(reason(&without_leads, lead), Some(OffReason::LeadsOff));
    assert_eq!(reason(&|_| {}, lead), None);
    let closed = |body: &mut Json| stage(body, "Closed", "Lost");
    assert_eq!(reason(&|_| {}, closed), Some(OffReason::ClosedBefore));
    let shared_only = |deal: &mut Deal| deal.policy.sync_private = false;
    assert_eq!(reason(&shared_only, |_| {}), Some(OffReason::Private));
    assert_eq!(reason(&|_| {}, |_| {}), None);
}

#[test]
fn a_new_record_has_every_value_that_its_rules_carry_and_the_connectors_columns() {
    let mut deal = Deal::without_record(|body| body["details"]["notes"] = json!("x".repeat(2_007)));
    deal.mapping = deal.mapping.marking_names();
    let plan = deal.plan();
    let mut fields = made(&plan).fields.clone();
    assert_eq!(fields.remove("name"), Some(json!("✔ Cold-store rollout")));
    let there = deal.pair.referral.as_ref().unwrap();
    for rule in deal.mapping.rules.iter().filter(|rule| !rule.marked) {
        if let Carried::Written { json, .. } = rule.carried_to_crm(there) {
            assert_eq!(fields.remove(rule.crm.as_str()), Some(json), "{}", rule.name);
        }
    }
    let besides: Vec<&str> = fields.keys().map(String::as_str).collect();
    let own = ["nwcs_audit", "nwcs_referrallink", "nwcs_syncstatus", "nwcs_syncwithpartnercenter"];
    assert_eq!(besides, own, "every column once, as it is written");
}

#[test]
fn a_value_that_cannot_be_written_leaves_its_column_empty_and_says_why() {
    let plan = Deal::without_record(|body| body["details"]["dealValue"] = json!("much")).plan();
    assert_eq!(plan.fields_of("field-left-empty"), ["deal_value"].into());
    assert!(!made(&plan).fields.contains_key("estimatedvalue"));
}
