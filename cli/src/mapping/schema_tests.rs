use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};

use super::*;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../infra/mapping")
}

/// A file of the mapping folder, with what fills its placeholders.
fn toml(file: &str) -> Json {
    let text = std::fs::read_to_string(folder().join(file)).unwrap();
    toml::from_str(&text).unwrap()
}

/// What of `json` the schema does not allow: the keywords that ours uses, and no others.
fn faults(root: &Json, schema: &Json, json: &Json, at: &str) -> Vec<String> {
    if schema == &json!(true) {
        return Vec::new();
    }
    if let Some(name) = schema["$ref"].as_str() {
        return faults(root, &root["$defs"][name.rsplit('/').next().unwrap()], json, at);
    }
    let mut found = Vec::new();
    if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array())
        && !choices.iter().any(|choice| faults(root, choice, json, at).is_empty())
    {
        found.push(format!("{at}: none of the choices"));
    }
    if schema.get("const").is_some_and(|only| only != json)
        || schema["enum"].as_array().is_some_and(|words| !words.contains(json))
        || !is_of_type(&schema["type"], json)
    {
        found.push(format!("{at}: not allowed"));
    }
    if let Some(items) = json.as_array().filter(|_| schema.get("items").is_some()) {
        found.extend(items.iter().flat_map(|item| faults(root, &schema["items"], item, at)));
    }
    if let Some(table) = json.as_object() {
        found.extend(table_faults(root, schema, table, at));
    }
    found
}

fn table_faults(root: &Json, schema: &Json, table: &Map<String, Json>, at: &str) -> Vec<String> {
    let needed = schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let mut found: Vec<String> = needed
        .filter(|name| !table.contains_key(*name))
        .map(|name| format!("{at}: lacks {name}"))
        .collect();
    for (key, value) in table {
        let place = format!("{at}.{key}");
        if let Some(names) = schema.get("propertyNames") {
            found.extend(faults(root, names, &json!(key), &place));
        }
        let known = schema["properties"].get(key).or(schema.get("additionalProperties"));
        match known.unwrap_or(&Json::Bool(true)) {
            Json::Bool(false) => found.push(format!("{place}: unknown")),
            known => found.extend(faults(root, known, value, &place)),
        }
    }
    found
}

fn is_of_type(wanted: &Json, json: &Json) -> bool {
    let fits = |name: &str| match name {
        "object" => json.is_object(),
        "array" => json.is_array(),
        "string" => json.is_string(),
        "integer" => json.is_u64() || json.is_i64(),
        "boolean" => json.is_boolean(),
        "null" => json.is_null(),
        other => panic!("the schema has a type that this test does not know: {other}"),
    };
    match wanted {
        Json::String(name) => fits(name),
        Json::Array(names) => names.iter().filter_map(Json::as_str).any(fits),
        _ => true,
    }
}

#[test]
fn the_schemas_that_ship_are_those_of_this_version() {
    for (own, file) in [(false, "schema.json"), (true, "own/schema.json")] {
        let shipped = std::fs::read_to_string(folder().join(file)).unwrap();
        let option = if own { " --own" } else { "" };
        assert!(
            shipped == text(own).unwrap(),
            "{file} is behind: cosell mapping schema{option} > infra/mapping/{file}"
        );
    }
}

#[test]
fn both_shipped_files_are_valid_and_name_their_schema() {
    for file in ["dynamics.toml", "salesforce.toml"] {
        let root = schema::of_shipped(&cosell_wiring::CRMS.names());
        assert_eq!(faults(&root, &root, &toml(file), ""), Vec::<String>::new(), "{file}");
        let text = std::fs::read_to_string(folder().join(file)).unwrap();
        assert!(text.starts_with("#:schema schema.json\n"), "{file}");
    }
}

#[test]
fn a_key_a_word_or_a_table_that_the_program_does_not_know_is_a_fault() {
    let root = schema::of_shipped(&cosell_wiring::CRMS.names());
    let mut file = toml("dynamics.toml");
    file["rule"][0]["crm_lenght"] = json!(300);
    file["rule"][1]["kind"] = json!("mony");
    file["stages"]["to_crm"]["Activ"] = json!("open");
    file["stages"]["to_partner_center"]["open"] = json!("Activ");
    file["system"] = json!("hubspot");
    file.as_object_mut().unwrap().remove("help");
    let found = faults(&root, &root, &file, "").join("\n");
    for expected in [
        ".rule.crm_lenght: unknown",
        ".rule.kind: none of",
        ".to_crm.Activ: none of",
        ".to_partner_center.open: none of",
        ".system: not allowed",
        ": lacks help",
    ] {
        assert!(found.contains(expected), "{expected}\n---\n{found}");
    }
}

#[test]
fn an_override_file_needs_only_what_it_changes() {
    let root = schema::of_own(&cosell_wiring::CRMS.names());
    let of = |own: &Json| faults(&root, &root, own, "");
    let own = json!({
        "version": 1,
        "rule": [{ "name": "notes", "conflict": "crm" }, { "name": "solutions", "off": true }]
    });
    assert_eq!(of(&own), Vec::<String>::new());
    let own = json!({
        "stages": { "to_crm": { "Expired": false } },
        "help": { "values": { "GeneralOrOther": false } },
        "rule": [
            {
                "name": "notes", "default": false,
                "when": { "deal": ["cosell"], "direction": "incoming" }, "transform": ["trim"],
                "fallback": ["x"]
            }
        ],
        "lead": { "rule": [{ "name": "notes", "off": true }] }
    });
    assert_eq!(of(&own), Vec::<String>::new(), "false takes out");
    assert!(
        !of(&json!({ "rule": [{ "name": "notes", "when": { "deal": ["cosel"] } }] })).is_empty()
    );
    assert_eq!(of(&json!({ "rule": [{ "conflict": "crm" }] })), [".rule: lacks name"]);
    assert_eq!(of(&json!({ "columns": { "sync": "x", "snyc": "x" } })), [".columns.snyc: unknown"]);
}
