//! Whether Microsoft's sellers may see a deal.

use super::new_record::made;
use super::*;
use cosell_model::link::Step;

const COLUMN: &str = "nwcs_referralvisibility";
const CONSENT: &str = "/consent/consentToShareReferralWithMicrosoftSellers";

fn private() -> Json {
    json!(412_000_000)
}

fn visible() -> Json {
    json!(412_000_001)
}

fn shared(body: &mut Json) {
    body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
}

fn chosen(value: Json) -> Deal {
    Deal::without_referral(|record| set(record, COLUMN, value))
}

#[test]
fn a_new_deal_is_private_unless_its_seller_says_otherwise() {
    for (column, consent) in [(Json::Null, false), (private(), false), (visible(), true)] {
        let plan = chosen(column.clone()).plan();
        let body = created(&plan);
        assert_eq!(
            body["consent"]["consentToShareReferralWithMicrosoftSellers"], consent,
            "{column}"
        );
        assert_eq!((&body["type"], &body["target"]), (&json!("Independent"), &json!([])));
        assert_eq!(plan.help, HelpRequest::None);
        assert_eq!(plan.effects[0].is_final, consent, "what Microsoft saw stays visible");
    }
}

#[test]
fn without_private_deals_partner_led_ones_are_still_sent() {
    for column in [Json::Null, private()] {
        let mut deal = chosen(column);
        deal.policy.sync_private = false;
        assert_eq!(off(&deal.plan()), Some(&OffReason::KeptPrivate));
    }
    let mut deal = chosen(visible());
    deal.policy.sync_private = false;
    created(&deal.plan());
}

#[test]
fn a_value_that_the_table_lacks_is_notified_with_everything_else() {
    let plan = Deal::without_referral(|record| {
        set(record, COLUMN, json!(7));
        set(record, "nwcs_howcanmicrosofthelp", json!(8));
        set(record, "nwcs_products", Json::Null);
    })
    .plan();
    let codes: Vec<&str> = refused(&plan).iter().map(Notice::code).collect();
    assert_eq!(codes[..2], ["help-unreadable", "visibility-unreadable"]);
    let missing = plan.fields_of("field-missing");
    assert!(missing.contains("solutions") && missing.contains("contact_email"), "{missing:?}");
}

#[test]
fn a_private_deal_becomes_visible_once_and_for_all() {
    let mut deal = Deal::of(shipped(), |_| {}, |record| set(record, COLUMN, private()));
    deal.set(COLUMN, visible());
    let plan = deal.plan();
    assert_eq!(plan.paths(), [CONSENT]);
    assert_eq!(plan.operations()[0].value, json!(true));
    assert!(plan.effect("visibility").is_final);
    let sent = Notice::Sent { fields: vec![Field::Visibility], stage: None };
    assert_eq!(deal.news(&plan), [sent]);
    deal.carry_out(&plan);
    assert!(deal.plan().effects.is_empty());
    deal.set(COLUMN, private());
    let lowered = deal.plan();
    assert!(lowered.operations().is_empty(), "a consent never goes down");
    assert_eq!(lowered.columns()[COLUMN], visible());
    assert!(lowered.codes().contains(&"visibility-restored"), "{:?}", lowered.codes());
}

#[test]
fn what_partner_center_shows_stands_in_the_crm_and_is_written_once() {
    let mut deal = Deal::in_sync();
    deal.edit_referral(shared);
    let plan = deal.plan();
    assert_eq!(plan.columns()[COLUMN], visible());
    assert!(plan.operations().is_empty());
    // A CRM that does not keep it is not asked again.
    let unchanged = deal.record().clone();
    deal.stored(&plan, None, Some(unchanged));
    assert!(deal.plan().columns().is_empty());
    assert_eq!(made(&Deal::without_record(shared).plan()).fields[COLUMN], visible());
}

#[test]
fn help_makes_a_deal_visible_and_the_next_reconciliation_shows_it() {
    let mut deal = Deal::in_sync();
    deal.edit_record(asks);
    let plan = deal.plan();
    deal.carry_out(&plan);
    deal.link_mut().steps.insert(Step::MicrosoftInvited);
    assert!(!deal.link().last_synced.contains_key("visibility"));
    assert_eq!(deal.plan().columns()[COLUMN], visible());
}

#[test]
fn closed_and_inbound_deals_are_not_made_visible_and_that_is_notified_once() {
    let closed: fn(&mut Json) = |body| stage(body, "Closed", "Lost");
    let inbound: fn(&mut Json) = |body| body["direction"] = json!("Incoming");
    for (change, code) in [(closed, "visibility-referral-closed"), (inbound, "visibility-incoming")]
    {
        let mut deal = Deal::of(shipped(), change, |_| {});
        deal.set(COLUMN, visible());
        let plan = deal.plan();
        assert!(plan.operations().is_empty());
        assert!(deal.says(&plan).contains(&code), "{:?}", deal.says(&plan));
        deal.carry_out(&plan);
        assert!(!deal.says(&deal.plan()).contains(&code));
    }
}

#[test]
fn without_the_table_only_help_makes_a_deal_visible() {
    let mut mapping = shipped();
    mapping.visibility = None;
    let mut deal = Deal::of(mapping, |_| {}, |_| {});
    deal.edit_referral(shared);
    deal.set(COLUMN, visible());
    assert!(deal.plan().effects.is_empty());
    assert!(!deal.mapping.crm_columns().contains(COLUMN));
}
