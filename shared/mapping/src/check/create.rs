//! `[create]`: what every new referral carries.

use serde_json::Value as Json;

use crate::document::{Content, Node};
use crate::fault::{Faults, Place};
use crate::nearest::hint;
use crate::paths::{self, Access, Holds, Property};

pub(super) fn check(create: &Node, faults: &mut Faults) {
    below("", create, faults);
}

pub(super) fn below(path: &str, node: &Node, faults: &mut Faults) {
    for (key, entry) in node.entries() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        entry_at(&path, entry.key, &entry.value, faults);
    }
    for (index, item) in node.items().iter().enumerate() {
        entry_at(&format!("{path}.{index}"), item.place, item, faults);
    }
}

fn entry_at(path: &str, key: Place, value: &Node, faults: &mut Faults) {
    let Some(property) = paths::property(path) else {
        let all: Vec<String> = paths::all().collect();
        let hint = hint(path, all.iter().map(String::as_str));
        faults.error(
            key,
            format!("[create]: a referral has no `{path}`{hint}"),
            "correct or remove it",
        );
        return;
    };
    match property.access {
        Access::ReadOnly => faults.error(
            key,
            format!("[create]: `{path}` is read-only in Partner Center"),
            "remove it",
        ),
        Access::Governed => {
            faults.error(
                key,
                format!("[create]: `{path}` is kept by the sync itself"),
                "remove it",
            );
        }
        Access::Free | Access::Locked | Access::Unstated => match &value.content {
            Content::Scalar(json) => scalar(path, property, json, value.place, faults),
            _ => below(path, value, faults),
        },
    }
}

fn scalar(path: &str, property: Property, json: &Json, place: Place, faults: &mut Faults) {
    let (wanted, fits) = match property.holds {
        Holds::Flag => ("true or false", json.is_boolean()),
        // Partner Center takes a number as text, too.
        Holds::Number => ("a number", json.is_number() || json.is_string()),
        Holds::Block => ("a table", false),
        Holds::List | Holds::Solutions => ("a list", false),
        Holds::Open => ("anything", true),
        Holds::Text | Holds::Currency | Holds::Country | Holds::DateTime | Holds::Code(_) => {
            ("text", json.is_string())
        }
    };
    if !fits {
        faults.error(place, format!("[create]: `{path}` must be {wanted}"), "write it so");
    }
    if let (Holds::Code(codes), Some(code)) = (property.holds, json.as_str())
        && codes.closed
    {
        let all = || codes.current.iter().chain(codes.old).copied();
        if !all().any(|known| known == code) {
            let what = format!(
                "[create]: Partner Center has no code `{code}` for `{path}`{}",
                hint(code, all())
            );
            faults.error(place, what, format!("use {}", codes.current.join(", ")));
        }
    }
}
