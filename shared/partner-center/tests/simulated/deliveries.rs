//! Deliveries of the simulated Partner Center, from the socket to the queue message.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use cosell_model::message::{Cause, Subject};
use cosell_partner_center::event::{EventName, WebhookEvent};
use cosell_partner_center::signature::{RawDelivery, SignatureSettings, Verifier};
use cosell_simulators::clock::Clock;
use cosell_simulators::partner_center::{Certificate, SignatureHeader, Switches};
use cosell_sync::port::PartnerCenter as _;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use url::Url;

use crate::stage::{Stage, deal};

type Mischief = fn(&mut Switches);
type Outcome = Result<WebhookEvent, &'static str>;

struct Receiver {
    verifier: Verifier,
    clock: Clock,
    outcomes: UnboundedSender<Outcome>,
}

/// Registers a receiver that verifies and reports what it got.
async fn receive(stage: &Stage) -> UnboundedReceiver<Outcome> {
    let simulators = &stage.simulators;
    let root = simulators.partner_center_service.trust_root_pem();
    let settings =
        SignatureSettings::parse(simulators.certificates.as_str(), "127.0.0.1", root).unwrap();
    let verifier = Verifier::new(settings, cosell_http::client().unwrap());
    let (outcomes, received) = unbounded_channel();
    let listening = Receiver { verifier, clock: simulators.clock.clone(), outcomes };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url =
        Url::parse(&format!("http://{}/partner-center", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        axum::serve(listener, Router::new().fallback(handle).with_state(Arc::new(listening))).await
    });
    stage.registration.ensure(&url, &EventName::REGISTERED).await.unwrap();
    received
}

async fn handle(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let raw = RawDelivery { headers: &headers, body: &body };
    let outcome = match receiver.verifier.verify(raw, receiver.clock.now()).await {
        Ok(verified) => WebhookEvent::parse(&verified).map_err(|_| "not an event"),
        Err(fault) => Err(fault.code()),
    };
    let status = if outcome.is_ok() { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
    receiver.outcomes.send(outcome).ok();
    status
}

async fn next(received: &mut UnboundedReceiver<Outcome>) -> Outcome {
    tokio::time::timeout(Duration::from_secs(10), received.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_delivery_is_verified_and_becomes_a_message_in_both_header_forms_and_all_resource_forms()
{
    let stage = Stage::new().await;
    let mut received = receive(&stage).await;
    for (header, form) in [
        (SignatureHeader::AsRegistered, 1),
        (SignatureHeader::MsSignature, 2),
        (SignatureHeader::Authorization, 3),
    ] {
        stage.switch(|switches| {
            switches.signature_header = header;
            switches.resource_uri_form = form;
        });
        let created = stage.referrals.create(&deal("OPP-1")).await.unwrap();
        let event = next(&mut received).await.unwrap();
        assert_eq!((&event.name, event.resource), (&EventName::ReferralCreated, Some(created.id)));
        let message = event.sync_message().unwrap();
        assert_eq!(
            (message.subject, message.cause),
            (Subject::Referral(created.id), Cause::Webhook)
        );
        assert!(message.observed.starts_with("referral-created@20"), "{}", message.observed);
    }
    assert_eq!(stage.simulators.journal.count("certificates", "GET", "/cert/"), 1);
    assert_eq!(
        stage.simulators.journal.count("certificates", "GET", "/pki/"),
        1,
        "the intermediate comes from its own address"
    );
}

#[tokio::test]
async fn forged_deliveries_are_refused() {
    let cases: [(Mischief, &[&str]); 4] = [
        (|switches| switches.bad_signature = true, &["mismatch"]),
        (|switches| switches.certificate = Certificate::Expired, &["certificate-validity"]),
        (
            |switches| switches.certificate = Certificate::WrongIssuer,
            &["certificate-organization", "certificate-untrusted"],
        ),
        (|switches| switches.certificate = Certificate::ForeignUrl, &["certificate-address"]),
    ];
    for (switch, expected) in cases {
        let stage = Stage::new().await;
        let mut received = receive(&stage).await;
        stage.switch(switch);
        stage.referrals.create(&deal("OPP-1")).await.unwrap();
        let code = next(&mut received).await.unwrap_err();
        assert!(expected.contains(&code), "{code}");
    }
}

#[tokio::test]
async fn the_test_event_is_accepted_and_reported() {
    let stage = Stage::new().await;
    let mut received = receive(&stage).await;
    let correlation = stage.registration.send_test().await.unwrap();
    let event = next(&mut received).await.unwrap();
    assert_eq!((event.name.clone(), event.sync_message()), (EventName::TestCreated, None));
    for _ in 0..1000 {
        let result = stage.registration.test_result(&correlation).await.unwrap();
        if result.status == "completed" {
            assert_eq!(result.answers, ["OK"]);
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the test event was never reported as completed");
}
