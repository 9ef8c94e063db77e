//! The control port: what can be played with (clock, faults, journal, state), and each service's own hooks below it.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::dataverse::Dataverse;
use crate::faults::{Fault, Faults};
use crate::journal::Journal;
use crate::partner_center::PartnerCenter;
use crate::salesforce::Salesforce;

/// What the control port reaches into.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) partner_center: PartnerCenter,
    pub(crate) dataverse: Dataverse,
    pub(crate) salesforce: Salesforce,
    pub(crate) index: String,
}

/// All control routes.
pub(crate) fn router(control: Control) -> Router {
    let partner_center = control.partner_center.control_router();
    let dataverse = control.dataverse.control_router();
    let salesforce = control.salesforce.control_router();
    Router::new()
        .route("/", get(index))
        .route("/control/state", get(state))
        .route("/control/clock", get(clock).post(set_clock))
        .route("/control/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/control/journal", get(journal).delete(clear_journal))
        .route("/control/reset", post(reset))
        .with_state(control)
        .nest("/control/partner-center", partner_center)
        .nest("/control/dataverse", dataverse)
        .nest("/control/salesforce", salesforce)
}

async fn index(State(control): State<Control>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], control.index).into_response()
}

async fn state(State(control): State<Control>) -> Json<Value> {
    Json(json!({
        "now": control.clock.now(),
        "faults": control.faults.list(),
        "partner_center": control.partner_center.dump(),
        "dataverse": control.dataverse.dump(),
        "salesforce": control.salesforce.dump(),
    }))
}

async fn clock(State(control): State<Control>) -> Json<Value> {
    Json(json!({ "now": control.clock.now(), "frozen": control.clock.is_frozen() }))
}

/// Either, or both: then it is stopped or started first.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    advance_seconds: Option<i64>,
    frozen: Option<bool>,
}

async fn set_clock(State(control): State<Control>, body: Bytes) -> Result<Json<Value>, BadRequest> {
    let change: ClockChange = read(&body)?;
    if change.advance_seconds.is_none() && change.frozen.is_none() {
        return Err(BadRequest("give advance_seconds, frozen, or both".to_owned()));
    }
    match change.frozen {
        Some(true) => control.clock.freeze(),
        Some(false) => control.clock.run(),
        None => {}
    }
    control.clock.advance(change.advance_seconds.unwrap_or_default());
    Ok(clock(State(control)).await)
}

async fn faults(State(control): State<Control>) -> Json<Vec<Fault>> {
    Json(control.faults.list())
}

async fn add_fault(State(control): State<Control>, body: Bytes) -> Result<Response, BadRequest> {
    let fault: Fault = read(&body)?;
    if let Some(complaint) = fault.complaint() {
        return Err(BadRequest(complaint));
    }
    control.faults.add(fault);
    Ok((StatusCode::CREATED, Json(control.faults.list())).into_response())
}

#[derive(Deserialize)]
struct OfService {
    service: Option<String>,
}

async fn clear_faults(
    State(control): State<Control>,
    Query(wanted): Query<OfService>,
) -> StatusCode {
    match wanted.service {
        Some(service) => control.faults.clear_of(&service),
        None => control.faults.clear(),
    }
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Wanted {
    service: Option<String>,
    method: Option<String>,
    path_contains: Option<String>,
}

async fn journal(State(control): State<Control>, Query(wanted): Query<Wanted>) -> Json<Value> {
    let fits = |wanted: &Option<String>, has: &str| {
        wanted.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(has))
    };
    let mut entries = control.journal.entries();
    entries.retain(|entry| {
        fits(&wanted.service, &entry.service)
            && fits(&wanted.method, &entry.method)
            && wanted.path_contains.as_deref().is_none_or(|part| entry.path.contains(part))
    });
    Json(json!({ "count": entries.len(), "entries": entries }))
}

async fn clear_journal(State(control): State<Control>) -> StatusCode {
    control.journal.clear();
    StatusCode::NO_CONTENT
}

/// Empties everything. The clock runs on from where it stands: stamps must not go back.
async fn reset(State(control): State<Control>) -> StatusCode {
    control.clock.run();
    control.faults.clear();
    control.partner_center.reset();
    control.dataverse.reset();
    control.salesforce.reset();
    control.journal.clear();
    StatusCode::NO_CONTENT
}

/// Why a control request was not understood.
struct BadRequest(String);

impl IntoResponse for BadRequest {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": self.0 }))).into_response()
    }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, BadRequest> {
    serde_json::from_slice(body).map_err(|error| BadRequest(error.to_string()))
}
