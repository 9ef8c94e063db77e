//! The statuses of leads (contract salesforce 2.2). The organisation tells which of them are of
//! converted leads, but not which are of disqualified ones: those go by their names.

use cosell_crm::CrmError;
use cosell_model::crm::Phase;
use serde_json::Value as Json;

use crate::error::SalesforceError;
use crate::refusal;
use crate::rest_api::Answer;
use crate::settings::Settings;

/// The status of a disqualified lead in an organisation as it is shipped.
const NOT_CONVERTED: &str = "Closed - Not Converted";

/// An organisation's lead statuses, in its order.
#[derive(Debug)]
pub(crate) struct LeadStatuses {
    /// `None` where the organisation does not show them.
    known: Option<Vec<LeadStatus>>,
}

#[derive(Debug)]
struct LeadStatus {
    /// As it stands in a record.
    name: String,
    /// As people see it.
    label: String,
    converted: bool,
    /// Whether it is a new lead's.
    default: bool,
}

impl LeadStatuses {
    pub(crate) const QUERY: &str = "SELECT MasterLabel, ApiName, IsConverted, IsDefault FROM \
                                    LeadStatus ORDER BY SortOrder, Id";

    pub(crate) fn read(answer: Answer) -> Result<Self, SalesforceError> {
        if refusal::code(&answer.body) == Some("INVALID_TYPE") {
            return Ok(Self { known: None });
        }
        let answer = answer.accepted()?;
        let text = |row: &Json, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let status = |row: &Json| LeadStatus {
            name: text(row, "ApiName"),
            label: text(row, "MasterLabel"),
            converted: row["IsConverted"].as_bool().unwrap_or_default(),
            default: row["IsDefault"].as_bool().unwrap_or_default(),
        };
        Ok(Self { known: Some(answer.rows()?.iter().map(status).collect()) })
    }

    /// Converted is what the service says, disqualified what the settings name.
    pub(crate) fn phase(&self, settings: &Settings, row: &Json) -> Phase {
        if row["IsConverted"].as_bool().unwrap_or_default() {
            return Phase::Qualified;
        }
        if row["Status"].as_str().is_some_and(|status| self.is_disqualified(settings, status)) {
            Phase::Lost
        } else {
            Phase::Open
        }
    }

    /// The status that brings a lead to `phase`. A lead is never on hold.
    pub(crate) fn of<'a>(
        &'a self,
        settings: &'a Settings,
        phase: Phase,
    ) -> Result<&'a str, SalesforceError> {
        match phase {
            Phase::Lost => self.disqualified(settings),
            Phase::Open | Phase::OnHold => self.open(settings),
            Phase::Won | Phase::Qualified => Err(CrmError::unwritable(
                "Status",
                "tells a lead that was converted; leads are converted in Salesforce",
            )
            .into()),
        }
    }

    fn disqualified<'a>(&'a self, settings: &'a Settings) -> Result<&'a str, SalesforceError> {
        let wanted = names(settings)[0];
        let Some(known) = &self.known else {
            return Ok(wanted);
        };
        let found = known.iter().find(|status| status.is(wanted) && !status.converted);
        found.map(|status| status.name.as_str()).ok_or_else(|| {
            self.missing(format!(
                "the organisation has no lead status `{wanted}` for disqualified leads; name the \
                 one that it has in the setting SalesforceDisqualifiedStatus"
            ))
        })
    }

    fn open(&self, settings: &Settings) -> Result<&str, SalesforceError> {
        let statuses = || self.known.iter().flatten();
        let fits = |status: &&LeadStatus| {
            !status.converted && !self.is_disqualified(settings, &status.name)
        };
        let found =
            statuses().filter(|status| status.default).find(fits).or_else(|| statuses().find(fits));
        found.map(|status| status.name.as_str()).ok_or_else(|| {
            self.missing(
                "the organisation shows no lead status for new leads; reopen the lead in \
                 Salesforce"
                    .to_owned(),
            )
        })
    }

    fn is_disqualified(&self, settings: &Settings, status: &str) -> bool {
        let is_named = |wanted: &&str| {
            let named = self.known.iter().flatten().find(|known| known.is(wanted));
            named.map_or(*wanted, |named| named.name.as_str()).eq_ignore_ascii_case(status)
        };
        names(settings).iter().any(is_named)
    }

    fn missing(&self, what: String) -> SalesforceError {
        let statuses = self.known.iter().flatten().filter(|status| !status.converted);
        SalesforceError::LeadStatus {
            what,
            statuses: statuses
                .map(|status| format!("`{}`", status.label))
                .collect::<Vec<_>>()
                .join(", "),
        }
    }
}

impl LeadStatus {
    fn is(&self, wanted: &str) -> bool {
        [&self.name, &self.label].into_iter().any(|name| name.eq_ignore_ascii_case(wanted))
    }
}

/// What disqualified leads are called, at least one; the first is what we write.
fn names(settings: &Settings) -> Vec<&str> {
    match settings.disqualified_statuses.as_slice() {
        [] => vec![NOT_CONVERTED],
        named => named.iter().map(String::as_str).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use url::Url;

    fn statuses() -> LeadStatuses {
        let status = |name: &str, converted, default| LeadStatus {
            name: name.to_owned(),
            label: format!("{name} (label)"),
            converted,
            default,
        };
        LeadStatuses {
            known: Some(vec![
                status("Nurturing", false, false),
                status("New", false, true),
                status("Closed - Not Converted", false, false),
                status("Junk", false, false),
                status("Converted", true, false),
            ]),
        }
    }

    fn settings(disqualified: &[&str]) -> Settings {
        let mut settings =
            Settings::new(Url::parse("https://northwind.my.salesforce.com").unwrap());
        settings.disqualified_statuses = disqualified.iter().map(|&name| name.to_owned()).collect();
        settings
    }

    fn phase(settings: &Settings, status: &str, converted: bool) -> Phase {
        statuses().phase(settings, &json!({"Status": status, "IsConverted": converted}))
    }

    #[test]
    fn the_service_says_what_is_converted_and_the_settings_what_is_disqualified() {
        let shipped = settings(&[]);
        assert_eq!(phase(&shipped, "Closed - Not Converted", false), Phase::Lost);
        assert_eq!(phase(&shipped, "Junk", false), Phase::Open);
        assert_eq!(phase(&shipped, "Junk", true), Phase::Qualified);
        // By label, in any case of letters, and several.
        let own = settings(&["junk (LABEL)", "Nurturing"]);
        for status in ["Junk", "nurturing"] {
            assert_eq!(phase(&own, status, false), Phase::Lost, "{status}");
        }
        assert_eq!(phase(&own, "Closed - Not Converted", false), Phase::Open);
    }

    #[test]
    fn the_first_name_is_written_and_a_reopened_lead_gets_the_status_of_new_ones() {
        let (all, own) = (statuses(), settings(&["Junk (label)", "Nurturing"]));
        assert_eq!(all.of(&own, Phase::Lost).unwrap(), "Junk");
        assert_eq!(all.of(&own, Phase::Open).unwrap(), "New");
        // The default status is of disqualified leads here, and so is the one before it.
        assert_eq!(
            all.of(&settings(&["New", "Nurturing"]), Phase::Open).unwrap(),
            "Closed - Not Converted"
        );
        assert!(all.of(&own, Phase::Qualified).is_err());
    }

    #[test]
    fn a_status_that_does_not_exist_is_named_with_those_that_do() {
        for wrong in ["Gone", "Converted"] {
            let error = statuses().of(&settings(&[wrong]), Phase::Lost).unwrap_err().to_string();
            let named = error.contains(wrong)
                && error.contains("SalesforceDisqualifiedStatus")
                && error.contains("`Junk (label)`");
            assert!(named, "{error}");
        }
        let hidden = LeadStatuses { known: None };
        assert_eq!(hidden.of(&settings(&[]), Phase::Lost).unwrap(), NOT_CONVERTED);
        assert!(hidden.of(&settings(&[]), Phase::Open).is_err());
    }
}
