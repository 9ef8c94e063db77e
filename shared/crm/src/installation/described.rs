//! One table as its CRM describes it.

use std::collections::BTreeMap;

use crate::schema::Column;

/// What a CRM tells of one table.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// The columns, by name.
    pub columns: BTreeMap<String, Column>,
    /// The table that each lookup leads to, by the lookup's name as a mapping writes it, in lower
    /// case.
    pub lookups: BTreeMap<String, String>,
    /// Whether the CRM takes a column's name in any case of letters; then the names above are in
    /// lower case.
    pub any_case: bool,
}

impl Described {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        if self.any_case { self.columns.get(&name.to_lowercase()) } else { self.columns.get(name) }
    }
}
