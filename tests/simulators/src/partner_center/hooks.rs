//! The control hooks: playing Microsoft and the sellers in the portal, and the switches.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::store::{Cause, Owner, Stored, close_expired, seven_digits, text};
use super::switches::Switches;
use super::{PartnerCenter, create, inbound, rules, shape};

/// The portal's own application id, as `lastModifiedVia` shows it.
const PORTAL_APP: &str = "60858c1b-2062-40ad-b42c-996b6b5b047d";

/// Routes below `/control/partner-center`.
pub(crate) fn router(service: PartnerCenter) -> Router {
    Router::new()
        .route("/inbound", post(receive))
        .route("/referrals/{id}/microsoft-accepts", post(accepts))
        .route("/referrals/{id}/microsoft-declines", post(declines))
        .route("/referrals/{id}/expire", post(expire))
        .route("/referrals/{id}/edit", post(edit))
        .route("/deliveries", get(deliveries))
        .route("/switches", get(switches).put(set_switches))
        .route("/trust-root.pem", get(trust_root))
        .with_state(service)
}

async fn receive(State(service): State<PartnerCenter>, body: Bytes) -> Result<Response, Refusal> {
    let partial = if body.is_empty() { json!({}) } else { object(&body)? };
    let stored = service.with(|state, now| {
        let mut document = inbound::build(partial, &service.inner.options, now)
            .map_err(|why| Refusal::invalid("inbound", why))?;
        if state.store.get(text(&document, "/id")).is_some() {
            return Err(Refusal::whole(StatusCode::CONFLICT, "A referral with this id exists."));
        }
        create::links(&mut document, &service.inner.origins.referrals);
        Ok(state.store.put(Stored { owner: Owner::Partner, document }, now, Cause::Others))
    })?;
    Ok((StatusCode::CREATED, Json(stored)).into_response())
}

async fn accepts(
    State(service): State<PartnerCenter>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    answer(&service, &id, |document, _| {
        document["status"] = json!("Active");
        document["substatus"] = json!("Accepted");
        document["trackingInfo"] = json!({ "microsoftMsxId": inbound::msx_id() });
    })
}

async fn declines(
    State(service): State<PartnerCenter>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    answer(&service, &id, |document, _| {
        document["status"] = json!("Closed");
        document["substatus"] = json!("Declined");
        document["statusReason"] = json!("Customer requirement not met");
    })
}

/// Microsoft's answer on its own referral of the engagement, whichever of both `id` names.
fn answer(
    service: &PartnerCenter,
    id: &str,
    action: impl FnOnce(&mut Value, Timestamp),
) -> Result<Json<Value>, Refusal> {
    service.with(|state, now| {
        let missing = || {
            Refusal::whole(
                StatusCode::NOT_FOUND,
                "There is no such referral, or nothing was sent to Microsoft in its engagement.",
            )
        };
        let named = state.store.get(id).ok_or_else(missing)?;
        let theirs = if named.owner == Owner::Microsoft {
            Some(named)
        } else {
            state.store.referral_of(text(&named.document, "/engagementId"), Owner::Microsoft)
        };
        let before = theirs.ok_or_else(missing)?.clone();
        if before.document["status"] != "New" {
            return Err(Refusal::whole(
                StatusCode::CONFLICT,
                "Microsoft has answered already, or the time is over.",
            ));
        }
        let mut document = before.document.clone();
        action(&mut document, now);
        rules::settle(&before.document, &mut document, now);
        Ok(Json(state.store.put(Stored { document, owner: before.owner }, now, Cause::Others)))
    })
}

/// Ends the waiting time of the named referral at once.
async fn expire(
    State(service): State<PartnerCenter>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    service.with(|state, now| {
        let missing = || Refusal::whole(StatusCode::NOT_FOUND, "There is no such referral.");
        let mut stored = state.store.get(&id).ok_or_else(missing)?.clone();
        if stored.document["status"] != "New" {
            return Err(Refusal::whole(
                StatusCode::CONFLICT,
                "Only a referral that waits for an answer can expire.",
            ));
        }
        close_expired(&mut stored.document, now);
        Ok(Json(state.store.put(stored, now, Cause::Others)))
    })
}

/// A seller's edit in the portal: no locks and no transitions are checked, so that tests can reach
/// any state.
async fn edit(
    State(service): State<PartnerCenter>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let changes = shape::camel_case(object(&body)?);
    service.with(|state, now| {
        let missing = || Refusal::whole(StatusCode::NOT_FOUND, "There is no such referral.");
        let before = state.store.get(&id).ok_or_else(missing)?.clone();
        let mut document = before.document.clone();
        inbound::merge(&mut document, changes);
        document["id"] = before.document["id"].clone();
        document["lastModifiedVia"] = json!(PORTAL_APP);
        shape::check(&mut document)?;
        rules::settle(&before.document, &mut document, now);
        Ok(Json(state.store.put(Stored { document, owner: before.owner }, now, Cause::Others)))
    })
}

async fn deliveries(State(service): State<PartnerCenter>) -> Json<Value> {
    let now = seven_digits(service.inner.clock.now());
    Json(json!({ "now": now, "deliveries": service.inner.deliveries.list() }))
}

async fn switches(State(service): State<PartnerCenter>) -> Json<Switches> {
    Json(service.switches())
}

async fn set_switches(
    State(service): State<PartnerCenter>,
    body: Bytes,
) -> Result<Json<Switches>, Refusal> {
    let switches: Switches = serde_json::from_slice(&body)
        .map_err(|error| Refusal::invalid("switches", error.to_string()))?;
    service.set_switches(switches.clone());
    Ok(Json(switches))
}

async fn trust_root(State(service): State<PartnerCenter>) -> Response {
    ([(header::CONTENT_TYPE, "application/x-pem-file")], service.trust_root_pem().to_owned())
        .into_response()
}

fn object(body: &[u8]) -> Result<Value, Refusal> {
    let value = serde_json::from_slice::<Value>(body)
        .map_err(|error| Refusal::invalid("body", format!("The body is not JSON: {error}")))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Refusal::invalid("body", "The body must be one JSON object."))
    }
}
