//! What every row of the Web API has: an id, a version, times.

use jiff::Timestamp;
use serde_json::Value as Json;
use uuid::Uuid;

pub(crate) fn id(json: &Json) -> Option<Uuid> {
    Uuid::try_parse(json.as_str()?).ok()
}

/// The ETag; its number equals `versionnumber` (contract dynamics365 3.4).
pub(crate) fn version(row: &Json) -> Option<String> {
    match row["@odata.etag"].as_str() {
        Some(etag) => Some(etag.to_owned()),
        None => row["versionnumber"].as_i64().map(|number| format!("W/\"{number}\"")),
    }
}

pub(crate) fn time(json: &Json) -> Option<Timestamp> {
    json.as_str()?.parse().ok()
}
