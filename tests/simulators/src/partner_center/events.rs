//! From a stored change to a signed event (contract partner-center 4.2 and 4.3).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::delivery::{Mischief, Parcel};
use super::store::{Cause, Change, Owner, seven_digits, text};
use super::switches::{Certificate, RelatedUri, SignatureHeader, Switches};
use super::{Inner, State};

/// Makes and sends the events of everything that changed since the last call.
pub(crate) fn publish(inner: &Inner, state: &mut State) {
    for change in std::mem::take(&mut state.store.changes) {
        if change.cause == Cause::OwnWrite && !state.switches.own_write_events {
            continue;
        }
        let name = match (change.owner, change.created) {
            (Owner::Partner, true) => "referral-created",
            (Owner::Partner, false) => "referral-updated",
            (Owner::Microsoft, true) => "related-referral-created",
            (Owner::Microsoft, false) => "related-referral-updated",
        };
        let uri = resource_uri(inner, &state.switches, &named_id(state, &change));
        send(inner, state, name, "referral", uri, change.at);
    }
}

/// Sends the test event of a validation and answers the delivery's number.
pub(crate) fn publish_test(
    inner: &Inner,
    state: &mut State,
    correlation: &str,
    at: Timestamp,
) -> Option<usize> {
    let uri = format!(
        "http://api.partnercenter.microsoft.com/webhooks/v1/registration/validationEvents/{correlation}"
    );
    send(inner, state, "test-created", "test", uri, at)
}

fn named_id(state: &State, change: &Change) -> String {
    let own = || {
        let engagement = text(&state.store.get(&change.id)?.document, "/engagementId");
        state.store.referral_of(engagement, Owner::Partner)
    };
    match (change.owner, state.switches.related_uri) {
        (Owner::Microsoft, RelatedUri::Own) => {
            own().map_or_else(|| change.id.clone(), |own| text(&own.document, "/id").to_owned())
        }
        _ => change.id.clone(),
    }
}

fn resource_uri(inner: &Inner, switches: &Switches, id: &str) -> String {
    match switches.resource_uri_form {
        2 => format!("https://api.partner.microsoft.com/v1.0/engagements/referrals/{id}"),
        3 => format!("{}v1.0/engagements/referrals/{id}", inner.origins.referrals),
        _ => format!("https://api.partnercenter.microsoft.com/engagements/v1/referrals/{id}"),
    }
}

fn send(
    inner: &Inner,
    state: &mut State,
    event: &str,
    resource: &str,
    uri: String,
    at: Timestamp,
) -> Option<usize> {
    let registration = state.registrations.current.as_ref()?;
    if !registration.events.iter().any(|name| name == event) {
        return None;
    }
    let switches = &state.switches;
    let body = json!({
        "EventName": event, "ResourceUri": uri, "ResourceName": resource, "AuditUri": null,
        "ResourceChangeUtcDate": seven_digits(at).replace('Z', "+00:00"),
    })
    .to_string()
    .into_bytes();
    let headers = match headers(inner, switches, registration.ms_signature_header, &body) {
        Ok(headers) => headers,
        Err(error) => {
            tracing::error!(%error, event, "an event could not be signed");
            return None;
        }
    };
    let parcel = Parcel {
        event: event.to_owned(),
        resource_uri: uri,
        url: registration.url.clone(),
        headers,
        body,
        first_gap: Duration::from_millis(switches.retry_base_ms),
        longest_gap: Duration::from_millis(switches.retry_cap_ms),
    };
    let mischief = Mischief {
        lose: switches.lose_next > 0,
        twice: switches.duplicates,
        reorder: switches.reorder,
    };
    state.switches.lose_next = state.switches.lose_next.saturating_sub(1);
    Some(inner.deliveries.send(parcel, mischief))
}

fn headers(
    inner: &Inner,
    switches: &Switches,
    ms_header: bool,
    body: &[u8],
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let certificates = &inner.origins.certificates;
    let certificate = match switches.certificate {
        Certificate::Good => certificates.join("cert/pcnotifications-sim.cer")?.to_string(),
        Certificate::WrongIssuer => {
            certificates.join("cert/pcnotifications-sim-wrong-issuer.cer")?.to_string()
        }
        Certificate::Expired => {
            certificates.join("cert/pcnotifications-sim-expired.cer")?.to_string()
        }
        Certificate::ForeignUrl => switches.foreign_certificate_url.clone(),
    };
    let signature = if switches.bad_signature {
        inner.authority.sign(b"something else")?
    } else {
        inner.authority.sign(body)?
    };
    let name = match (switches.signature_header, ms_header) {
        (SignatureHeader::MsSignature, _) | (SignatureHeader::AsRegistered, true) => {
            "x-ms-signature"
        }
        (SignatureHeader::Authorization, _) | (SignatureHeader::AsRegistered, false) => {
            "authorization"
        }
    };
    Ok(vec![
        ("content-type", "application/json".to_owned()),
        ("accept-encoding", "gzip, deflate".to_owned()),
        (name, format!("Signature {signature}")),
        ("x-ms-certificate-url", certificate),
        ("x-ms-signature-algorithm", "rsa-sha256".to_owned()),
    ])
}
