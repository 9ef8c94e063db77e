//! JSON Patch with the two operations the service supports (contract partner-center 3.4).

use serde::Deserialize;
use serde_json::Value;

use super::refusal::Refusal;
use super::shape;

/// One operation as sent.
#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    op: String,
    pub(crate) path: String,
    #[serde(default, deserialize_with = "present")]
    value: Option<Value>,
}

/// Keeps `"value": null` apart from no value at all.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Reads the body of a PATCH.
pub(crate) fn parse(body: &[u8]) -> Result<Vec<Operation>, Refusal> {
    let operations: Vec<Operation> = serde_json::from_slice(body).map_err(|error| {
        Refusal::invalid("referral", format!("The body must be a JSON Patch array: {error}"))
    })?;
    match operations.iter().find(|operation| !matches!(operation.op.as_str(), "add" | "replace")) {
        Some(other) => Err(Refusal::invalid(
            &other.path,
            format!("Operation {} is not supported; use add or replace.", other.op),
        )),
        None if operations.is_empty() => {
            Err(Refusal::invalid("referral", "The patch has no operations."))
        }
        None => Ok(operations),
    }
}

/// Applies one operation to the document.
pub(crate) fn apply(document: &mut Value, operation: &Operation) -> Result<(), Refusal> {
    let refuse = |why: &str| Refusal::invalid(&operation.path, why);
    let value = operation.value.clone().ok_or_else(|| refuse("The operation has no value."))?;
    let segments = segments(&operation.path)
        .ok_or_else(|| refuse("The path must start with a slash and name a property."))?;
    let Some((last, parents)) = segments.split_last() else {
        return Err(refuse("The path is empty."));
    };
    let mut here = document;
    let mut pointer = String::new();
    for segment in parents {
        check_name(&pointer, segment, here).map_err(|why| refuse(&why))?;
        pointer = format!("{pointer}/{segment}");
        here = match here {
            Value::Object(members) => members.get_mut(segment),
            Value::Array(items) => {
                segment.parse::<usize>().ok().and_then(|index| items.get_mut(index))
            }
            _ => None,
        }
        .filter(|value| !value.is_null())
        .ok_or_else(|| refuse("A part of the path does not exist."))?;
    }
    check_name(&pointer, last, here).map_err(|why| refuse(&why))?;
    match here {
        Value::Object(members) => {
            members.insert(last.clone(), shape::camel_case(value));
            Ok(())
        }
        Value::Array(items) => {
            set_item(items, last, shape::camel_case(value), operation.op == "add").map_err(refuse)
        }
        _ => Err(refuse("The path leads into a simple value.")),
    }
}

fn set_item(
    items: &mut Vec<Value>,
    segment: &str,
    value: Value,
    add: bool,
) -> Result<(), &'static str> {
    if add && segment == "-" {
        items.push(value);
        return Ok(());
    }
    let index =
        segment.parse::<usize>().map_err(|_| "A list needs an index, or - to add at the end.")?;
    if add && index <= items.len() {
        items.insert(index, value);
    } else if !add && index < items.len() {
        items[index] = value;
    } else {
        return Err("The list has no such index.");
    }
    Ok(())
}

/// The service's model is typed: a name it does not know is an error, not a new property.
fn check_name(pointer: &str, segment: &str, here: &Value) -> Result<(), String> {
    let known = match (pointer, here) {
        ("", Value::Object(members)) => members.contains_key(segment),
        (_, Value::Object(_)) => {
            shape::names_below(pointer).is_none_or(|names| names.contains(&segment))
        }
        _ => true,
    };
    if known { Ok(()) } else { Err(format!("There is no property {segment} here.")) }
}

fn segments(path: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix('/')?;
    Some(
        rest.split('/')
            .map(|segment| shape::lower_first(&segment.replace("~1", "/").replace("~0", "~")))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn patched(operations: &Value) -> Result<Value, Refusal> {
        let mut document = shape::blank();
        document["details"] =
            json!({ "dealValue": 1, "requirements": { "solutions": [{ "id": "a" }] } });
        for operation in parse(operations.to_string().as_bytes())? {
            apply(&mut document, &operation)?;
        }
        Ok(document)
    }

    #[test]
    fn lists_grow_and_unset_properties_can_be_replaced() {
        let document = patched(&json!([
            { "op": "add", "path": "/team/-", "value": { "email": "a@b.example" } },
            { "op": "replace", "path": "/details/notes", "value": "n" },
            { "op": "replace", "path": "/statusReason", "value": null },
        ]))
        .unwrap();
        assert_eq!(document["team"][0]["email"], "a@b.example");
        assert_eq!(document["details"]["notes"], "n");
    }

    #[test]
    fn other_operations_wrong_names_and_missing_parts_are_refused() {
        for operation in [
            json!({ "op": "remove", "path": "/name" }),
            json!({ "op": "replace", "path": "/details/dealvalue", "value": 2 }),
            json!({ "op": "replace", "path": "/nickname", "value": "x" }),
            json!({ "op": "replace", "path": "/team/0", "value": {} }),
            json!({ "op": "replace", "path": "/inviteContext/notes", "value": "x" }),
            json!({ "op": "replace", "path": "/name" }),
        ] {
            assert!(patched(&json!([operation])).is_err(), "{operation} should be refused");
        }
    }
}
