//! JSON properties whatever their case: the services' documents and answers disagree (contract
//! partner-center 2).

use serde_json::Value as Json;

/// A property of an object, be it null; `None` when it is absent.
pub(crate) fn named<'json>(json: &'json Json, name: &str) -> Option<&'json Json> {
    let properties = json.as_object()?;
    properties.get(name).or_else(|| {
        properties.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

/// A property of an object; `None` when it is absent or null.
pub(crate) fn property<'json>(json: &'json Json, name: &str) -> Option<&'json Json> {
    named(json, name).filter(|value| !value.is_null())
}

/// A text property; `None` when it is absent, null or empty.
pub(crate) fn text<'json>(json: &'json Json, name: &str) -> Option<&'json str> {
    property(json, name)?.as_str().filter(|text| !text.is_empty())
}
