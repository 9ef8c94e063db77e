//! Responses as the service writes them: headers of contract dynamics365 1.5, decimals with four
//! places.

use std::io;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};
use uuid::Uuid;

const CONTENT_TYPE: HeaderValue =
    HeaderValue::from_static("application/json; odata.metadata=minimal");

/// A JSON answer.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, FourPlaces);
    if body.serialize(&mut serializer).is_err() {
        bytes = b"{}".to_vec();
    }
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Sets a header; a value that cannot be one is left out.
pub(crate) fn set_header(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// The headers every answer carries.
pub(crate) fn stamp(headers: &mut HeaderMap) {
    let fixed = [
        ("odata-version", "4.0"),
        ("x-ms-dop-hint", "4"),
        ("x-ms-ratelimit-burst-remaining-xrm-requests", "5999"),
        // With thousands comma and decimals, as the live service writes it.
        ("x-ms-ratelimit-time-remaining-xrm-requests", "1,200.00"),
        ("set-cookie", "ARRAffinity=5f0c7a31; path=/; HttpOnly"),
    ];
    for (name, value) in fixed {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    for name in ["req_id", "x-ms-service-request-id", "authactivityid"] {
        if let Ok(value) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Writes decimals with at least four places (`250000.0000`), as money reads back.
struct FourPlaces;

impl Formatter for FourPlaces {
    fn write_f64<W: ?Sized + io::Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let places = value.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len());
        write!(writer, "{value:.*}", places.max(4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_at_least_four_places() {
        let mut bytes = Vec::new();
        let mut serializer = Serializer::with_formatter(&mut bytes, FourPlaces);
        serde_json::json!([250_000.0, 0.5, 1.123_456_7, 12]).serialize(&mut serializer).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "[250000.0000,0.5000,1.1234567,12]");
    }
}
