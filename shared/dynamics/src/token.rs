//! Access tokens: by the client-credentials grant (contract dynamics365 1.1), or given from
//! outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cosell_http::{Endpoint, Grant, Issued, OAuthError, Refusal};
use cosell_sync::Failure;
use secrecy::SecretString;

use crate::credentials::CredentialStore;
use crate::settings::Settings;

pub(crate) type TokenError = cosell_http::TokenError<Failure>;

/// The sign-in to an environment.
pub(crate) enum SignIn {
    /// As the application.
    Application { endpoint: Endpoint, credentials: Arc<dyn CredentialStore> },
    /// As whoever was given this token. It cannot be renewed: who asks for another one was answered
    /// 401.
    Given { token: SecretString, is_used: AtomicBool },
}

impl SignIn {
    pub(crate) fn application(
        http: reqwest::Client,
        settings: &Settings,
        credentials: Arc<dyn CredentialStore>,
    ) -> Self {
        let url = settings.token_endpoint();
        let endpoint = Endpoint { http, url, service: "Microsoft Entra", classify };
        Self::Application { endpoint, credentials }
    }

    pub(crate) fn given(token: SecretString) -> Self {
        Self::Given { token, is_used: AtomicBool::new(false) }
    }
}

impl Grant for SignIn {
    type With = ();
    type Error = Failure;

    async fn ask(&self, scope: &str) -> Result<Issued<()>, TokenError> {
        match self {
            Self::Application { endpoint, credentials } => {
                let known = credentials.load().await.map_err(TokenError::Store)?;
                let scope = [("scope", scope)];
                let granted =
                    endpoint.client_credentials(&known.client_id, &known.client_secret, &scope);
                let granted = granted.await?;
                Ok(Issued { secret: granted.access_token, with: (), life: granted.life })
            }
            Self::Given { is_used, .. } if is_used.swap(true, Ordering::SeqCst) => {
                Err(TokenError::Unusable(
                    "Dynamics does not accept the access token that was given: it has expired, or \
                     is for another environment; get a new one",
                ))
            }
            Self::Given { token, .. } => Ok(Issued { secret: token.clone(), with: (), life: None }),
        }
    }
}

/// Any 4xx is about what we have. Only the number is kept, or the error's name: the description
/// names the application, the tenant and sometimes the user.
fn classify(error: &OAuthError) -> Option<Refusal> {
    let code = error.entra_code().or_else(|| error.name().map(str::to_owned));
    error.status.is_client_error().then(|| Refusal {
        code: code.unwrap_or_else(|| format!("HTTP {}", error.status.as_u16())),
        remedy: "check tenant, client id and client secret of Dynamics, and whether the secret has \
                 expired",
    })
}
