//! What a mapping's columns are like, those of related records included.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use cosell_model::path::ColumnPath;
use cosell_sync::Failure;

use super::described::Described;
use super::run::{Installer, Site};
use crate::schema::{Column, CrmSchema};

#[async_trait]
impl<S: Site> CrmSchema for Installer<S> {
    async fn columns(
        &self,
        entity: &str,
        names: &BTreeSet<ColumnPath>,
    ) -> Result<BTreeMap<String, Column>, Failure> {
        let site = &self.0;
        let Some(table) = site.table(entity) else { return Ok(BTreeMap::new()) };
        let base = site.describe(table, true).await.map_err(Into::into)?;
        let mut related: BTreeMap<&str, Described> = BTreeMap::new();
        let mut columns = BTreeMap::new();
        for name in names {
            let column = name.column();
            let found = match name.lookup() {
                None => base.column(column).cloned().or_else(|| site.stands_in(column)),
                Some(lookup) => {
                    let Some(table) = base.lookups.get(&lookup.to_lowercase()) else { continue };
                    if !related.contains_key(table.as_str()) {
                        let described = site.describe(table, false).await.map_err(Into::into)?;
                        related.insert(table, described);
                    }
                    related.get(table.as_str()).and_then(|table| table.column(column)).cloned()
                }
            };
            columns.extend(found.map(|column| (name.to_string(), column)));
        }
        site.read_one(table, &columns.keys().map(String::as_str).collect::<Vec<_>>())
            .await
            .map_err(Into::into)?;
        Ok(columns)
    }
}
