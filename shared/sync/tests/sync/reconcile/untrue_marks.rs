//! ✔ beside what does not agree, however little of it can be seen.

use cosell_mapping::When;
use cosell_model::state::DealState;

use super::*;

fn status(stage: &Stage) -> String {
    stage.the_record().get("nwcs_syncstatus").as_str().unwrap_or_default().to_owned()
}

fn one_way(stage: &mut Stage, name: &str, (to_crm, to_partner_center): (When, When)) {
    with_rule(stage, name, |rule| {
        (rule.to_crm, rule.to_partner_center) = (to_crm, to_partner_center);
    });
}

/// An edit that looks like what a column kept of a text or a number.
#[tokio::test]
async fn an_edit_that_goes_nowhere_stays_one_though_it_looks_like_a_copy() {
    let mut stages = Vec::new();
    for (rule, column, value) in
        [("name", "name", json!("cold")), ("deal_value", "estimatedvalue", json!(184_000.9))]
    {
        let mut stage = in_sync().await;
        one_way(&mut stage, rule, (When::Always, When::Create));
        stage.seller_edits(|record| drop(record.fields.insert(column.into(), value)));
        stages.push(stage);
    }
    let mut stage = in_sync().await;
    one_way(&mut stage, "name", (When::Create, When::Always));
    stage.partner_center_edits(|body| body["name"] = json!("Cold"));
    stages.push(stage);
    for stage in stages {
        for _ in 0..4 {
            stage.reconcile(&opportunity(), "reconciles").await.unwrap();
            assert!(status(&stage).starts_with("⚠ Partly synced"), "{}", status(&stage));
        }
    }
}

#[tokio::test]
async fn an_answer_without_consent_changes_neither_the_state_nor_what_is_known() {
    let stage = Stage::with_referral();
    let consent = json!({ "consentToShareReferralWithMicrosoftSellers": false });
    let mut body = inbound();
    body["consent"] = consent.clone();
    stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    stage.until_quiet(&referral()).await;
    stage.seller_edits(|record| {
        record.phase = Phase::Open;
        record.fields.insert("nwcs_referralvisibility".into(), json!(412_000_001));
    });
    stage.until_quiet(&referral()).await;
    let (stands, audit) = (status(&stage), stage.the_record().get("nwcs_audit").clone());
    for _ in 0..3 {
        stage.partner_center_edits(|body| drop(body.as_object_mut().unwrap().remove("consent")));
        stage.reconcile(&referral(), "short").await.unwrap();
        assert_ne!(status(&stage), "✔ Synced");
        stage.partner_center_edits(|body| body["consent"] = consent.clone());
        stage.reconcile(&referral(), "whole").await.unwrap();
        assert_eq!(status(&stage), stands);
    }
    assert_eq!(*stage.the_record().get("nwcs_audit"), audit, "nothing is said again");
}

#[tokio::test]
async fn a_choice_that_a_short_answer_hides_is_not_in_sync() {
    let stage = in_sync().await;
    stage.partner_center_edits(|body| drop(body.as_object_mut().unwrap().remove("consent")));
    stage.seller_edits(|record| {
        drop(record.fields.insert("nwcs_referralvisibility".into(), json!(412_000_001)));
    });
    stage.reconcile(&opportunity(), "short").await.unwrap();
    assert!(matches!(stage.the_link().state, DealState::PartlySynced { .. }), "{}", status(&stage));
}

#[tokio::test]
async fn a_choice_to_show_a_deal_that_was_never_compared_is_not_in_sync() {
    let stage = Stage::with_referral();
    stage.until_quiet(&referral()).await;
    stage.seller_edits(|record| {
        record.phase = Phase::Open;
        record.fields.insert("nwcs_referralvisibility".into(), json!(412_000_001));
    });
    stage.until_quiet(&referral()).await;
    assert!(stage.referrals()[0].get("consent").is_none(), "it never had the block");
    assert_eq!(status(&stage), "⚠ Partly synced: Referral Visibility");
    // Private is what a deal is of which Partner Center says nothing.
    for choice in [json!(412_000_000), Json::Null] {
        stage.seller_edits(|record| {
            drop(record.fields.insert("nwcs_referralvisibility".into(), choice));
        });
        stage.until_quiet(&referral()).await;
        assert_eq!(status(&stage), "✔ Synced");
    }
}
