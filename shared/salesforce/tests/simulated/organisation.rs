use cosell_model::crm::{CrmWrite, Phase};
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;
use serde_json::json;

use crate::environment::{Environment, deal, referral, to_phase, write};

fn with_currency(code: &str) -> CrmWrite {
    let mut fields = deal();
    fields.push(("CurrencyIsoCode", json!(code)));
    write(&fields)
}

#[tokio::test]
async fn one_currency_is_the_settings_and_no_other_can_be_kept() {
    let environment = Environment::start().await;
    let record = environment.crm.upsert(referral(), &with_currency("USD")).await.unwrap();
    assert_eq!(record.get("CurrencyIsoCode"), &json!("USD"));
    let failure = environment.crm.upsert(referral(), &with_currency("EUR")).await.unwrap_err();
    assert!(failure.message.contains("EUR") && failure.message.contains("USD"), "{failure}");
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert!(failure.message.contains("only USD"), "{failure}");
    assert_eq!(environment.rows("Opportunity").await.len(), 1);
}

#[tokio::test]
async fn several_currencies_are_the_deals_own() {
    let environment = Environment::with(
        |settings| settings.single_currency = None,
        |config| config.salesforce.multi_currency = true,
    )
    .await;
    let record = environment.crm.upsert(referral(), &with_currency("EUR")).await.unwrap();
    assert_eq!(record.get("CurrencyIsoCode"), &json!("EUR"));
}

#[tokio::test]
async fn stages_are_the_organisations_own_words() {
    let environment =
        Environment::with(|settings| settings.on_hold_stage = Some("Wartet".to_owned()), |_| {})
            .await;
    let stage = |name: &str, closed: bool, won: bool| {
        json!({
            "name": name, "closed": closed, "won": won, "forecast": "Pipeline"
        })
    };
    let stages = [
        stage("Wartet", false, false),
        stage("Läuft", false, false),
        stage("Gewonnen", true, true),
        stage("Verloren", true, false),
    ];
    environment.control("PUT", "stages", Some(json!(stages))).await;
    let waiting = CrmWrite { phase: Some(Phase::OnHold), ..write(&deal()) };
    let record = environment.crm.upsert(referral(), &waiting).await.unwrap();
    assert_eq!(record.phase, Phase::OnHold);
    environment.seller_edits(&record.key, json!({"StageName": "Läuft"})).await;
    let record = environment.rested(&record.key).await;
    assert_eq!(record.phase, Phase::Open);
    let record = environment.crm.update(&record, &to_phase(Phase::Won)).await.unwrap();
    assert_eq!(
        (record.phase, &environment.rows("Opportunity").await[0]["StageName"]),
        (Phase::Won, &json!("Gewonnen"))
    );
}

#[tokio::test]
async fn a_stage_that_is_missing_is_named_with_those_there_are_and_used_when_it_is_made() {
    let environment =
        Environment::with(|settings| settings.won_stage = Some("Signed".to_owned()), |_| {}).await;
    let record = environment.opportunity().await;
    let failure = environment.crm.update(&record, &to_phase(Phase::Won)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected, "one deal's trouble: {failure}");
    assert!(
        failure.message.contains("`Signed`") && failure.message.contains("`Closed Won`"),
        "{failure}"
    );
    let mut stages = environment.control("GET", "stages", None).await;
    stages
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "Signed", "closed": true, "won": true, "forecast": "Closed"}));
    environment.control("PUT", "stages", Some(stages)).await;
    let record = environment.crm.update(&record, &to_phase(Phase::Won)).await.unwrap();
    assert_eq!(record.phase, Phase::Won);
}

#[tokio::test]
async fn settings_that_no_new_deal_can_do_with_wait_for_the_administrator() {
    for stage in ["Nowhere", "Prospecting"] {
        // Prospecting is the on-hold stage: leaving it could not be recognised.
        let environment =
            Environment::with(|settings| settings.open_stage = Some(stage.to_owned()), |_| {})
                .await;
        let failure = environment.crm.upsert(referral(), &write(&deal())).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Credentials, "{failure}");
        assert!(failure.message.contains("active stage"), "{failure}");
    }
}

#[tokio::test]
async fn without_an_on_hold_stage_a_waiting_deal_is_open() {
    let environment = Environment::with(|settings| settings.on_hold_stage = None, |_| {}).await;
    let waiting = CrmWrite { phase: Some(Phase::OnHold), ..write(&deal()) };
    let record = environment.crm.upsert(referral(), &waiting).await.unwrap();
    assert_eq!(record.phase, Phase::Open);
    assert_eq!(environment.rows("Opportunity").await[0]["StageName"], json!("Prospecting"));
}

#[tokio::test]
async fn a_field_that_is_hidden_is_named_with_its_remedy() {
    let environment = Environment::start().await;
    environment.switches(json!({"hidden_fields": ["Opportunity.Msp_Audit__c"]})).await;
    let failure = environment.crm.find_by_referral(referral()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(
        failure.message.contains("`Msp_Audit__c`") && failure.message.contains("permission set"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_single_currency_that_nobody_named_waits_for_the_administrator() {
    let environment = Environment::with(|settings| settings.single_currency = None, |_| {}).await;
    let mut fields = deal();
    fields.push(("CurrencyIsoCode", json!("EUR")));
    let failure = environment.crm.upsert(referral(), &write(&fields)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials, "{failure}");
    assert!(failure.message.contains("SalesforceCurrency"), "{failure}");
}
