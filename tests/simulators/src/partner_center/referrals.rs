//! The referrals host's routes (contract partner-center 3).

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, http};
use serde_json::{Value, json};
use uuid::Uuid;

use super::change::Write;
use super::present::present;
use super::refusal::Refusal;
use super::store::{Cause, text};
use super::switches::Switches;
use super::{PartnerCenter, create, json_patch, list};

const COLLECTION: &str = "/v1.0/engagements/referrals";

/// All routes of the host.
pub(crate) fn router(service: PartnerCenter) -> Router {
    Router::new()
        .route(COLLECTION, get(all).post(add))
        .route(&format!("{COLLECTION}/{{id}}"), get(one).patch(patch).put(put))
        .method_not_allowed_fallback(async || {
            Refusal::whole(StatusCode::METHOD_NOT_ALLOWED, "This method is not allowed here.")
        })
        .fallback(async || Refusal::whole(StatusCode::NOT_FOUND, "There is no such resource."))
        .layer(from_fn_with_state(service.clone(), guard))
        .with_state(service)
}

/// Checks the token and adds the headers that every answer carries (contract partner-center 1.4).
async fn guard(State(service): State<PartnerCenter>, request: Request, next: Next) -> Response {
    let client_request_id = request.headers().get("client-request-id").cloned();
    let mut response =
        if service.authorized(request.headers(), &service.inner.options.referrals_audience) {
            next.run(request).await
        } else {
            Refusal::whole(
                StatusCode::UNAUTHORIZED,
                "The token is missing, over, or meant for another audience.",
            )
            .into_response()
        };
    let headers = response.headers_mut();
    if let Some(id) = client_request_id {
        headers.insert("client-request-id", id);
    }
    let now = service.inner.clock.now().to_string();
    for (name, value) in [
        ("request-id", Uuid::new_v4().to_string()),
        ("timestamp", now),
        ("x-ms-ags-diagnostic", "{}".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

async fn all(
    State(service): State<PartnerCenter>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    let origin = &service.inner.origins.referrals;
    let query = query.unwrap_or_default();
    service
        .with(|state, _| {
            list::page(&query, &state.store, &mut state.continuations, &state.switches, origin)
        })
        .map(Json)
}

async fn one(
    State(service): State<PartnerCenter>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let (document, switches) = service.with(|state, _| {
        let stored = state.store.visible(&id, &state.switches)?;
        Ok::<_, Refusal>((stored.document.clone(), state.switches.clone()))
    })?;
    Ok(entity(&service, StatusCode::OK, &document, &switches))
}

async fn add(
    State(service): State<PartnerCenter>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = json_body(&headers, &body)?;
    let (document, switches) = service.with(|state, now| {
        let mut stored =
            create::build(body, &state.store, &service.inner.options, &state.switches, now)?;
        create::links(&mut stored.document, &service.inner.origins.referrals);
        Ok::<_, Refusal>((state.store.put(stored, now, Cause::OwnWrite), state.switches.clone()))
    })?;
    let status = StatusCode::from_u16(switches.create_status).unwrap_or(StatusCode::CREATED);
    Ok(entity(&service, status, &document, &switches))
}

async fn patch(
    State(service): State<PartnerCenter>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    content_type(&headers)?;
    let operations = json_patch::parse(&body)?;
    let (document, switches) =
        change(&service, &id, &headers, |write, store| write.patch(store, &operations))?;
    let preference =
        headers.get("prefer").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if preference
        .to_ascii_lowercase()
        .replace(' ', "")
        .split([',', ';'])
        .any(|part| part == "return=representation")
    {
        return Ok(entity(&service, StatusCode::OK, &document, &switches));
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    etag(&mut response, &document);
    Ok(response)
}

async fn put(
    State(service): State<PartnerCenter>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let body = json_body(&headers, &body)?;
    let (document, switches) =
        change(&service, &id, &headers, |write, store| write.replace(store, body))?;
    Ok(entity(&service, StatusCode::OK, &document, &switches))
}

fn change(
    service: &PartnerCenter,
    id: &str,
    headers: &HeaderMap,
    action: impl FnOnce(&Write<'_>, &mut super::store::Store) -> Result<Value, Refusal>,
) -> Result<(Value, Switches), Refusal> {
    let if_match = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    service.with(|state, now| {
        let switches = state.switches.clone();
        let write =
            Write { id, if_match, switches: &switches, options: &service.inner.options, now };
        let document = action(&write, &mut state.store)?;
        Ok((document, switches))
    })
}

/// One referral as a whole answer, with its ETag.
fn entity(
    service: &PartnerCenter,
    status: StatusCode,
    document: &Value,
    switches: &Switches,
) -> Response {
    let mut shown = present(document, switches);
    shown["@odata.context"] =
        json!(format!("{}v1.0/$metadata#Referrals/$entity", service.inner.origins.referrals));
    let mut response = (status, Json(shown)).into_response();
    etag(&mut response, document);
    response
}

fn etag(response: &mut Response, document: &Value) {
    if let Ok(value) = HeaderValue::from_str(text(document, "/eTag")) {
        response.headers_mut().insert(header::ETAG, value);
    }
}

/// JSON Patch bodies too are sent as plain `application/json` (contract partner-center 1.4).
fn content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match value.split(';').next().map(str::trim) {
        Some(kind) if kind.eq_ignore_ascii_case("application/json") => Ok(()),
        _ => Err(Refusal::whole(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The content type must be application/json.",
        )),
    }
}

fn json_body(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    content_type(headers)?;
    serde_json::from_slice(body)
        .map_err(|error| Refusal::invalid("referral", format!("The body is not JSON: {error}")))
}
