//! How a call fails, and which kind of failure that is for the engine.

use std::fmt;

use cosell_http::{CallError, TransportError};
use cosell_model::id::ReferralId;
use cosell_model::referral::ReferralError;
use cosell_sync::{Failure, FailureKind, System};

pub use crate::refusal::Refusal;
use crate::token::{self, TokenError};

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Reading one referral.
    ReadReferral(ReferralId),
    /// Listing referrals.
    ListReferrals,
    /// Creating a referral: the one operation that must not be repeated blindly.
    CreateReferral,
    /// Changing a referral.
    ChangeReferral(ReferralId),
    /// Reading the webhook registration.
    ReadRegistration,
    /// Writing the webhook registration.
    WriteRegistration,
    /// Asking for a test event, or for its result.
    TestRegistration,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadReferral(id) => write!(f, "reading referral {id}"),
            Self::ListReferrals => f.write_str("listing referrals"),
            Self::CreateReferral => f.write_str("creating a referral"),
            Self::ChangeReferral(id) => write!(f, "changing referral {id}"),
            Self::ReadRegistration => f.write_str("reading the webhook registration"),
            Self::WriteRegistration => f.write_str("writing the webhook registration"),
            Self::TestRegistration => f.write_str("testing the webhook registration"),
        }
    }
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no access token to call with.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The service did not answer.
    #[error("{operation}: {source}")]
    NoAnswer {
        /// What was being done.
        operation: Operation,
        /// Why.
        source: TransportError,
    },
    /// An answer other than 2xx.
    #[error("{operation} was {refusal}")]
    Refused {
        /// What was being done.
        operation: Operation,
        /// What the service said.
        refusal: Box<Refusal>,
    },
    /// A 2xx answer whose content cannot be used.
    #[error(
        "{operation}: the answer (request {}) cannot be used: {problem}",
        request_id.as_deref().unwrap_or("without id")
    )]
    Unusable {
        /// What was being done.
        operation: Operation,
        /// The service's request id.
        request_id: Option<String>,
        /// What is wrong.
        problem: Problem,
    },
}

/// What is wrong with a 2xx answer.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The body is missing or not what the contract says.
    #[error("{0}")]
    Shape(&'static str),
    /// The referral in it cannot be read.
    #[error("{0}")]
    Referral(#[from] ReferralError),
}

impl Error {
    pub(crate) fn of_call(operation: Operation, error: CallError<Failure>) -> Self {
        match error {
            CallError::Token(error) => Self::Token(error),
            CallError::Transport(source) => Self::NoAnswer { operation, source },
        }
    }

    /// What kind of failure it is. For creation everything that may have taken effect is "outcome
    /// unknown".
    pub fn kind(&self) -> FailureKind {
        let perhaps = |operation: &Operation| match operation {
            Operation::CreateReferral => FailureKind::OutcomeUnknown,
            _ => FailureKind::Transient,
        };
        match self {
            Self::Token(error) => token::kind(error),
            Self::NoAnswer { operation, source } if source.may_have_taken_effect() => {
                perhaps(operation)
            }
            Self::Unusable { operation: Operation::CreateReferral, .. } => {
                FailureKind::OutcomeUnknown
            }
            // A gateway's page instead of the service's answer passes; a referral in an unknown
            // state stays as it is.
            Self::NoAnswer { .. } | Self::Unusable { problem: Problem::Shape(_), .. } => {
                FailureKind::Transient
            }
            Self::Unusable { problem: Problem::Referral(_), .. } => FailureKind::Rejected,
            Self::Refused { operation, refusal } => {
                let creates = *operation == Operation::CreateReferral;
                match refusal.status {
                    401 => FailureKind::Credentials,
                    // A list leaves out what we may not see; one that is refused as a whole means
                    // that the sync's service account lost its role.
                    403 if refusal.lacks_claims() || *operation == Operation::ListReferrals => {
                        FailureKind::Credentials
                    }
                    409 | 412 if !creates => FailureKind::Stale,
                    // It was there when it was read: reading it again says whether it is gone.
                    404 | 410 if matches!(operation, Operation::ChangeReferral(_)) => {
                        FailureKind::Stale
                    }
                    429 => FailureKind::Throttled { retry_after: refusal.wait },
                    503 | 509 if !creates && refusal.retry_after.is_some() => {
                        FailureKind::Throttled { retry_after: refusal.wait }
                    }
                    423 | 425 => FailureKind::Transient,
                    408 | 500..=599 => perhaps(operation),
                    _ => FailureKind::Rejected,
                }
            }
        }
    }

    /// The refusal's status, if the service refused.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal.status),
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Token(TokenError::Store(failure)) = error {
            return failure;
        }
        let (code, request_id) = match &error {
            Error::Refused { refusal, .. } => (refusal.code.clone(), refusal.request_id.clone()),
            Error::Unusable { request_id, .. } => (None, request_id.clone()),
            Error::Token(TokenError::Refused { code, trace_id, .. }) => {
                (Some(code.clone()), trace_id.clone())
            }
            _ => (None, None),
        };
        Self {
            system: System::PartnerCenter,
            kind: error.kind(),
            code,
            message: error.to_string(),
            request_id,
            source: Some(Box::new(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn id() -> ReferralId {
        "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa".parse().unwrap()
    }

    fn refused(operation: Operation, status: u16, retry_after: Option<u64>) -> Error {
        let retry_after = retry_after.map(Duration::from_secs);
        let wait = retry_after.unwrap_or(Duration::from_secs(30));
        let refusal = Refusal {
            status,
            code: None,
            target: None,
            message: None,
            request_id: None,
            retry_after,
            wait,
        };
        Error::Refused { operation, refusal: Box::new(refusal) }
    }

    #[test]
    fn statuses_become_kinds() {
        let throttled =
            |seconds| FailureKind::Throttled { retry_after: Duration::from_secs(seconds) };
        let table = [
            (400, None, FailureKind::Rejected, FailureKind::Rejected),
            (401, None, FailureKind::Credentials, FailureKind::Credentials),
            (403, None, FailureKind::Rejected, FailureKind::Rejected),
            (404, None, FailureKind::Stale, FailureKind::Rejected),
            (410, None, FailureKind::Stale, FailureKind::Rejected),
            (408, None, FailureKind::Transient, FailureKind::OutcomeUnknown),
            (409, None, FailureKind::Stale, FailureKind::Rejected),
            (412, None, FailureKind::Stale, FailureKind::Rejected),
            (422, None, FailureKind::Rejected, FailureKind::Rejected),
            (423, None, FailureKind::Transient, FailureKind::Transient),
            (429, Some(41), throttled(41), throttled(41)),
            (429, None, throttled(30), throttled(30)),
            (500, None, FailureKind::Transient, FailureKind::OutcomeUnknown),
            (503, None, FailureKind::Transient, FailureKind::OutcomeUnknown),
            (503, Some(7), throttled(7), FailureKind::OutcomeUnknown),
            (509, Some(7), throttled(7), FailureKind::OutcomeUnknown),
        ];
        for (status, retry_after, changing, creating) in table {
            assert_eq!(
                refused(Operation::ChangeReferral(id()), status, retry_after).kind(),
                changing,
                "change, {status}"
            );
            assert_eq!(
                refused(Operation::CreateReferral, status, retry_after).kind(),
                creating,
                "create, {status}"
            );
        }
    }

    #[test]
    fn a_failures_text_names_the_field_the_record_and_the_remedy() {
        let refusal = Refusal {
            status: 400,
            code: Some("invalidRequest".into()),
            target: Some("customerProfile.address.country".into()),
            message: Some("Two letters".into()),
            request_id: Some("r-1".into()),
            retry_after: None,
            wait: Duration::ZERO,
        };
        let failure = Failure::from(Error::Refused {
            operation: Operation::CreateReferral,
            refusal: Box::new(refusal),
        });
        let expected = "Partner Center rejected (invalidRequest): creating a referral was refused \
                        with 400, `customerProfile.address.country`: Two letters";
        assert_eq!(failure.to_string(), expected);
        assert_eq!(failure.request_id.as_deref(), Some("r-1"));
        let failure =
            Failure::from(refused(Operation::ChangeReferral(id()), 403, None)).to_string();
        assert!(failure.contains("c7c1e1f0") && failure.contains("Referrals admin"), "{failure}");
    }
}
