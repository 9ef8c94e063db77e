//! From a row of the Web API to a record.

use std::collections::BTreeMap;

use cosell_core::crm::{CrmKey, CrmRecord, Phase};
use jiff::Timestamp;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::error::DynamicsError;
use crate::schema::{OWN_COLUMNS, Schema};
use crate::settings::Settings;
use crate::web_api::Answer;

/// The `system` of every key of ours.
pub(crate) const SYSTEM: &str = "dynamics";

/// Values by column or path, nulls left out.
pub(crate) type Fields = BTreeMap<String, Json>;

/// A row as stored, without its related rows: all that a write gives back.
pub(crate) struct Stored {
    pub(crate) id: Uuid,
    pub(crate) version: String,
    pub(crate) phase: Phase,
    modified: Timestamp,
    pub(crate) plain: Fields,
    request_id: Option<String>,
}

impl Stored {
    pub(crate) fn read(schema: &Schema, settings: &Settings, answer: &Answer) -> Result<Self, DynamicsError> {
        let row = &answer.body;
        let plain = schema
            .plain
            .iter()
            .filter_map(|column| present(&row[column]).map(|value| (column.clone(), value)));
        Ok(Self {
            id: id(&row[schema.id_column()]).ok_or_else(|| answer.lacks("the row's id"))?,
            version: version(row).ok_or_else(|| answer.lacks("the row's version"))?,
            modified: time(&row["modifiedon"]).ok_or_else(|| answer.lacks("the time of the last change"))?,
            phase: phase(settings, &row["statecode"], &row["statuscode"]).ok_or_else(|| answer.lacks("a known state"))?,
            plain: plain.collect(),
            request_id: answer.request_id.clone(),
        })
    }

    /// The whole record, with the related rows' columns.
    pub(crate) fn with(self, schema: &Schema, related: Fields) -> CrmRecord {
        let mut fields = self.plain;
        fields.extend(related);
        CrmRecord {
            key: key(schema, self.id),
            version: self.version,
            modified: self.modified,
            phase: self.phase,
            fields,
            // No opportunity of Dynamics can be merged; a deleted one is simply gone.
            merged_into: None,
            converted_into: None,
            request_id: self.request_id,
        }
    }
}

/// A record that was read back after `written` was saved or compared: the row's own mapped columns as they were then, everything
/// else as read. What a seller entered in between must differ from what the next look reads, or it would pass for known and
/// never be copied.
pub(crate) fn settled(written: &Fields, read: CrmRecord) -> CrmRecord {
    let lasting = |name: &String| !name.contains('/') && !OWN_COLUMNS.contains(&name.as_str());
    let mut fields = read.fields;
    fields.retain(|name, _| !lasting(name));
    fields.extend(
        written
            .iter()
            .filter(|(name, _)| lasting(name))
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    CrmRecord { fields, ..read }
}

/// The expanded columns of a row, as `lookup/column`.
pub(crate) fn related(schema: &Schema, row: &Json) -> Fields {
    let paths = schema
        .related
        .iter()
        .flat_map(|(lookup, columns)| columns.iter().map(move |column| (lookup, column)));
    paths
        .filter_map(|(lookup, column)| present(&row[lookup][column]).map(|value| (format!("{lookup}/{column}"), value)))
        .collect()
}

pub(crate) fn key(schema: &Schema, id: Uuid) -> CrmKey {
    CrmKey {
        system: SYSTEM.to_owned(),
        entity: schema.entity.clone(),
        id: id.to_string(),
    }
}

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

/// State first: customers may add status reasons of their own (contract dynamics365 2.3).
pub(crate) fn phase(settings: &Settings, state: &Json, status: &Json) -> Option<Phase> {
    match state.as_i64()? {
        0 if settings
            .on_hold_status
            .is_some_and(|on_hold| status.as_i64() == Some(on_hold.into())) =>
        {
            Some(Phase::OnHold)
        }
        0 => Some(Phase::Open),
        1 => Some(Phase::Won),
        2 => Some(Phase::Lost),
        _ => None,
    }
}

fn present(value: &Json) -> Option<Json> {
    (!value.is_null()).then(|| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use url::Url;

    #[test]
    fn state_decides_before_status_reason() {
        let origin = Url::parse("https://northwind.crm4.dynamics.com").unwrap();
        let mut settings = Settings::new(origin.clone(), origin, "t");
        let read = |settings: &Settings, state: i32, status: i32| phase(settings, &json!(state), &json!(status));
        assert_eq!(read(&settings, 0, 1), Some(Phase::Open));
        assert_eq!(read(&settings, 0, 2), Some(Phase::OnHold));
        assert_eq!(read(&settings, 0, 412_000_000), Some(Phase::Open));
        assert_eq!(read(&settings, 1, 2), Some(Phase::Won));
        assert_eq!(read(&settings, 2, 5), Some(Phase::Lost));
        assert_eq!(read(&settings, 3, 1), None);
        settings.on_hold_status = None;
        assert_eq!(read(&settings, 0, 2), Some(Phase::Open));
    }

    #[test]
    fn expanded_rows_become_paths_and_nulls_disappear() {
        let columns = [
            "customerid_account/name",
            "customerid_account/telephone1",
            "parentcontactid/emailaddress1",
        ];
        let schema = Schema::opportunities(&columns.map(str::to_owned).into(), "nwcs_sync", "nwcs_referralid").unwrap();
        let row = json!({"customerid_account": {"name": "Fabrikam", "telephone1": null, "accountid": "x"}, "parentcontactid": null});
        assert_eq!(
            related(&schema, &row),
            Fields::from([("customerid_account/name".to_owned(), json!("Fabrikam"))])
        );
    }

    #[test]
    fn what_a_seller_enters_between_saving_and_reading_back_is_left_for_the_next_look() {
        let fields = |json: Json| -> Fields { serde_json::from_value(json).unwrap() };
        let written = fields(json!({"name": "Ours", "estimatedvalue": 5, "statecode": 0, "versionnumber": 7,
            "transactioncurrencyid/isocurrencycode": "EUR"}));
        let read = CrmRecord {
            key: CrmKey {
                system: SYSTEM.to_owned(),
                entity: "opportunity".to_owned(),
                id: Uuid::nil().to_string(),
            },
            version: "W/\"9\"".to_owned(),
            modified: "2026-10-05T14:03:27Z".parse().unwrap(),
            phase: Phase::Won,
            fields: fields(
                json!({"name": "The seller's", "description": "The seller's", "statecode": 1, "versionnumber": 9,
                "transactioncurrencyid/isocurrencycode": "SEK"}),
            ),
            merged_into: None,
            converted_into: None,
            request_id: None,
        };
        let settled = settled(&written, read);
        assert_eq!((settled.version.as_str(), settled.phase), ("W/\"9\"", Phase::Won));
        let expected = json!({"name": "Ours", "estimatedvalue": 5, "statecode": 1, "versionnumber": 9,
            "transactioncurrencyid/isocurrencycode": "SEK"});
        assert_eq!(settled.fields, fields(expected));
    }
}
