//! The objects that are synced, and what differs between them.

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
}
