use cosell_model::crm::Phase::{Lost, OnHold, Open, Won};
use cosell_model::crm::{CrmRecord, CrmWrite, Phase};
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;
use serde_json::json;

use crate::environment::{COLUMNS, Environment, to_phase, write};

impl Environment {
    async fn brought_to(&self, record: &CrmRecord, phase: Phase) -> CrmRecord {
        self.crm.update(record, &to_phase(phase)).await.unwrap()
    }
}

#[tokio::test]
async fn a_deal_goes_through_every_phase_and_back() {
    let environment = Environment::start().await;
    let mut record = environment.opportunity().await;
    for phase in [OnHold, Won, OnHold, Open, Lost, Won, Open, Lost, OnHold] {
        record = environment.brought_to(&record, phase).await;
        assert_eq!(record.phase, phase);
    }
    assert!(record.get("owninguser/lastname").is_string(), "related columns are read back too");
}

#[tokio::test]
async fn winning_leaves_one_close_row_without_the_customers_name() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    environment.brought_to(&record, Phase::Won).await;
    let closes = environment.rows("opportunitycloses").await;
    assert_eq!(closes.len(), 1);
    assert_eq!(closes[0]["subject"], json!("Won in Partner Center"));
}

#[tokio::test]
async fn a_phase_reached_already_writes_nothing() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    let won = environment.brought_to(&record, Phase::Won).await;
    environment.simulators.journal.clear();
    let again = environment.brought_to(&won, Phase::Won).await;
    assert_eq!(again.version, won.version);
    assert_eq!(environment.calls("PATCH", "") + environment.calls("POST", ""), 0);
}

#[tokio::test]
async fn a_status_reason_of_the_settings_is_used_for_a_loss() {
    let environment = Environment::with(|settings| settings.lost_status = 5, &COLUMNS).await;
    let record = environment.opportunity().await;
    environment.brought_to(&record, Phase::Lost).await;
    assert_eq!(environment.rows("opportunities").await[0]["statuscode"], json!(5));
}

#[tokio::test]
async fn without_an_on_hold_status_a_deal_on_hold_is_open() {
    let environment = Environment::with(|settings| settings.on_hold_status = None, &COLUMNS).await;
    let record = environment.opportunity().await;
    let held = environment.brought_to(&record, Phase::OnHold).await;
    assert_eq!((held.phase, held.version), (Phase::Open, record.version));
}

#[tokio::test]
async fn columns_of_a_locked_closed_deal_are_saved_together_with_its_phase() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    let won = environment.brought_to(&record, Phase::Won).await;
    let columns = write(&[("description", json!("Corrected"))]);
    let failure = environment.crm.update(&won, &columns).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert!(failure.message.contains("reopen"), "{failure}");
    for phase in [Phase::Lost, Phase::Open] {
        let now = environment.crm.get(&won.key).await.unwrap().unwrap();
        let change = CrmWrite { phase: Some(phase), ..columns.clone() };
        let updated = environment.crm.update(&now, &change).await.unwrap();
        assert_eq!((updated.phase, updated.get("description")), (phase, &json!("Corrected")));
    }
}

#[tokio::test]
async fn a_locked_closed_deal_is_saved_by_upsert_too_when_a_phase_is_asked_for() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    environment.brought_to(&record, Phase::Lost).await;
    let id = record.get("nwcs_referralid").as_str().unwrap().parse().unwrap();
    let change =
        CrmWrite { phase: Some(Phase::Open), ..write(&[("description", json!("Back again"))]) };
    let updated = environment.crm.upsert(id, &change).await.unwrap();
    assert_eq!((updated.key, updated.phase), (record.key, Phase::Open));
}
