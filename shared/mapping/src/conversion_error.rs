//! Why a rule cannot carry a value.

use cosell_model::value::ValueError;

/// A value that a rule cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConversionError {
    /// It does not have the form the rule's kind asks for.
    #[error(transparent)]
    Form(#[from] ValueError),
    /// A choice that the rule's table lacks.
    #[error("the value `{value}` has no entry in the mapping's `values` table")]
    NoEntry {
        /// The choice's code; not customer data.
        value: String,
    },
    /// The answer lacks the block that the value stands in.
    #[error("Partner Center did not send `{block}`")]
    BlockMissing {
        /// Such as `details`.
        block: String,
    },
    /// A value that a transform cannot take.
    #[error("the transform `{transform}` needs {wanted}")]
    Transform {
        /// As the mapping writes it.
        transform: String,
        /// What it needs.
        wanted: &'static str,
    },
    /// An expression that has no value for this deal.
    #[error("its expression has no value: {reason}")]
    Expression {
        /// Why; no customer data.
        reason: &'static str,
    },
    /// What names no solution.
    #[error(
        "`{id}` is neither the id of a solution, such as SOL-71402-QKD, nor a category of Partner \
         Center's"
    )]
    Solution {
        /// As it stands in the CRM, cut.
        id: String,
    },
    /// More solutions than a referral takes.
    #[error("there are {count}, and Partner Center takes {most} at most")]
    TooMany {
        /// How many there are.
        count: usize,
        /// How many may be.
        most: usize,
    },
    /// A country that is not a two-letter code.
    #[error("it must be a two-letter country code such as SE")]
    Country,
}
