//! The two tables that deals stand in, and what differs between them (contract dynamics365 2.3,
//! 2.5).

use cosell_model::crm::Phase;
use serde_json::Value as Json;

use crate::settings::Settings;

/// Of a lead: the opportunity that it became.
pub(crate) const BECAME: &str = "_qualifyingopportunityid_value";
/// Of a lead: the one that it was merged into. No opportunity can be merged.
pub(crate) const MERGED_INTO: &str = "_masterid_value";

/// Always read, whatever the mapping: they make phase, version, time of change and, of a lead, what
/// became of it.
pub(crate) const OWN_COLUMNS: [&str; 6] =
    ["statecode", "statuscode", "modifiedon", "versionnumber", BECAME, MERGED_INTO];

/// A table of deals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Opportunity,
    Lead,
}

impl Table {
    /// Its logical name, which is also what people call one row.
    pub(crate) fn entity(self) -> &'static str {
        match self {
            Self::Opportunity => "opportunity",
            Self::Lead => "lead",
        }
    }

    pub(crate) fn entity_set(self) -> &'static str {
        match self {
            Self::Opportunity => "opportunities",
            Self::Lead => "leads",
        }
    }

    pub(crate) fn own_columns(self) -> impl Iterator<Item = &'static str> {
        OWN_COLUMNS
            .into_iter()
            .filter(move |column| self == Self::Lead || ![BECAME, MERGED_INTO].contains(column))
    }

    /// State first: customers may add status reasons of their own. A lead is never on hold.
    pub(crate) fn phase(self, settings: &Settings, state: &Json, status: &Json) -> Option<Phase> {
        Some(match (self, state.as_i64()?) {
            (Self::Opportunity, 0) if is_on_hold(settings, status) => Phase::OnHold,
            (_, 0) => Phase::Open,
            (Self::Opportunity, 1) => Phase::Won,
            (Self::Lead, 1) => Phase::Qualified,
            (_, 2) => Phase::Lost,
            _ => return None,
        })
    }
}

fn is_on_hold(settings: &Settings, status: &Json) -> bool {
    settings.on_hold_status.is_some_and(|on_hold| status.as_i64() == Some(on_hold.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use url::Url;

    #[test]
    fn state_decides_before_status_reason() {
        let origin = Url::parse("https://northwind.crm4.dynamics.com").unwrap();
        let mut settings = Settings::new(origin.clone(), origin, "t");
        let read = |settings: &Settings, table: Table, state: i32, status: i32| {
            table.phase(settings, &json!(state), &json!(status))
        };
        let of_opportunity =
            |settings: &Settings, state, status| read(settings, Table::Opportunity, state, status);
        assert_eq!(of_opportunity(&settings, 0, 1), Some(Phase::Open));
        assert_eq!(of_opportunity(&settings, 0, 2), Some(Phase::OnHold));
        assert_eq!(of_opportunity(&settings, 0, 412_000_000), Some(Phase::Open));
        assert_eq!(of_opportunity(&settings, 1, 2), Some(Phase::Won));
        assert_eq!(of_opportunity(&settings, 2, 5), Some(Phase::Lost));
        assert_eq!(of_opportunity(&settings, 3, 1), None);
        let of_lead = |state, status| read(&settings, Table::Lead, state, status);
        assert_eq!(of_lead(0, 2), Some(Phase::Open), "Contacted, not On Hold");
        assert_eq!(of_lead(1, 3), Some(Phase::Qualified));
        assert_eq!(of_lead(2, 6), Some(Phase::Lost));
        assert_eq!(of_lead(3, 1), None);
        settings.on_hold_status = None;
        assert_eq!(of_opportunity(&settings, 0, 2), Some(Phase::Open));
    }
}
