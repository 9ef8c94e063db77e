//! The certificate host: leaf and intermediate certificates as DER.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::PartnerCenter;

/// All routes of the host.
pub(crate) fn router(service: PartnerCenter) -> Router {
    Router::new().route("/{folder}/{name}", get(certificate)).with_state(service)
}

async fn certificate(
    State(service): State<PartnerCenter>,
    Path((folder, name)): Path<(String, String)>,
) -> Response {
    let authority = &service.inner.authority;
    let der = match (folder.as_str(), name.as_str()) {
        ("cert", "pcnotifications-sim.cer") => &authority.leaf,
        ("cert", "pcnotifications-sim-wrong-issuer.cer") => &authority.rogue_leaf,
        ("cert", "pcnotifications-sim-expired.cer") => &authority.expired_leaf,
        ("pki", "intermediate.cer") => &authority.intermediate,
        ("pki", "rogue-intermediate.cer") => &authority.rogue_intermediate,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, "application/pkix-cert")], der.clone()).into_response()
}
