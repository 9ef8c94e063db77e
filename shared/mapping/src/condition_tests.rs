use serde_json::json;

use super::*;
use crate::fixtures::referral;
use cosell_model::life_cycle::Stage;

fn incoming(body: &mut Json) {
    body["direction"] = json!("Incoming");
    body["type"] = json!("Shared");
    body["inviteContext"] = json!({ "invitedBy": { "organizationId": "msft" } });
}

#[test]
fn a_condition_tells_kind_direction_and_stage_apart() {
    let own = Situation::of(&referral(|_| {}), false);
    let invited = Situation::of(&referral(incoming), false);
    for (when, of_own, of_invited) in [
        (json!({}), true, true),
        (json!({ "direction": "incoming" }), false, true),
        (json!({ "direction": "outgoing" }), true, false),
        (json!({ "deal": ["private", "inbound_cosell"] }), true, true),
        (json!({ "deal": ["cosell"] }), false, false),
        (json!({ "stage": ["Active"] }), true, true),
        (json!({ "stage": ["New", "Won"] }), false, false),
        (json!({ "deal": ["private"], "stage": ["Won"] }), false, false),
    ] {
        let condition: Condition = serde_json::from_value(when.clone()).unwrap();
        assert_eq!(
            (condition.holds(own), condition.holds(invited)),
            (of_own, of_invited),
            "{when}"
        );
    }
    assert_eq!(own.stage, Stage::Active);
}

#[test]
fn an_upgraded_deal_is_reported_by_microsofts_half() {
    let condition: Condition = serde_json::from_value(json!({ "deal": ["cosell"] })).unwrap();
    assert!(!condition.holds(Situation::of(&referral(|_| {}), false)));
    assert!(condition.holds(Situation::of(&referral(|_| {}), true)));
}

#[test]
fn a_new_cosell_deal_may_become_one_for_services() {
    let condition: Condition =
        serde_json::from_value(json!({ "deal": ["services_cosell"] })).unwrap();
    assert!(condition.holds(Situation::of_new(DealKind::Cosell)));
    assert!(!condition.holds(Situation::of_new(DealKind::Private)));
}

#[test]
fn conditions_that_no_deal_fulfils_together_exclude_each_other() {
    let condition = |json: Json| serde_json::from_value::<Condition>(json).unwrap();
    let incoming = condition(json!({ "direction": "incoming", "stage": ["New"] }));
    for (other, excluded) in [
        (json!({ "direction": "outgoing" }), true),
        (json!({ "stage": ["Active", "Won"] }), true),
        (json!({ "stage": ["Active", "New"] }), false),
        (json!({ "deal": ["cosell"] }), false),
        (json!({}), false),
    ] {
        assert_eq!(incoming.excludes(&condition(other.clone())), excluded, "{other}");
    }
}
