//! `[create]`: what every new referral carries.

use serde_json::Value as Json;
use toml::de::DeValue;

use crate::deserializer::to_json;
use crate::diagnostic::Diagnostics;
use crate::node::Node;
use crate::source::Place;
use crate::suggestion::hint;
use cosell_mapping::paths::{self, Access, Holds, Property};

pub(super) fn check(create: Node<'_>, diagnostics: &mut Diagnostics) {
    below("", create, diagnostics);
}

pub(super) fn below(path: &str, node: Node<'_>, diagnostics: &mut Diagnostics) {
    for (key, entry) in node.entries() {
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        entry_at(&path, entry.key, entry.value, diagnostics);
    }
    for (index, item) in node.items().enumerate() {
        entry_at(&format!("{path}.{index}"), item.place(), item, diagnostics);
    }
}

fn entry_at(path: &str, key: Place, value: Node<'_>, diagnostics: &mut Diagnostics) {
    let Some(property) = paths::property(path) else {
        let all: Vec<String> = paths::all().collect();
        let hint = hint(path, all.iter().map(String::as_str));
        diagnostics.error(
            key,
            format!("[create]: a referral has no `{path}`{hint}"),
            "correct or remove it",
        );
        return;
    };
    match property.access {
        Access::ReadOnly => diagnostics.error(
            key,
            format!("[create]: `{path}` is read-only in Partner Center"),
            "remove it",
        ),
        Access::Governed => diagnostics.error(
            key,
            format!("[create]: `{path}` is kept by the sync itself"),
            "remove it",
        ),
        Access::Free | Access::Locked | Access::Unstated => match value.value() {
            DeValue::Table(_) | DeValue::Array(_) => below(path, value, diagnostics),
            _ => {
                // A number that is too large is none, and was noted.
                let json = to_json(value);
                if !json.is_null() {
                    scalar(path, property, &json, value.place(), diagnostics);
                }
            }
        },
    }
}

fn scalar(
    path: &str,
    property: Property,
    json: &Json,
    place: Place,
    diagnostics: &mut Diagnostics,
) {
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
        diagnostics.error(place, format!("[create]: `{path}` must be {wanted}"), "write it so");
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
            diagnostics.error(place, what, format!("use {}", codes.current.join(", ")));
        }
    }
}
