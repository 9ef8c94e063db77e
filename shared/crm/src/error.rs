//! What the kit itself refuses. Texts name the record or column and the remedy; they never hold
//! values, since those are customer data.

use cosell_sync::{Failure, FailureKind, System};

/// A refusal before the CRM is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrmError {
    /// A name that no column can have.
    #[error(
        "`{name}` cannot be a column of {product}: use letters, digits and `_`, or `lookup/column` \
         for a related record; correct the mapping"
    )]
    InvalidColumn {
        /// The name, shortened.
        name: String,
        /// The CRM, as people call it.
        product: &'static str,
    },
    /// The key names another CRM or table, or its id is none.
    #[error(
        "record {key} is no {entity} of this CRM: expected the entity `{entity}` and {expected}"
    )]
    ForeignKey {
        /// The key as given, shortened.
        key: String,
        /// The entity that was asked for.
        entity: &'static str,
        /// What its ids look like.
        expected: String,
    },
    /// A column that cannot be written as asked.
    #[error("column `{column}` {reason}")]
    Unwritable {
        /// The column or path, shortened.
        column: String,
        /// Why, and what to do about it.
        reason: String,
    },
}

impl CrmError {
    /// A column that cannot be written as asked.
    pub fn unwritable(column: &str, reason: impl Into<String>) -> Self {
        Self::Unwritable { column: column.chars().take(128).collect(), reason: reason.into() }
    }
}

impl From<CrmError> for Failure {
    fn from(error: CrmError) -> Self {
        Self {
            source: Some(Box::new(error.clone())),
            ..Self::new(System::Crm, FailureKind::Rejected, error.to_string())
        }
    }
}
