//! Access tokens from the refresh token (contract partner-center 1.2).

mod entra;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cosell_runtime::http::{ForbiddenUrl, permitted};
use cosell_sync::{Failure, FailureKind};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;
use url::Url;

/// A token is renewed this long before it ends, so that no call starts with one that ends on the way.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_mins(5);

/// Tells the time. The wall clock, because a function that sleeps between invocations outlives its tokens.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

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

/// Where the credentials are kept. Refresh tokens roll: every use gives a new one, and only a used one stays alive for another 90 days.
#[async_trait]
pub trait RefreshTokenStore: Send + Sync {
    /// Reads the credentials as they are stored now.
    async fn load(&self) -> Result<PartnerCredentials, Failure>;

    /// Replaces the refresh token of `redeemed` by the one it gave. What is stored by now may be somebody else's (an operator
    /// gave a new consent): then it must be left alone.
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
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Entra does not accept what we have.
    #[error("Microsoft Entra refuses the Partner Center sign-in ({code}): {remedy}")]
    Refused {
        /// The OAuth error, with Entra's own number.
        code: String,
        /// What a person can do.
        remedy: &'static str,
        /// Entra's trace id.
        trace_id: Option<String>,
    },
    /// The credentials could not be read.
    #[error("the Partner Center credentials could not be read")]
    Store(#[source] Failure),
    /// Entra could not be reached, or did not answer.
    #[error("Microsoft Entra did not answer")]
    NoAnswer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Entra asks us to wait.
    #[error("Microsoft Entra asks us to wait")]
    Throttled {
        /// How long.
        retry_after: Duration,
    },
    /// Entra is out of order.
    #[error("Microsoft Entra answered {status} without a token")]
    OutOfOrder {
        /// The HTTP status.
        status: u16,
    },
}

impl TokenError {
    /// What kind of failure it is. Without a token nothing was sent, so the outcome is never unknown.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Refused { .. } => FailureKind::Credentials,
            Self::Store(failure) => failure.kind,
            Self::Throttled { retry_after } => FailureKind::Throttled { retry_after: *retry_after },
            Self::NoAnswer(_) | Self::OutOfOrder { .. } => FailureKind::Transient,
        }
    }

    /// The same answer for those who waited for it, if it is one that asking again would only make worse.
    fn shared(&self) -> Option<Self> {
        match self {
            Self::Refused { code, remedy, trace_id } => {
                Some(Self::Refused { code: code.clone(), remedy, trace_id: trace_id.clone() })
            }
            Self::Throttled { retry_after } => Some(Self::Throttled { retry_after: *retry_after }),
            Self::Store(_) | Self::NoAnswer(_) | Self::OutOfOrder { .. } => None,
        }
    }
}

/// Gives access tokens, one audience each, from one refresh token. Shared by all clients of a process.
pub struct TokenSource {
    settings: TokenSettings,
    http: reqwest::Client,
    store: Arc<dyn RefreshTokenStore>,
    clock: Clock,
    /// How often we were refused or throttled. Noted before waiting for `state`: a refusal with a higher number was given meanwhile.
    refusals: AtomicU64,
    /// Locked while a token is fetched: many callers cause one request, and audiences do not race for the rolling token.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tokens: HashMap<String, AccessToken>,
    /// The last refusal of each audience: some are about the audience only.
    refused: HashMap<String, Refusal>,
}

struct Refusal {
    number: u64,
    error: TokenError,
}

struct AccessToken {
    token: SecretString,
    renew_at: Timestamp,
}

impl TokenSource {
    /// A source that reads its credentials from `store` when first asked.
    pub fn new(
        settings: TokenSettings,
        http: reqwest::Client,
        store: Arc<dyn RefreshTokenStore>,
        clock: Clock,
    ) -> Self {
        Self {
            settings,
            http,
            store,
            clock,
            refusals: AtomicU64::default(),
            state: Mutex::default(),
        }
    }

    /// A token for `audience`, such as `https://api.partner.microsoft.com`. Whoever waits while another caller's request is refused or
    /// throttled shares that answer; whoever comes later asks anew, since an operator may have mended it.
    pub async fn token(&self, audience: &str) -> Result<SecretString, TokenError> {
        let noted = self.refusals.load(Ordering::SeqCst);
        let mut state = self.state.lock().await;
        let now = (self.clock)();
        match state.tokens.get(audience) {
            Some(known) if now < known.renew_at => Ok(known.token.clone()),
            _ => self.acquire(&mut state, audience, now, noted).await,
        }
    }

    /// Another token than `refused`, which a service did not accept although its time is not over.
    pub async fn renew(
        &self,
        audience: &str,
        refused: &SecretString,
    ) -> Result<SecretString, TokenError> {
        let noted = self.refusals.load(Ordering::SeqCst);
        let mut state = self.state.lock().await;
        match state.tokens.get(audience) {
            Some(known) if known.token.expose_secret() != refused.expose_secret() => {
                Ok(known.token.clone())
            }
            _ => self.acquire(&mut state, audience, (self.clock)(), noted).await,
        }
    }

    async fn acquire(
        &self,
        state: &mut State,
        audience: &str,
        now: Timestamp,
        noted: u64,
    ) -> Result<SecretString, TokenError> {
        let meanwhile = state.refused.get(audience).filter(|refusal| refusal.number > noted);
        if let Some(shared) = meanwhile.and_then(|refusal| refusal.error.shared()) {
            return Err(shared);
        }
        let fetched = self.fetch(state, audience, now).await;
        if let Some(error) = fetched.as_ref().err().and_then(TokenError::shared) {
            let number = self.refusals.fetch_add(1, Ordering::SeqCst) + 1;
            state.refused.insert(audience.to_owned(), Refusal { number, error });
        }
        fetched
    }

    async fn fetch(
        &self,
        state: &mut State,
        audience: &str,
        now: Timestamp,
    ) -> Result<SecretString, TokenError> {
        // Read each time, about once an hour: an operator may have stored a new consent, and a warm process must not carry on
        // with the old one.
        let mut credentials = self.load().await?;
        let granted = match self.redeem(&credentials, audience).await {
            Err(refused @ TokenError::Refused { .. }) => {
                // Another instance may have rolled the token, or an operator replaced it, since we read it.
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
            // The token we used stays valid, so the next renewal gives another chance; not for 90 days, though.
            tracing::warn!(
                error = failure.redacted(),
                "the new Partner Center refresh token could not be stored"
            );
        }
        let renew_at = now
            .saturating_add(granted.lasts)
            .and_then(|end| end.saturating_sub(RENEW_BEFORE))
            .unwrap_or(now);
        state.tokens.insert(
            audience.to_owned(),
            AccessToken { token: granted.access_token.clone(), renew_at },
        );
        Ok(granted.access_token)
    }

    async fn load(&self) -> Result<PartnerCredentials, TokenError> {
        self.store.load().await.map_err(TokenError::Store)
    }

    async fn redeem(
        &self,
        credentials: &PartnerCredentials,
        audience: &str,
    ) -> Result<entra::Grant, TokenError> {
        entra::redeem(&self.http, &self.settings, credentials, audience).await
    }
}

fn same(a: &PartnerCredentials, b: &PartnerCredentials) -> bool {
    a.client_id == b.client_id
        && a.client_secret.expose_secret() == b.client_secret.expose_secret()
        && a.refresh_token.expose_secret() == b.refresh_token.expose_secret()
}
