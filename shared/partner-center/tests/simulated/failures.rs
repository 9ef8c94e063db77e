//! What the service's failures become.

use std::time::Duration;

use cosell_partner_center::referrals::{DEFAULT_AUDIENCE, Referrals};
use cosell_simulators::faults::Action;
use cosell_sync::port::PartnerCenter as _;
use cosell_sync::{Failure, FailureKind};
use jiff::Timestamp;
use serde_json::json;
use url::Url;

use crate::stage::{Stage, answer, deal};

fn throttled(seconds: u64) -> FailureKind {
    FailureKind::Throttled { retry_after: Duration::from_secs(seconds) }
}

async fn reading(stage: &Stage) -> Failure {
    stage.referrals.changed_since(Timestamp::UNIX_EPOCH).await.unwrap_err()
}

#[tokio::test]
async fn a_lost_answer_to_a_creation_is_unknown_and_the_referral_is_found() {
    let stage = Stage::new().await;
    stage.fault("partner-center", "POST", Action::DropAfterEffect);
    let failure = stage.referrals.create(&deal("OPP-9")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
    let found = stage.referrals.by_external_reference("OPP-9").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(stage.calls("partner-center", "POST"), 1, "nothing may repeat a creation by itself");
}

#[tokio::test]
async fn whatever_may_have_created_a_referral_is_unknown() {
    let stage = Stage::new().await;
    let empty = |status| Action::Status {
        status,
        retry_after: None,
        code: None,
        body: Some(String::new()),
        content_type: None,
    };
    let page = Action::Status {
        status: 201,
        retry_after: None,
        code: None,
        body: Some("<html>".into()),
        content_type: Some("text/html".into()),
    };
    let actions = [
        Action::DropBeforeEffect,
        answer(500, None),
        answer(502, None),
        answer(503, Some(3)),
        answer(504, None),
        empty(202),
        empty(201),
        page,
    ];
    for action in actions {
        let name = format!("{action:?}");
        stage.fault("partner-center", "POST", action);
        assert_eq!(
            stage.referrals.create(&deal("OPP-1")).await.unwrap_err().kind,
            FailureKind::OutcomeUnknown,
            "{name}"
        );
    }
    stage.fault("partner-center", "POST", answer(429, Some(41)));
    assert_eq!(stage.referrals.create(&deal("OPP-1")).await.unwrap_err().kind, throttled(41));
}

#[tokio::test]
async fn a_host_that_is_down_is_transient_even_for_a_creation() {
    let stage = Stage::new().await;
    let nowhere = Url::parse("http://127.0.0.1:1").unwrap();
    let http = cosell_http::client().unwrap();
    let referrals =
        Referrals::new(http.clone(), &nowhere, DEFAULT_AUDIENCE, stage.tokens.clone()).unwrap();
    assert_eq!(referrals.create(&deal("OPP-1")).await.unwrap_err().kind, FailureKind::Transient);
    let plain = Url::parse("http://api.partner.microsoft.com").unwrap();
    assert!(
        Referrals::new(http, &plain, DEFAULT_AUDIENCE, stage.tokens.clone()).is_err(),
        "tokens go over https only"
    );
}

#[tokio::test]
async fn waiting_times_are_distinguished_from_outages() {
    let stage = Stage::new().await;
    let table = [
        (answer(429, Some(41)), throttled(41)),
        (answer(429, None), throttled(30)),
        (answer(503, Some(7)), throttled(7)),
        (answer(503, None), FailureKind::Transient),
        (answer(500, None), FailureKind::Transient),
        (Action::DropAfterEffect, FailureKind::Transient),
        (
            Action::Status {
                status: 200,
                retry_after: None,
                code: None,
                body: Some("<html>".into()),
                content_type: None,
            },
            FailureKind::Transient,
        ),
    ];
    for (action, expected) in table {
        let name = format!("{action:?}");
        stage.fault("partner-center", "GET", action);
        assert_eq!(reading(&stage).await.kind, expected, "{name}");
    }
}

#[tokio::test]
async fn a_rejected_creation_names_the_field_and_nobody() {
    let stage = Stage::new().await;
    let mut body = deal("OPP-1");
    body["customerProfile"]["address"]["country"] = json!("Sweden");
    let failure = stage.referrals.create(&body).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (FailureKind::Rejected, Some("invalidRequest"))
    );
    let text = failure.to_string();
    assert!(text.contains("country") && failure.request_id.is_some(), "{text}");
    for personal in ["Norrsken", "ida.ek", "+469"] {
        assert!(!format!("{failure:?}").contains(personal), "{failure:?}");
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let stage = Stage::new().await;
    stage.fault("partner-center", "POST", answer(401, None));
    stage.referrals.create(&deal("OPP-1")).await.unwrap();
    assert_eq!((stage.calls("entra", "POST"), stage.calls("partner-center", "POST")), (2, 2));
    stage.fault("partner-center", "GET", answer(401, None));
    stage.fault("partner-center", "GET", answer(401, None));
    let failure = reading(&stage).await;
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(!format!("{failure:?}").contains("sim-access"), "{failure:?}");
}

#[tokio::test]
async fn missing_rights_reject_a_write_and_missing_claims_are_a_matter_of_credentials() {
    let stage = Stage::new().await;
    stage.fault("partner-center", "POST", answer(403, None));
    let failure = stage.referrals.create(&deal("OPP-1")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert!(failure.to_string().contains("Referrals admin"), "{failure}");
    let claims = Action::Status {
        status: 403,
        retry_after: None,
        code: Some("insufficent_claims".into()),
        body: None,
        content_type: None,
    };
    stage.fault("partner-center", "GET", claims);
    let id = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa".parse().unwrap();
    assert_eq!(stage.referrals.get(id).await.unwrap_err().kind, FailureKind::Credentials);
}
