//! The webhook registration.

use cosell_partner_center::event::EventName;
use cosell_partner_center::registration::{Ensured, Registered};
use url::Url;

use crate::stage::{Stage, answer};

const EVENTS: &[&str] = &EventName::REGISTERED;

fn receiver(name: &str) -> Url {
    Url::parse(&format!("http://127.0.0.1:9/{name}")).unwrap()
}

#[tokio::test]
async fn a_registration_is_created_kept_and_taken_over() {
    for camel_case in [false, true] {
        let stage = Stage::new().await;
        stage.switch(|switches| switches.camel_case_registration = camel_case);
        assert_eq!(stage.registration.get().await.unwrap(), None);
        assert_eq!(
            stage.registration.ensure(&receiver("a"), EVENTS).await.unwrap(),
            Ensured::Created
        );
        assert_eq!(
            stage.registration.ensure(&receiver("a"), EVENTS).await.unwrap(),
            Ensured::Unchanged
        );
        let before = Registered {
            url: receiver("a").to_string(),
            events: EVENTS.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(stage.registration.get().await.unwrap().as_ref(), Some(&before));
        let taken_over = stage.registration.ensure(&receiver("b"), EVENTS).await.unwrap();
        assert_eq!(taken_over, Ensured::Overwritten { before: Some(before) });
        assert_eq!(stage.registration.get().await.unwrap().unwrap().url, receiver("b").as_str());
    }
}

#[tokio::test]
async fn missing_events_are_added_and_others_kept() {
    let stage = Stage::new().await;
    stage
        .registration
        .create(&receiver("a"), &["invoice-ready", "referral-created"])
        .await
        .unwrap();
    stage.registration.ensure(&receiver("a"), EVENTS).await.unwrap();
    let events = stage.registration.get().await.unwrap().unwrap().events;
    assert!(
        EVENTS
            .iter()
            .chain(&["invoice-ready"])
            .all(|event| events.iter().any(|known| known == event)),
        "{events:?}"
    );
    assert_eq!(events.len(), EVENTS.len() + 1);
}

#[tokio::test]
async fn a_registration_that_appears_meanwhile_is_overwritten_whatever_the_status() {
    for status in [409, 400] {
        let stage = Stage::new().await;
        stage.switch(|switches| switches.registration_exists_status = status);
        stage.registration.create(&receiver("a"), EVENTS).await.unwrap();
        stage.fault("partner-center-registration", "GET", answer(404, None));
        let ensured = stage.registration.ensure(&receiver("b"), EVENTS).await.unwrap();
        assert_eq!(ensured, Ensured::Overwritten { before: None });
    }
}

#[tokio::test]
async fn the_services_events_are_listed_and_its_limits_heard() {
    let stage = Stage::new().await;
    let known = stage.registration.events().await.unwrap();
    assert!(EVENTS.iter().all(|event| known.iter().any(|name| name == event)), "{known:?}");
    stage.registration.ensure(&receiver("a"), EVENTS).await.unwrap();
    stage.registration.send_test().await.unwrap();
    stage.registration.send_test().await.unwrap();
    let error = stage.registration.send_test().await.unwrap_err();
    assert_eq!(error.status(), Some(429));
    assert!(
        matches!(
            error.kind(),
            cosell_sync::FailureKind::Throttled { retry_after } if retry_after.as_secs() > 30
        ),
        "{error}"
    );
}
