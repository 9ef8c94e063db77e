//! From a query's row to a record.

use cosell_crm::Fields;
use cosell_model::crm::{CrmKey, CrmRecord};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::dialect::CURRENCY;
use crate::error::SalesforceError;
use crate::mapped::SYSTEM;
use crate::object::Object;
use crate::organisation::Organisation;
use crate::rest_api::Answer;
use crate::schema::{CONTACT, Schema};
use crate::settings::Settings;
use crate::version::Version;

/// A record, and who wrote it last.
pub(crate) struct Stored {
    pub(crate) record: CrmRecord,
    pub(crate) version: Version,
    last_modified_by: Option<String>,
}

impl Stored {
    /// Whether somebody else than the user of this call wrote it last.
    pub(crate) fn is_foreign(&self, user: Option<&str>) -> bool {
        matches!(
            (&self.last_modified_by, user),
            (Some(by), Some(user)) if by.get(..15) != user.get(..15)
        )
    }
}

/// The record of a query's answer, with its primary contact from another one; `None` when there is
/// none.
pub(crate) fn read(
    schema: &Schema,
    settings: &Settings,
    organisation: &Organisation,
    deal: &Answer,
    contact: Option<&Answer>,
) -> Result<Option<Stored>, SalesforceError> {
    let row = match deal.rows()? {
        [] => return Ok(None),
        [row] => row,
        // As an upsert by a field that is not unique would answer.
        _ => return Err(deal.part(300, Json::Null).refused()),
    };
    let mut fields = Fields::new();
    for field in &schema.plain {
        let value = member(row, field).ok_or_else(|| deal.lacks("a field that was asked for"))?;
        let given = present(value).filter(|value| !schema.object.is_placeholder(field, value));
        fields.extend(given.map(|value| (field.clone(), value)));
    }
    if schema.currency {
        let single = || settings.single_currency.clone().map(Json::String);
        fields.extend(
            present(&row[CURRENCY]).or_else(single).map(|code| (CURRENCY.to_owned(), code)),
        );
    }
    let contact = match contact {
        Some(answer) => answer.rows()?.first().map_or(&Json::Null, |role| &role[CONTACT]),
        None => &Json::Null,
    };
    fields.extend(schema.paths().filter_map(|(to, field)| {
        let from = if to == CONTACT { contact } else { member(row, to)? };
        present(member(from, field)?).map(|value| (format!("{to}/{field}"), value))
    }));
    let lacks = |what| move || deal.lacks(what);
    let modified =
        time(&row["LastModifiedDate"]).ok_or_else(lacks("the time of the last change"))?;
    let stamp = time(&row["SystemModstamp"]).ok_or_else(lacks("the system's time stamp"))?;
    let version =
        Version::new(modified, stamp, deal.date, organisation.states.phase(settings, row), &fields);
    let record = CrmRecord {
        key: key(schema.object, row["Id"].as_str().ok_or_else(lacks("the record's id"))?),
        version: version.to_string(),
        // `SystemModstamp` moves with every automation, too: a rule that asks who changed last
        // means people.
        modified,
        phase: version.phase,
        fields,
        // Opportunities cannot be merged, and of merged leads the loser is deleted: it is simply
        // gone.
        merged_into: None,
        converted_into: row["ConvertedOpportunityId"]
            .as_str()
            .map(|id| key(Object::Opportunity, id)),
        request_id: None,
    };
    Ok(Some(Stored {
        record,
        version,
        last_modified_by: row["LastModifiedById"].as_str().map(str::to_owned),
    }))
}

pub(crate) fn key(object: Object, id: &str) -> CrmKey {
    CrmKey { system: SYSTEM.to_owned(), entity: object.entity().to_owned(), id: id.to_owned() }
}

/// A member of a row. The service takes names in any case and answers in its own.
pub(crate) fn member<'a>(row: &'a Json, name: &str) -> Option<&'a Json> {
    let members = row.as_object()?;
    let any_case = || {
        members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    members.get(name).or_else(any_case)
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

    #[test]
    fn both_spellings_of_an_offset_are_read() {
        let expected: Timestamp = "2026-08-20T14:03:27Z".parse().unwrap();
        for text in
            ["2026-08-20T14:03:27.000+0000", "2026-08-20T14:03:27Z", "2026-08-20T16:03:27+02:00"]
        {
            assert_eq!(time(&json!(text)), Some(expected), "{text}");
        }
    }
}
