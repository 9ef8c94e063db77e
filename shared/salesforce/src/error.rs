//! What can go wrong, and what kind of failure that is.

use cosell_crm::CrmError;
use cosell_http::{CallError, TokenError, TransportError};
use cosell_sync::{Failure, FailureKind, System};

/// Everything this adapter can fail with. Texts name operation, record, field and remedy. They hold
/// no values, but for the sentences that an administrator wrote for people to read (validation
/// rules, automation).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SalesforceError {
    /// The kit refused it before anything was sent.
    #[error(transparent)]
    Crm(#[from] CrmError),
    /// A name with a meaning of its own, in another case of letters.
    #[error("write `{known}` with these capitals in the mapping")]
    Misspelt {
        /// The name as it must be.
        known: &'static str,
    },
    /// A field of a customer's record, mapped on the lead.
    #[error(
        "`{name}` is not a field of leads: they have no account or contact; map the lead's own \
         field, such as `Company`, `LastName` or `Email`"
    )]
    NotOfLeads {
        /// The path, shortened.
        name: String,
    },
    /// A stage that the settings name, or need, and the organisation does not have.
    #[error("{what}; its stages are {stages}")]
    Stage {
        /// What is missing, and the remedy.
        what: String,
        /// The organisation's stages.
        stages: String,
        /// Whether no deal can be made without it.
        every_deal: bool,
    },
    /// A lead status that the settings name, or need, and the organisation does not have.
    #[error("{what}; its lead statuses are {statuses}")]
    LeadStatus {
        /// What is missing, and the remedy.
        what: String,
        /// The organisation's lead statuses.
        statuses: String,
    },
    /// A lead that was converted: the service takes no change of it.
    #[error(
        "{doing}: the lead was converted and is read-only; change the opportunity that it became"
    )]
    Converted {
        /// What was being done.
        doing: String,
    },
    /// An opportunity that is another referral's.
    #[error(
        "opportunity {id}, which the lead became, carries another referral's identifier in \
         `{field}`; clear it there, or decide in Partner Center which referral is the deal's"
    )]
    OfAnotherReferral {
        /// The opportunity's id.
        id: String,
        /// The Referral Identifier's field.
        field: String,
    },
    /// The opportunity that a lead became is gone.
    #[error(
        "opportunity {id}, which the lead became, was deleted; restore it from the recycle bin"
    )]
    OpportunityGone {
        /// The opportunity's id.
        id: String,
    },
    /// The organisation has one currency, and nobody said which.
    #[error(
        "the organisation has one currency, which its opportunities do not tell; name it in the \
         setting SalesforceCurrency"
    )]
    CurrencyUnknown,
    /// There is no session to call with.
    #[error(transparent)]
    SignIn(#[from] TokenError<Failure>),
    /// A new session was answered with 401 too, or a new one would not help.
    #[error("{doing}: Salesforce does not accept the session: {remedy}")]
    SessionNotAccepted {
        /// What was being done.
        doing: String,
        /// What to do about it.
        remedy: &'static str,
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
    },
    /// The service refused.
    #[error("{}: {}", .0.doing, .0.explanation)]
    Refused(Box<Refused>),
    /// Our write took effect, and somebody else has written since.
    #[error("{doing}: the record was changed right behind it; the next reconciliation compares")]
    Overtaken {
        /// What was being done.
        doing: String,
    },
    /// We saw ourselves that the record changed.
    #[error("{doing}: the record changed since it was read")]
    Stale {
        /// What was being done.
        doing: String,
    },
}

/// A refusal by the service (contract salesforce 4.3).
#[derive(Clone, Debug)]
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
    /// The service's `errorCode`.
    pub code: Option<String>,
    /// The fields it names.
    pub fields: Vec<String>,
}

fn may_have_taken_effect(once: bool, error: &TransportError) -> &'static str {
    if once && error.may_have_taken_effect() { "; it may have taken effect" } else { "" }
}

impl SalesforceError {
    pub(crate) fn of_call(doing: &str, once: bool, error: CallError<Failure>) -> Self {
        match error {
            CallError::Token(error) => Self::SignIn(error),
            CallError::Transport(source) => {
                Self::NoAnswer { doing: doing.to_owned(), once, source }
            }
        }
    }

    /// A stage that is missing for a deal that exists: it alone has to do without.
    pub(crate) fn of_one_deal(self) -> Self {
        match self {
            Self::Stage { what, stages, .. } => Self::Stage { what, stages, every_deal: false },
            other => other,
        }
    }

    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Crm(_)
            | Self::Misspelt { .. }
            | Self::NotOfLeads { .. }
            | Self::LeadStatus { .. }
            | Self::Converted { .. }
            | Self::OfAnotherReferral { .. }
            | Self::OpportunityGone { .. }
            | Self::Stage { every_deal: false, .. } => FailureKind::Rejected,
            // What an administrator must set right before any deal can go on.
            Self::Stage { .. }
            | Self::CurrencyUnknown
            | Self::SignIn(TokenError::Refused { .. } | TokenError::Unusable(_))
            | Self::SessionNotAccepted { .. } => FailureKind::Credentials,
            Self::SignIn(TokenError::Unavailable { retry_after: Some(retry_after), .. }) => {
                FailureKind::Throttled { retry_after: *retry_after }
            }
            Self::SignIn(TokenError::Store(failure)) => failure.kind,
            Self::NoAnswer { once: true, source, .. } if source.may_have_taken_effect() => {
                FailureKind::OutcomeUnknown
            }
            Self::Unexpected { once: true, .. } | Self::Overtaken { .. } => {
                FailureKind::OutcomeUnknown
            }
            Self::SignIn(TokenError::Unavailable { .. } | TokenError::NoAnswer { .. })
            | Self::NoAnswer { .. }
            | Self::Unexpected { .. } => FailureKind::Transient,
            Self::Refused(refused) => refused.kind,
            Self::Stale { .. } => FailureKind::Stale,
        }
    }

    fn code(&self) -> Option<String> {
        match self {
            Self::SignIn(TokenError::Refused { code, .. }) => Some(code.clone()),
            Self::Refused(refused) => refused.code.clone(),
            _ => None,
        }
    }
}

impl From<SalesforceError> for Failure {
    fn from(error: SalesforceError) -> Self {
        if let SalesforceError::SignIn(TokenError::Store(failure)) = error {
            return failure;
        }
        Self {
            system: System::Crm,
            kind: error.kind(),
            code: error.code(),
            message: error.to_string(),
            // The contract knows no request id of this service.
            request_id: None,
            source: Some(Box::new(error)),
        }
    }
}
