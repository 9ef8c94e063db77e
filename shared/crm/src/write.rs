//! A write, its columns sorted into the record's own and those of the customer's records.

use std::collections::BTreeMap;

use cosell_model::crm::{CrmWrite, LEAD, Phase};
use serde_json::{Map, Value as Json};

use crate::dialect::Dialect;
use crate::error::CrmError;

/// Values by column or path, nulls left out.
pub type Fields = BTreeMap<String, Json>;

/// A write, sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Write {
    /// The record's own columns, nulls included: they clear.
    pub own: Map<String, Json>,
    /// The currency's code; null clears it.
    pub currency: Option<Json>,
    /// Columns of the customer's account, nulls left out.
    pub account: Fields,
    /// Columns of the customer's contact, nulls left out.
    pub contact: Fields,
    /// The state to bring the record to, after the columns are written.
    pub phase: Option<Phase>,
}

impl Write {
    /// Sorts a write of an opportunity that may have to be made.
    pub fn sorted(dialect: &Dialect, write: &CrmWrite) -> Result<Self, CrmError> {
        let mut sorted = Self { phase: write.phase, ..Self::default() };
        for (name, value) in &write.fields {
            if name == dialect.currency {
                sorted.currency = Some(value.clone());
                continue;
            }
            let (fields, column) = match name.split_once('/') {
                None => {
                    sorted.own.insert(dialect.checked(name)?, value.clone());
                    continue;
                }
                Some((lookup, column)) if lookup == dialect.account.lookup => {
                    (&mut sorted.account, column)
                }
                Some((lookup, column)) if lookup == dialect.contact.lookup => {
                    (&mut sorted.contact, column)
                }
                Some(_) => {
                    return Err(CrmError::unwritable(
                        name,
                        "belongs to a related record that is never written; make the rule one-way \
                         from the CRM",
                    ));
                }
            };
            let column = dialect.checked(column)?;
            if !value.is_null() {
                fields.insert(column, value.clone());
            }
        }
        Ok(sorted)
    }

    /// Sorts a write of a record that names no customer: one that exists, since an update must not
    /// rewrite, or exchange, a record that other deals share; or a lead, which has its customer in
    /// columns of its own.
    pub fn without_customer(
        dialect: &Dialect,
        entity: &str,
        write: &CrmWrite,
    ) -> Result<Self, CrmError> {
        let lookups = [dialect.account.lookup, dialect.contact.lookup];
        let of_customer = |name: &&String| {
            name.split_once('/').is_some_and(|(lookup, _)| lookups.contains(&lookup))
        };
        match write.fields.keys().find(of_customer) {
            None => Self::sorted(dialect, write),
            Some(name) if entity == LEAD => Err(CrmError::unwritable(
                name,
                "belongs to a related record, and a lead names its customer in columns of its own; \
                 correct the mapping's lead rules",
            )),
            Some(name) => Err(CrmError::unwritable(
                name,
                format!(
                    "belongs to a customer or contact record that other deals may share, so it is \
                     set only when the opportunity is created; change it in {}",
                    dialect.product
                ),
            )),
        }
    }

    /// Whether an account or a contact may have to be found or made.
    pub fn has_customer(&self) -> bool {
        !self.account.is_empty() || !self.contact.is_empty()
    }

    /// Whether no column is to be written.
    pub fn has_no_columns(&self) -> bool {
        self.own.is_empty() && self.currency.is_none() && !self.has_customer()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::DIALECT;

    fn write(fields: &[(&str, Json)]) -> CrmWrite {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        CrmWrite { fields: fields.collect(), phase: None }
    }

    #[test]
    fn columns_are_sorted_by_the_record_they_belong_to() {
        let sorted = Write::sorted(
            &DIALECT,
            &write(&[
                ("name", json!("Wave 2")),
                ("description", Json::Null),
                ("currency/code", json!("EUR")),
                ("company/name", json!("Fabrikam")),
                ("company/phone", Json::Null),
                ("person/last", json!("Doe")),
            ]),
        )
        .unwrap();
        assert_eq!(Json::Object(sorted.own), json!({"name": "Wave 2", "description": null}));
        assert_eq!(sorted.currency, Some(json!("EUR")));
        assert_eq!(sorted.account, Fields::from([("name".to_owned(), json!("Fabrikam"))]));
        assert_eq!(sorted.contact, Fields::from([("last".to_owned(), json!("Doe"))]));
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        for bad in ["owner/mail", "owner@odata.bind", "company/a/b"] {
            let error = Write::sorted(&DIALECT, &write(&[(bad, json!("x"))])).unwrap_err();
            assert!(error.to_string().contains(bad.trim_start_matches("company/")), "{error}");
        }
    }

    #[test]
    fn a_customer_is_set_only_when_an_opportunity_is_made() {
        let customer = write(&[("company/name", json!("Contoso"))]);
        for (entity, remedy) in [("opportunity", "change it in Example"), ("lead", "lead rules")] {
            let error = Write::without_customer(&DIALECT, entity, &customer).unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains("company/name")
                    && text.ends_with(remedy)
                    && !text.contains("Contoso"),
                "{text}"
            );
        }
    }
}
