//! The error of the store, which all modules share, and the kind of failure it means.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use cosell_sync::{Failure, FailureKind, System};

/// AWS names no time. The SDK has already paused and repeated twice, so a second more is a modest
/// wait.
const THROTTLED: FailureKind = FailureKind::Throttled { retry_after: Duration::from_secs(1) };

/// A call to AWS that failed. Its text names the record and, where there is one, the remedy; never
/// a stored value.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The service answered with an error.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// No answer: time-out, no connection, or no credentials to sign with.
    #[error("{service} did not {action}: {}", causes(source.as_ref()))]
    Unreachable {
        /// `DynamoDB`, `SQS` or `Secrets Manager`.
        service: &'static str,
        /// What it was asked to do.
        action: String,
        /// The SDK's error.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The record is not as it was when read: somebody else was faster.
    #[error("{record} {situation}; read it again")]
    Stale {
        /// The record's key.
        record: String,
        /// How it differs from what was expected.
        situation: &'static str,
    },
    /// A stored record that this version cannot read or write. The reason is left out: it could
    /// quote a stored value.
    #[error(
        "{record} in {place} does not have the form this version of cosell-sync writes; was a \
         newer version deployed before?"
    )]
    Unreadable {
        /// The record's key.
        record: String,
        /// The table.
        place: String,
    },
    /// A secret that is not what it should be.
    #[error("secret {arn} {problem}")]
    Secret {
        /// The secret's ARN or name.
        arn: String,
        /// What is wrong with it and what to do. Never its content.
        problem: String,
    },
}

/// An error answer.
#[derive(Debug, thiserror::Error)]
#[error("{service} did not {action}: {message}")]
pub struct Refusal {
    /// `DynamoDB`, `SQS` or `Secrets Manager`.
    pub service: &'static str,
    /// What it was asked to do, such as "save referral#…".
    pub action: String,
    /// What that means for the message.
    pub kind: FailureKind,
    /// The service's error code.
    pub code: Option<String>,
    /// The service's own words.
    pub message: String,
    /// The service's request id.
    pub request_id: Option<String>,
}

impl StoreError {
    /// Takes the SDK's error of `service` when asked to `action`.
    pub(crate) fn of<E>(
        service: &'static str,
        action: impl Into<String>,
        error: SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let action = action.into();
        let request_id = error.request_id().map(str::to_owned);
        match &error {
            SdkError::ServiceError(answer) => {
                let code = answer.err().code();
                let kind = kind(code, answer.raw().status().as_u16());
                let message = answer.err().message().unwrap_or("it gave no reason").to_owned();
                Refusal {
                    service,
                    action,
                    kind,
                    code: code.map(str::to_owned),
                    message,
                    request_id,
                }
                .into()
            }
            _ => Self::Unreachable { service, action, source: Box::new(error) },
        }
    }

    /// What it means for the message.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Refused(refusal) => refusal.kind,
            Self::Unreachable { .. } => FailureKind::Transient,
            Self::Stale { .. } => FailureKind::Stale,
            Self::Unreadable { .. } => FailureKind::Rejected,
            Self::Secret { .. } => FailureKind::Credentials,
        }
    }
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<StoreError> for Failure {
    /// The message holds all of the error's text; only what lies beneath it stays as the source, so
    /// that a printed chain does not say everything twice.
    fn from(error: StoreError) -> Self {
        let (kind, message) = (error.kind(), error.to_string());
        let failure = Self::new(System::Aws, kind, message);
        match error {
            StoreError::Refused(refusal) => {
                Self { code: refusal.code, request_id: refusal.request_id, ..failure }
            }
            StoreError::Unreachable { source, .. } => Self { source: Some(source), ..failure },
            StoreError::Stale { .. }
            | StoreError::Unreadable { .. }
            | StoreError::Secret { .. } => failure,
        }
    }
}

/// The kind of a service's error code; for codes we do not know, of the HTTP status.
pub(crate) fn kind(code: Option<&str>, status: u16) -> FailureKind {
    // SQS still writes some codes in its old form, with the service in front.
    let code = code.unwrap_or_default().rsplit('.').next().unwrap_or_default();
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottlingError"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceeded"
        | "ProvisionedThroughputExceededException"
        | "OverLimit"
        | "KmsThrottled"
        | "SlowDown" => THROTTLED,
        // A conflict with a transaction under way: whoever is writing will have changed the record.
        "ConditionalCheckFailed"
        | "ConditionalCheckFailedException"
        | "TransactionConflict"
        | "TransactionConflictException" => FailureKind::Stale,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "OptInRequired"
        | "NotAuthorized"
        | "DecryptionFailure"
        | "EncryptionFailure"
        | "KmsAccessDenied"
        // A table, queue or secret that is not there is wrong with the deployment, not with the
        // deal: as with refused credentials, work must stop and wait in the queue until somebody
        // fixes it.
        | "ResourceNotFoundException"
        // Secrets Manager's word for a secret that is marked for deletion.
        | "InvalidRequestException"
        | "QueueDoesNotExist"
        | "NonExistentQueue" => FailureKind::Credentials,
        "InternalServerError"
        | "InternalServiceError"
        | "InternalFailure"
        | "InternalError"
        | "ServiceUnavailable"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "TransactionInProgressException"
        | "PreviousPriorRequestNotComplete" => FailureKind::Transient,
        _ if status == 429 => THROTTLED,
        _ if status >= 500 => FailureKind::Transient,
        _ => FailureKind::Rejected,
    }
}

/// The SDK's outermost text says little ("dispatch failure"); the reason is in its sources.
fn causes(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_the_kind_that_decides_about_the_message() {
        for (code, status, expected) in [
            (Some("ProvisionedThroughputExceededException"), 400, THROTTLED),
            (Some("AWS.SimpleQueueService.RequestThrottled"), 400, THROTTLED),
            (Some("Unheard"), 429, THROTTLED),
            (Some("ConditionalCheckFailedException"), 400, FailureKind::Stale),
            (Some("TransactionConflictException"), 400, FailureKind::Stale),
            (Some("AccessDeniedException"), 400, FailureKind::Credentials),
            (Some("AWS.SimpleQueueService.NonExistentQueue"), 400, FailureKind::Credentials),
            (Some("ResourceNotFoundException"), 400, FailureKind::Credentials),
            (Some("InternalServerError"), 500, FailureKind::Transient),
            (None, 503, FailureKind::Transient),
            (Some("ValidationException"), 400, FailureKind::Rejected),
            (None, 400, FailureKind::Rejected),
        ] {
            assert_eq!(kind(code, status), expected, "{code:?} {status}");
        }
    }

    #[test]
    fn a_failure_names_the_service_the_record_and_the_code() {
        let failure = Failure::from(StoreError::from(Refusal {
            service: "DynamoDB",
            action: "save referral#1".into(),
            kind: FailureKind::Credentials,
            code: Some("AccessDeniedException".into()),
            message: "not authorized to perform dynamodb:PutItem".into(),
            request_id: Some("R1".into()),
        }));
        assert_eq!(
            failure.to_string(),
            "the store credentials (AccessDeniedException): DynamoDB did not save referral#1: not \
             authorized to perform dynamodb:PutItem"
        );
        assert_eq!(failure.request_id.as_deref(), Some("R1"));
    }
}
