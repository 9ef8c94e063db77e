use std::time::Duration;

use cosell_simulators::faults::{Action, Fault};
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;
use serde_json::json;

use crate::environment::{Environment, referral, status, write};

#[tokio::test]
async fn each_kind_of_trouble_has_its_kind_of_failure() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    let html = Action::Status {
        status: 503,
        retry_after: None,
        code: None,
        body: Some("<html>We are down for maintenance.</html>".to_owned()),
        content_type: Some("text/html".to_owned()),
    };
    let table = [
        (html, FailureKind::Transient),
        (status(420, None), FailureKind::Transient),
        (status(500, Some("UNKNOWN_EXCEPTION")), FailureKind::Transient),
        (Action::DropBeforeEffect, FailureKind::Transient),
        (
            status(403, Some("REQUEST_LIMIT_EXCEEDED")),
            FailureKind::Throttled { retry_after: Duration::from_mins(15) },
        ),
        (status(410, Some("UNSUPPORTED_API_VERSION")), FailureKind::Credentials),
        (status(302, None), FailureKind::Credentials),
    ];
    for (action, kind) in table {
        environment.simulators.faults.clear();
        environment.fault("POST", "composite", action.clone());
        let change = write(&[("NextStep", json!("Call"))]);
        let failure = environment.crm.update(&record, &change).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{action:?}: {failure}");
    }
}

#[tokio::test]
async fn a_key_of_another_crm_is_refused_before_anything_is_sent() {
    let environment = Environment::start().await;
    let mut key = environment.opportunity().await.key;
    environment.simulators.journal.clear();
    for id in ["006' OR Name != '", "0b1c2d3e-0000-4a00-9000-000000000001", ""] {
        key.id = id.to_owned();
        assert_eq!(
            environment.crm.get(&key).await.unwrap_err().kind,
            FailureKind::Rejected,
            "{id}"
        );
    }
    assert_eq!(environment.calls("GET", "") + environment.calls("POST", ""), 0);
}

#[tokio::test]
async fn the_daily_limit_is_throttling() {
    let environment = Environment::start().await;
    environment.switches(json!({"daily_requests": 1})).await;
    environment.crm.find_by_referral(referral()).await.ok();
    let failure = environment.crm.find_by_referral(referral()).await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::Throttled { .. }), "{failure}");
}

/// It must not open the circuit breaker for every other deal of the batch.
#[tokio::test]
async fn an_inactive_owner_is_one_deals_trouble() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    environment.simulators.faults.add(Fault {
        skip: 1,
        ..Fault::new("salesforce", status(400, Some("INACTIVE_OWNER_OR_USER")))
    });
    let change = write(&[("NextStep", json!("Call"))]);
    let failure = environment.crm.update(&record, &change).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
}

#[tokio::test]
async fn a_read_that_is_refused_keeps_the_message() {
    let environment = Environment::start().await;
    let record = environment.opportunity().await;
    for (http, code) in [
        (403, None),
        (403, Some("INSUFFICIENT_ACCESS")),
        (400, Some("OPERATION_TOO_LARGE")),
        (414, None),
    ] {
        environment.fault("POST", "composite", status(http, code));
        let failure = environment.crm.get(&record.key).await.unwrap_err();
        assert_ne!(failure.kind, FailureKind::Rejected, "{http} {code:?}: {failure}");
    }
}
