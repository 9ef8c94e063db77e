//! The statuses of leads, as data (contract salesforce 2.2).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::organisation::Organisation;
use super::refusal::Outcome;
use super::schema::choices;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeadStatus {
    pub(crate) name: String,
    /// Of converted leads.
    #[serde(default)]
    pub(crate) converted: bool,
    /// A new lead's.
    #[serde(default)]
    pub(crate) default: bool,
}

impl LeadStatus {
    /// The statuses an organisation is shipped with.
    pub(crate) fn standard() -> Vec<Self> {
        let status =
            |name: &str, converted, default| Self { name: name.into(), converted, default };
        vec![
            status("Open - Not Contacted", false, true),
            status("Working - Contacted", false, false),
            status("Closed - Converted", true, false),
            status("Closed - Not Converted", false, false),
        ]
    }
}

impl Organisation {
    /// Replaces all statuses, as an administrator does; leads keep what they have.
    pub(crate) fn set_lead_statuses(&mut self, statuses: Vec<LeadStatus>) -> Outcome<()> {
        self.lead_statuses = statuses;
        self.records.clear("LeadStatus");
        let text = |value: &str| Cell::Text(value.to_owned());
        for (order, status) in (1_i64..).zip(self.lead_statuses.clone()) {
            let cells = [
                ("MasterLabel", text(&status.name)),
                ("ApiName", text(&status.name)),
                ("IsConverted", Cell::Bool(status.converted)),
                ("IsDefault", Cell::Bool(status.default)),
                ("SortOrder", Cell::Int(order)),
            ];
            let id = self.ids.next("01J");
            self.plant("LeadStatus", id, &cells);
        }
        let mut lead = self.object("Lead")?;
        let names: Vec<&str> =
            self.lead_statuses.iter().map(|status| status.name.as_str()).collect();
        let default = self.lead_statuses.iter().find(|status| status.default);
        if let Some(field) =
            Arc::make_mut(&mut lead).fields.iter_mut().find(|field| field.name == "Status")
        {
            field.kind = choices(&names, false);
            field.default = Some(default.map_or(Cell::Null, |status| text(&status.name)));
        }
        if let Some(known) = self.objects.iter_mut().find(|object| object.name == "Lead") {
            *known = lead;
        }
        self.objects_changed = self.now();
        Ok(())
    }

    /// The status that conversion leaves behind.
    pub(crate) fn converted_status(&self) -> &str {
        let converted = self.lead_statuses.iter().find(|status| status.converted);
        converted.map_or("Converted", |status| status.name.as_str())
    }
}
