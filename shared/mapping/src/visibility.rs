//! Referral Visibility: whether Microsoft's sellers may see a deal, as the CRM's column has it.

use serde::{Deserialize, Serialize};

use crate::code::Code;
use cosell_model::path::ColumnPath;

/// Referral Visibility: whether Microsoft's sellers may see a deal. It can only go up; asking them
/// to help implies it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Visibility {
    /// The CRM column.
    pub column: ColumnPath,
    /// What stands in it.
    pub values: VisibilityValues,
}

/// The CRM's values for Referral Visibility.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VisibilityValues {
    /// Only the partner sees the deal.
    pub private: Code,
    /// Microsoft's sellers see it, too.
    pub microsoft: Code,
}
