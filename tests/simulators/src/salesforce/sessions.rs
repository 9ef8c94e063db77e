//! The token endpoint and the sessions it opens (contract salesforce 1.2 to 1.4).

use std::collections::HashMap;

use axum::http::{HeaderMap, Method, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::assertion;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// `error` and `error_description` of a refused token request.
pub(crate) type TokenError = (&'static str, &'static str);

pub(crate) const UNKNOWN_CLIENT: TokenError = ("invalid_client_id", "client identifier invalid");

/// Open sessions by access token: when each was last used.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    last_used: HashMap<String, Timestamp>,
}

impl Sessions {
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        self.last_used.remove(token).is_some()
    }

    /// Makes every token given out so far unknown.
    pub(crate) fn revoke_all(&mut self) {
        self.last_used.clear();
    }

    /// Whether a session is open; using it keeps it open.
    fn accepts(&mut self, token: &str, now: Timestamp, life: SignedDuration) -> bool {
        let Some(last_used) = self.last_used.get_mut(token) else {
            return false;
        };
        let is_open = now.duration_since(*last_used) < life;
        if is_open {
            *last_used = now;
        }
        is_open
    }
}

impl Organisation {
    /// `POST /services/oauth2/token`.
    pub(crate) fn token(&mut self, headers: &HeaderMap, form: &HashMap<String, String>) -> Answer {
        match self.check_token_request(headers, form) {
            Ok(()) => Answer::ok(self.open_session()),
            Err((error, text)) => Answer::json(
                StatusCode::BAD_REQUEST,
                json!({"error": error, "error_description": text}),
            ),
        }
    }

    fn check_token_request(
        &self,
        headers: &HeaderMap,
        form: &HashMap<String, String>,
    ) -> Result<(), TokenError> {
        match form.get("grant_type").map(String::as_str) {
            Some("client_credentials") if self.switches.client_credentials => {
                self.check_client(headers, form)
            }
            Some(JWT_BEARER) => {
                let assertion = form.get("assertion").map(String::as_str).unwrap_or_default();
                assertion::check(&self.options, &self.origin, self.now(), assertion)?;
                if !self.switches.approved {
                    return Err(("invalid_grant", "user hasn't approved this consumer"));
                }
                Ok(())
            }
            _ => Err(("unsupported_grant_type", "grant type not supported")),
        }
    }

    /// Id and secret in the form or as HTTP Basic.
    fn check_client(
        &self,
        headers: &HeaderMap,
        form: &HashMap<String, String>,
    ) -> Result<(), TokenError> {
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        let (id, secret) =
            basic(headers).unwrap_or_else(|| (field("client_id"), field("client_secret")));
        if id != self.options.client_id {
            return Err(UNKNOWN_CLIENT);
        }
        if secret != self.options.client_secret {
            return Err(("invalid_client", "invalid client credentials"));
        }
        if !self.switches.run_as_user {
            return Err(("invalid_grant", "no client credentials user enabled"));
        }
        Ok(())
    }

    fn open_session(&mut self) -> Value {
        let organisation = self.tenant_id.get(..15).unwrap_or_default();
        let random = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let token = format!("{organisation}!AQc{random}");
        let now = self.now();
        self.sessions.last_used.insert(token.clone(), now);
        json!({
            "access_token": token,
            "signature": STANDARD.encode(Uuid::new_v4().as_bytes()),
            "token_format": "opaque",
            "instance_url": self.origin,
            "id": self.identity_address(),
            "token_type": "Bearer",
            "issued_at": now.as_millisecond().to_string(),
            "scope": "api",
        })
    }

    /// 401 unless the request bears the token of an open session.
    pub(crate) fn authenticate(&mut self, headers: &HeaderMap) -> Outcome<()> {
        if let Some(text) = &self.switches.session_refusal {
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID", text.clone()));
        }
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| {
            value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("OAuth "))
        });
        let life = SignedDuration::from_mins(self.switches.session_minutes);
        let now = self.now();
        if token.is_some_and(|token| self.sessions.accepts(token, now, life)) {
            return Ok(());
        }
        let text = "Session expired or invalid";
        Err(Refusal::new(StatusCode::UNAUTHORIZED, "INVALID_SESSION_ID", text))
    }

    /// Where a client learns whose session it has; also in the version root.
    pub(crate) fn identity_address(&self) -> String {
        format!("{}/id/{}/{}", self.origin, self.tenant_id, self.api_user)
    }

    /// `GET` on the identity address. The members are those that jsforce and its users read; the
    /// contract has none.
    pub(crate) fn identity_request(
        &mut self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Outcome<Answer> {
        if method != Method::GET {
            return Err(Refusal::wrong_method(method.as_str()));
        }
        self.authenticate(headers)?;
        Ok(Answer::ok(json!({
            "id": self.identity_address(),
            "user_id": self.api_user,
            "organization_id": self.tenant_id,
            "username": self.options.username,
            "display_name": "Co-sell Sync",
            "urls": {"rest": format!("{}/services/data/v{{version}}/", self.origin)},
        })))
    }

    /// `GET /services/oauth2/userinfo`.
    pub(crate) fn user_info(&self) -> Value {
        json!({
            "sub": self.identity_address(),
            "user_id": self.api_user,
            "organization_id": self.tenant_id,
            "preferred_username": self.options.username,
            "name": "Co-sell Sync",
        })
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
