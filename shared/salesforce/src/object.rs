//! The objects that are synced, and what differs between them.

use serde_json::Value as Json;

/// Required of leads (contract salesforce 2.2).
pub(crate) const OF_EVERY_LEAD: [&str; 2] = ["LastName", "Company"];
/// What people read in Salesforce where such a field was left empty.
pub(crate) const NOT_PROVIDED: &str = "[not provided]";

/// What the records of an adapter are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Opportunity,
    Lead,
}

impl Object {
    /// As the service calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Opportunity => "Opportunity",
            Self::Lead => "Lead",
        }
    }

    /// As our keys call it; also the word for people.
    pub(crate) fn entity(self) -> &'static str {
        match self {
            Self::Opportunity => "opportunity",
            Self::Lead => "lead",
        }
    }

    /// Several of them, for people.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Opportunity => "opportunities",
            Self::Lead => "leads",
        }
    }

    /// The field that a deal's phase is written to.
    pub(crate) fn state_field(self) -> &'static str {
        match self {
            Self::Opportunity => "StageName",
            Self::Lead => "Status",
        }
    }

    /// The fields that tell the phase (contract salesforce 2.1, 2.2).
    pub(crate) fn phase_fields(self) -> &'static [&'static str] {
        match self {
            Self::Opportunity => &["StageName", "IsClosed", "IsWon"],
            Self::Lead => &["Status", "IsConverted", "ConvertedOpportunityId"],
        }
    }

    /// Whether a value only stands for one that nobody gave: it is nobody's edit, and no customer's
    /// name.
    pub(crate) fn is_placeholder(self, field: &str, value: &Json) -> bool {
        let is_required = || OF_EVERY_LEAD.iter().any(|name| name.eq_ignore_ascii_case(field));
        self == Self::Lead && value.as_str() == Some(NOT_PROVIDED) && is_required()
    }
}
