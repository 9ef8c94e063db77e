//! Stage and phase.

use super::*;

#[test]
fn a_win_in_the_crm_closes_the_referral_in_the_same_patch_as_the_fields() {
    let plan = after(
        |_| {},
        |record| {
            record.phase = Phase::Won;
            set(record, "estimatedvalue", json!(205_000));
        },
    );
    assert_eq!(plan.paths(), ["/details/dealValue", "/status", "/substatus"]);
    assert_eq!(plan.operations()[2].value, json!("Won"));
    let effect = plan.effect("stage");
    assert_eq!(
        (effect.side, effect.is_final, &effect.before, &effect.after),
        (Side::PartnerCenter, true, &Value::text("Active"), &Value::text("Won"))
    );
    assert!(plan.columns().is_empty() && plan.phase().is_none());
}

#[test]
fn a_win_in_partner_center_wins_the_record() {
    let plan = after(|body| stage(body, "Closed", "Won"), |_| {});
    assert_eq!(plan.phase(), Some(Phase::Won));
    assert!(plan.effect("stage").is_final);
    assert!(plan.operations().is_empty());
}

#[test]
fn a_closed_referral_is_never_patched_and_the_seller_is_notified_once() {
    let mut deal = Deal::of(
        shipped(),
        |body| stage(body, "Closed", "Won"),
        |record| record.phase = Phase::Won,
    );
    deal.edit_record(|record| {
        record.phase = Phase::Open;
        set(record, "estimatedvalue", json!(1));
    });
    let plan = deal.plan();
    assert!(plan.changes_nothing(), "{plan:?}");
    let final_stage = Notice::StageFinal { phase: Phase::Open, stage: Stage::Won };
    assert!(plan.notices.contains(&final_stage), "{:?}", plan.codes());
    assert_eq!(plan.fields_of("referral-closed"), ["deal_value"].into());
    deal.carry_out(&plan);
    assert!(deal.plan().effects.is_empty());
}

#[test]
fn a_change_for_a_closed_record_waits_until_it_is_reopened() {
    let mut deal = Deal::of(shipped(), |_| {}, |record| record.phase = Phase::Won);
    deal.edit_referral(|body| body["details"]["notes"] = json!("late"));
    let plan = deal.plan();
    assert!(plan.changes_nothing());
    assert_eq!(plan.fields_of("record-closed"), ["notes"].into());
    deal.carry_out(&plan);
    deal.edit_record(|record| record.phase = Phase::Open);
    assert_eq!(deal.plan().columns()["description"], json!("late"));
}

#[test]
fn taking_a_record_off_hold_accepts_the_referral() {
    let mut deal = Deal::of(shipped(), pending, |record| record.phase = Phase::OnHold);
    deal.edit_record(|record| record.phase = Phase::Open);
    let plan = deal.plan();
    let values: Vec<Json> = plan.operations().into_iter().map(|set| set.value).collect();
    assert_eq!(values, [json!("Active"), json!("Accepted")]);
    assert!(!plan.effect("stage").is_final);
}

#[test]
fn losing_an_unaccepted_record_declines_the_referral() {
    let mut deal = Deal::of(shipped(), pending, |record| record.phase = Phase::OnHold);
    deal.edit_record(|record| record.phase = Phase::Lost);
    assert_eq!(deal.plan().operations()[1].value, json!("Declined"));
}

#[test]
fn a_won_record_is_never_lost_nor_reopened_because_of_partner_center() {
    let won = |record: &mut CrmRecord| record.phase = Phase::Won;
    let mut deal = Deal::of(shipped(), pending, won);
    deal.edit_referral(|body| stage(body, "Closed", "Expired"));
    let expired = deal.plan();
    assert!(expired.changes_nothing());
    let final_stage = Notice::StageFinal { phase: Phase::Won, stage: Stage::Expired };
    assert!(expired.notices.contains(&final_stage), "{:?}", expired.codes());
    deal.edit_referral(|body| stage(body, "Active", "Accepted"));
    assert!(deal.plan().changes_nothing());
}

#[test]
fn a_lost_deal_carries_a_reason() {
    let plan = after(|_| {}, |record| record.phase = Phase::Lost);
    assert_eq!(plan.paths(), ["/status", "/substatus", "/statusReason"]);
}

#[test]
fn the_reason_that_a_deal_was_declined_or_expired_for_is_read_by_the_seller_alone() {
    let mut deal = Deal::in_sync();
    deal.edit_referral(|body| {
        stage(body, "Closed", "Expired");
        body["statusReason"] = json!("Customer did not respond");
    });
    let plan = deal.plan();
    assert_eq!(plan.phase(), Some(Phase::Lost));
    let given = Notice::ReasonGiven { reason: "Customer did not respond".into() };
    assert!(deal.news(&plan).contains(&given), "{:?}", deal.says(&plan));
    assert_eq!(crate::render::redacted(&given), None, "somebody's own words");
    let unexplained = after(|body| stage(body, "Closed", "Lost"), |_| {});
    assert!(!unexplained.codes().contains(&"reason-given"));
}

#[test]
fn a_seller_who_says_why_a_deal_is_lost_is_quoted() {
    let mut mapping = shipped();
    mapping.stages.reason = serde_json::from_value(json!({ "column": "new_lostreason" })).unwrap();
    assert!(mapping.crm_columns().contains("new_lostreason"));
    let mut deal = Deal::of(mapping, |_| {}, |_| {});
    deal.edit_record(|record| {
        record.phase = Phase::Lost;
        set(record, "new_lostreason", json!("Customer chose another vendor"));
    });
    assert_eq!(deal.plan().operations()[2].value, json!("Customer chose another vendor"));
}
