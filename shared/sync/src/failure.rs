//! How a call to the system fails, in the few kinds that decide what happens next.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// The system systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum System {
    /// Partner Center and its token endpoint.
    PartnerCenter,
    /// The CRM and its token endpoint.
    Crm,
    /// DynamoDB, SQS, Secrets Manager.
    Aws,
    /// Ourselves: a refusal or a postponement of our own.
    Internal,
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PartnerCenter => "Partner Center",
            Self::Crm => "the CRM",
            Self::Aws => "the store",
            Self::Internal => "the sync",
        })
    }
}

/// What kind of failure it is: that decides what happens to the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Passing: 5xx, lock, connection refused before anything was sent. Repeat later.
    Transient,
    /// The request may or may not have taken effect: time-out, connection lost after sending. A
    /// create is searched for before it is repeated.
    OutcomeUnknown,
    /// The record changed since it was read (412, 409, conditional write). Read again and decide
    /// anew.
    Stale,
    /// The service asks us to wait.
    Throttled {
        /// How long it asked for.
        retry_after: Duration,
    },
    /// Ours, and no fault: the pair is to be left alone for a while.
    Postponed {
        /// For how long.
        retry_after: Duration,
    },
    /// The service refuses this request; repeating it unchanged is useless.
    Rejected,
    /// Our credentials are not accepted (any more).
    Credentials,
}

impl FailureKind {
    /// A short stable code for logs, metrics and audit.
    pub fn code(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::OutcomeUnknown => "outcome-unknown",
            Self::Stale => "stale",
            Self::Throttled { .. } => "throttled",
            Self::Postponed { .. } => "postponed",
            Self::Rejected => "rejected",
            Self::Credentials => "credentials",
        }
    }
}

/// A failed call. Its text names field, record and remedy where the service said so, and never
/// holds tokens, bodies or customer data.
#[derive(Debug, thiserror::Error)]
#[error("{system} {}{}: {message}", kind.code(), code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default())]
pub struct Failure {
    /// Who failed.
    pub system: System,
    /// What kind of failure.
    pub kind: FailureKind,
    /// The service's own error code, if it gave one.
    pub code: Option<String>,
    /// One sentence.
    pub message: String,
    /// The service's request id.
    pub request_id: Option<String>,
    /// The adapter's own error.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// For logs: who failed, how, and the service's code and request id. The whole text may quote a
    /// service's sentence, and with it a customer's name; it is for the seller and the audit log.
    pub fn redacted(&self) -> String {
        let code = self.code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
        let request =
            self.request_id.as_deref().map(|id| format!(", request {id}")).unwrap_or_default();
        // These sentences are our own: they name a table, a secret or a consent, and the remedy.
        let ours = matches!(self.system, System::Aws | System::Internal)
            || self.kind == FailureKind::Credentials;
        let message = if ours { format!(": {}", self.message) } else { String::new() };
        format!("{} {}{code}{request}{message}", self.system, self.kind.code())
    }

    /// Not now: another reconciliation has the deal, or it is paused.
    pub(crate) fn postponed(now: Timestamp, until: Timestamp, message: &str) -> Self {
        let retry_after = until.duration_since(now).try_into().unwrap_or_default();
        Self::new(System::Internal, FailureKind::Postponed { retry_after }, message)
    }

    /// What kept a service from being called again: the same failure for whoever comes next.
    pub(crate) fn again(&self) -> Self {
        Self {
            system: self.system,
            kind: self.kind,
            code: self.code.clone(),
            message: self.message.clone(),
            request_id: self.request_id.clone(),
            source: None,
        }
    }

    /// A failure without a service code or source.
    pub fn new(system: System, kind: FailureKind, message: impl Into<String>) -> Self {
        Self { system, kind, code: None, message: message.into(), request_id: None, source: None }
    }
}

/// Another reconciliation has linked this very deal since we asked for its link.
pub(crate) fn linked_meanwhile() -> Failure {
    Failure::new(System::Aws, FailureKind::Stale, "the deal was linked meanwhile")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_gets_codes_and_the_seller_the_sentence() {
        let mut failure = Failure::new(
            System::PartnerCenter,
            FailureKind::Rejected,
            "Norrsken Kylteknik AB is unknown",
        );
        failure.code = Some("invalidRequest".into());
        failure.request_id = Some("e186fec1".into());
        assert_eq!(
            failure.redacted(),
            "Partner Center rejected (invalidRequest), request e186fec1"
        );
        assert!(failure.to_string().contains("Norrsken"));
        let ours =
            Failure::new(System::Aws, FailureKind::Credentials, "secret x has no text `client_id`");
        assert_eq!(ours.redacted(), "the store credentials: secret x has no text `client_id`");
    }
}
