//! The webhook registration host (contract partner-center 4.1).

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};
use url::Url;
use uuid::Uuid;

use super::delivery::Standing;
use super::refusal::FlatRefusal;
use super::shape::{camel_case, lower_first};
use super::{PartnerCenter, events};

/// Test events a minute (contract partner-center 1.5).
const TESTS_A_MINUTE: usize = 2;
/// Results of test events are kept this long (contract partner-center 4.1).
const RESULT_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Event names that can be registered: those that matter here and some of the others on the same
/// host.
const EVENTS: &[&str] = &[
    "referral-created",
    "referral-updated",
    "related-referral-created",
    "related-referral-updated",
    "test-created",
    "subscription-updated",
    "invoice-ready",
    "usagerecords-thresholdExceeded",
    "azure-fraud-event-detected",
];

/// The tenant's one registration.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Registration {
    subscriber: String,
    pub(crate) url: String,
    pub(crate) events: Vec<String>,
    pub(crate) ms_signature_header: bool,
}

/// Registration and test events.
#[derive(Debug, Default)]
pub(crate) struct Registrations {
    pub(crate) current: Option<Registration>,
    tests: BTreeMap<String, (Timestamp, Option<usize>)>,
}

/// All routes of the host.
pub(crate) fn router(service: PartnerCenter) -> Router {
    const BASE: &str = "/webhooks/v1/registration";
    Router::new()
        .route(BASE, get(current).post(register).put(overwrite))
        .route(&format!("{BASE}/events"), get(async || Json(json!(EVENTS))))
        .route(&format!("{BASE}/validationEvents"), post(test))
        .route(&format!("{BASE}/validationEvents/{{id}}"), get(test_result))
        .method_not_allowed_fallback(async || {
            FlatRefusal::new(StatusCode::METHOD_NOT_ALLOWED, "This method is not allowed here.")
        })
        .fallback(async || FlatRefusal::new(StatusCode::NOT_FOUND, "There is no such resource."))
        .layer(from_fn_with_state(service.clone(), guard))
        .with_state(service)
}

/// Checks the token and echoes the request's ids (contract partner-center 1.4).
async fn guard(State(service): State<PartnerCenter>, request: Request, next: Next) -> Response {
    let ids: Vec<_> = ["ms-requestid", "ms-correlationid"]
        .map(|name| (name, request.headers().get(name).cloned()))
        .into();
    let mut response =
        if service.authorized(request.headers(), &service.inner.options.registration_audience) {
            next.run(request).await
        } else {
            FlatRefusal::new(
                StatusCode::UNAUTHORIZED,
                "The token is missing, over, or meant for another audience.",
            )
            .into_response()
        };
    for (name, id) in ids {
        let id = id.or_else(|| HeaderValue::from_str(&Uuid::new_v4().to_string()).ok());
        if let Some(id) = id {
            response.headers_mut().insert(name, id);
        }
    }
    response.headers_mut().insert("x-locale", HeaderValue::from_static("en-US"));
    response
}

async fn current(State(service): State<PartnerCenter>) -> Result<Json<Value>, FlatRefusal> {
    service.with(|state, _| {
        let registration = state.registrations.current.as_ref().ok_or_else(none)?;
        Ok(Json(shown(registration, false, state.switches.camel_case_registration)))
    })
}

async fn register(
    State(service): State<PartnerCenter>,
    body: Bytes,
) -> Result<Json<Value>, FlatRefusal> {
    let registration = read(&body)?;
    service.with(|state, _| {
        if state.registrations.current.is_some() {
            let status = StatusCode::from_u16(state.switches.registration_exists_status)
                .unwrap_or(StatusCode::CONFLICT);
            return Err(FlatRefusal::new(
                status,
                "A registration exists for this tenant; use PUT to change it.",
            ));
        }
        let answer = shown(&registration, true, state.switches.camel_case_registration);
        state.registrations.current = Some(registration);
        Ok(Json(answer))
    })
}

async fn overwrite(
    State(service): State<PartnerCenter>,
    body: Bytes,
) -> Result<Json<Value>, FlatRefusal> {
    let mut registration = read(&body)?;
    service.with(|state, _| {
        let old = state.registrations.current.as_ref().ok_or_else(none)?;
        registration.subscriber.clone_from(&old.subscriber);
        let answer = shown(&registration, true, state.switches.camel_case_registration);
        state.registrations.current = Some(registration);
        Ok(Json(answer))
    })
}

fn none() -> FlatRefusal {
    FlatRefusal::new(
        StatusCode::NOT_FOUND,
        "There is no registration for this tenant; use POST to make one.",
    )
}

fn read(body: &[u8]) -> Result<Registration, FlatRefusal> {
    let bad = |why: String| FlatRefusal::new(StatusCode::BAD_REQUEST, why);
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| bad(format!("The body is not JSON: {error}")))?;
    let body = camel_case(body);
    let url = body["webhookUrl"].as_str().unwrap_or_default();
    if !Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Err(bad("WebhookUrl must be an absolute web address.".to_owned()));
    }
    let events: Vec<String> =
        serde_json::from_value(body["webhookEvents"].clone()).unwrap_or_default();
    if events.is_empty() {
        return Err(bad("WebhookEvents must name at least one event.".to_owned()));
    }
    if let Some(unknown) = events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
        return Err(bad(format!("The event {unknown} does not exist.")));
    }
    let ms_signature_header = match &body["signatureTokenToMsSignatureHeader"] {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::String(text)
            if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") =>
        {
            text.eq_ignore_ascii_case("true")
        }
        _ => {
            return Err(bad("SignatureTokenToMsSignatureHeader must be true or false.".to_owned()));
        }
    };
    Ok(Registration {
        subscriber: Uuid::new_v4().to_string(),
        url: url.to_owned(),
        events,
        ms_signature_header,
    })
}

fn shown(registration: &Registration, with_subscriber: bool, camel_case: bool) -> Value {
    let mut answer = Map::new();
    let mut put = |name: &str, value: Value| {
        let name = if camel_case { lower_first(name) } else { name.to_owned() };
        answer.insert(name, value);
    };
    if with_subscriber {
        put("SubscriberId", json!(registration.subscriber));
    }
    put("WebhookUrl", json!(registration.url));
    put("WebhookEvents", json!(registration.events));
    Value::Object(answer)
}

async fn test(State(service): State<PartnerCenter>) -> Result<Json<Value>, FlatRefusal> {
    service.with(|state, now| {
        let registered = state.registrations.current.as_ref().ok_or_else(none)?;
        if !registered.events.iter().any(|event| event == "test-created") {
            let why = "Register the event test-created first.";
            return Err(FlatRefusal::new(StatusCode::BAD_REQUEST, why));
        }
        let minute_ago = now.saturating_sub(SignedDuration::from_secs(60)).unwrap_or(now);
        let recent: Vec<Timestamp> = state
            .registrations
            .tests
            .values()
            .map(|(at, _)| *at)
            .filter(|at| *at > minute_ago)
            .collect();
        if recent.len() >= TESTS_A_MINUTE {
            let oldest = recent.into_iter().min().unwrap_or(now);
            return Err(FlatRefusal::Throttled(61 - now.duration_since(oldest).as_secs()));
        }
        let correlation = Uuid::new_v4().to_string();
        let delivery = events::publish_test(&service.inner, state, &correlation, now);
        state.registrations.tests.insert(correlation.clone(), (now, delivery));
        Ok(Json(json!({ "correlationId": correlation })))
    })
}

async fn test_result(
    State(service): State<PartnerCenter>,
    Path(id): Path<String>,
) -> Result<Json<Value>, FlatRefusal> {
    let unknown = || FlatRefusal::new(StatusCode::NOT_FOUND, "There is no such test event.");
    let found = service.with(|state, now| {
        let alive = |(at, _): &&(Timestamp, Option<usize>)| now.duration_since(*at) < RESULT_LIFE;
        state.registrations.tests.get(&id).filter(alive).copied()
    });
    let (_, number) = found.ok_or_else(unknown)?;
    let delivery =
        number.and_then(|number| service.inner.deliveries.get(number)).ok_or_else(unknown)?;
    let finished = matches!(delivery.state, Standing::Delivered | Standing::Dead);
    let results: Vec<Value> = delivery
        .tries
        .iter()
        .map(|tried| {
            json!({
                "responseCode": tried.status_name(),
                "responseMessage": tried.error.as_deref().unwrap_or_default(),
                "systemError": tried.status.is_none(),
                "dateTimeUtc": format!("{:.7}", tried.at).trim_end_matches('Z'),
            })
        })
        .collect();
    Ok(Json(json!({
        "correlationId": id, "partnerId": service.inner.options.organization_id,
        "callbackUrl": delivery.url,
        "status": if finished { "completed" } else { "pending" }, "results": results,
    })))
}
