//! What a mapping's fields are like for the signed-in user (contract salesforce 3.12).

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use cosell_sync::Failure;
use cosell_sync::schema::{Column, CrmSchema, Holds};
use serde_json::Value as Json;

use super::SalesforceInstallation;
use crate::error::SalesforceError;
use crate::fields::OBJECTS;
use crate::rest_api::Call;
use crate::schema::{CONTACT, CURRENCY};
use crate::soql;

#[async_trait]
impl CrmSchema for SalesforceInstallation {
    async fn columns(
        &self,
        entity: &str,
        names: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Column>, Failure> {
        let Some(object) = OBJECTS.into_iter().find(|object| object.eq_ignore_ascii_case(entity))
        else {
            return Ok(BTreeMap::new());
        };
        let base = self.described(object).await?;
        let mut related: BTreeMap<String, Vec<Json>> = BTreeMap::new();
        let mut columns = BTreeMap::new();
        for name in names {
            let found = match name.split_once('/') {
                None => field(&base, name),
                Some((relationship, of_it)) => {
                    let Some(object) = object_of(&base, relationship) else {
                        continue;
                    };
                    if !related.contains_key(object) {
                        related.insert(object.to_owned(), self.described(object).await?);
                    }
                    related.get(object).and_then(|fields| field(fields, of_it))
                }
            };
            if let Some(column) = found.map(told).or_else(|| (name == CURRENCY).then(the_setting)) {
                columns.insert(name.clone(), column);
            }
        }
        Ok(columns)
    }
}

impl SalesforceInstallation {
    async fn described(&self, object: &str) -> Result<Vec<Json>, SalesforceError> {
        let call = Call::get(
            format!("sobjects/{object}/describe"),
            format!("reading the fields of {object}"),
        );
        let answer = self.api.send(&call).await?.accepted()?;
        let fields = answer.body["fields"].as_array().cloned();
        fields.ok_or_else(|| answer.lacks("a list of fields"))
    }
}

/// The object that a relationship leads to; its name becomes part of an address.
fn object_of<'a>(base: &'a [Json], relationship: &str) -> Option<&'a str> {
    if relationship == CONTACT {
        return Some(CONTACT);
    }
    let leads = |field: &&Json| field["relationshipName"].as_str() == Some(relationship);
    let object = base.iter().find(leads)?["referenceTo"][0].as_str()?;
    soql::is_name(object).then_some(object)
}

fn field<'a>(fields: &'a [Json], name: &str) -> Option<&'a Json> {
    let named = |field: &&Json| {
        field["name"].as_str().is_some_and(|other| other.eq_ignore_ascii_case(name))
    };
    fields.iter().find(named)
}

/// An organisation with one currency has no such field, and `SALESFORCE_CURRENCY` stands for it (contract salesforce 2.1).
fn the_setting() -> Column {
    Column {
        holds: Holds::Text,
        type_name: "setting".to_owned(),
        length: None,
        choices: None,
        creatable: None,
        updatable: None,
    }
}

fn told(field: &Json) -> Column {
    let kind = field["type"].as_str().unwrap_or_default();
    let values = field["picklistValues"].as_array().into_iter().flatten();
    let active = values.filter(|value| value["active"] != Json::Bool(false));
    let choices = active.filter_map(|value| value["value"].as_str()).map(str::to_owned).collect();
    Column {
        holds: match kind {
            "string" | "textarea" | "email" | "phone" | "url" | "combobox" => Holds::Text,
            "currency" | "double" | "percent" | "int" => Holds::Number,
            "boolean" => Holds::YesNo,
            "date" | "datetime" => Holds::Day,
            "picklist" => Holds::Choice,
            _ => Holds::Other,
        },
        type_name: kind.to_owned(),
        length: field["length"].as_u64().filter(|length| *length > 0),
        choices: (kind == "picklist").then_some(choices),
        creatable: field["createable"].as_bool(),
        updatable: field["updateable"].as_bool(),
    }
}
