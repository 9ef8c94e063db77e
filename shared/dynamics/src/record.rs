//! From a row of the Web API to a record.

use cosell_crm::Fields;
use cosell_model::crm::{CrmKey, CrmRecord, Phase};
use jiff::Timestamp;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::error::DynamicsError;
use crate::mapped::CRM;
use crate::row;
use crate::schema::Schema;
use crate::settings::Settings;
use crate::table::{BECAME, MERGED_INTO, OWN_COLUMNS, Table};
use crate::web_api::Answer;

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
    pub(crate) fn read(
        schema: &Schema,
        settings: &Settings,
        answer: &Answer,
    ) -> Result<Self, DynamicsError> {
        let row = &answer.body;
        let plain = schema
            .plain
            .iter()
            .filter_map(|column| present(&row[column]).map(|value| (column.clone(), value)));
        Ok(Self {
            id: row::id(&row[schema.id_column()]).ok_or_else(|| answer.lacks("the row's id"))?,
            version: row::version(row).ok_or_else(|| answer.lacks("the row's version"))?,
            modified: row::time(&row["modifiedon"])
                .ok_or_else(|| answer.lacks("the time of the last change"))?,
            phase: (schema.table.phase(settings, &row["statecode"], &row["statuscode"]))
                .ok_or_else(|| answer.lacks("a known state"))?,
            plain: plain.collect(),
            request_id: answer.request_id.clone(),
        })
    }

    /// The whole record, with the related rows' columns.
    pub(crate) fn with(self, schema: &Schema, related: Fields) -> CrmRecord {
        let mut fields = self.plain;
        let names = |column| fields.get(column).and_then(row::id);
        let (became, merged) = (names(BECAME), names(MERGED_INTO));
        fields.extend(related);
        CrmRecord {
            key: key(schema.table, self.id),
            version: self.version,
            modified: self.modified,
            phase: self.phase,
            fields,
            // What was deleted is simply gone.
            merged_into: merged.map(|lead| key(Table::Lead, lead)),
            converted_into: became.map(opportunity),
            request_id: self.request_id,
        }
    }
}

/// A record that was read back after `written` was saved or compared: the row's own mapped columns
/// as they were then, everything else as read. What a seller entered in between must differ from
/// what the next reconciliation reads, or it would pass for known and never be copied.
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
        .filter_map(|(lookup, column)| {
            present(&row[lookup][column]).map(|value| (format!("{lookup}/{column}"), value))
        })
        .collect()
}

/// The related rows' columns of a record. Whoever changes a lookup changes the version: they hold
/// as long as that does.
pub(crate) fn related_columns(record: &CrmRecord) -> Fields {
    let related = record.fields.iter().filter(|(name, _)| name.contains('/'));
    related.map(|(name, value)| (name.clone(), value.clone())).collect()
}

pub(crate) fn key(table: Table, id: Uuid) -> CrmKey {
    CrmKey {
        system: CRM.system().to_owned(),
        entity: table.entity().to_owned(),
        id: id.to_string(),
    }
}

/// The key of the opportunity with this id.
pub(crate) fn opportunity(id: Uuid) -> CrmKey {
    key(Table::Opportunity, id)
}

fn present(value: &Json) -> Option<Json> {
    (!value.is_null()).then(|| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn expanded_rows_become_paths_and_nulls_disappear() {
        let columns = [
            "customerid_account/name",
            "customerid_account/telephone1",
            "parentcontactid/emailaddress1",
        ];
        let schema =
            Schema::opportunities(&columns.map(Into::into).into(), "nwcs_sync", "nwcs_referralid")
                .unwrap();
        let row = json!({
            "customerid_account": {"name": "Fabrikam", "telephone1": null, "accountid": "x"},
            "parentcontactid": null
        });
        assert_eq!(
            related(&schema, &row),
            Fields::from([("customerid_account/name".to_owned(), json!("Fabrikam"))])
        );
    }

    #[test]
    fn what_a_seller_enters_between_saving_and_reading_back_is_left_for_the_next_reconciliation() {
        let fields = |json: Json| -> Fields { serde_json::from_value(json).unwrap() };
        let written =
            fields(json!({"name": "Ours", "estimatedvalue": 5, "statecode": 0, "versionnumber": 7,
            "transactioncurrencyid/isocurrencycode": "EUR"}));
        let read = CrmRecord {
            key: CrmKey {
                system: CRM.system().to_owned(),
                entity: "opportunity".to_owned(),
                id: Uuid::nil().to_string(),
            },
            version: "W/\"9\"".to_owned(),
            modified: "2026-10-05T14:03:27Z".parse().unwrap(),
            phase: Phase::Won,
            fields: fields(json!({
                "name": "The seller's", "description": "The seller's", "statecode": 1,
                "versionnumber": 9, "transactioncurrencyid/isocurrencycode": "SEK"
            })),
            merged_into: None,
            converted_into: None,
            request_id: None,
        };
        let settled = settled(&written, read);
        assert_eq!((settled.version.as_str(), settled.phase), ("W/\"9\"", Phase::Won));
        let expected = json!({
            "name": "Ours", "estimatedvalue": 5, "statecode": 1, "versionnumber": 9,
            "transactioncurrencyid/isocurrencycode": "SEK"
        });
        assert_eq!(settled.fields, fields(expected));
    }
}
