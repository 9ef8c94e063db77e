//! Sessions: how we sign in, and what an answer with a token tells (contract salesforce 1.2 to
//! 1.4).

use std::sync::Arc;

pub use cosell_http::Clock;
use cosell_http::{
    Endpoint, Grant, Granted, Issued, OAuthError, Refusal, Response, assertion, permitted,
};
use cosell_sync::Failure;
use reqwest::StatusCode;
use url::Url;

use crate::credentials::{CredentialStore, Credentials};
use crate::refusal;
use crate::settings::Settings;

type TokenError = cosell_http::TokenError<Failure>;

const NO_KEY: &str =
    "the `private_key` in the CRM's secret is no RSA key in PEM form (PKCS#8 or PKCS#1)";

/// What comes with a token.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Where all further calls go, whatever host the token came from.
    pub(crate) instance: Url,
    /// The user we act as; `None` when it is not known.
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
    type Error = Failure;

    async fn ask(&self, _: &str) -> Result<Issued<Session>, TokenError> {
        let endpoint = Endpoint {
            http: self.http.clone(),
            url: self.settings.token_endpoint(),
            service: "Salesforce",
            classify,
        };
        let granted = match self.credentials.load().await.map_err(TokenError::Store)? {
            Credentials::AccessToken(secret) => {
                let instance = self.settings.my_domain.clone();
                return Ok(Issued { secret, with: Session { instance, user: None }, life: None });
            }
            Credentials::ClientSecret { client_id, client_secret } => {
                endpoint.client_credentials(&client_id, &client_secret, &[]).await?
            }
            Credentials::Certificate { client_id, username, private_key } => {
                let (audience, now) = (&self.settings.audience, (self.clock)());
                let assertion =
                    assertion::signed(&client_id, &username, audience, &private_key, now);
                endpoint.jwt_bearer(&assertion.map_err(|_| TokenError::Unusable(NO_KEY))?).await?
            }
        };
        let session = self.session(&granted).ok_or(TokenError::Unavailable {
            service: endpoint.service,
            status: 200,
            retry_after: None,
        })?;
        // Whatever it says of its life, a session ends when nobody uses it, and a 401 tells.
        Ok(Issued { secret: granted.access_token, with: session, life: None })
    }

    fn may_renew(refused: &Response) -> bool {
        refusal::may_sign_in_again(&refused.json().unwrap_or_default())
    }
}

impl SignIn {
    /// What came with a token; `None` where it leads to an address that we must not call.
    fn session(&self, granted: &Granted) -> Option<Session> {
        let instance = match granted.text("instance_url") {
            Some(url) => Url::parse(url).ok().filter(|url| permitted(url).is_ok())?,
            None => self.settings.my_domain.clone(),
        };
        // `…/id/{organisation}/{user}`.
        let user = granted.text("id").and_then(|id| id.rsplit('/').next());
        Some(Session { instance, user: user.filter(|id| id.len() >= 15).map(str::to_owned) })
    }
}

/// An error of OAuth's form is about what we have. So is another host than an organisation's;
/// anything else passes.
fn classify(error: &OAuthError) -> Option<Refusal> {
    let (name, description) = (error.name(), error.description());
    let remedy = if error.status.is_client_error() && (name.is_some() || !description.is_empty()) {
        remedy(name.unwrap_or_default(), description)
    } else if error.status.is_redirection() || error.status == StatusCode::NOT_FOUND {
        "set the organisation's My Domain, such as https://northwind.my.salesforce.com"
    } else {
        return None;
    };
    let code = name.map_or_else(|| format!("HTTP {}", error.status.as_u16()), str::to_owned);
    Some(Refusal { code, remedy })
}

/// The table of contract salesforce 1.2, with what to do about each.
fn remedy(error: &str, description: &str) -> &'static str {
    match (error, description) {
        (_, text) if text.contains("not supported on this domain") => {
            "tokens come from the organisation's My Domain, such as \
             https://northwind.my.salesforce.com, not from login.salesforce.com"
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
            "pre-authorise the user: the app's policy must be \"admin approved users are \
             pre-authorized\", with a permission set of the user's"
        }
        _ => "check consumer key, secret or certificate, user name and audience",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn classified(status: u16, body: Json) -> Option<Refusal> {
        classify(&OAuthError::new(StatusCode::from_u16(status).unwrap(), body))
    }

    #[test]
    fn each_refused_sign_in_has_a_remedy_of_its_own() {
        let table = [
            ("invalid_grant", "request not supported on this domain", "My Domain"),
            ("invalid_grant", "no client credentials user enabled", "Run As"),
            ("invalid_client_id", "client identifier invalid", "consumer key"),
            ("invalid_client", "invalid client credentials", "consumer secret"),
            ("unsupported_grant_type", "grant type not supported", "enable"),
            ("invalid_grant", "user hasn't approved this consumer", "pre-authorise"),
        ];
        for (error, text, remedy) in table {
            let body = json!({"error": error, "error_description": text});
            let refusal = classified(400, body).unwrap();
            assert!(refusal.remedy.contains(remedy) && refusal.code == error, "{refusal:?}");
        }
    }

    #[test]
    fn another_host_is_to_be_corrected_and_a_page_of_the_service_passes() {
        for status in [302, 404] {
            let refusal = classified(status, Json::Null).unwrap();
            assert_eq!(refusal.code, format!("HTTP {status}"));
            assert!(refusal.remedy.contains("My Domain"), "{refusal:?}");
        }
        assert_eq!(classified(403, Json::Null), None);
    }
}
