//! List views: checked and remembered.

use std::collections::btree_map::Entry;

use super::element::{Element, Fault};
use super::report::Effect;
use crate::salesforce::organisation::Organisation;

pub(super) fn deploy(
    organisation: &mut Organisation,
    object: &str,
    full: &str,
    element: Element<'_, '_>,
) -> Result<Effect, Fault> {
    element.allows(&[
        "fullName",
        "booleanFilter",
        "columns",
        "filterScope",
        "filters",
        "label",
        "language",
        "sharedTo",
    ])?;
    element.required("fullName")?;
    let (label, scope) = (element.required("label")?, element.required("filterScope")?);
    element.one_of(
        "filterScope",
        &["Everything", "Mine", "MyTerritory", "Queue", "Team"],
        "FilterScope",
    )?;
    let object =
        organisation.object(object).map_err(|_| format!("no CustomObject named {object} found"))?;
    let filters = element.children("filters", "ListViewFilter");
    let filtered = filters.iter().filter_map(|filter| filter.text("field"));
    let columns = element.texts("columns");
    // Standard fields have names of their own here (`OPPORTUNITY.NAME`); custom ones keep theirs.
    let mut custom = columns.iter().copied().chain(filtered).filter(|name| name.ends_with("__c"));
    if let Some(unknown) =
        custom.find(|name| !object.fields.iter().any(|field| field.name == *name))
    {
        return Err(format!("Could not resolve list view column: {unknown}"));
    }
    for filter in &filters {
        filter.allows(&["field", "operation", "value"])?;
        filter.required("operation")?;
    }
    Ok(organisation.remember("ListView", full, format!("{label}, {scope}: {}", columns.join(", "))))
}

impl Organisation {
    /// Keeps what has no other effect here.
    pub(super) fn remember(&mut self, kind: &str, name: &str, says: String) -> Effect {
        match self.deployments.others.entry((kind.into(), name.into())) {
            Entry::Vacant(place) => {
                place.insert(says);
                Effect::Created
            }
            Entry::Occupied(place) if *place.get() == says => Effect::Unchanged,
            Entry::Occupied(mut place) => {
                place.insert(says);
                Effect::Changed
            }
        }
    }
}
