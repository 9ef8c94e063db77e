//! How a stored referral is shown: nulls kept or left out, with or without properties nobody
//! documented (checklist 12).

use serde_json::{Value, json};

use super::switches::Switches;

/// The document as an answer shows it.
pub(crate) fn present(document: &Value, switches: &Switches) -> Value {
    let mut shown = document.clone();
    if switches.omit_nulls {
        drop_nulls(&mut shown);
    }
    if switches.unknown_properties {
        shown["simUnknownProperty"] = json!({ "anything": [1, null, "text"] });
        shown["details"]["simUnknownDetail"] = json!(true);
    }
    shown
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
