//! What a mapping's columns are like, those of related records included.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use cosell_sync::Failure;

use super::{Installer, Site};
use crate::schema::{Column, CrmSchema};

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
    fn column(&self, name: &str) -> Option<&Column> {
        if self.any_case { self.columns.get(&name.to_lowercase()) } else { self.columns.get(name) }
    }
}

#[async_trait]
impl<S: Site> CrmSchema for Installer<S> {
    async fn columns(
        &self,
        entity: &str,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Column>, Failure> {
        let site = &self.0;
        let Some(table) = site.table(entity) else { return Ok(BTreeMap::new()) };
        let base = site.describe(table, true).await.map_err(Into::into)?;
        let mut related: BTreeMap<&str, Described> = BTreeMap::new();
        let mut columns = BTreeMap::new();
        for name in names {
            let found = match name.split_once('/') {
                None => base.column(name).cloned().or_else(|| site.stands_in(name)),
                Some((lookup, column)) => {
                    let Some(table) = base.lookups.get(&lookup.to_lowercase()) else { continue };
                    if !related.contains_key(table.as_str()) {
                        let described = site.describe(table, false).await.map_err(Into::into)?;
                        related.insert(table, described);
                    }
                    related.get(table.as_str()).and_then(|table| table.column(column)).cloned()
                }
            };
            columns.extend(found.map(|column| (name.clone(), column)));
        }
        site.read_one(table, &columns.keys().map(String::as_str).collect::<Vec<_>>())
            .await
            .map_err(Into::into)?;
        Ok(columns)
    }
}
