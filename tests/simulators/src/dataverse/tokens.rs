//! Entra's client-credentials grant for this environment (contract dynamics365 1.1) and the tokens
//! it gave out.

use std::collections::HashMap;

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Options;

/// Seconds an access token lives.
const LIFETIME: i64 = 3599;

/// Access tokens and when they end.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    ends: HashMap<String, Timestamp>,
}

impl Tokens {
    pub(crate) fn issue(&mut self, now: Timestamp) -> Value {
        let token = format!("sim-dataverse-{}", Uuid::new_v4().simple());
        let end = now.saturating_add(SignedDuration::from_secs(LIFETIME)).unwrap_or(Timestamp::MAX);
        self.ends.insert(token.clone(), end);
        json!({
            "token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME,
            "access_token": token
        })
    }

    pub(crate) fn accepts(&self, token: &str, now: Timestamp) -> bool {
        self.ends.get(token).is_some_and(|end| now < *end)
    }

    /// Makes every token given out so far unknown.
    pub(crate) fn revoke_all(&mut self) {
        self.ends.clear();
    }
}

/// Checks a token request; the error is Entra's answer.
pub(crate) fn check(
    options: &Options,
    origin: &str,
    tenant: &str,
    form: &HashMap<String, String>,
) -> Result<(), (StatusCode, &'static str, u32, String)> {
    let field = |name: &str| form.get(name).map(String::as_str);
    let bad = |error, number, text: String| Err((StatusCode::BAD_REQUEST, error, number, text));
    if tenant != options.tenant {
        return bad("invalid_request", 90002, format!("Tenant '{tenant}' not found."));
    }
    if field("grant_type") != Some("client_credentials") {
        return bad("unsupported_grant_type", 70003, "The grant type is not supported.".into());
    }
    match field("client_id") {
        None => {
            return bad(
                "invalid_request",
                900_144,
                "The request body must contain 'client_id'.".into(),
            );
        }
        Some(id) if id != options.client_id => {
            let text =
                format!("Application with identifier '{id}' was not found in the directory.");
            return bad("unauthorized_client", 700_016, text);
        }
        Some(_) => {}
    }
    if field("client_secret") != Some(options.client_secret.as_str()) {
        let (number, text) = match field("client_secret") {
            None => (7_000_216, "'client_assertion' or 'client_secret' is required."),
            Some(_) => (7_000_215, "Invalid client secret provided."),
        };
        return Err((StatusCode::UNAUTHORIZED, "invalid_client", number, text.into()));
    }
    let scope = field("scope").unwrap_or_default();
    if scope != format!("{origin}/.default") {
        let text = format!(
            "The scope '{scope}' is not valid for this environment; expected '{origin}/.default'."
        );
        return bad("invalid_scope", 70011, text);
    }
    Ok(())
}

/// Entra's error body.
pub(crate) fn error(error: &str, number: u32, text: &str, now: Timestamp) -> Value {
    json!({
        "error": error,
        "error_description": format!("AADSTS{number}: {text}"),
        "error_codes": [number],
        "timestamp": now.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        "trace_id": Uuid::new_v4().to_string(),
        "correlation_id": Uuid::new_v4().to_string(),
        "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
    })
}
