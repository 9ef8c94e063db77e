//! A custom field's definition as the Tooling API takes and tells it, and a deployment, too
//! (contract salesforce 5.2, 5.5).

use serde_json::{Map, Value, json};

use super::cell::Cell;
use super::refusal::{Outcome, Refusal};
use super::schema::{Field, Kind, Write};

/// Longest text field, and longest long text area (the latter from memory, contract salesforce
/// 5.2).
const LONGEST_TEXT: u64 = 255;
const LONGEST_AREA: u64 = 131_072;
/// Values of a restricted picklist.
const MOST_VALUES: usize = 1000;
/// Characters of a name without its suffix, and of a label (memory).
const LONGEST_NAME: usize = 40;

/// What a definition may say, whatever the type.
const GENERAL: [&str; 5] = ["label", "type", "description", "inlineHelpText", "required"];

/// A field that is asked for.
pub(crate) struct Wanted {
    pub(crate) object: String,
    pub(crate) field: Field,
}

/// Reads `{"FullName", "Metadata"}`.
pub(crate) fn read(body: &Map<String, Value>) -> Outcome<Wanted> {
    if let Some(unknown) =
        body.keys().find(|name| !matches!(name.as_str(), "FullName" | "Metadata"))
    {
        let text = format!("No such column '{unknown}' on sobject of type CustomField");
        return Err(Refusal::bad("INVALID_FIELD", text));
    }
    let full = body.get("FullName").and_then(Value::as_str).unwrap_or_default();
    let (object, name) =
        full.split_once('.').ok_or_else(|| invalid("FullName must be Object.Field__c"))?;
    refuse_name(name)?;
    let metadata = body.get("Metadata").and_then(Value::as_object);
    let metadata = metadata.ok_or_else(|| invalid("Metadata is missing"))?;
    Ok(Wanted { object: object.to_owned(), field: field(name, metadata)? })
}

pub(crate) fn refuse_name(name: &str) -> Outcome<()> {
    let core = name.strip_suffix("__c").unwrap_or_default();
    let plain = core.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let begins = core.starts_with(|first: char| first.is_ascii_alphabetic());
    if plain && begins && !core.ends_with('_') && !core.contains("__") && core.len() <= LONGEST_NAME
    {
        return Ok(());
    }
    Err(invalid(&format!("the field name {name} is not valid")))
}

/// Reads what a definition says besides the name.
pub(crate) fn field(name: &str, metadata: &Map<String, Value>) -> Outcome<Field> {
    let text = |key: &str| metadata.get(key).and_then(Value::as_str);
    let flag = |key: &str| metadata.get(key).and_then(Value::as_bool).unwrap_or(false);
    let kind_name = text("type").unwrap_or_default();
    let (kind, own) = kind(kind_name, metadata)?;
    if let Some(stray) =
        metadata.keys().find(|key| !GENERAL.contains(&key.as_str()) && !own.contains(&key.as_str()))
    {
        return Err(invalid(&format!(
            "can not specify '{stray}' for a CustomField of type {kind_name}"
        )));
    }
    let label =
        text("label").filter(|label| !label.is_empty() && label.chars().count() <= LONGEST_NAME);
    let mut field = Field::new(name, kind, Write::Always);
    label.ok_or_else(|| invalid("label is required"))?.clone_into(&mut field.label);
    field.external_id = flag("externalId");
    field.id_lookup = field.external_id;
    field.unique = flag("unique");
    field.nillable = !flag("required");
    if field.kind == Kind::Bool {
        field.nillable = false;
        field.default = Some(Cell::Bool(text("defaultValue") == Some("true")));
    }
    field.definition = Some(metadata.clone());
    Ok(field)
}

/// The type, and what a definition of this type may say of its own.
fn kind(name: &str, metadata: &Map<String, Value>) -> Outcome<(Kind, &'static [&'static str])> {
    let number = |key: &str| metadata.get(key).and_then(Value::as_u64);
    let length = |most: u64| {
        let length = number("length").filter(|length| (1..=most).contains(length));
        let length = length.and_then(|length| usize::try_from(length).ok());
        length.ok_or_else(|| invalid(&format!("{name} needs a length up to {most}")))
    };
    Ok(match name {
        "Text" => (
            Kind::Text(length(LONGEST_TEXT)?),
            &["length", "externalId", "unique", "caseSensitive", "defaultValue"],
        ),
        "TextArea" => (Kind::Area(255), &["defaultValue"]),
        "LongTextArea" | "Html" => {
            number("visibleLines").ok_or_else(|| invalid(&format!("{name} needs visibleLines")))?;
            (Kind::Area(length(LONGEST_AREA)?), &["length", "visibleLines", "defaultValue"])
        }
        "Url" => (Kind::Url, &["defaultValue"]),
        "Phone" => (Kind::Phone, &["defaultValue"]),
        "Email" => (Kind::Email, &["externalId", "unique", "defaultValue"]),
        "Checkbox" => {
            let default = metadata.get("defaultValue").and_then(Value::as_str);
            default
                .filter(|default| matches!(*default, "true" | "false"))
                .ok_or_else(|| invalid("Checkbox needs the defaultValue \"true\" or \"false\""))?;
            (Kind::Bool, &["defaultValue"])
        }
        "Picklist" | "MultiselectPicklist" => {
            let (restricted, values) = value_set(metadata)?;
            if name == "Picklist" {
                let kind = Kind::Picklist { length: 255, restricted, values };
                (kind, &["valueSet"])
            } else {
                number("visibleLines")
                    .ok_or_else(|| invalid("MultiselectPicklist needs visibleLines"))?;
                (Kind::Multi { restricted, values }, &["valueSet", "visibleLines"])
            }
        }
        "DateTime" => (Kind::Moment, &["defaultValue"]),
        "Date" => (Kind::Date, &["defaultValue"]),
        "Number" => (
            Kind::Double(places(metadata)?),
            &["precision", "scale", "externalId", "unique", "defaultValue"],
        ),
        "Currency" => (Kind::Currency(places(metadata)?), &["precision", "scale", "defaultValue"]),
        other => return Err(invalid(&format!("type {other} is not known here"))),
    })
}

/// Digits behind the point of a number, of at most 18 in all.
fn places(metadata: &Map<String, Value>) -> Outcome<u32> {
    let number = |key: &str| metadata.get(key).and_then(Value::as_u64);
    let (precision, scale) = (number("precision"), number("scale"));
    let fits =
        precision.is_some_and(|precision| precision <= 18) && scale.is_some() && scale <= precision;
    let scale = scale.filter(|_| fits).and_then(|scale| u32::try_from(scale).ok());
    scale.ok_or_else(|| {
        invalid("a number needs a precision up to 18 and a scale that is not larger")
    })
}

fn value_set(metadata: &Map<String, Value>) -> Outcome<(bool, Vec<String>)> {
    let set = metadata.get("valueSet").and_then(Value::as_object);
    let set = set.ok_or_else(|| invalid("a picklist needs a valueSet"))?;
    if set.contains_key("valueSetName") {
        return Err(Refusal::not_simulated("A global value set"));
    }
    let values = set.get("valueSetDefinition").and_then(|definition| definition.get("value"));
    let values = values
        .and_then(Value::as_array)
        .ok_or_else(|| invalid("a valueSet needs a valueSetDefinition with values"))?;
    let name = |value: &Value| {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        text("label").ok_or_else(|| invalid("a value needs a label"))?;
        text("valueName").ok_or_else(|| invalid("a value needs a valueName"))
    };
    let names = values.iter().map(name).collect::<Outcome<Vec<String>>>()?;
    let restricted = set.get("restricted").and_then(Value::as_bool).unwrap_or(false);
    if names.is_empty() || (restricted && names.len() > MOST_VALUES) {
        return Err(invalid("a restricted picklist has 1 to 1,000 values"));
    }
    Ok((restricted, names))
}

/// What the Tooling API tells about a field: as it was defined, or as the organisation had it from
/// the start.
pub(crate) fn metadata(field: &Field) -> Value {
    let mut metadata = match &field.definition {
        Some(given) => Value::Object(given.clone()),
        None => of_kind(&field.kind),
    };
    for (name, value) in [
        ("label", json!(field.label)),
        ("externalId", json!(field.external_id)),
        ("unique", json!(field.unique)),
        ("required", json!(!field.nillable && field.kind != Kind::Bool)),
    ] {
        metadata[name] = value;
    }
    metadata
}

fn of_kind(kind: &Kind) -> Value {
    let set = |restricted: &bool, values: &[String]| {
        let value = |name: &String| json!({"valueName": name, "label": name, "default": false});
        let values: Vec<Value> = values.iter().map(value).collect();
        json!({"restricted": restricted, "valueSetDefinition": {"sorted": false, "value": values}})
    };
    match kind {
        Kind::Text(length) => json!({"type": "Text", "length": length, "caseSensitive": false}),
        Kind::Area(length) => json!({"type": "LongTextArea", "length": length, "visibleLines": 5}),
        Kind::Url => json!({"type": "Url"}),
        Kind::Bool => json!({"type": "Checkbox", "defaultValue": "false"}),
        Kind::Picklist { restricted, values, .. } => {
            json!({"type": "Picklist", "valueSet": set(restricted, values)})
        }
        Kind::Multi { restricted, values } => {
            json!({
                "type": "MultiselectPicklist", "visibleLines": 4,
                "valueSet": set(restricted, values)
            })
        }
        Kind::Moment => json!({"type": "DateTime"}),
        Kind::Date => json!({"type": "Date"}),
        Kind::Currency(scale) => json!({"type": "Currency", "precision": 18, "scale": scale}),
        _ => json!({"type": "Number", "precision": 18, "scale": 0}),
    }
}

fn invalid(text: &str) -> Refusal {
    Refusal::bad("FIELD_INTEGRITY_EXCEPTION", text)
}
