//! What a mapping's columns are like (contract dynamics365 5.3).

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use cosell_sync::Failure;
use cosell_sync::schema::{Column, CrmSchema, Holds};

use super::table::{self, Found, Table, lookups};
use super::{DynamicsInstallation, TABLES};
use crate::error::DynamicsError;
use crate::web_api::{Answer, Call};

#[async_trait]
impl CrmSchema for DynamicsInstallation {
    async fn columns(
        &self,
        entity: &str,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Column>, Failure> {
        let Some(base_table) = TABLES.iter().find(|table| table.name == entity) else {
            return Ok(BTreeMap::new());
        };
        let base = base_table.name;
        let lookups = lookups(&self.api, base).await?;
        let mut tables: BTreeMap<String, Found> = BTreeMap::new();
        let mut columns = BTreeMap::new();
        for name in names {
            let (table, column) = match name.split_once('/') {
                None => (base, name.as_str()),
                Some((lookup, column)) => match lookups.get(&lookup.to_lowercase()) {
                    Some(table) => (table.as_str(), column),
                    None => continue,
                },
            };
            if !tables.contains_key(table) {
                tables.insert(table.to_owned(), Found::columns_of(&self.api, table).await?);
            }
            let found = tables.get(table).and_then(|found| found.columns.get(column));
            if let Some(found) = found {
                columns.insert(name.clone(), told(found));
            }
        }
        self.read_one_row(base_table, columns.keys()).await?;
        Ok(columns)
    }
}

impl DynamicsInstallation {
    /// Reads these columns of one row, as the sync does: a role may allow the definitions and not the data.
    async fn read_one_row(
        &self,
        table: &Table,
        names: impl Iterator<Item = &String>,
    ) -> Result<(), DynamicsError> {
        let mut plain = Vec::new();
        let mut related: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in names {
            match name.split_once('/') {
                None => plain.push(name.as_str()),
                Some((lookup, column)) => related.entry(lookup).or_default().push(column),
            }
        }
        let expand = related
            .iter()
            .map(|(lookup, columns)| format!("{lookup}($select={})", columns.join(",")));
        let (select, expand) = (plain.join(","), expand.collect::<Vec<_>>().join(","));
        let query = [("$select", select.as_str()), ("$expand", expand.as_str()), ("$top", "1")];
        let query: Vec<(&str, &str)> =
            query.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let doing = format!("reading the mapped columns of table {}", table.name);
        let call = Call::get(self.api.url(table.set, &query), doing);
        self.api.send(&call).await.and_then(Answer::accepted).map(drop)
    }
}

/// Definitions do not tell what the signed-in user may write.
fn told(column: &table::Column) -> Column {
    let choices = column.options.as_ref();
    Column {
        holds: match column.kind.as_str() {
            "String" | "Memo" => Holds::Text,
            "Money" | "Decimal" | "Double" | "Integer" | "BigInt" => Holds::Number,
            "Boolean" => Holds::YesNo,
            "DateTime" => Holds::Day,
            "Picklist" => Holds::Choice,
            _ => Holds::Other,
        },
        type_name: column.kind.clone(),
        length: column.max_length,
        choices: choices.map(|choices| choices.iter().map(ToString::to_string).collect()),
        creatable: None,
        updatable: None,
    }
}
