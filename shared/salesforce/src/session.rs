//! Sessions: how we sign in, and what an answer with a token tells (contract salesforce 1.2 to 1.4).

use std::sync::Arc;
use std::time::Duration;

use cosell_runtime::bearer::{Grant, Issued};
use cosell_runtime::http::{body, permitted, retry_after};
use jiff::Timestamp;
use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use url::Url;

use crate::assertion;
use crate::credentials::{CredentialStore, Credentials};
use crate::error::SalesforceError;
use crate::settings::Settings;

const DOING: &str = "asking Salesforce for a session";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Tells the time, for assertions.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What comes with a token.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Where all further calls go, whatever host the token came from.
    pub(crate) instance: Url,
    /// The user we act as; `None` when it was not told.
    pub(crate) user: Option<String>,
}

/// Signs in at the organisation's own domain.
pub(crate) struct SignIn {
    pub(crate) http: reqwest::Client,
    pub(crate) settings: Settings,
    pub(crate) credentials: Arc<dyn CredentialStore>,
    pub(crate) clock: Clock,
}

impl Grant for SignIn {
    type With = Session;
    type Error = SalesforceError;

    async fn ask(&self) -> Result<Issued<Session>, SalesforceError> {
        let credentials = self.credentials.load().await;
        let credentials = credentials
            .map_err(|failure| SalesforceError::CredentialsUnavailable(Box::new(failure)))?;
        let form = match &credentials {
            Credentials::AccessToken(token) => return Ok(self.given(token)),
            Credentials::ClientSecret { client_id, client_secret } => vec![
                ("grant_type", "client_credentials".to_owned()),
                ("client_id", client_id.clone()),
                ("client_secret", client_secret.expose_secret().to_owned()),
            ],
            Credentials::Certificate { client_id, username, private_key } => {
                let assertion = assertion::signed(
                    client_id,
                    username,
                    &self.settings.audience,
                    private_key,
                    (self.clock)(),
                );
                let assertion = assertion.map_err(|_| SalesforceError::UnusableKey)?;
                vec![
                    ("grant_type", JWT_BEARER.to_owned()),
                    ("assertion", assertion.expose_secret().to_owned()),
                ]
            }
        };
        let request = self.http.post(self.settings.token_endpoint()).form(&form);
        let answer = request
            .send()
            .await
            .map_err(|error| SalesforceError::of_transport(DOING, false, error))?;
        let (status, wait) = (answer.status(), retry_after::read(answer.headers()));
        let body = body::json(answer)
            .await
            .map_err(|error| SalesforceError::of_body(DOING, false, error))?;
        if status.is_success() {
            return self.issued(&body);
        }
        Err(refusal(status, wait, &body))
    }

    fn shared(error: &SalesforceError) -> Option<SalesforceError> {
        match error {
            SalesforceError::SignInRefused { code, remedy } => {
                Some(SalesforceError::SignInRefused { code: code.clone(), remedy })
            }
            SalesforceError::UnusableKey => Some(SalesforceError::UnusableKey),
            SalesforceError::SignInUnavailable { status, retry_after: Some(retry_after) } => {
                Some(SalesforceError::SignInUnavailable {
                    status: *status,
                    retry_after: Some(*retry_after),
                })
            }
            _ => None,
        }
    }
}

impl SignIn {
    fn given(&self, token: &SecretString) -> Issued<Session> {
        Issued {
            secret: token.clone(),
            with: Session { instance: self.settings.my_domain.clone(), user: None },
            life: None,
        }
    }

    /// There is no life in the answer: a session ends when nobody uses it, and a 401 tells.
    fn issued(&self, body: &Json) -> Result<Issued<Session>, SalesforceError> {
        let lacks = |status| SalesforceError::SignInUnavailable { status, retry_after: None };
        let secret = body["access_token"]
            .as_str()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| lacks(200))?;
        let instance = match body["instance_url"].as_str() {
            Some(url) => Url::parse(url)
                .ok()
                .filter(|url| permitted(url).is_ok())
                .ok_or_else(|| lacks(200))?,
            None => self.settings.my_domain.clone(),
        };
        // `…/id/{organisation}/{user}`.
        let user =
            body["id"].as_str().and_then(|id| id.rsplit('/').next()).filter(|id| id.len() >= 15);
        Ok(Issued {
            secret: SecretString::from(secret),
            with: Session { instance, user: user.map(str::to_owned) },
            life: None,
        })
    }
}

fn refusal(status: StatusCode, retry_after: Option<Duration>, body: &Json) -> SalesforceError {
    match status {
        StatusCode::TOO_MANY_REQUESTS => SalesforceError::SignInUnavailable {
            status: 429,
            retry_after: Some(retry_after.unwrap_or(retry_after::UNSPECIFIED)),
        },
        _ if status.is_client_error() && body["error"].is_string() => {
            let text = |name: &str| body[name].as_str().unwrap_or_default();
            let (error, description) = (text("error"), text("error_description"));
            SalesforceError::SignInRefused {
                code: error
                    .chars()
                    .filter(|c| c.is_ascii_lowercase() || *c == '_')
                    .take(64)
                    .collect(),
                remedy: remedy(error, description),
            }
        }
        _ if status.is_redirection() || status == StatusCode::NOT_FOUND => {
            SalesforceError::SignInRefused {
                code: format!("HTTP {}", status.as_u16()),
                remedy: "set the organisation's My Domain, such as https://northwind.my.salesforce.com",
            }
        }
        _ => SalesforceError::SignInUnavailable { status: status.as_u16(), retry_after },
    }
}

/// The table of contract salesforce 1.2, with what to do about each.
fn remedy(error: &str, description: &str) -> &'static str {
    match (error, description) {
        (_, text) if text.contains("not supported on this domain") => {
            "tokens come from the organisation's My Domain, such as https://northwind.my.salesforce.com, not from login.salesforce.com"
        }
        (_, text) if text.contains("no client credentials user") => {
            "set the Run As user in the app's policies, by user name, and give that user API access"
        }
        ("invalid_client_id", _) => {
            "check the consumer key; a new app needs some minutes until every server knows it"
        }
        ("invalid_client", _) => "check the consumer secret",
        ("unsupported_grant_type", _) => {
            "enable the client-credentials flow (or the JWT bearer flow) in the app's settings"
        }
        (_, text) if text.contains("approved this consumer") => {
            "pre-authorise the user: the app's policy must be \"admin approved users are pre-authorized\", with a permission set of the user's"
        }
        _ => "check consumer key, secret or certificate, user name and audience",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_refused_sign_in_has_a_cure_of_its_own() {
        let refused = |error: &str, text: &str| {
            let body = json!({"error": error, "error_description": text});
            refusal(StatusCode::BAD_REQUEST, None, &body).to_string()
        };
        let table = [
            ("invalid_grant", "request not supported on this domain", "My Domain"),
            ("invalid_grant", "no client credentials user enabled", "Run As"),
            ("invalid_client_id", "client identifier invalid", "consumer key"),
            ("invalid_client", "invalid client credentials", "consumer secret"),
            ("unsupported_grant_type", "grant type not supported", "enable"),
            ("invalid_grant", "user hasn't approved this consumer", "pre-authorise"),
        ];
        for (error, text, remedy) in table {
            let told = refused(error, text);
            assert!(told.contains(remedy) && told.contains(error), "{told}");
        }
    }

    #[test]
    fn trouble_of_the_service_is_no_refusal() {
        let answered = refusal(StatusCode::SERVICE_UNAVAILABLE, None, &Json::Null);
        assert!(
            matches!(answered, SalesforceError::SignInUnavailable { status: 503, .. }),
            "{answered}"
        );
    }
}
