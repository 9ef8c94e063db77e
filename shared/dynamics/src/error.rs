//! What can go wrong, and what kind of failure that is.

use cosell_crm::CrmError;
use cosell_http::{CallError, TokenError, TransportError};
use cosell_sync::{Failure, FailureKind, System};

/// Everything this adapter can fail with. Texts name operation, record, column and remedy; they
/// never hold values, since those are customer data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DynamicsError {
    /// The kit refused it before anything was sent.
    #[error(transparent)]
    Crm(#[from] CrmError),
    /// There is no token to call with.
    #[error(transparent)]
    Token(#[from] TokenError<Failure>),
    /// A fresh token was answered with 401 too.
    #[error(
        "{doing}: Dynamics does not accept the token: check that the scope names this \
         environment's origin and the tenant is the environment's"
    )]
    TokenNotAccepted {
        /// What was being done.
        doing: String,
        /// The service's request id.
        request_id: Option<String>,
    },
    /// The service did not answer.
    #[error("{doing}: {source}{}", may_have_taken_effect(*.once, .source))]
    NoAnswer {
        /// What was being done.
        doing: String,
        /// Whether doing it twice would do harm.
        once: bool,
        /// Why.
        source: TransportError,
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
        "{doing}: the next page is not at the environment's origin; set the origin that Dynamics \
         itself uses in its links"
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

fn may_have_taken_effect(once: bool, error: &TransportError) -> &'static str {
    if once && error.may_have_taken_effect() { "; it may have taken effect" } else { "" }
}

impl DynamicsError {
    pub(crate) fn of_call(doing: &str, once: bool, error: CallError<Failure>) -> Self {
        match error {
            CallError::Token(error) => Self::Token(error),
            CallError::Transport(source) => {
                Self::NoAnswer { doing: doing.to_owned(), once, source }
            }
        }
    }

    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Crm(_) | Self::ForeignPage { .. } => FailureKind::Rejected,
            Self::Token(TokenError::Refused { .. } | TokenError::Unusable(_))
            | Self::TokenNotAccepted { .. } => FailureKind::Credentials,
            Self::Token(TokenError::Unavailable { retry_after: Some(retry_after), .. }) => {
                FailureKind::Throttled { retry_after: *retry_after }
            }
            Self::Token(TokenError::Store(failure)) => failure.kind,
            Self::NoAnswer { once: true, source, .. } if source.may_have_taken_effect() => {
                FailureKind::OutcomeUnknown
            }
            Self::Unexpected { once: true, .. } => FailureKind::OutcomeUnknown,
            Self::Token(TokenError::Unavailable { .. } | TokenError::NoAnswer { .. })
            | Self::NoAnswer { .. }
            | Self::Unexpected { .. } => FailureKind::Transient,
            Self::Refused(refused) => refused.kind,
            Self::Stale { .. } => FailureKind::Stale,
        }
    }

    /// The service's code and request id.
    fn trace(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Token(TokenError::Refused { code, trace_id, .. }) => {
                (Some(code.clone()), trace_id.clone())
            }
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
        if let DynamicsError::Token(TokenError::Store(failure)) = error {
            return failure;
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
