use std::time::Duration;

use cosell_model::crm::CrmKey;
use cosell_simulators::faults::{Action, Fault};
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;
use jiff::Timestamp;
use serde_json::json;

use crate::environment::{COLUMNS, Environment, deal, referral, status, write};

#[tokio::test]
async fn throttling_says_how_long_to_wait() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    environment.fault(
        "GET",
        "opportunities",
        Action::Status {
            status: 429,
            retry_after: Some(17),
            code: None,
            body: None,
            content_type: None,
        },
    );
    let failure = environment.crm.get(&record.key).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Throttled { retry_after: Duration::from_secs(17) });
    assert_eq!(failure.code.as_deref(), Some("0x80072322"));
    environment.fault("GET", "opportunities", status(429));
    let failure = environment.crm.get(&record.key).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Throttled { retry_after: Duration::from_secs(10) });
}

#[tokio::test]
async fn an_unavailable_service_is_transient_even_if_it_answers_html() {
    let environment = Environment::start().await;
    let html = Some("<html>Service Unavailable</html>".to_owned());
    environment.fault(
        "GET",
        "opportunities",
        Action::Status {
            status: 503,
            retry_after: None,
            code: None,
            body: html,
            content_type: Some("text/html".to_owned()),
        },
    );
    for _ in 0..2 {
        environment.fault("GET", "opportunities", status(500));
    }
    for _ in 0..3 {
        assert_eq!(
            environment.crm.find_by_referral(referral()).await.unwrap_err().kind,
            FailureKind::Transient
        );
    }
}

#[tokio::test]
async fn a_slow_write_by_key_may_land_late() {
    let environment = Environment::patient_for(Duration::from_millis(500)).await;
    environment.fault("PATCH", "opportunities", Action::Slow { ms: 60_000 });
    let failure = environment.crm.upsert(referral(), &write(&deal())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown, "{failure}");
    assert!(failure.message.contains("no answer"), "{failure}");
}

#[tokio::test]
async fn a_missing_column_is_named_with_its_remedy() {
    let environment = Environment::with(|_| {}, &["name", "nwcs_forgotten"]).await;
    let id = environment.seller_creates("opportunities", json!({"name": "Deal"})).await;
    let key = CrmKey { system: "dynamics".to_owned(), entity: "opportunity".to_owned(), id };
    let failure = environment.crm.get(&key).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(
        failure.message.contains("`nwcs_forgotten`") && failure.message.contains("install"),
        "{failure}"
    );
    let environment = Environment::start().await;
    let failure = environment
        .crm
        .upsert(referral(), &write(&[("nwcs_forgotten", json!("Fabrikam"))]))
        .await
        .unwrap_err();
    assert!(
        failure.message.contains("`nwcs_forgotten`") && !failure.message.contains("Fabrikam"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_text_that_is_too_long_names_its_column() {
    let environment = Environment::start().await;
    let failure = environment
        .crm
        .upsert(referral(), &write(&[("name", json!("x".repeat(301)))]))
        .await
        .unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (FailureKind::Rejected, Some("0x80044331"))
    );
    assert!(failure.message.contains("`name`") && failure.message.contains("300"), "{failure}");
}

#[tokio::test]
async fn a_dead_token_costs_one_repetition() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    environment.simulators.clock.advance(4000);
    assert!(environment.crm.get(&record.key).await.unwrap().is_some());
    environment.fault("PATCH", "opportunities", status(401));
    let updated =
        environment.crm.update(&record, &write(&[("name", json!("After a 401"))])).await.unwrap();
    assert_eq!(updated.get("name"), &json!("After a 401"));
    assert_eq!(environment.simulators.journal.count("entra", "POST", "token"), 3);
}

#[tokio::test]
async fn a_second_401_is_a_matter_of_credentials() {
    let environment = Environment::start().await;
    for _ in 0..2 {
        environment.fault("GET", "opportunities", status(401));
    }
    assert_eq!(
        environment.crm.find_by_referral(referral()).await.unwrap_err().kind,
        FailureKind::Credentials
    );
}

#[tokio::test]
async fn refused_client_credentials_show_the_code_only() {
    let environment = Environment::start().await;
    let body = json!({
        "error": "invalid_client",
        "error_description": "AADSTS7000215: Invalid client secret for app X",
        "error_codes": [7_000_215]
    });
    let action = Action::Status {
        status: 401,
        retry_after: None,
        code: None,
        body: Some(body.to_string()),
        content_type: None,
    };
    environment.simulators.faults.add(Fault::new("entra", action));
    let failure = environment.crm.find_by_referral(referral()).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (FailureKind::Credentials, Some("AADSTS7000215"))
    );
    assert!(!failure.message.contains("app X"), "{failure}");
}

#[tokio::test]
async fn an_application_user_that_is_missing_or_powerless_is_explained() {
    let environment = Environment::start().await;
    for (switch, kind, remedy) in [
        ("not_a_member", FailureKind::Credentials, "create an application user"),
        ("missing_privilege", FailureKind::Credentials, "security role"),
    ] {
        environment.control("PUT", "switches", Some(json!({switch: true}))).await;
        let failure = environment.crm.changed_since(Timestamp::UNIX_EPOCH).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.message.contains(remedy), "{failure}");
    }
}

#[tokio::test]
async fn an_alternate_key_that_is_not_active_yet_is_explained() {
    let environment = Environment::start().await;
    environment.control("PUT", "switches", Some(json!({"key_index_pending": true}))).await;
    let failure = environment.crm.upsert(referral(), &write(&deal())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(failure.message.contains("not active yet"), "{failure}");
}

#[tokio::test]
async fn one_token_serves_many_calls_at_once() {
    let environment = Environment::with(|_| {}, &COLUMNS).await;
    let crm = &environment.crm;
    let (a, b, c) = tokio::join!(
        crm.find_by_referral(referral()),
        crm.find_by_referral(referral()),
        crm.find_by_referral(referral())
    );
    assert!([a, b, c].into_iter().all(|found| found.unwrap().is_none()));
    assert_eq!(environment.simulators.journal.count("entra", "POST", "token"), 1);
}
