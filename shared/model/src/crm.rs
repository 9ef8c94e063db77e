//! A CRM record (opportunity or lead) as any CRM has it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The entity of opportunities in every [`CrmKey`], whatever the CRM calls their table.
pub const OPPORTUNITY: &str = "opportunity";
/// The entity of leads.
pub const LEAD: &str = "lead";

/// Names one record in one CRM.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CrmKey {
    /// The CRM, by the name of its descriptor.
    pub system: String,
    /// The table or object: `opportunity`, `lead`.
    pub entity: String,
    /// The record's own id, in the CRM's canonical form ([`crate::record_id`]).
    pub id: String,
}

impl fmt::Display for CrmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}#{}", self.system, self.entity, self.id)
    }
}

/// Where a deal stands in the CRM, whatever the CRM calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Open and not yet accepted.
    OnHold,
    /// Open.
    Open,
    /// Won.
    Won,
    /// Lost or cancelled; of a lead: disqualified.
    Lost,
    /// Of a lead: it became an opportunity.
    Qualified,
}

impl Phase {
    /// Won, lost or, of a lead, qualified.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Won | Self::Lost | Self::Qualified)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnHold => "on hold",
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Qualified => "qualified",
        })
    }
}

/// A record as it is now. `Debug` shows identity and state only: the rest are customer data.
#[derive(Clone, PartialEq)]
pub struct CrmRecord {
    /// Which record.
    pub key: CrmKey,
    /// The CRM's version of it, opaque, for a conditional write.
    pub version: String,
    /// Last change, by the CRM's clock.
    pub modified: Timestamp,
    /// Where the deal stands.
    pub phase: Phase,
    /// The mapped columns, by the name used in the mapping; a related record's column is
    /// `lookup/column`. Absent and null are alike.
    pub fields: BTreeMap<String, Json>,
    /// The record that this one was merged into, where the CRM merges such records and keeps the
    /// loser.
    pub merged_into: Option<CrmKey>,
    /// Of a lead: the opportunity that it became.
    pub converted_into: Option<CrmKey>,
    /// The CRM's request id of the call that returned this.
    pub request_id: Option<String>,
}

impl CrmRecord {
    /// Closed, or merged away: nothing can be written.
    pub fn is_read_only(&self) -> bool {
        self.phase.is_closed() || self.merged_into.is_some()
    }

    /// A column's value; null when absent.
    pub fn get(&self, column: impl AsRef<str>) -> &Json {
        self.fields.get(column.as_ref()).unwrap_or(&Json::Null)
    }
}

impl fmt::Debug for CrmRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrmRecord")
            .field("key", &self.key)
            .field("version", &self.version)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

/// The smallest change to a record.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CrmWrite {
    /// Columns to set, in the CRM's own JSON form; null clears. `lookup/column` names a related
    /// record to find (or, on create, to make).
    pub fields: BTreeMap<String, Json>,
    /// The state to bring it to, after the columns are written.
    pub phase: Option<Phase>,
}

impl CrmWrite {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.phase.is_none()
    }
}

impl fmt::Debug for CrmWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrmWrite")
            .field("columns", &self.fields.keys())
            .field("phase", &self.phase)
            .finish()
    }
}
