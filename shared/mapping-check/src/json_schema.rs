//! The mapping's JSON Schema, which makes editors complete and check a mapping file. `cosell
//! mapping check` knows more.

use serde_json::{Value as Json, json};

use cosell_mapping::Mapping;

/// Of a shipped file, which is whole; `systems` are the CRMs that it may be for.
pub fn of_shipped(systems: &[&str]) -> Json {
    let mut schema = schemars::schema_for!(Mapping).to_value();
    schema["title"] = json!("cosell-sync field mapping");
    schema["properties"]["system"]["enum"] = json!(systems);
    // The derivation tells what the tables' values are, and not their keys.
    let tables = &mut schema["$defs"]["Stages"]["properties"];
    for (table, keys) in [("to_crm", "Stage"), ("to_partner_center", "Phase"), ("reasons", "Stage")]
    {
        tables[table]["propertyNames"] = json!({ "$ref": format!("#/$defs/{keys}") });
    }
    schema
}

/// Of a partner's override, which names only what it changes. A rule needs its name, and may be
/// taken out.
pub fn of_own(systems: &[&str]) -> Json {
    let mut schema = of_shipped(systems);
    schema["title"] = json!("cosell-sync field mapping: a partner's own changes");
    let rule = schema["$defs"]["Rule"]["properties"].as_object_mut();
    for (_, property) in rule.into_iter().flatten().filter(|(name, _)| name.as_str() != "name") {
        make_removable(property);
    }
    let parts = schema["$defs"].as_object_mut().into_iter().flatten();
    let tables = parts.filter_map(|(_, part)| part.get_mut("properties")?.as_object_mut());
    for (_, table) in tables.flatten() {
        if let Some(entries) =
            table.get_mut("additionalProperties").filter(|entries| entries.is_object())
        {
            make_removable(entries);
        }
    }
    relax(&mut schema);
    let rule = &mut schema["$defs"]["Rule"];
    rule["required"] = json!(["name"]);
    rule["properties"]["off"] =
        json!({ "description": "Takes the shipped rule of this name out.", "type": "boolean" });
    schema
}

/// Allows `false`, which takes out what the shipped file has.
fn make_removable(schema: &mut Json) {
    let present = schema.take();
    *schema = json!({ "oneOf": [present, { "const": false, "description": "Takes out what the \
        shipped file has." }] });
}

/// Takes away what must be there, at every level.
fn relax(schema: &mut Json) {
    match schema {
        Json::Object(properties) => {
            // A list is the keyword; a table would be a property of that name.
            if properties.get("required").is_some_and(Json::is_array) {
                properties.remove("required");
            }
            properties.values_mut().for_each(relax);
        }
        Json::Array(items) => items.iter_mut().for_each(relax),
        _ => {}
    }
}
