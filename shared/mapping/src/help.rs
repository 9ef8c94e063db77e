//! How can Microsoft help?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::code::Code;
use cosell_model::path::ColumnPath;

/// How can Microsoft help? Choosing a value asks Microsoft to co-sell.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Help {
    /// The CRM column.
    pub column: ColumnPath,
    /// Partner Center's `assistanceRequestCode` and the CRM's value for it.
    pub values: BTreeMap<String, Code>,
}
