//! Error answers in each host's own shape (contract partner-center 1.6 and 1.7).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An error answer of the referrals host.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) target: String,
}

impl Refusal {
    /// 400 `invalidRequest`; `target` is a JSON pointer into the referral, or an option's name.
    pub(crate) fn invalid(target: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "invalidRequest",
            message: message.into(),
            target: target.into(),
        }
    }

    /// A refusal about the referral as a whole, with the code that goes with `status`.
    pub(crate) fn whole(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code_of(status.as_u16()),
            message: message.into(),
            target: "referral".to_owned(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({
            "error": { "code": self.code, "message": self.message, "target": self.target }
        });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The pairing of contract partner-center 1.7.
fn code_of(status: u16) -> &'static str {
    match status {
        401 => "unauthenticated",
        403 => "accessDenied",
        404 => "itemNotFound",
        409 => "resourceModified",
        412 => "preconditionFailed",
        429 | 503 | 509 => "serviceNotAvailable",
        400..=499 => "invalidRequest",
        _ => "generalException",
    }
}

/// The referrals host's error shape for any status.
pub fn referrals_error_body(status: u16, code: Option<&str>) -> Value {
    let code = code.unwrap_or_else(|| code_of(status));
    json!({
        "error": {
            "code": code, "message": format!("The request failed with status {status}."),
            "target": "referral"
        }
    })
}

/// An error answer of the webhook registration host, which is flat.
#[derive(Debug)]
pub(crate) enum FlatRefusal {
    /// An error with a description.
    Plain(StatusCode, String),
    /// Too many requests; try again after these seconds.
    Throttled(i64),
}

impl FlatRefusal {
    pub(crate) fn new(status: StatusCode, description: impl Into<String>) -> Self {
        Self::Plain(status, description.into())
    }
}

impl IntoResponse for FlatRefusal {
    fn into_response(self) -> Response {
        match self {
            Self::Plain(status, description) => {
                let code = status.as_u16().to_string();
                let body = json!({
                    "code": code, "description": description, "source": "PartnerCenterWebhooks"
                });
                (status, Json(body)).into_response()
            }
            Self::Throttled(seconds) => {
                let message = format!("Rate limit is exceeded. Try again in {seconds} seconds.");
                let body = json!({ "statusCode": 429, "message": message });
                let retry_after = [(header::RETRY_AFTER, HeaderValue::from(seconds))];
                (StatusCode::TOO_MANY_REQUESTS, retry_after, Json(body)).into_response()
            }
        }
    }
}

/// The registration host's error shape for any status; throttling has a form of its own (contract
/// partner-center 1.5).
pub fn registration_error_body(status: u16, code: Option<&str>) -> Value {
    if status == 429 {
        return json!({
            "statusCode": 429, "message": "Rate limit is exceeded. Try again in 41 seconds."
        });
    }
    let code = code.map_or_else(|| status.to_string(), str::to_owned);
    json!({
        "code": code, "description": format!("The request failed with status {status}."),
        "source": "PartnerCenterWebhooks"
    })
}

/// The token endpoint's error shape for any status.
pub fn token_error_body(status: u16, code: Option<&str>) -> Value {
    let code = code.unwrap_or(match status {
        401 => "invalid_client",
        429 | 500..=599 => "temporarily_unavailable",
        _ => "invalid_grant",
    });
    json!({
        "error": code,
        "error_description": format!("AADSTS90000: simulated failure with status {status}."),
        "error_codes": [90000]
    })
}

/// The certificate host answers errors in no particular shape.
pub fn certificates_error_body(status: u16, code: Option<&str>) -> Value {
    json!({ "status": status, "code": code })
}
