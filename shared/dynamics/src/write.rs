//! Sorting a write's columns into the row's own and those of related rows.

use cosell_model::crm::CrmWrite;
use serde_json::{Map, Value as Json};

use crate::error::DynamicsError;
use crate::record::Fields;
use crate::schema::checked;
use crate::table::Table;

/// The lookup of the deal's currency.
pub(crate) const CURRENCY: &str = "transactioncurrencyid";
const CURRENCY_CODE: &str = "isocurrencycode";
/// The lookup of the customer, when it is an account.
pub(crate) const CUSTOMER: &str = "customerid_account";
/// The lookup of the customer's contact.
pub(crate) const CONTACT: &str = "parentcontactid";

/// A write, sorted.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    /// The row's own columns, nulls included: they clear.
    pub(crate) plain: Map<String, Json>,
    /// The currency's code; `Some(Null)` clears the lookup.
    pub(crate) currency: Option<Json>,
    /// Columns of the customer's account, nulls left out.
    pub(crate) customer: Fields,
    /// Columns of the customer's contact, nulls left out.
    pub(crate) contact: Fields,
}

impl Columns {
    pub(crate) fn sort(write: &CrmWrite) -> Result<Self, DynamicsError> {
        let mut columns = Self::default();
        for (name, value) in &write.fields {
            match name.split_once('/') {
                None => {
                    columns.plain.insert(checked(name)?, value.clone());
                }
                Some((CURRENCY, CURRENCY_CODE)) => columns.currency = Some(value.clone()),
                Some((CUSTOMER, column)) => add(&mut columns.customer, column, value)?,
                Some((CONTACT, column)) => add(&mut columns.contact, column, value)?,
                Some(_) => {
                    return Err(unwritable(
                        name,
                        "belongs to a related record that is never written; make the rule one-way from the CRM",
                    ));
                }
            }
        }
        Ok(columns)
    }

    /// Whether an account or a contact may have to be found or made.
    pub(crate) fn has_parties(&self) -> bool {
        !self.customer.is_empty() || !self.contact.is_empty()
    }
}

fn add(fields: &mut Fields, column: &str, value: &Json) -> Result<(), DynamicsError> {
    let column = checked(column)?;
    if !value.is_null() {
        fields.insert(column, value.clone());
    }
    Ok(())
}

/// Refuses columns of the customer or contact on an existing record: an update must not rewrite, or exchange, a record that other deals share.
/// A lead has both in columns of its own.
pub(crate) fn refuse_parties(write: &CrmWrite, table: Table) -> Result<(), DynamicsError> {
    let shared = |name: &&String| {
        name.split_once('/').is_some_and(|(lookup, _)| lookup == CUSTOMER || lookup == CONTACT)
    };
    match write.fields.keys().find(shared) {
        None => Ok(()),
        Some(name) => Err(unwritable(
            name,
            match table {
                Table::Opportunity => {
                    "belongs to a customer or contact record that other deals may share, so it is set only when the opportunity is created; change it in Dynamics"
                }
                Table::Lead => {
                    "belongs to a related record, and a lead names its customer in columns of its own; correct the mapping's lead rules"
                }
            },
        )),
    }
}

pub(crate) fn unwritable(column: &str, reason: impl Into<String>) -> DynamicsError {
    DynamicsError::Unwritable { column: column.chars().take(128).collect(), reason: reason.into() }
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
    fn columns_are_sorted_by_the_row_they_belong_to() {
        let columns = Columns::sort(&write(&[
            ("name", json!("Wave 2")),
            ("description", Json::Null),
            ("transactioncurrencyid/isocurrencycode", json!("EUR")),
            ("customerid_account/name", json!("Fabrikam")),
            ("customerid_account/telephone1", Json::Null),
            ("parentcontactid/lastname", json!("Doe")),
        ]))
        .unwrap();
        assert_eq!(Json::Object(columns.plain), json!({"name": "Wave 2", "description": null}));
        assert_eq!(columns.currency, Some(json!("EUR")));
        assert_eq!(columns.customer, Fields::from([("name".to_owned(), json!("Fabrikam"))]));
        assert_eq!(columns.contact, Fields::from([("lastname".to_owned(), json!("Doe"))]));
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        for bad in
            ["owninguser/internalemailaddress", "ownerid@odata.bind", "customerid_account/a/b"]
        {
            let error = Columns::sort(&write(&[(bad, json!("x"))])).unwrap_err();
            assert!(
                error.to_string().contains(bad.trim_start_matches("customerid_account/")),
                "{error}"
            );
        }
        let error = refuse_parties(
            &write(&[("customerid_account/name", json!("Contoso"))]),
            Table::Opportunity,
        )
        .unwrap_err();
        assert!(
            error.to_string().contains("customerid_account/name")
                && !error.to_string().contains("Contoso"),
            "{error}"
        );
    }
}
