//! Whether Microsoft's sellers may see a deal.

use super::*;

const COLUMN: &str = "nwcs_referralvisibility";

fn choose(stage: &Stage, value: u32) {
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert(COLUMN.into(), json!(value)));
    });
}

fn consent(stage: &Stage) -> Json {
    stage.referrals()[0]["consent"]["consentToShareReferralWithMicrosoftSellers"].clone()
}

fn audit(stage: &Stage) -> String {
    stage.the_record().get("nwcs_audit").as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_seller_shows_a_private_deal_to_microsoft_later_and_cannot_take_that_back() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    assert_eq!(consent(&stage), false);
    choose(&stage, 412_000_001);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(consent(&stage), true);
    choose(&stage, 412_000_000);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(consent(&stage), true);
    assert_eq!(*stage.the_record().get(COLUMN), json!(412_000_001), "set back");
    assert_eq!(audit(&stage).matches("stays visible").count(), 1, "{}", audit(&stage));
    assert_eq!(stage.referrals().len(), 1, "nobody asked Microsoft to help");
}

#[tokio::test]
async fn a_partner_led_deal_is_made_in_one_go_and_comes_to_rest() {
    let stage = Stage::with_opportunity();
    choose(&stage, 412_000_001);
    stage.reconcile(&opportunity(), "makes it").await.unwrap();
    assert_eq!(consent(&stage), true);
    assert_eq!(stage.referrals()[0]["target"], json!([]));
    stage.script.take_calls();
    stage.reconcile(&opportunity(), "echo").await.unwrap();
    assert_eq!(stage.script.take_calls(), ["pc.get", "crm.get"], "nothing is left to save");
}

#[tokio::test]
async fn a_deal_that_asks_for_help_says_in_the_crm_that_microsoft_sees_it() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.reconcile(&opportunity(), "makes it").await.unwrap();
    assert_eq!(*stage.the_record().get(COLUMN), json!(412_000_001));
    let later = Stage::with_opportunity();
    later.until_quiet(&opportunity()).await;
    later.world.edit_record(OPPORTUNITY, ask_for_help);
    later.until_quiet(&opportunity()).await;
    assert_eq!(*later.the_record().get(COLUMN), json!(412_000_001));
}

#[tokio::test]
async fn a_crm_without_such_a_value_is_notified_and_the_rest_goes_on() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let mut body = stage.referrals()[0].clone();
    body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
    body["details"]["dealValue"] = json!(205_000);
    stage.world.put_referral(stage.the_link().referral, body);
    stage.crm_refuses(Some(COLUMN));
    stage.reconcile(&opportunity(), "refused").await.unwrap();
    assert_eq!(*stage.the_record().get("estimatedvalue"), json!(205_000));
    assert!(audit(&stage).contains("Referral Visibility was refused"), "{}", audit(&stage));
    stage.crm_refuses(None);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(*stage.the_record().get(COLUMN), json!(412_000_001));
}
