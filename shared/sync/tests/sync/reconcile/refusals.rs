//! A side refuses something: the rest goes on, and somebody is notified.

use super::*;

fn set(stage: &Stage, column: &str, value: Json) {
    stage.world.edit_record(OPPORTUNITY, |record| drop(record.fields.insert(column.into(), value)));
}

async fn linked() -> Stage {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    stage
}

#[tokio::test]
async fn a_column_that_the_crm_refuses_holds_up_no_other_and_is_notified_once() {
    let stage = linked().await;
    let mut body = stage.referrals()[0].clone();
    body["details"]["currency"] = json!("CHF");
    body["name"] = json!("New name");
    stage.world.put_referral(stage.the_link().referral, body);
    stage.crm_refuses(Some("transactioncurrencyid/isocurrencycode"));
    assert_eq!(stage.reconcile(&opportunity(), "first").await.unwrap().kind, AuditKind::Rejected);
    assert_eq!(stage.the_record().get("name"), "New name");
    let audit = stage.the_record().get("nwcs_audit").clone();
    assert!(audit.as_str().unwrap().contains("Currency was refused: the CRM rejected"), "{audit}");
    assert!(stage.the_record().get("nwcs_syncstatus").as_str().unwrap().starts_with('✘'));
    stage.reconcile(&opportunity(), "again").await.unwrap();
    assert_eq!(stage.the_record().get("nwcs_audit"), &audit, "notified once");
    stage.crm_refuses(None);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.the_record().get("transactioncurrencyid/isocurrencycode"), "CHF");
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

/// 250,000 of one currency are not 250,000 of another.
#[tokio::test]
async fn an_amount_is_synced_with_its_currency_or_not_at_all() {
    let stage = linked().await;
    let before = stage.the_record().get("estimatedvalue").clone();
    let mut body = stage.referrals()[0].clone();
    body["details"]["currency"] = json!("CHF");
    body["details"]["dealValue"] = json!(99);
    stage.world.put_referral(stage.the_link().referral, body);
    stage.crm_refuses(Some("transactioncurrencyid/isocurrencycode"));
    stage.reconcile(&opportunity(), "refused").await.unwrap();
    assert_eq!(stage.the_record().get("estimatedvalue"), &before);
    let audit = stage.the_record().get("nwcs_audit").as_str().unwrap().to_owned();
    assert!(
        audit.contains("Deal value")
            && audit.contains("Currency")
            && audit.contains("were refused"),
        "{audit}"
    );

    // The other way round: what the seller enters now is in the CRM's currency.
    set(&stage, "estimatedvalue", json!(7));
    stage.reconcile(&opportunity(), "the seller's").await.unwrap();
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 99);
    let audit = stage.the_record().get("nwcs_audit").as_str().unwrap().to_owned();
    assert!(audit.contains("Deal value"), "{audit}");

    stage.crm_refuses(None);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.the_record().get("transactioncurrencyid/isocurrencycode"), "CHF");
    assert_eq!(
        stage.the_record().get("estimatedvalue").as_f64(),
        stage.referrals()[0]["details"]["dealValue"].as_f64()
    );
}

#[tokio::test]
async fn a_field_that_partner_center_refuses_does_not_hold_up_a_win() {
    let stage = linked().await;
    set(&stage, "nwcs_products", json!("SOL-WRONG"));
    set(&stage, "name", json!("Renamed"));
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Won);
    stage.partner_center_refuses(Some("/details/requirements/solutions"));
    let outcome = stage.reconcile(&opportunity(), "win").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(
        outcome.message.starts_with("Products was refused: Partner Center rejected"),
        "{}",
        outcome.message
    );
    let referral = &stage.referrals()[0];
    assert_eq!((&referral["substatus"], &referral["name"]), (&json!("Won"), &json!("Renamed")));
}

#[tokio::test]
async fn an_invitation_that_the_crm_refuses_still_gets_a_record_that_says_why() {
    let stage = Stage::with_referral();
    stage.crm_refuses(Some("transactioncurrencyid/isocurrencycode"));
    assert_eq!(stage.reconcile(&referral(), "first").await.unwrap().kind, AuditKind::Rejected);
    let bare = stage.the_record();
    assert_eq!((bare.get("name"), bare.phase), (&json!("Fleet telemetry pilot"), Phase::OnHold));
    assert!(bare.get("nwcs_syncstatus").as_str().unwrap().starts_with("✘ the CRM rejected"));
    stage.reconcile(&referral(), "fills what is taken").await.unwrap();
    assert_eq!(stage.the_record().get("description"), "40 lorries");
    stage.crm_refuses(None);
    stage.until_quiet(&referral()).await;
    assert_eq!(stage.the_record().get("transactioncurrencyid/isocurrencycode"), "EUR");
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn a_refusal_that_the_crm_does_not_let_us_tell_is_still_audited_and_done() {
    let stage = Stage::with_opportunity();
    stage.fault("pc.create", Fault::Before(FailureKind::Rejected));
    stage.fault("crm.update", Fault::Before(FailureKind::Rejected));
    assert_eq!(stage.reconcile(&opportunity(), "first").await.unwrap().kind, AuditKind::Rejected);
    assert_eq!(stage.audit_log().last().unwrap().kind, AuditKind::Rejected);
}

/// Runs `other` against a creation that has just made its referral, in every interleaving, and
/// returns what was called a contradiction.
async fn contradictions(
    stage: impl Fn() -> Stage,
    creates: &Subject,
    other: impl Fn(&Stage) -> Option<Subject>,
) -> Vec<String> {
    let mut called = Vec::new();
    for steps in 0..40 {
        let stage = stage();
        let mut creation = std::pin::pin!(stage.reconcile(creates, "creates"));
        let subject = loop {
            if let Some(subject) = other(&stage) {
                break subject;
            }
            assert!(futures::poll!(creation.as_mut()).is_pending(), "it creates something");
        };
        let mut overtaking = std::pin::pin!(stage.reconcile(&subject, "overtakes"));
        let mut ended = None;
        for _ in 0..steps {
            if let std::task::Poll::Ready(outcome) = futures::poll!(overtaking.as_mut()) {
                ended = Some(outcome);
                break;
            }
        }
        if ended.is_none() {
            creation.await.ok();
            ended = Some(overtaking.await);
        }
        called.extend(
            ended
                .and_then(Result::ok)
                .filter(|outcome| outcome.kind == AuditKind::Rejected)
                .map(|outcome| outcome.message),
        );
    }
    called
}

#[tokio::test]
async fn a_pair_that_is_linked_meanwhile_is_never_called_a_contradiction() {
    let made_referral = |stage: &Stage| {
        let id = stage.referrals().first()?["id"].as_str()?.parse().ok()?;
        Some(Subject::Referral(id))
    };
    assert_eq!(
        Box::pin(contradictions(Stage::with_opportunity, &opportunity(), made_referral)).await,
        Vec::<String>::new()
    );
    let made_record = |stage: &Stage| {
        stage.records().values().next().map(|record| Subject::Crm(record.key.clone()))
    };
    assert_eq!(
        Box::pin(contradictions(Stage::with_referral, &referral(), made_record)).await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn an_old_won_opportunity_does_not_close_microsofts_open_referral() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Won);
    let mut body = inbound();
    body["externalReferenceId"] = json!(OPPORTUNITY);
    stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    assert_eq!(stage.reconcile(&referral(), "first").await.unwrap().kind, AuditKind::Rejected);
    assert_eq!(stage.referrals()[0]["status"], "New");
}
