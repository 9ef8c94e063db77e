//! What a mapping must know of the CRM that it is for; part of the CRM's descriptor.

use cosell_model::record_id::RecordIds;

/// A CRM, as far as its mapping and the checks of it need to know it.
#[derive(Clone, Copy, Debug)]
pub struct Crm {
    /// How its records' ids are written; the name in it is the mapping's `system`.
    pub record_ids: RecordIds,
    /// What it asks of its columns' names beyond letters, digits and underscores.
    pub column_names: Option<ColumnNames>,
}

/// What a CRM asks of its columns' names.
#[derive(Clone, Copy, Debug)]
pub struct ColumnNames {
    /// Whether a column, without its lookup, can be called so.
    pub fits: fn(&str) -> bool,
    /// What is wrong with one that cannot: completes "the column `…` …".
    pub wrong: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

impl Crm {
    /// A CRM whose records have GUIDs and whose columns may have any name.
    pub const fn of_guids(system: &'static str) -> Self {
        Self { record_ids: RecordIds::guids(system), column_names: None }
    }

    /// The mapping's `system`.
    pub fn system(&self) -> &'static str {
        self.record_ids.system
    }
}
