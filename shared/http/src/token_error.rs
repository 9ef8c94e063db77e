//! Why there is no access token.

use std::error::Error;
use std::time::Duration;

use crate::transport::TransportError;

/// No access token. Nothing was asked of the service itself, so its outcome is never unknown. `E`
/// is how the store of the credentials fails.
#[derive(Debug, thiserror::Error)]
pub enum TokenError<E: Error + 'static> {
    /// The token endpoint does not accept our credentials.
    #[error("{service} refused the sign-in ({code}): {remedy}")]
    Refused {
        /// Who refused.
        service: &'static str,
        /// The endpoint's code.
        code: String,
        /// What a person can do.
        remedy: &'static str,
        /// The endpoint's id of the request.
        trace_id: Option<String>,
    },
    /// The credentials cannot be used, which we know without asking.
    #[error("{0}")]
    Unusable(&'static str),
    /// The token endpoint gave none for now.
    #[error("{service} gave no token now (HTTP {status})")]
    Unavailable {
        /// Who gave none.
        service: &'static str,
        /// The HTTP status; 2xx when there was no token in the response.
        status: u16,
        /// The time it asked us to wait.
        retry_after: Option<Duration>,
    },
    /// The token endpoint did not answer.
    #[error("{service} did not answer when it was asked for a token")]
    NoAnswer {
        /// Who did not.
        service: &'static str,
        /// Why.
        source: TransportError,
    },
    /// The credentials could not be read.
    #[error(transparent)]
    Store(E),
}

impl<E: Error + 'static> TokenError<E> {
    /// The same error for those who waited for the token, if asking again would only make it worse.
    pub(crate) fn shared(&self) -> Option<Self> {
        match self {
            Self::Refused { service, code, remedy, trace_id } => Some(Self::Refused {
                service,
                code: code.clone(),
                remedy,
                trace_id: trace_id.clone(),
            }),
            Self::Unusable(text) => Some(Self::Unusable(text)),
            Self::Unavailable { service, status, retry_after: Some(retry_after) } => {
                Some(Self::Unavailable {
                    service,
                    status: *status,
                    retry_after: Some(*retry_after),
                })
            }
            Self::Unavailable { .. } | Self::NoAnswer { .. } | Self::Store(_) => None,
        }
    }
}
