//! Tokens: rolling, shared, renewed in time, and what happens when the consent is gone.

use cosell_partner_center::error::Error;
use cosell_partner_center::token::{TokenEndpoint, TokenError};
use cosell_simulators::faults::Action;
use cosell_sync::port::PartnerCenter as _;
use cosell_sync::{Failure, FailureKind};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::stage::{MemoryStore, Stage, answer, content, token_source};

const AUDIENCE: &str = "https://api.partner.microsoft.com";
const OTHER_AUDIENCE: &str = "https://api.partnercenter.microsoft.com";

#[tokio::test]
async fn many_callers_cause_one_token_request_for_each_audience() {
    let stage = Stage::new().await;
    let since = Timestamp::UNIX_EPOCH;
    let (a, b, c) = tokio::join!(
        stage.referrals.changed_since(since),
        stage.referrals.changed_since(since),
        stage.registration.get()
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(stage.calls("entra", "POST"), 2);
}

#[tokio::test]
async fn the_rolled_refresh_token_is_stored_and_used_next() {
    let stage = Stage::new().await;
    stage.switch(|switches| switches.revoke_used_refresh_tokens = true);
    stage.tokens.token(AUDIENCE).await.unwrap();
    stage.tokens.token(OTHER_AUDIENCE).await.unwrap();
    let stored = stage.store.stored();
    assert_eq!(stored.len(), 2);
    assert!(stored[0] != stored[1] && stored.iter().all(|token| token.starts_with("sim-refresh-")));
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_before_it_ends() {
    let stage = Stage::new().await;
    let first = secret(&stage).await;
    stage.simulators.clock.advance(3599 - 301);
    assert_eq!(secret(&stage).await, first);
    stage.simulators.clock.advance(2);
    assert_ne!(secret(&stage).await, first);
    assert_eq!(stage.calls("entra", "POST"), 2);
}

async fn secret(stage: &Stage) -> String {
    stage.tokens.token(AUDIENCE).await.unwrap().secret.expose_secret().to_owned()
}

#[tokio::test]
async fn a_token_that_does_not_say_how_long_it_lasts_is_not_used_for_long() {
    let stage = Stage::new().await;
    stage.fault("entra", "POST", content(&json!({ "access_token": "a" })));
    assert_eq!(secret(&stage).await, "a");
    stage.simulators.clock.advance(299);
    assert_eq!(secret(&stage).await, "a");
    stage.simulators.clock.advance(1);
    assert_ne!(secret(&stage).await, "a");
}

#[tokio::test]
async fn a_refresh_token_that_another_instance_rolled_is_read_again() {
    let stage = Stage::new().await;
    stage.switch(|switches| switches.revoke_used_refresh_tokens = true);
    let other_instance = token_source(&stage.simulators, TokenEndpoint::V1, stage.store.clone());
    stage.tokens.token(AUDIENCE).await.unwrap();
    other_instance.token(AUDIENCE).await.unwrap();
    stage.simulators.clock.advance(3600);
    stage.tokens.token(AUDIENCE).await.unwrap();
}

#[tokio::test]
async fn a_dead_refresh_token_asks_for_a_new_consent() {
    let stage = Stage::new().await;
    stage.store.replace("revoked-refresh-token");
    let failure = stage.referrals.changed_since(Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(
        failure.code.as_deref().is_some_and(|code| code.starts_with("invalid_grant, AADSTS")),
        "{failure:?}"
    );
    assert!(
        failure.to_string().contains("consent again")
            && !format!("{failure:?}").contains("revoked-refresh-token"),
        "{failure:?}"
    );
    assert_eq!((stage.calls("entra", "POST"), stage.calls("partner-center", "GET")), (1, 0));
    stage.store.replace("sim-partner-refresh-token");
    assert!(
        stage.referrals.changed_since(Timestamp::UNIX_EPOCH).await.is_ok(),
        "the new consent is noticed without a restart"
    );
}

#[tokio::test]
async fn who_waits_while_a_dead_refresh_token_is_refused_shares_the_answer() {
    let stage = Stage::new().await;
    stage.store.replace("revoked-refresh-token");
    let since = Timestamp::UNIX_EPOCH;
    let call = || stage.referrals.changed_since(since);
    let (a, b, c) = tokio::join!(call(), call(), call());
    let [a, b, c] = [a, b, c].map(|answer| shown(&answer.unwrap_err()));
    assert!(a == b && b == c && a.starts_with("Credentials"), "{a}, {b}, {c}");
    assert_eq!(stage.calls("entra", "POST"), 1);

    stage.referrals.changed_since(since).await.unwrap_err();
    assert_eq!(stage.calls("entra", "POST"), 2, "who comes later asks anew");
    stage.store.replace("sim-partner-refresh-token");
    assert!(stage.referrals.changed_since(since).await.is_ok());
}

/// All of a failure that a person sees.
fn shown(failure: &Failure) -> String {
    format!("{:?}: {failure}, request {:?}", failure.kind, failure.request_id)
}

#[tokio::test]
async fn who_waits_while_another_token_is_refused_shares_the_answer() {
    let stage = Stage::new().await;
    let first = stage.tokens.token(AUDIENCE).await.unwrap();
    stage.store.replace("revoked-refresh-token");
    let renewed = || stage.tokens.renew(AUDIENCE, &first);
    let (a, b, c) = tokio::join!(renewed(), renewed(), renewed());
    assert!([a, b, c].iter().all(|answer| matches!(answer, Err(TokenError::Refused { .. }))));
    assert_eq!(stage.calls("entra", "POST"), 2);
    stage.store.replace("sim-partner-refresh-token");
    assert!(stage.tokens.renew(AUDIENCE, &first).await.is_ok());
}

#[tokio::test]
async fn who_waits_while_entra_asks_us_to_wait_shares_the_answer() {
    let stage = Stage::new().await;
    stage.fault("entra", "POST", answer(429, Some(9)));
    let token = || stage.tokens.token(AUDIENCE);
    let (a, b, c) = tokio::join!(token(), token(), token());
    for answer in [a, b, c] {
        let retry_after = std::time::Duration::from_secs(9);
        let failure = Failure::from(Error::from(answer.unwrap_err()));
        assert_eq!(failure.kind, FailureKind::Throttled { retry_after });
    }
    assert_eq!(stage.calls("entra", "POST"), 1);
    assert!(stage.tokens.token(AUDIENCE).await.is_ok());
}

#[tokio::test]
async fn a_refusal_is_not_shared_with_another_audience_nor_trouble_with_anybody() {
    for (status, other) in [(400, OTHER_AUDIENCE), (503, AUDIENCE)] {
        let stage = Stage::new().await;
        stage.fault("entra", "POST", answer(status, None));
        let (first, second) = tokio::join!(stage.tokens.token(AUDIENCE), stage.tokens.token(other));
        assert!(first.is_err() && second.is_ok(), "{status}");
    }
}

#[tokio::test]
async fn a_secret_store_that_does_not_take_the_new_token_stops_nothing() {
    let stage = Stage::new().await;
    let tokens = token_source(&stage.simulators, TokenEndpoint::V1, MemoryStore::new(true));
    assert!(tokens.token(AUDIENCE).await.is_ok());
}

#[tokio::test]
async fn the_second_generation_endpoint_works_alike() {
    let stage = Stage::new().await;
    let tokens = token_source(&stage.simulators, TokenEndpoint::V2, stage.store.clone());
    tokens.token(AUDIENCE).await.unwrap();
    assert_eq!(stage.simulators.journal.count("entra", "POST", "/oauth2/v2.0/token"), 1);
    assert_eq!(stage.store.stored().len(), 1);
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_is_no_matter_of_credentials() {
    let stage = Stage::new().await;
    let seconds = |n| FailureKind::Throttled { retry_after: std::time::Duration::from_secs(n) };
    let page = Action::Status {
        status: 200,
        retry_after: None,
        code: None,
        body: Some("<html>".into()),
        content_type: None,
    };
    for (action, expected) in [
        (answer(503, None), FailureKind::Transient),
        (answer(429, Some(9)), seconds(9)),
        (Action::DropBeforeEffect, FailureKind::Transient),
        (page, FailureKind::Transient),
    ] {
        let name = format!("{action:?}");
        stage.fault("entra", "POST", action);
        let error = stage.tokens.token(AUDIENCE).await.unwrap_err();
        assert_eq!(Failure::from(Error::from(error)).kind, expected, "{name}");
    }
    assert!(stage.tokens.token(AUDIENCE).await.is_ok());
}
