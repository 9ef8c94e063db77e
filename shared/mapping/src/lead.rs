//! The table of leads.

use serde::{Deserialize, Serialize};

use crate::rule::Rule;
use crate::stages::Stages;

/// The table of leads. Its co-sell columns have the names of the opportunity's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LeadTable {
    /// The CRM table: `lead`.
    pub entity: String,
    /// Stage and phase, both ways.
    pub stages: Stages,
    /// The field rules, in the file's order. A field that is a rule of the opportunity's, too, has
    /// the same name there: what was seen of it goes with the deal when the lead becomes an
    /// opportunity.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
}
