//! The token endpoint's wire form, both generations (contract partner-center 1.2).

use std::fmt::Write as _;

use jiff::SignedDuration;
use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use url::Url;

use super::{PartnerCredentials, TokenEndpoint, TokenError, TokenSettings};
use crate::answer::Answer;
use crate::property::{property, text};

/// When the answer does not say how long the token lasts: short enough to be right.
const DEFAULT_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// What Entra granted.
pub(super) struct Grant {
    pub(super) access_token: SecretString,
    pub(super) refresh_token: Option<SecretString>,
    pub(super) lasts: SignedDuration,
}

/// Exchanges the refresh token for an access token of `audience`.
pub(super) async fn redeem(
    http: &reqwest::Client,
    settings: &TokenSettings,
    credentials: &PartnerCredentials,
    audience: &str,
) -> Result<Grant, TokenError> {
    let scope = format!("{audience}/.default offline_access");
    let mut form = vec![
        ("grant_type", "refresh_token"),
        ("client_id", credentials.client_id.as_str()),
        ("client_secret", credentials.client_secret.expose_secret()),
        ("refresh_token", credentials.refresh_token.expose_secret()),
    ];
    match settings.endpoint {
        TokenEndpoint::V1 => form.extend([("resource", audience), ("scope", "openid")]),
        // Without offline_access this generation gives no new refresh token.
        TokenEndpoint::V2 => form.push(("scope", scope.as_str())),
    }
    let response = http
        .post(address(settings))
        .form(&form)
        .send()
        .await
        .map_err(|error| TokenError::NoAnswer(error.into()))?;
    let answer =
        Answer::read(response).await.map_err(|error| TokenError::NoAnswer(error.into()))?;
    match answer.status {
        StatusCode::OK => {
            answer.json().as_ref().and_then(grant).ok_or(TokenError::OutOfOrder { status: 200 })
        }
        StatusCode::TOO_MANY_REQUESTS => Err(TokenError::Throttled { retry_after: answer.wait() }),
        status if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => {
            Err(refused(&answer))
        }
        status => Err(TokenError::OutOfOrder { status: status.as_u16() }),
    }
}

fn address(settings: &TokenSettings) -> Url {
    let mut url = settings.entra.clone();
    url.set_path(&match settings.endpoint {
        TokenEndpoint::V1 => format!("{}/oauth2/token", settings.tenant),
        TokenEndpoint::V2 => format!("{}/oauth2/v2.0/token", settings.tenant),
    });
    url
}

fn grant(body: &Json) -> Option<Grant> {
    let life = property(body, "expires_in")
        .and_then(|life| life.as_i64().or_else(|| life.as_str()?.parse().ok()));
    Some(Grant {
        access_token: text(body, "access_token")?.to_owned().into(),
        refresh_token: text(body, "refresh_token").map(|token| token.to_owned().into()),
        lasts: life.map_or(DEFAULT_LIFE, SignedDuration::from_secs),
    })
}

/// Entra's description is left out: it can name the user.
fn refused(answer: &Answer) -> TokenError {
    let body = answer.json().unwrap_or_default();
    let error = text(&body, "error").unwrap_or("no OAuth error");
    let mut code: String = error.chars().take(64).collect();
    if let Some(number) =
        property(&body, "error_codes").and_then(|codes| codes.get(0)).and_then(Json::as_i64)
    {
        // Writing to a String cannot fail.
        let _ = write!(code, ", AADSTS{number}");
    }
    TokenError::Refused {
        code,
        remedy: remedy(error),
        trace_id: text(&body, "trace_id").map(|id| id.chars().take(64).collect()),
    }
}

fn remedy(error: &str) -> &'static str {
    match error {
        "invalid_grant" | "interaction_required" | "login_required" | "consent_required" => {
            "a person with the Referrals admin role must consent again, with multi-factor authentication, and the new refresh token must be stored"
        }
        "invalid_client" => {
            "the app registration's client secret is wrong or has expired: create a new one and store it"
        }
        "unauthorized_client" => "the client id is unknown in this tenant: check it and the tenant",
        "invalid_resource" | "invalid_scope" => {
            "the audience is not known in this tenant: check it, and the app's delegated Partner Center permissions"
        }
        _ => "check the tenant, the client id and the app's delegated Partner Center permissions",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_life_is_text_in_one_generation_and_a_number_in_the_other() {
        for life in [json!("3599"), json!(3599)] {
            let grant =
                grant(&json!({ "access_token": "a", "expires_in": life, "refresh_token": "r" }))
                    .unwrap();
            assert_eq!(grant.lasts, SignedDuration::from_secs(3599));
        }
        assert_eq!(grant(&json!({ "access_token": "a" })).unwrap().lasts, DEFAULT_LIFE);
        assert!(grant(&json!({ "token_type": "Bearer" })).is_none());
    }

    #[test]
    fn the_address_follows_the_generation() {
        let entra = Url::parse("https://login.microsoftonline.com").unwrap();
        let address = |endpoint| {
            address(&TokenSettings::new(&entra, "contoso.example", endpoint).unwrap()).to_string()
        };
        assert_eq!(
            address(TokenEndpoint::V1),
            "https://login.microsoftonline.com/contoso.example/oauth2/token"
        );
        assert_eq!(
            address(TokenEndpoint::V2),
            "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"
        );
        for tenant in ["", "..", "a/b", "a?b", "a b"] {
            assert!(TokenSettings::new(&entra, tenant, TokenEndpoint::V1).is_err(), "{tenant}");
        }
        assert!(
            TokenSettings::new(
                &Url::parse("http://login.microsoftonline.com").unwrap(),
                "x",
                TokenEndpoint::V1
            )
            .is_err()
        );
    }
}
