//! OAuth token requests: client credentials (RFC 6749 4.4), refresh token (6) and JWT bearer (RFC
//! 7523 2.1).

use std::error::Error;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use url::Url;

use crate::response::Response;
use crate::retry_after::UNSPECIFIED;
use crate::token_error::TokenError;

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Longest name, code or id that goes into an error.
const NAME_CHARS: usize = 64;

/// A service's token endpoint.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The client to send with.
    pub http: reqwest::Client,
    /// Its address.
    pub url: Url,
    /// Its name in errors, such as `Microsoft Entra`.
    pub service: &'static str,
    /// Reads a refusal: `None` where the service has trouble of its own.
    pub classify: fn(&OAuthError) -> Option<Refusal>,
}

/// The endpoint refuses what we have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A code for logs.
    pub code: String,
    /// What a person can do.
    pub remedy: &'static str,
}

/// A granted token. `Debug` hides it and whatever came with it.
pub struct Granted {
    /// The access token.
    pub access_token: SecretString,
    /// The refresh token that replaces ours, or follows it.
    pub refresh_token: Option<SecretString>,
    /// The access token's life, if it was given.
    pub life: Option<Duration>,
    body: Json,
}

/// A response of 3xx or 4xx (but 408 and 429) where a token should be.
#[derive(Clone)]
pub struct OAuthError {
    /// The HTTP status.
    pub status: StatusCode,
    body: Json,
}

impl Endpoint {
    /// A token for the application itself. `parameters` are those of this endpoint, such as
    /// `scope`.
    pub async fn client_credentials<E: Error + 'static>(
        &self,
        client_id: &str,
        client_secret: &SecretString,
        parameters: &[(&str, &str)],
    ) -> Result<Granted, TokenError<E>> {
        let grant = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", client_secret.expose_secret()),
        ];
        self.ask(&[&grant, parameters].concat()).await
    }

    /// A token for the user who gave consent.
    pub async fn refresh_token<E: Error + 'static>(
        &self,
        client_id: &str,
        client_secret: &SecretString,
        refresh_token: &SecretString,
        parameters: &[(&str, &str)],
    ) -> Result<Granted, TokenError<E>> {
        let grant = [
            ("grant_type", "refresh_token"),
            ("client_id", client_id),
            ("client_secret", client_secret.expose_secret()),
            ("refresh_token", refresh_token.expose_secret()),
        ];
        self.ask(&[&grant, parameters].concat()).await
    }

    /// A token for the user whom a signed [`assertion`](crate::assertion) names.
    pub async fn jwt_bearer<E: Error + 'static>(
        &self,
        assertion: &SecretString,
    ) -> Result<Granted, TokenError<E>> {
        self.ask(&[("grant_type", JWT_BEARER), ("assertion", assertion.expose_secret())]).await
    }

    async fn ask<E: Error + 'static>(
        &self,
        form: &[(&str, &str)],
    ) -> Result<Granted, TokenError<E>> {
        let service = self.service;
        let response = Response::to(self.http.post(self.url.clone()).form(form), &[])
            .await
            .map_err(|source| TokenError::NoAnswer { service, source })?;
        let (status, body) = (response.status, response.json().unwrap_or_default());
        let unavailable =
            |retry_after| TokenError::Unavailable { service, status: status.as_u16(), retry_after };
        match status {
            _ if status.is_success() => Granted::read(body).ok_or_else(|| unavailable(None)),
            StatusCode::TOO_MANY_REQUESTS => {
                Err(unavailable(Some(response.retry_after.unwrap_or(UNSPECIFIED))))
            }
            _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                Err(unavailable(response.retry_after))
            }
            _ => {
                let error = OAuthError::new(status, body);
                let refusal = (self.classify)(&error);
                Err(refusal.map_or_else(
                    || unavailable(response.retry_after),
                    |Refusal { code, remedy }| TokenError::Refused {
                        service,
                        code,
                        remedy,
                        trace_id: error.trace_id(),
                    },
                ))
            }
        }
    }
}

impl Granted {
    fn read(body: Json) -> Option<Self> {
        let secret = |name: &str| {
            body[name].as_str().filter(|text| !text.is_empty()).map(SecretString::from)
        };
        let (access_token, refresh_token) = (secret("access_token")?, secret("refresh_token"));
        // Text in one generation of Entra, a number in the other.
        let life = &body["expires_in"];
        let life = life.as_u64().or_else(|| life.as_str()?.parse().ok());
        Some(Self { access_token, refresh_token, life: life.map(Duration::from_secs), body })
    }

    /// A text that came with the token, such as `instance_url`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.body[name].as_str()
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted").field("life", &self.life).finish_non_exhaustive()
    }
}

impl OAuthError {
    /// What was answered, for the tests of who reads it.
    pub fn new(status: StatusCode, body: Json) -> Self {
        Self { status, body }
    }

    /// OAuth's name of the error, such as `invalid_client`; `None` when there is none of one word.
    pub fn name(&self) -> Option<&str> {
        let form = |name: &&str| {
            name.len() <= NAME_CHARS
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        self.body["error"].as_str().filter(|name| !name.is_empty()).filter(form)
    }

    /// The endpoint's own words. They may name the application, the tenant or the user: never pass
    /// them on.
    pub fn description(&self) -> &str {
        self.body["error_description"].as_str().unwrap_or_default()
    }

    /// Entra's own number of the error, as `AADSTS7000215`.
    pub fn entra_code(&self) -> Option<String> {
        self.body["error_codes"][0].as_u64().map(|number| format!("AADSTS{number}"))
    }

    fn trace_id(&self) -> Option<String> {
        Some(self.body["trace_id"].as_str()?.chars().take(NAME_CHARS).collect())
    }
}

impl fmt::Debug for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthError")
            .field("status", &self.status.as_u16())
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_life_of_a_token_is_read_as_number_or_text() {
        for life in [json!(3599), json!("3599")] {
            let granted = json!({"access_token": "abc", "expires_in": life});
            let granted = Granted::read(granted).unwrap();
            assert_eq!(granted.access_token.expose_secret(), "abc");
            assert_eq!(granted.life, Some(Duration::from_secs(3599)));
        }
        assert_eq!(Granted::read(json!({"access_token": "abc"})).unwrap().life, None);
        for nothing in [json!({"access_token": "", "expires_in": 1}), json!(["x"]), Json::Null] {
            assert!(Granted::read(nothing).is_none());
        }
    }

    #[test]
    fn only_what_has_the_form_of_an_error_name_is_one() {
        let name = |error: Json| {
            let body = json!({ "error": error });
            let error = OAuthError::new(StatusCode::BAD_REQUEST, body);
            error.name().map(str::to_owned)
        };
        assert_eq!(name(json!("invalid_client")).as_deref(), Some("invalid_client"));
        for other in [json!("No such user ida.ek@norrsken.example"), json!(""), json!(7)] {
            assert_eq!(name(other), None);
        }
    }

    #[test]
    fn what_may_name_people_or_secrets_is_not_shown() {
        let body = json!({
            "access_token": "hush", "refresh_token": "hush-too", "id": "hush-three",
            "error": "invalid_client", "error_description": "hush-four",
        });
        let error = OAuthError::new(StatusCode::BAD_REQUEST, body.clone());
        let shown = format!("{:?} {error:?}", Granted::read(body));
        assert!(shown.contains("invalid_client") && !shown.contains("hush"), "{shown}");
    }
}
