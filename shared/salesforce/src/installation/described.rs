//! What an object's fields are like for the signed-in user (contract salesforce 3.12).

use cosell_crm::installation::Described;
use cosell_crm::schema::{Column, Holds};
use serde_json::Value as Json;

use crate::schema::CONTACT;
use crate::soql;

/// The members `fields` of a describe.
pub(super) fn read(fields: &[Json]) -> Described {
    let columns = fields.iter().filter_map(|field| Some((name(field)?, column(field))));
    let lookups = fields.iter().filter_map(|field| {
        let relationship = field["relationshipName"].as_str()?.to_lowercase();
        // Its name becomes part of an address.
        let object = field["referenceTo"][0].as_str().filter(|object| soql::is_name(object))?;
        Some((relationship, object.to_owned()))
    });
    // The primary contact is no relationship of the opportunity itself.
    let contact = (CONTACT.to_lowercase(), CONTACT.to_owned());
    Described {
        columns: columns.collect(),
        lookups: lookups.chain([contact]).collect(),
        any_case: true,
    }
}

fn name(field: &Json) -> Option<String> {
    field["name"].as_str().map(str::to_lowercase)
}

fn column(field: &Json) -> Column {
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
