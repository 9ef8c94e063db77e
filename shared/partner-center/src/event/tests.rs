use super::*;
use serde_json::json;

const ID: &str = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa";

fn event(body: &[u8]) -> Result<WebhookEvent, EventError> {
    WebhookEvent::parse(&VerifiedEvent::unchecked(body, "2026-03-04T09:40:15Z".parse().unwrap()))
}

fn payload(name: &str, uri: &str) -> Json {
    json!({
        "EventName": name, "ResourceUri": uri, "ResourceName": "referral", "AuditUri": null,
        "ResourceChangeUtcDate": "2026-03-04T09:40:12.3344556+00:00"
    })
}

#[test]
fn only_the_last_path_segment_of_the_resource_counts() {
    for uri in [
        format!("https://api.partnercenter.microsoft.com/engagements/v1/referrals/{ID}"),
        format!("https://api.partner.microsoft.com/v1.0/engagements/referrals/{ID}"),
        format!("https://evil.example/{}?x=/1#/2", ID.to_uppercase()),
        format!("/engagements/v1/referrals/{ID}/"),
    ] {
        let event = event(payload("referral-updated", &uri).to_string().as_bytes()).unwrap();
        assert_eq!(event.resource, Some(ID.parse().unwrap()), "{uri}");
    }
}

#[test]
fn a_resource_that_ends_in_no_guid_asks_for_nothing() {
    for uri in [
        "https://api.partner.microsoft.com/v1.0/engagements/referrals/42",
        "https://api.partner.microsoft.com",
        "",
    ] {
        let event = event(payload("referral-updated", uri).to_string().as_bytes()).unwrap();
        assert_eq!(event.sync_message(), None, "{uri}");
    }
}

#[test]
fn names_are_read_whatever_their_case() {
    let body = json!({
        "eventname": "Related-Referral-Updated", "resourceURI": format!("x/{ID}"),
        "resourceChangeUtcDate": "2026-03-06T13:02:55Z"
    });
    let event = event(body.to_string().as_bytes()).unwrap();
    assert_eq!(event.name, EventName::RelatedReferralUpdated);
    let message = event.sync_message().unwrap();
    assert_eq!(message.observed, "related-referral-updated@2026-03-06T13:02:55Z");
    assert_eq!(
        (message.subject, message.cause),
        (Subject::Referral(ID.parse().unwrap()), Cause::Webhook)
    );
}

#[test]
fn tests_and_foreign_events_ask_for_nothing() {
    for name in ["test-created", "subscription-updated", "invoice-ready"] {
        let event = event(
            payload(name, &format!("https://api.partnercenter.microsoft.com/x/{ID}"))
                .to_string()
                .as_bytes(),
        )
        .unwrap();
        assert_eq!(event.name.to_string(), name);
        assert_eq!(event.sync_message(), None);
    }
}

#[test]
fn without_a_date_of_change_the_time_of_receipt_tells_changes_apart() {
    let body = json!({ "EventName": "referral-updated", "ResourceUri": format!("x/{ID}") });
    let message = event(body.to_string().as_bytes()).unwrap().sync_message().unwrap();
    assert_eq!(message.observed, "referral-updated@2026-03-04T09:40:15Z");
}

#[test]
fn a_byte_order_mark_is_tolerated_and_rubbish_is_not() {
    let body = payload("referral-created", &format!("x/{ID}")).to_string();
    assert!(event(format!("\u{feff}{body}").as_bytes()).is_ok());
    assert!(matches!(event(b"<html>"), Err(EventError::NotJson(_))));
    assert!(matches!(event(b"{}"), Err(EventError::NoName)));
    assert!(matches!(event(b"[]"), Err(EventError::NoName)));
}
