//! An amount whose currency is another on the other side.

use cosell_mapping::{ConflictRule, When};
use cosell_model::audit::Side;

use super::*;

const CURRENCY: &str = "transactioncurrencyid/isocurrencycode";

fn edit_referral(stage: &Stage, edit: impl FnOnce(&mut Json)) {
    let mut body = stage.referrals()[0].clone();
    edit(&mut body);
    stage.world.put_referral(REFERRAL.parse().unwrap(), body);
}

fn seller_sets(stage: &Stage, column: &str, value: Json) {
    let id = stage.the_record().key.id;
    stage.world.edit_record(&id, |record| drop(record.fields.insert(column.into(), value)));
}

/// Reconciles as often as the echoes of our own writes cause it, at most `times`; says how many
/// wrote to the CRM.
async fn writes(stage: &Stage, times: usize) -> usize {
    let mut wrote = 0;
    for _ in 0..times {
        stage.script.take_calls();
        stage.reconcile(&referral(), "reconciles").await.unwrap();
        wrote += stage.script.take_calls().into_iter().filter(|call| *call == "crm.update").count();
    }
    wrote
}

/// An invitation that was accepted: both sides are open.
async fn accepted() -> Stage {
    let stage = Stage::with_referral();
    stage.until_quiet(&referral()).await;
    edit_referral(&stage, |body| {
        (body["status"], body["substatus"]) = (json!("Active"), json!("Accepted"));
    });
    stage.until_quiet(&referral()).await;
    stage
}

#[tokio::test]
async fn an_amount_that_waits_for_a_currency_that_waits_on_hold_is_notified_once() {
    let stage = Stage::with_referral();
    stage.until_quiet(&referral()).await;
    seller_sets(&stage, CURRENCY, json!("SEK"));
    edit_referral(&stage, |body| body["details"]["dealValue"] = json!(65_000));
    let wrote = writes(&stage, 6).await;
    assert!(wrote <= 2, "{wrote} of 6 reconciliations wrote to the CRM");
}

#[tokio::test]
async fn an_amount_that_waits_for_a_currency_that_an_operator_is_asked_about_is_notified_once() {
    let mut stage = accepted().await;
    with_rule(&mut stage, "currency", |rule| rule.conflict = ConflictRule::Ask);
    seller_sets(&stage, CURRENCY, json!("SEK"));
    edit_referral(&stage, |body| {
        body["details"]["currency"] = json!("CHF");
        body["details"]["dealValue"] = json!(65_000);
    });
    let wrote = writes(&stage, 6).await;
    assert!(wrote <= 2, "{wrote} of 6 reconciliations wrote to the CRM");
}

#[tokio::test]
async fn an_amount_whose_currency_goes_one_way_only_is_notified_once() {
    let mut stage = accepted().await;
    with_rule(&mut stage, "currency", |rule| rule.to_crm = When::Create);
    edit_referral(&stage, |body| {
        body["details"]["currency"] = json!("CHF");
        body["details"]["dealValue"] = json!(65_000);
    });
    let wrote = writes(&stage, 6).await;
    assert!(wrote <= 2, "{wrote} of 6 reconciliations wrote to the CRM");
}

#[tokio::test]
async fn an_amount_that_an_operator_decided_does_not_go_before_its_currency() {
    let mut stage = Stage::with_referral();
    stage.until_quiet(&referral()).await;
    with_rule(&mut stage, "deal_value", |rule| rule.conflict = ConflictRule::Ask);
    seller_sets(&stage, CURRENCY, json!("SEK"));
    seller_sets(&stage, "estimatedvalue", json!(700_000));
    edit_referral(&stage, |body| body["details"]["dealValue"] = json!(65_000));
    stage.reconcile(&referral(), "reconciles").await.unwrap();
    let order = Order { now: stage.now, id: "order" };
    stage
        .engine
        .resolve(REFERRAL.parse().unwrap(), &"deal_value".into(), Side::Crm, order)
        .await
        .unwrap();
    let details = &stage.referrals()[0]["details"];
    let there = (details["dealValue"].clone(), details["currency"].clone());
    assert_ne!(there, (json!(700_000), json!("EUR")), "700,000 SEK are not 700,000 EUR");
}

/// The CRM gives a new record its own currency. The function dies before the link is made, so that
/// the pair is adopted.
#[tokio::test]
async fn the_crms_own_currency_of_a_bare_record_is_not_sent_when_its_link_was_never_made() {
    let stage = Stage::new();
    let mut body = inbound();
    body["details"]["currency"] = json!("CHF");
    (body["status"], body["substatus"]) = (json!("Active"), json!("Accepted"));
    stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    stage.crm_refuses(Some(CURRENCY));
    stage.fault("links.create", Fault::Before(FailureKind::Transient));
    stage.reconcile(&referral(), "dies").await.unwrap_err();
    let id = stage.the_record().key.id;
    stage.world.edit_record(&id, |record| {
        record.fields.insert(CURRENCY.into(), json!("EUR"));
        record.modified = "2026-11-21T10:00:00Z".parse().unwrap();
    });
    let later = Stage { now: "2026-11-21T10:10:00Z".parse().unwrap(), ..stage };
    for _ in 0..3 {
        later.reconcile(&referral(), "later").await.unwrap();
    }
    assert_eq!(later.referrals()[0]["details"]["currency"], "CHF");
}

/// The seller won the deal meanwhile: what stands on the record cannot be carried any more, and for
/// another reason.
#[tokio::test]
async fn an_amount_for_a_closed_referral_does_not_wait_for_a_currency() {
    let mut stage = accepted().await;
    with_rule(&mut stage, "currency", |rule| rule.to_crm = When::Create);
    edit_referral(&stage, |body| body["details"]["currency"] = json!("CHF"));
    stage.until_quiet(&referral()).await;
    edit_referral(&stage, |body| {
        (body["status"], body["substatus"]) = (json!("Closed"), json!("Won"));
    });
    stage.reconcile(&referral(), "won").await.unwrap();
    let id = stage.the_record().key.id;
    stage.world.edit_record(&id, |record| record.phase = Phase::Open);
    seller_sets(&stage, "estimatedvalue", json!(70_000));
    let wrote = writes(&stage, 6).await;
    assert!(wrote <= 2, "{wrote} of 6 reconciliations wrote to the CRM");
}

/// A refusal of the two together still names them.
#[tokio::test]
async fn an_amount_and_a_currency_that_partner_center_refuses_together_are_named() {
    let stage = accepted().await;
    seller_sets(&stage, CURRENCY, json!("SEK"));
    seller_sets(&stage, "estimatedvalue", json!(700_000));
    stage.partner_center_refuses(Some("/details/currency"));
    let message = stage.reconcile(&referral(), "refused").await.unwrap().message;
    assert!(message.contains("Deal value") && message.contains("Currency"), "{message}");
}
