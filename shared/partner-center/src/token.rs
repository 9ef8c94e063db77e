//! Access tokens from the refresh token (contract partner-center 1.2).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
pub use cosell_http::Clock;
use cosell_http::{
    Endpoint, ForbiddenUrl, Grant, Granted, Issued, OAuthError, Refusal, TokenCache, permitted,
};
use cosell_sync::{Failure, FailureKind};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// When the answer does not say how long the token lasts: short enough to be right.
const DEFAULT_LIFE: Duration = Duration::from_mins(10);

/// What the partner's consent left us with.
#[derive(Clone, Debug)]
pub struct PartnerCredentials {
    /// The registered application.
    pub client_id: String,
    /// The application's secret.
    pub client_secret: SecretString,
    /// The user's refresh token.
    pub refresh_token: SecretString,
}

/// Where the credentials are kept. Refresh tokens roll: every use gives a new one, and only a used
/// one stays alive for another 90 days.
#[async_trait]
pub trait RefreshTokenStore: Send + Sync {
    /// Reads the credentials as they are stored now.
    async fn load(&self) -> Result<PartnerCredentials, Failure>;

    /// Replaces the refresh token of `redeemed` by the one it gave. What is stored by now may be
    /// somebody else's (an operator gave a new consent): then it must be left alone.
    async fn store(
        &self,
        redeemed: &PartnerCredentials,
        refresh_token: SecretString,
    ) -> Result<(), Failure>;
}

/// Which token endpoint to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenEndpoint {
    /// `/oauth2/token` with `resource`: what Partner Center documents.
    #[default]
    V1,
    /// `/oauth2/v2.0/token` with `scope`.
    V2,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenSettingsError {
    /// The Entra address is not https.
    #[error("the Entra address cannot be used")]
    Entra(#[from] ForbiddenUrl),
    /// The tenant is neither a GUID nor a domain name.
    #[error("`{0}` is not a tenant: give the directory's GUID or its domain name")]
    Tenant(String),
}

/// Where tokens come from.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    entra: Url,
    tenant: String,
    endpoint: TokenEndpoint,
}

impl TokenSettings {
    /// `entra` such as `https://login.microsoftonline.com`, `tenant` the partner's directory.
    pub fn new(
        entra: &Url,
        tenant: &str,
        endpoint: TokenEndpoint,
    ) -> Result<Self, TokenSettingsError> {
        permitted(entra)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if tenant.is_empty() || tenant.starts_with('.') || !tenant.chars().all(plain) {
            return Err(TokenSettingsError::Tenant(tenant.chars().take(64).collect()));
        }
        Ok(Self { entra: entra.clone(), tenant: tenant.to_owned(), endpoint })
    }

    fn endpoint(&self, http: reqwest::Client) -> Endpoint {
        let mut url = self.entra.clone();
        url.set_path(&match self.endpoint {
            TokenEndpoint::V1 => format!("{}/oauth2/token", self.tenant),
            TokenEndpoint::V2 => format!("{}/oauth2/v2.0/token", self.tenant),
        });
        Endpoint { http, url, service: "Microsoft Entra", classify }
    }
}

/// Why there is no token.
pub type TokenError = cosell_http::TokenError<Failure>;

/// What kind of failure it is. Without a token nothing was sent, so the outcome is never unknown.
pub(crate) fn kind(error: &TokenError) -> FailureKind {
    match error {
        TokenError::Refused { .. } | TokenError::Unusable(_) => FailureKind::Credentials,
        TokenError::Unavailable { retry_after: Some(retry_after), .. } => {
            FailureKind::Throttled { retry_after: *retry_after }
        }
        TokenError::Unavailable { .. } | TokenError::NoAnswer { .. } => FailureKind::Transient,
        TokenError::Store(failure) => failure.kind,
    }
}

/// Access tokens, one of each audience, from one refresh token. Shared by all clients of a process.
pub type TokenSource = TokenCache<Consent>;

/// A source that reads its credentials from `store` when first asked.
pub fn source(
    settings: TokenSettings,
    http: reqwest::Client,
    store: Arc<dyn RefreshTokenStore>,
    clock: Clock,
) -> Arc<TokenSource> {
    Arc::new(TokenCache::new(Consent { endpoint: settings.endpoint(http), settings, store }, clock))
}

/// The sign-in with the refresh token that the partner's consent left us with.
pub struct Consent {
    settings: TokenSettings,
    endpoint: Endpoint,
    store: Arc<dyn RefreshTokenStore>,
}

impl Grant for Consent {
    type With = ();
    type Error = Failure;

    async fn ask(&self, audience: &str) -> Result<Issued<()>, TokenError> {
        // Read each time, about once an hour: an operator may have stored a new consent, and a warm
        // process must not carry on with the old one.
        let mut credentials = self.load().await?;
        let granted = match self.redeem(&credentials, audience).await {
            Err(refused @ TokenError::Refused { .. }) => {
                // Another instance may have rolled the token, or an operator replaced it, since we
                // read it.
                let stored = self.load().await?;
                if same(&stored, &credentials) {
                    return Err(refused);
                }
                credentials = stored;
                self.redeem(&credentials, audience).await?
            }
            other => other?,
        };
        let rolled = granted
            .refresh_token
            .filter(|new| new.expose_secret() != credentials.refresh_token.expose_secret());
        if let Some(rolled) = rolled
            && let Err(failure) = self.store.store(&credentials, rolled).await
        {
            // The token we used stays valid, so the next renewal gives another chance; not for 90
            // days, though.
            tracing::warn!(
                error = failure.redacted(),
                "the new Partner Center refresh token could not be stored"
            );
        }
        let life = granted.life.unwrap_or(DEFAULT_LIFE);
        Ok(Issued { secret: granted.access_token, with: (), life: Some(life) })
    }
}

impl Consent {
    async fn load(&self) -> Result<PartnerCredentials, TokenError> {
        self.store.load().await.map_err(TokenError::Store)
    }

    /// Exchanges the refresh token for an access token of `audience`.
    async fn redeem(
        &self,
        credentials: &PartnerCredentials,
        audience: &str,
    ) -> Result<Granted, TokenError> {
        let scope = format!("{audience}/.default offline_access");
        let parameters: &[_] = match self.settings.endpoint {
            TokenEndpoint::V1 => &[("resource", audience), ("scope", "openid")],
            // Without offline_access this generation gives no new refresh token.
            TokenEndpoint::V2 => &[("scope", scope.as_str())],
        };
        let PartnerCredentials { client_id, client_secret, refresh_token } = credentials;
        self.endpoint.refresh_token(client_id, client_secret, refresh_token, parameters).await
    }
}

fn same(a: &PartnerCredentials, b: &PartnerCredentials) -> bool {
    a.client_id == b.client_id
        && a.client_secret.expose_secret() == b.client_secret.expose_secret()
        && a.refresh_token.expose_secret() == b.refresh_token.expose_secret()
}

/// Any 4xx is about what we have. Entra's description is left out: it can name the user.
fn classify(error: &OAuthError) -> Option<Refusal> {
    let name = error.name().unwrap_or("no OAuth error");
    let code = error.entra_code().map_or_else(|| name.to_owned(), |code| format!("{name}, {code}"));
    error.status.is_client_error().then(|| Refusal { code, remedy: remedy(name) })
}

fn remedy(error: &str) -> &'static str {
    match error {
        "invalid_grant" | "interaction_required" | "login_required" | "consent_required" => {
            "a person with the Referrals admin role must consent again, with multi-factor \
             authentication, and the new refresh token must be stored"
        }
        "invalid_client" => {
            "the app registration's client secret is wrong or has expired: create a new one and \
             store it"
        }
        "unauthorized_client" => "the client id is unknown in this tenant: check it and the tenant",
        "invalid_resource" | "invalid_scope" => {
            "the audience is not known in this tenant: check it, and the app's delegated Partner \
             Center permissions"
        }
        _ => "check the tenant, the client id and the app's delegated Partner Center permissions",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_follows_the_generation() {
        let entra = Url::parse("https://login.microsoftonline.com").unwrap();
        let http = cosell_http::client().unwrap();
        let address = |endpoint| {
            let settings = TokenSettings::new(&entra, "contoso.example", endpoint).unwrap();
            settings.endpoint(http.clone()).url.to_string()
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
