//! Sorting a write's fields into the record's own and those of related records.

use cosell_model::crm::CrmWrite;
use serde_json::{Map, Value as Json};

use crate::error::SalesforceError;
use crate::record::Fields;
use crate::schema::{ACCOUNT, CONTACT, CURRENCY, checked};

/// A write, sorted.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    /// The record's own fields, nulls included: they clear.
    pub(crate) plain: Map<String, Json>,
    /// The currency's code.
    pub(crate) currency: Option<Json>,
    /// Fields of the customer's account, nulls left out.
    pub(crate) account: Fields,
    /// Fields of the customer's contact, nulls left out.
    pub(crate) contact: Fields,
}

impl Columns {
    pub(crate) fn sort(write: &CrmWrite) -> Result<Self, SalesforceError> {
        let mut columns = Self::default();
        for (name, value) in &write.fields {
            match name.split_once('/') {
                None if name == CURRENCY => columns.currency = Some(value.clone()),
                None => drop(columns.plain.insert(checked(name)?, value.clone())),
                Some((ACCOUNT, field)) => add(&mut columns.account, field, value)?,
                Some((CONTACT, field)) => add(&mut columns.contact, field, value)?,
                Some(_) => {
                    let reason = "belongs to a related record that is never written; make the rule one-way from the CRM";
                    return Err(unwritable(name, reason));
                }
            }
        }
        Ok(columns)
    }
}

fn add(fields: &mut Fields, field: &str, value: &Json) -> Result<(), SalesforceError> {
    let field = checked(field)?;
    if !value.is_null() {
        fields.insert(field, value.clone());
    }
    Ok(())
}

/// Refuses fields of the customer or contact on an existing record: an update must not rewrite, or exchange, a record that other deals share.
pub(crate) fn refuse_parties(write: &CrmWrite) -> Result<(), SalesforceError> {
    let is_shared =
        |name: &&String| name.split_once('/').is_some_and(|(to, _)| to == ACCOUNT || to == CONTACT);
    match write.fields.keys().find(is_shared) {
        None => Ok(()),
        Some(name) => Err(unwritable(
            name,
            "belongs to an account or contact that other deals may share, so it is set only when the opportunity is created; change it in Salesforce",
        )),
    }
}

/// The write without the fields of customer and contact.
pub(crate) fn without_parties(write: &CrmWrite) -> CrmWrite {
    let own = write.fields.iter().filter(|(name, _)| !name.contains('/'));
    CrmWrite {
        fields: own.map(|(name, value)| (name.clone(), value.clone())).collect(),
        phase: write.phase,
    }
}

pub(crate) fn unwritable(field: &str, reason: impl Into<String>) -> SalesforceError {
    SalesforceError::Unwritable { field: field.chars().take(128).collect(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn write(fields: &[(&str, Json)]) -> CrmWrite {
        CrmWrite {
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            phase: None,
        }
    }

    #[test]
    fn fields_are_sorted_by_the_record_they_belong_to() {
        let columns = Columns::sort(&write(&[
            ("Name", json!("Wave 2")),
            ("Description", Json::Null),
            ("CurrencyIsoCode", json!("EUR")),
            ("Account/Name", json!("Fabrikam")),
            ("Account/Phone", Json::Null),
            ("Contact/LastName", json!("Doe")),
        ]))
        .unwrap();
        assert_eq!(Json::Object(columns.plain), json!({"Name": "Wave 2", "Description": null}));
        assert_eq!(columns.currency, Some(json!("EUR")));
        assert_eq!(columns.account, Fields::from([("Name".to_owned(), json!("Fabrikam"))]));
        assert_eq!(columns.contact, Fields::from([("LastName".to_owned(), json!("Doe"))]));
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        for bad in ["Owner/Email", "Account/a/b", "Name FROM"] {
            let error = Columns::sort(&write(&[(bad, json!("x"))])).unwrap_err();
            assert!(error.to_string().contains(bad.trim_start_matches("Account/")), "{error}");
        }
        let error = refuse_parties(&write(&[("Account/Name", json!("Contoso"))])).unwrap_err();
        assert!(
            error.to_string().contains("Account/Name") && !error.to_string().contains("Contoso"),
            "{error}"
        );
    }
}
