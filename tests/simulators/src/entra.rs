//! The token host for both services: the partner's user tokens and Dataverse's application tokens.
//!
//! The document that names the endpoints is there for clients that look for it first (contract
//! dynamics365 1.1).

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::dataverse::Dataverse;
use crate::partner_center::{Generation, PartnerCenter};

/// Both generations of the token endpoint, for any tenant. `origin` is the address under which
/// clients reach this host.
pub(crate) fn router(partner_center: PartnerCenter, dataverse: Dataverse, origin: &Url) -> Router {
    let origin = origin.as_str().trim_end_matches('/').to_owned();
    Router::new()
        .route("/{tenant}/oauth2/token", post(first_generation))
        .route("/{tenant}/oauth2/v2.0/token", post(second_generation))
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            get(async move |Path(tenant): Path<String>| endpoints(&origin, &tenant)),
        )
        .with_state((partner_center, dataverse))
}

fn endpoints(origin: &str, tenant: &str) -> Json<Value> {
    let base = format!("{origin}/{tenant}");
    Json(json!({
        "issuer": format!("{base}/v2.0"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
    }))
}

type Services = (PartnerCenter, Dataverse);

async fn first_generation(
    State((partner_center, _)): State<Services>,
    Path(tenant): Path<String>,
    body: Bytes,
) -> Response {
    answer(partner_center.token(Generation::V1, &tenant, &form(&body)))
}

async fn second_generation(
    State((partner_center, dataverse)): State<Services>,
    Path(tenant): Path<String>,
    body: Bytes,
) -> Response {
    let form = form(&body);
    if form.get("grant_type").is_some_and(|grant| grant == "client_credentials") {
        return answer(dataverse.token(&tenant, &form));
    }
    answer(partner_center.token(Generation::V2, &tenant, &form))
}

fn form(body: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(body).into_owned().collect()
}

fn answer((status, body): (StatusCode, Value)) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store, no-cache")], Json(body)).into_response()
}
