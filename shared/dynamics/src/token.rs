//! Access tokens by the client-credentials grant (contract dynamics365 1.1).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value as Json;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::credentials::CredentialStore;
use crate::error::DynamicsError;
use crate::retry_after;
use crate::web_api::read_body;

/// How early a token is replaced: far above one reconcile's calls, far below a token's hour.
const EARLY: Duration = Duration::from_mins(5);

/// A token and which one it is, so that a 401 drops only the token it was about.
#[derive(Clone)]
pub(crate) struct Bearer {
    pub(crate) secret: SecretString,
    serial: u64,
}

struct Held {
    bearer: Bearer,
    renew_at: Instant,
}

#[derive(Default)]
struct Cache {
    held: Option<Held>,
    issued: u64,
    refused: Option<Refusal>,
}

struct Refusal {
    number: u64,
    error: DynamicsError,
}

/// One token for all calls. The lock is held while a token is fetched: whoever comes meanwhile waits and shares it, or shares the
/// refusal. Whoever comes later asks anew, since an operator may have mended it.
pub(crate) struct TokenSource {
    http: reqwest::Client,
    endpoint: Url,
    scope: String,
    credentials: Arc<dyn CredentialStore>,
    /// How often we were refused or throttled. Noted before waiting for `cache`: a refusal with a higher number was given meanwhile.
    refusals: AtomicU64,
    cache: Mutex<Cache>,
}

impl TokenSource {
    pub(crate) fn new(http: reqwest::Client, endpoint: Url, scope: String, credentials: Arc<dyn CredentialStore>) -> Self {
        Self {
            http,
            endpoint,
            scope,
            credentials,
            refusals: AtomicU64::default(),
            cache: Mutex::default(),
        }
    }

    pub(crate) async fn bearer(&self) -> Result<Bearer, DynamicsError> {
        let noted = self.refusals.load(Ordering::SeqCst);
        self.held_or_new(&mut *self.cache.lock().await, noted).await
    }

    /// Another token than `refused`, which was not accepted: it is forgotten, unless it has been replaced already.
    pub(crate) async fn renew(&self, refused: &Bearer) -> Result<Bearer, DynamicsError> {
        let noted = self.refusals.load(Ordering::SeqCst);
        let mut cache = self.cache.lock().await;
        if cache.held.as_ref().is_some_and(|held| held.bearer.serial == refused.serial) {
            cache.held = None;
        }
        self.held_or_new(&mut cache, noted).await
    }

    async fn held_or_new(&self, cache: &mut Cache, noted: u64) -> Result<Bearer, DynamicsError> {
        if let Some(held) = cache.held.as_ref().filter(|held| Instant::now() < held.renew_at) {
            return Ok(held.bearer.clone());
        }
        let meanwhile = cache.refused.as_ref().filter(|refusal| refusal.number > noted);
        if let Some(shared) = meanwhile.and_then(|refusal| shared(&refusal.error)) {
            return Err(shared);
        }
        let asked = Instant::now();
        let (secret, life) = match self.fetch().await {
            Ok(fetched) => fetched,
            Err(error) => {
                if let Some(error) = shared(&error) {
                    let number = self.refusals.fetch_add(1, Ordering::SeqCst) + 1;
                    cache.refused = Some(Refusal { number, error });
                }
                return Err(error);
            }
        };
        cache.issued += 1;
        let bearer = Bearer {
            secret,
            serial: cache.issued,
        };
        // A function that is frozen between invocations may outlive this clock; the 401 of a dead token covers that.
        let renew_at = asked + life.saturating_sub(EARLY.min(life / 2));
        cache.held = Some(Held {
            bearer: bearer.clone(),
            renew_at,
        });
        Ok(bearer)
    }

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
        _ if status.is_client_error() => DynamicsError::TokenRefused {
            code: refusal_code(status, body),
        },
        _ => DynamicsError::TokenUnavailable {
            status: status.as_u16(),
            retry_after,
        },
    }
}

/// The same answer for those who waited for it, if it is one that asking again would only make worse.
fn shared(error: &DynamicsError) -> Option<DynamicsError> {
    match error {
        DynamicsError::TokenRefused { code } => Some(DynamicsError::TokenRefused { code: code.clone() }),
        DynamicsError::TokenUnavailable {
            status,
            retry_after: Some(retry_after),
        } => Some(DynamicsError::TokenUnavailable {
            status: *status,
            retry_after: Some(*retry_after),
        }),
        _ => None,
    }
}

/// Only the number: the description names the application, the tenant and sometimes the user.
fn refusal_code(status: StatusCode, body: &Json) -> String {
    if let Some(number) = body["error_codes"][0].as_u64() {
        return format!("AADSTS{number}");
    }
    let name = body["error"]
        .as_str()
        .filter(|name| name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    name.map_or_else(|| format!("HTTP {}", status.as_u16()), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_life_of_a_token_is_read_as_number_or_text() {
        for life in [json!(3599), json!("3599")] {
            let (secret, life) = token(&json!({"access_token": "abc", "expires_in": life})).unwrap();
            assert_eq!((secret.expose_secret(), life), ("abc", Duration::from_secs(3599)));
        }
        assert!(token(&json!({"access_token": "", "expires_in": 1})).is_none());
    }

    #[test]
    fn of_a_refusal_only_the_code_is_kept() {
        let body =
            json!({"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret", "error_codes": [7_000_215]});
        let refused = refusal(StatusCode::UNAUTHORIZED, None, &body);
        assert!(
            matches!(&refused, DynamicsError::TokenRefused { code } if code == "AADSTS7000215"),
            "{refused}"
        );
        let refused = refusal(StatusCode::BAD_REQUEST, None, &json!({"error": "invalid_request"}));
        assert!(matches!(&refused, DynamicsError::TokenRefused { code } if code == "invalid_request"));
        assert!(matches!(
            refusal(StatusCode::BAD_GATEWAY, None, &Json::Null),
            DynamicsError::TokenUnavailable { status: 502, .. }
        ));
    }
}
