//! Access tokens: by the client-credentials grant (contract dynamics365 1.1), or given from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cosell_runtime::bearer::{Grant, Issued};
use cosell_runtime::http::retry_after;
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use url::Url;

use crate::credentials::CredentialStore;
use crate::error::DynamicsError;
use crate::web_api::read_body;

/// How we get in.
pub(crate) enum SignIn {
    /// As the application.
    Application(ClientCredentialsGrant),
    /// As whoever was given this token.
    Given(GivenToken),
}

impl Grant for SignIn {
    type With = ();
    type Error = DynamicsError;

    async fn ask(&self) -> Result<Issued<()>, DynamicsError> {
        match self {
            Self::Application(grant) => {
                let (secret, life) = grant.fetch().await?;
                Ok(Issued { secret, with: (), life: Some(life) })
            }
            Self::Given(token) => token.once(),
        }
    }

    fn shared(error: &DynamicsError) -> Option<DynamicsError> {
        match error {
            DynamicsError::TokenRefused { code } => {
                Some(DynamicsError::TokenRefused { code: code.clone() })
            }
            DynamicsError::TokenUnavailable { status, retry_after: Some(retry_after) } => {
                Some(DynamicsError::TokenUnavailable {
                    status: *status,
                    retry_after: Some(*retry_after),
                })
            }
            _ => None,
        }
    }
}

/// An access token from outside. It cannot be renewed: who asks for another one was answered 401.
pub(crate) struct GivenToken {
    token: SecretString,
    is_used: AtomicBool,
}

impl GivenToken {
    pub(crate) fn new(token: SecretString) -> Self {
        Self { token, is_used: AtomicBool::new(false) }
    }

    fn once(&self) -> Result<Issued<()>, DynamicsError> {
        if self.is_used.swap(true, Ordering::SeqCst) {
            return Err(DynamicsError::GivenTokenNotAccepted);
        }
        Ok(Issued { secret: self.token.clone(), with: (), life: None })
    }
}

/// The application's own sign-in.
pub(crate) struct ClientCredentialsGrant {
    pub(crate) http: reqwest::Client,
    pub(crate) endpoint: Url,
    pub(crate) scope: String,
    pub(crate) credentials: Arc<dyn CredentialStore>,
}

impl ClientCredentialsGrant {
    async fn fetch(&self) -> Result<(SecretString, Duration), DynamicsError> {
        let credentials = self
            .credentials
            .load()
            .await
            .map_err(|failure| DynamicsError::CredentialsUnavailable(Box::new(failure)))?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", credentials.client_id.as_str()),
            ("client_secret", credentials.client_secret.expose_secret()),
            ("scope", self.scope.as_str()),
        ];
        let doing = "asking Microsoft Entra for a token";
        let answer = self
            .http
            .post(self.endpoint.clone())
            .form(&form)
            .send()
            .await
            .map_err(|error| DynamicsError::of_transport(doing, false, error))?;
        let (status, retry_after) = (answer.status(), retry_after::read(answer.headers()));
        let body = read_body(answer, doing, false).await?;
        if status.is_success() {
            return token(&body).ok_or(DynamicsError::TokenUnavailable {
                status: status.as_u16(),
                retry_after: None,
            });
        }
        Err(refusal(status, retry_after, &body))
    }
}

fn token(body: &Json) -> Option<(SecretString, Duration)> {
    let secret = body["access_token"].as_str().filter(|text| !text.is_empty())?;
    let life = body["expires_in"].as_u64().or_else(|| body["expires_in"].as_str()?.parse().ok())?;
    Some((SecretString::from(secret), Duration::from_secs(life)))
}

fn refusal(status: StatusCode, retry_after: Option<Duration>, body: &Json) -> DynamicsError {
    match status {
        StatusCode::TOO_MANY_REQUESTS => DynamicsError::TokenUnavailable {
            status: 429,
            retry_after: Some(retry_after.unwrap_or(retry_after::UNSPECIFIED)),
        },
        StatusCode::REQUEST_TIMEOUT => DynamicsError::TokenUnavailable { status: 408, retry_after },
        _ if status.is_client_error() => {
            DynamicsError::TokenRefused { code: refusal_code(status, body) }
        }
        _ => DynamicsError::TokenUnavailable { status: status.as_u16(), retry_after },
    }
}

/// Only the number: the description names the application, the tenant and sometimes the user.
fn refusal_code(status: StatusCode, body: &Json) -> String {
    if let Some(number) = body["error_codes"][0].as_u64() {
        return format!("AADSTS{number}");
    }
    let name = body["error"].as_str().filter(|name| {
        name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    });
    name.map_or_else(|| format!("HTTP {}", status.as_u16()), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_life_of_a_token_is_read_as_number_or_text() {
        for life in [json!(3599), json!("3599")] {
            let (secret, life) =
                token(&json!({"access_token": "abc", "expires_in": life})).unwrap();
            assert_eq!((secret.expose_secret(), life), ("abc", Duration::from_secs(3599)));
        }
        assert!(token(&json!({"access_token": "", "expires_in": 1})).is_none());
    }

    #[test]
    fn of_a_refusal_only_the_code_is_kept() {
        let body = json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret", "error_codes": [7_000_215]});
        let refused = refusal(StatusCode::UNAUTHORIZED, None, &body);
        assert!(
            matches!(&refused, DynamicsError::TokenRefused { code } if code == "AADSTS7000215"),
            "{refused}"
        );
        let refused = refusal(StatusCode::BAD_REQUEST, None, &json!({"error": "invalid_request"}));
        assert!(
            matches!(&refused, DynamicsError::TokenRefused { code } if code == "invalid_request")
        );
        assert!(matches!(
            refusal(StatusCode::BAD_GATEWAY, None, &Json::Null),
            DynamicsError::TokenUnavailable { status: 502, .. }
        ));
    }
}
