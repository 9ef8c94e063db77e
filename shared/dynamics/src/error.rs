//! What can go wrong, and what kind of failure that is.

use std::time::Duration;

use cosell_crm::CrmError;
use cosell_sync::{Failure, FailureKind, System};

/// Everything this adapter can fail with. Texts name operation, record, column and remedy; they never hold values, since those are customer data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DynamicsError {
    /// The kit refused it before anything was sent.
    #[error(transparent)]
    Crm(#[from] CrmError),
    /// Microsoft Entra refused the client credentials.
    #[error(
        "Microsoft Entra refused the Dynamics client credentials ({code}): check tenant, client id and client secret, and whether the secret has expired"
    )]
    TokenRefused {
        /// The AADSTS code, or the protocol's error name.
        code: String,
    },
    /// Microsoft Entra gave no token for now.
    #[error("Microsoft Entra gave no token for Dynamics now (HTTP {status})")]
    TokenUnavailable {
        /// The HTTP status; 2xx when the answer was not a token.
        status: u16,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
    },
    /// The store could not give the client credentials.
    #[error(transparent)]
    CredentialsUnavailable(Box<Failure>),
    /// A fresh token was answered with 401 too.
    #[error(
        "{doing}: Dynamics does not accept the token: check that the scope names this environment's origin and the tenant is the environment's"
    )]
    TokenNotAccepted {
        /// What was being done.
        doing: String,
        /// The service's request id.
        request_id: Option<String>,
    },
    /// The access token that was given from outside is answered with 401.
    #[error(
        "Dynamics does not accept the access token that was given: it has expired, or is for another environment; get a new one"
    )]
    GivenTokenNotAccepted,
    /// No connection: nothing was sent.
    #[error("{doing}: the service could not be reached")]
    NotReached {
        /// What was being done.
        doing: String,
        /// Without its URL, which may hold customer data.
        source: reqwest::Error,
    },
    /// Time-out or connection lost after sending.
    #[error("{doing}: no answer came{}", if *.once { "; it may have taken effect" } else { "" })]
    NoAnswer {
        /// What was being done.
        doing: String,
        /// Whether doing it twice would do harm.
        once: bool,
        /// Without its URL, which may hold customer data.
        source: reqwest::Error,
    },
    /// A success whose body is not what the contract says.
    #[error("{doing}: the answer lacks {what}")]
    Unexpected {
        /// What was being done.
        doing: String,
        /// What was missing.
        what: &'static str,
        /// Whether doing it twice would do harm.
        once: bool,
        /// The service's request id.
        request_id: Option<String>,
    },
    /// A list goes on at an address that is not the environment's: our token is not sent there.
    #[error(
        "{doing}: the next page is not at the environment's origin; set the origin that Dynamics itself uses in its links"
    )]
    ForeignPage {
        /// What was being done.
        doing: String,
    },
    /// The service refused.
    #[error("{}: {}", .0.doing, .0.explanation)]
    Refused(Box<Refused>),
    /// We saw ourselves that the record changed.
    #[error("{doing}: the record changed since it was read")]
    Stale {
        /// What was being done.
        doing: String,
    },
}

/// A refusal by the service (contract dynamics365 4.3).
#[derive(Debug)]
#[non_exhaustive]
pub struct Refused {
    /// What was being done.
    pub doing: String,
    /// What the refusal means to whoever administers the CRM.
    pub explanation: String,
    /// The kind.
    pub kind: FailureKind,
    /// The HTTP status.
    pub status: u16,
    /// The service's code as `0x80040217`.
    pub code: Option<String>,
    /// The service's request id.
    pub request_id: Option<String>,
}

impl DynamicsError {
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Crm(_) | Self::ForeignPage { .. } => FailureKind::Rejected,
            Self::TokenRefused { .. }
            | Self::TokenNotAccepted { .. }
            | Self::GivenTokenNotAccepted => FailureKind::Credentials,
            Self::TokenUnavailable { retry_after: Some(retry_after), .. } => {
                FailureKind::Throttled { retry_after: *retry_after }
            }
            Self::CredentialsUnavailable(failure) => failure.kind,
            Self::NoAnswer { once: true, .. } | Self::Unexpected { once: true, .. } => {
                FailureKind::OutcomeUnknown
            }
            Self::NotReached { .. }
            | Self::NoAnswer { .. }
            | Self::Unexpected { .. }
            | Self::TokenUnavailable { .. } => FailureKind::Transient,
            Self::Refused(refused) => refused.kind,
            Self::Stale { .. } => FailureKind::Stale,
        }
    }

    /// The service's code and request id.
    fn trace(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::TokenRefused { code } => (Some(code.clone()), None),
            Self::Refused(refused) => (refused.code.clone(), refused.request_id.clone()),
            Self::TokenNotAccepted { request_id, .. } | Self::Unexpected { request_id, .. } => {
                (None, request_id.clone())
            }
            _ => (None, None),
        }
    }
}

impl From<DynamicsError> for Failure {
    fn from(error: DynamicsError) -> Self {
        if let DynamicsError::CredentialsUnavailable(failure) = error {
            return *failure;
        }
        let (code, request_id) = error.trace();
        Self {
            system: System::Crm,
            kind: error.kind(),
            code,
            message: error.to_string(),
            request_id,
            source: Some(Box::new(error)),
        }
    }
}
