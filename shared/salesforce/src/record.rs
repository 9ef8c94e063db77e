//! From a query's row to a record.

use std::collections::BTreeMap;

use cosell_core::crm::{CrmKey, CrmRecord, Phase};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::error::SalesforceError;
use crate::organisation::Organisation;
use crate::rest_api::Answer;
use crate::schema::{CONTACT, CURRENCY, Schema};
use crate::settings::Settings;
use crate::version::Version;

/// The `system` of every key of ours.
pub(crate) const SYSTEM: &str = "salesforce";
/// The `entity` of every key of ours.
pub(crate) const ENTITY: &str = "opportunity";

/// Values by field or path, nulls left out.
pub(crate) type Fields = BTreeMap<String, Json>;

/// A record, and who wrote it last.
pub(crate) struct Stored {
    pub(crate) record: CrmRecord,
    pub(crate) version: Version,
    last_modified_by: Option<String>,
}

impl Stored {
    /// Whether somebody else than the user of this call wrote it last.
    pub(crate) fn is_foreign(&self, user: Option<&str>) -> bool {
        matches!((&self.last_modified_by, user), (Some(by), Some(user)) if by.get(..15) != user.get(..15))
    }
}

/// The record of a query's answer, with its primary contact from another one; `None` when there is none.
pub(crate) fn read(
    schema: &Schema,
    settings: &Settings,
    organisation: &Organisation,
    deal: &Answer,
    contact: Option<&Answer>,
) -> Result<Option<Stored>, SalesforceError> {
    let rows = rows(deal)?;
    let row = match rows {
        [] => return Ok(None),
        [row] => row,
        // As an upsert by a field that is not unique would answer.
        _ => return Err(deal.part(300, Json::Null).refused()),
    };
    let mut fields = Fields::new();
    for field in &schema.plain {
        let value = member(row, field).ok_or_else(|| deal.lacks("a field that was asked for"))?;
        fields.extend(present(value).map(|value| (field.clone(), value)));
    }
    if schema.currency {
        let single = || settings.single_currency.clone().map(Json::String);
        fields.extend(present(&row[CURRENCY]).or_else(single).map(|code| (CURRENCY.to_owned(), code)));
    }
    let contact = match contact {
        Some(answer) => self::rows(answer)?.first().map_or(&Json::Null, |role| &role[CONTACT]),
        None => &Json::Null,
    };
    fields.extend(schema.paths().filter_map(|(to, field)| {
        let from = if to == CONTACT { contact } else { member(row, to)? };
        present(member(from, field)?).map(|value| (format!("{to}/{field}"), value))
    }));
    let lacks = |what| move || deal.lacks(what);
    let modified = time(&row["LastModifiedDate"]).ok_or_else(lacks("the time of the last change"))?;
    let stamp = time(&row["SystemModstamp"]).ok_or_else(lacks("the system's time stamp"))?;
    let version = Version::new(modified, stamp, deal.date, phase(settings, organisation, row), &fields);
    let record = CrmRecord {
        key: key(row["Id"].as_str().ok_or_else(lacks("the record's id"))?),
        version: version.to_string(),
        // `SystemModstamp` moves with every automation, too: a rule that asks who changed last means people.
        modified,
        phase: version.phase,
        fields,
        // Opportunities cannot be merged; a deleted one is simply gone.
        merged_into: None,
        converted_into: None,
        request_id: None,
    };
    Ok(Some(Stored {
        record,
        version,
        last_modified_by: row["LastModifiedById"].as_str().map(str::to_owned),
    }))
}

pub(crate) fn rows(answer: &Answer) -> Result<&[Json], SalesforceError> {
    answer.body["records"]
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| answer.lacks("a list of records"))
}

pub(crate) fn key(id: &str) -> CrmKey {
    CrmKey {
        system: SYSTEM.to_owned(),
        entity: ENTITY.to_owned(),
        id: id.to_owned(),
    }
}

/// A member of a row. The service takes names in any case and answers in its own.
fn member<'a>(row: &'a Json, name: &str) -> Option<&'a Json> {
    let members = row.as_object()?;
    let any_case = || {
        members
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    members.get(name).or_else(any_case)
}

/// Closed or won is what the organisation made of the stage; only on hold goes by the stage's name.
fn phase(settings: &Settings, organisation: &Organisation, row: &Json) -> Phase {
    let is = |name: &str| row[name].as_bool().unwrap_or_default();
    let stage = row["StageName"].as_str().unwrap_or_default();
    match (is("IsWon"), is("IsClosed")) {
        (true, _) => Phase::Won,
        (false, true) => Phase::Lost,
        (false, false) if organisation.is_on_hold(settings, stage) => Phase::OnHold,
        (false, false) => Phase::Open,
    }
}

/// `2026-08-20T14:03:27.000+0000`: an offset without a colon.
pub(crate) fn time(json: &Json) -> Option<Timestamp> {
    let text = json.as_str()?;
    text.parse().or_else(|_| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text)).ok()
}

pub(crate) fn present(value: &Json) -> Option<Json> {
    (!value.is_null()).then(|| value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use url::Url;

    #[test]
    fn the_organisation_says_what_is_closed_and_the_settings_what_is_on_hold() {
        let mut settings = Settings::new(Url::parse("https://northwind.my.salesforce.com").unwrap());
        let organisation = Organisation::of(&[("Waiting", "Wartet"), ("Prospecting", "Prospecting")]);
        // By its name, in any case, or by its label.
        for named in ["waiting", "Wartet"] {
            settings.on_hold_stage = Some(named.to_owned());
            let read = |stage: &str, closed: bool, won: bool| {
                let row = json!({"StageName": stage, "IsClosed": closed, "IsWon": won});
                phase(&settings, &organisation, &row)
            };
            assert_eq!(read("Waiting", false, false), Phase::OnHold, "{named}");
            assert_eq!(read("Prospecting", false, false), Phase::Open);
            assert_eq!(read("Gewonnen", true, true), Phase::Won);
            assert_eq!(read("Verloren", true, false), Phase::Lost);
        }
    }

    #[test]
    fn both_spellings_of_an_offset_are_read() {
        let expected: Timestamp = "2026-08-20T14:03:27Z".parse().unwrap();
        for text in ["2026-08-20T14:03:27.000+0000", "2026-08-20T14:03:27Z", "2026-08-20T16:03:27+02:00"] {
            assert_eq!(time(&json!(text)), Some(expected), "{text}");
        }
    }
}
