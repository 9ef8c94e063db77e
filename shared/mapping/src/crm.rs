//! What a mapping must know of the CRM that it is for; part of the CRM's descriptor.

use cosell_model::path::ColumnPath;
use cosell_model::record_id::RecordIds;

/// A CRM, as far as its mapping and the checks of it need to know it.
#[derive(Clone, Copy, Debug)]
pub struct Crm {
    /// How its records' ids are written; the name in it is the mapping's `system`.
    pub record_ids: RecordIds,
    /// What it asks of its columns' names beyond letters, digits and underscores.
    pub column_names: Option<ColumnNames>,
    /// The lookup of a record's currency, where the currency is one: the code behind it is another
    /// record's, and yet a value of this one.
    pub currency_lookup: Option<&'static str>,
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
    /// A CRM whose records have GUIDs, whose columns may have any name, and whose currency is a
    /// column like others.
    pub const fn of_guids(system: &'static str) -> Self {
        let record_ids = RecordIds::guids(system);
        Self { record_ids, column_names: None, currency_lookup: None }
    }

    /// The same with its currency behind this lookup.
    #[must_use]
    pub const fn with_currency_lookup(self, lookup: &'static str) -> Self {
        Self { currency_lookup: Some(lookup), ..self }
    }

    /// Whether the column is another record's: of a customer, of the owner.
    pub fn is_of_a_related_record(&self, column: &ColumnPath) -> bool {
        column.lookup().is_some_and(|lookup| Some(lookup) != self.currency_lookup)
    }

    /// The mapping's `system`.
    pub fn system(&self) -> &'static str {
        self.record_ids.system
    }
}
