//! What an object's fields are like now: as the signed-in user sees them, and where it does not, as
//! they are defined (contract salesforce 3.12, 5.5).

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::error::SalesforceError;
use crate::fields::FIELDS;
use crate::rest_api::{Call, RestApi, query};
use crate::soql;

/// What the signed-in user may do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Hidden,
    Read,
    Write,
}

/// A field, as far as the co-sell fields differ from one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// As describe calls it: `string`, `textarea`, `boolean` …
    pub(super) kind: String,
    pub(super) length: Option<u64>,
    pub(super) is_external_id: bool,
    pub(super) is_unique: bool,
    /// Of a picklist.
    pub(super) values: Vec<String>,
    pub(super) access: Access,
}

/// An object and its co-sell fields, by API name.
#[derive(Clone, Debug)]
pub(super) struct FoundObject {
    pub(super) object: &'static str,
    pub(super) fields: BTreeMap<&'static str, Field>,
    /// Whether a field that is not in `fields` is known not to exist: the signed-in user may look
    /// up definitions.
    pub(super) is_certain: bool,
}

impl FoundObject {
    pub(super) async fn read(api: &RestApi, object: &'static str) -> Result<Self, SalesforceError> {
        let call = Call::get(
            format!("sobjects/{object}/describe"),
            format!("reading the fields of {object}"),
        );
        let answer = api.send(&call).await?.accepted()?;
        let described =
            answer.body["fields"].as_array().ok_or_else(|| answer.lacks("a list of fields"))?;
        let mut found =
            Self { object, fields: described.iter().filter_map(seen).collect(), is_certain: true };
        if found.fields.len() < FIELDS.len() {
            match definitions(api, object).await {
                Ok(defined) => found.add_hidden(api, &defined).await?,
                Err(error) if super::is_lasting(&error) => found.is_certain = false,
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// Fields that exist, though this user does not see them.
    async fn add_hidden(
        &mut self,
        api: &RestApi,
        defined: &BTreeMap<&'static str, String>,
    ) -> Result<(), SalesforceError> {
        for (name, id) in defined {
            if self.fields.contains_key(name) {
                continue;
            }
            let path = format!("tooling/sobjects/CustomField/{id}");
            let doing = format!("reading the definition of field {name} on {}", self.object);
            let answer = api.send(&Call::get(path, doing)).await?.accepted()?;
            self.fields.insert(name, hidden(&answer.body["Metadata"]));
        }
        Ok(())
    }
}

/// The ids of the co-sell fields' definitions.
pub(super) async fn definitions(
    api: &RestApi,
    object: &str,
) -> Result<BTreeMap<&'static str, String>, SalesforceError> {
    let soql = format!(
        "SELECT Id, DeveloperName FROM CustomField WHERE TableEnumOrId = {}",
        soql::text(object)
    );
    let call = Call::get(
        format!("tooling/{}", query(&soql)),
        format!("looking up the field definitions of {object}"),
    );
    let answer = api.send(&call).await?.accepted()?;
    let rows = answer.rows()?;
    let found = rows.iter().filter_map(|row| {
        let developer_name = row["DeveloperName"].as_str()?;
        // It becomes part of an address.
        let id =
            row["Id"].as_str().filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
        let name = known(&format!("{developer_name}__c"))?;
        Some((name, id.to_owned()))
    });
    Ok(found.collect())
}

/// A field of ours, whatever the case of its name.
fn known(name: &str) -> Option<&'static str> {
    let mut names = FIELDS.iter().map(|field| field.name);
    names.find(|known| known.eq_ignore_ascii_case(name))
}

fn seen(json: &Json) -> Option<(&'static str, Field)> {
    let name = known(json["name"].as_str()?)?;
    let may = |right: &str| json[right].as_bool().unwrap_or(false);
    let values = json["picklistValues"].as_array().into_iter().flatten();
    let active = values.filter(|value| value["active"] != Json::Bool(false));
    let field = Field {
        kind: json["type"].as_str().unwrap_or_default().to_owned(),
        length: json["length"].as_u64(),
        is_external_id: may("externalId"),
        is_unique: may("unique"),
        values: active.filter_map(|value| value["value"].as_str()).map(str::to_owned).collect(),
        access: if may("createable") && may("updateable") { Access::Write } else { Access::Read },
    };
    Some((name, field))
}

fn hidden(metadata: &Json) -> Field {
    let kind = match metadata["type"].as_str().unwrap_or_default() {
        "Text" => "string",
        "LongTextArea" => "textarea",
        "Checkbox" => "boolean",
        other => other,
    };
    let values =
        metadata["valueSet"]["valueSetDefinition"]["value"].as_array().into_iter().flatten();
    Field {
        kind: kind.to_ascii_lowercase(),
        length: metadata["length"].as_u64(),
        is_external_id: metadata["externalId"] == Json::Bool(true),
        is_unique: metadata["unique"] == Json::Bool(true),
        values: values.filter_map(|value| value["valueName"].as_str()).map(str::to_owned).collect(),
        access: Access::Hidden,
    }
}
