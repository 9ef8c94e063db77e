//! What a table's definition says now (contract dynamics365 5.3).

use std::collections::{BTreeMap, BTreeSet};

use cosell_crm::schema::{self, Holds};
use serde_json::Value as Json;

use crate::error::DynamicsError;
use crate::web_api::{Answer, Call, Customisation, WebApi};

/// A table that has the co-sell columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) set: &'static str,
}

/// All of them.
pub(super) const TABLES: [Table; 2] =
    [Table { name: "opportunity", set: "opportunities" }, Table { name: "lead", set: "leads" }];

/// A column, as far as the co-sell columns differ from one another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    /// `String`, `Memo`, `Boolean`, `Picklist` …
    pub(super) kind: String,
    pub(super) max_length: Option<u64>,
    /// Of a `String`: `Text`, `Url` …
    pub(super) format: Option<String>,
    /// Of a `Picklist`; `None` when it has no list of its own.
    pub(super) options: Option<BTreeSet<u64>>,
}

/// An alternate key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) columns: Vec<String>,
    /// `Pending`, `InProgress`, `Active`, `Failed`.
    pub(super) status: String,
}

/// What is there, by logical name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) columns: BTreeMap<String, Column>,
    pub(super) keys: Vec<Key>,
}

impl Column {
    /// As a mapping is held against it. Definitions do not tell what the signed-in user may write.
    pub(super) fn described(&self) -> schema::Column {
        let choices = self.options.as_ref();
        schema::Column {
            holds: match self.kind.as_str() {
                "String" | "Memo" => Holds::Text,
                "Money" | "Decimal" | "Double" | "Integer" | "BigInt" => Holds::Number,
                "Boolean" => Holds::YesNo,
                "DateTime" => Holds::Day,
                "Picklist" => Holds::Choice,
                _ => Holds::Other,
            },
            type_name: self.kind.clone(),
            length: self.max_length,
            choices: choices.map(|choices| choices.iter().map(ToString::to_string).collect()),
            creatable: None,
            updatable: None,
        }
    }
}

impl Table {
    pub(super) fn definition(self) -> String {
        definition(self.name)
    }
}

impl Found {
    /// Reads the definitions of columns and keys.
    pub(super) async fn read(api: &WebApi, table: Table) -> Result<Self, DynamicsError> {
        let mut found = Self::columns_of(api, table.name).await?;
        let keys = [("$select", "SchemaName,KeyAttributes,EntityKeyIndexStatus")];
        found.keys = list(api, table.name, "Keys", &keys).await?.iter().map(key).collect();
        Ok(found)
    }

    /// Reads the definitions of the columns of the table with this name; lengths and choices show
    /// only in lists of one type.
    pub(super) async fn columns_of(api: &WebApi, table: &str) -> Result<Self, DynamicsError> {
        let mut found = Self::default();
        for json in
            list(api, table, "Attributes", &[("$select", "LogicalName,AttributeType")]).await?
        {
            if let (Some(name), Some(kind)) =
                (text(&json, "LogicalName"), text(&json, "AttributeType"))
            {
                let column = Column { kind, ..Column::default() };
                found.columns.insert(name, column);
            }
        }
        let strings = [("$select", "LogicalName,MaxLength,FormatName")];
        for json in list(api, table, &of_type("String"), &strings).await? {
            found.refine(&json, |column| {
                column.max_length = json["MaxLength"].as_u64();
                column.format = text(&json["FormatName"], "Value");
            });
        }
        for json in
            list(api, table, &of_type("Memo"), &[("$select", "LogicalName,MaxLength")]).await?
        {
            found.refine(&json, |column| column.max_length = json["MaxLength"].as_u64());
        }
        let choices = [("$select", "LogicalName"), ("$expand", "OptionSet($select=Options)")];
        for json in list(api, table, &of_type("Picklist"), &choices).await? {
            let options = json["OptionSet"]["Options"].as_array();
            let values = options.map(|options| {
                options.iter().filter_map(|option| option["Value"].as_u64()).collect()
            });
            found.refine(&json, |column| column.options = values);
        }
        Ok(found)
    }

    fn refine(&mut self, json: &Json, change: impl FnOnce(&mut Column)) {
        if let Some(column) = text(json, "LogicalName").and_then(|name| self.columns.get_mut(&name))
        {
            change(column);
        }
    }
}

fn of_type(kind: &str) -> String {
    format!("Attributes/Microsoft.Dynamics.CRM.{kind}AttributeMetadata")
}

/// By navigation name (contract dynamics365 2.2), in lower case, the table that a lookup of `table`
/// leads to.
pub(super) async fn lookups(
    api: &WebApi,
    table: &str,
) -> Result<BTreeMap<String, String>, DynamicsError> {
    let mut lookups = BTreeMap::new();
    for json in list(api, table, &of_type("Lookup"), &[("$select", "LogicalName,Targets")]).await? {
        let Some(name) = text(&json, "LogicalName") else {
            continue;
        };
        let targets: Vec<&str> =
            json["Targets"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        for target in &targets {
            lookups.insert(format!("{name}_{target}"), (*target).to_owned());
        }
        if let [only] = targets.as_slice() {
            lookups.insert(name, (*only).to_owned());
        }
    }
    Ok(lookups)
}

fn definition(table: &str) -> String {
    format!("EntityDefinitions(LogicalName='{table}')")
}

async fn list(
    api: &WebApi,
    table: &str,
    part: &str,
    query: &[(&str, &str)],
) -> Result<Vec<Json>, DynamicsError> {
    let url = api.url(&format!("{}/{part}", definition(table)), query);
    let call = Call::get(url, format!("reading the definition of table {table}"))
        .customisation(Customisation::Read);
    let answer: Answer = api.send(&call).await?.accepted()?;
    let list = answer.body["value"].as_array().cloned();
    list.ok_or_else(|| answer.lacks("a list of definitions"))
}

fn key(json: &Json) -> Key {
    let columns = json["KeyAttributes"].as_array();
    Key {
        columns: columns
            .map(|columns| columns.iter().filter_map(Json::as_str).map(str::to_owned).collect())
            .unwrap_or_default(),
        status: text(json, "EntityKeyIndexStatus").unwrap_or_default(),
    }
}

fn text(json: &Json, name: &str) -> Option<String> {
    json[name].as_str().map(str::to_owned)
}
