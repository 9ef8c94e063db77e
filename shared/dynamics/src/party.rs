//! The customer's account and contact: found if possible, made otherwise (contract dynamics365 2.6).
//!
//! Neither table has a key of ours, so making one is not idempotent: always look first, and after an unknown outcome
//! the next try looks again.

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::DynamicsError;
use crate::odata;
use crate::record::{self, Fields};
use crate::web_api::{Call, RETURN_ROW, WebApi};
use crate::write::{CONTACT, CUSTOMER, unwritable};

/// The account of this name, and of this postal code where one is given. Its other columns are used only if it has to be made.
pub(crate) async fn account(api: &WebApi, columns: &Fields) -> Result<Uuid, DynamicsError> {
    let name = required(columns, CUSTOMER, "name")?;
    let mut filter = format!("statecode eq 0 and name eq {}", odata::text(name));
    if let Some(code) = text(columns, "address1_postalcode") {
        filter = format!("{filter} and address1_postalcode eq {}", odata::text(code));
    }
    match ACCOUNT.find(api, &filter).await? {
        Some(id) => Ok(id),
        None => ACCOUNT.make(api, columns.clone().into_iter().collect()).await,
    }
}

/// The contact of this e-mail address, or of this name where none is given, within `account` where that is known.
pub(crate) async fn contact(api: &WebApi, columns: &Fields, account: Option<Uuid>) -> Result<Uuid, DynamicsError> {
    let filter = contact_filter(columns, account)?;
    if let Some(id) = CONTACT_TABLE.find(api, &filter).await? {
        return Ok(id);
    }
    let mut body: Map<String, Json> = columns.clone().into_iter().collect();
    if let Some(account) = account {
        body.insert("parentcustomerid_account@odata.bind".to_owned(), bind("accounts", account));
    }
    CONTACT_TABLE.make(api, body).await
}

/// A name alone tells nobody apart beyond one account, so it needs the account.
fn contact_filter(columns: &Fields, account: Option<Uuid>) -> Result<String, DynamicsError> {
    let mut terms = vec!["statecode eq 0".to_owned()];
    terms.extend(account.map(|account| format!("_parentcustomerid_value eq {}", account.hyphenated())));
    let by_name = account.is_some() && text(columns, "emailaddress1").is_none() && text(columns, "lastname").is_some();
    if by_name {
        let equals = |column| text(columns, column).map(|name| format!("{column} eq {}", odata::text(name)));
        terms.extend(["firstname", "lastname"].into_iter().filter_map(equals));
    } else {
        terms.push(format!(
            "emailaddress1 eq {}",
            odata::text(required(columns, CONTACT, "emailaddress1")?)
        ));
    }
    Ok(terms.join(" and "))
}

/// A lookup's value.
pub(crate) fn bind(entity_set: &str, id: Uuid) -> Json {
    Json::String(format!("/{}", odata::row(entity_set, id)))
}

struct Table {
    what: &'static str,
    entity_set: &'static str,
    id_column: &'static str,
}

const ACCOUNT: Table = Table {
    what: "the customer's account",
    entity_set: "accounts",
    id_column: "accountid",
};
const CONTACT_TABLE: Table = Table {
    what: "the customer's contact",
    entity_set: "contacts",
    id_column: "contactid",
};

impl Table {
    /// The oldest fitting row, so that every try finds the same one.
    async fn find(&self, api: &WebApi, filter: &str) -> Result<Option<Uuid>, DynamicsError> {
        let order = format!("createdon asc,{} asc", self.id_column);
        let query = [
            ("$select", self.id_column),
            ("$filter", filter),
            ("$orderby", &order),
            ("$top", "1"),
        ];
        let answer = api
            .send(&Call::get(api.url(self.entity_set, &query), format!("looking for {}", self.what)))
            .await?
            .accepted()?;
        let rows = answer.body["value"].as_array().ok_or_else(|| answer.lacks("a list of rows"))?;
        rows.first()
            .map(|row| record::id(&row[self.id_column]).ok_or_else(|| answer.lacks("the row's id")))
            .transpose()
    }

    async fn make(&self, api: &WebApi, columns: Map<String, Json>) -> Result<Uuid, DynamicsError> {
        let url = api.url(self.entity_set, &[("$select", self.id_column)]);
        let call = Call::post(url, Json::Object(columns), format!("creating {}", self.what)).prefer(RETURN_ROW);
        let answer = api.send(&call).await?.accepted()?;
        let id = record::id(&answer.body[self.id_column]).ok_or_else(|| answer.lacks("the new row's id"))?;
        tracing::info!(dynamics.table = self.entity_set, dynamics.id = %id, "created {}", self.what);
        Ok(id)
    }
}

fn text<'a>(columns: &'a Fields, column: &str) -> Option<&'a str> {
    columns.get(column)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

fn required<'a>(columns: &'a Fields, lookup: &str, column: &str) -> Result<&'a str, DynamicsError> {
    text(columns, column).ok_or_else(|| {
        unwritable(
            &format!("{lookup}/{column}"),
            "is empty, but the related record is found by it; fill it in at its source, or map it",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
    }

    #[test]
    fn a_contact_is_known_by_mail_or_else_by_name_within_the_account() {
        let account = Some(Uuid::nil());
        let within = format!("statecode eq 0 and _parentcustomerid_value eq {}", Uuid::nil());
        let full = fields(&[
            ("firstname", "Ann"),
            ("lastname", "O'Neill"),
            ("emailaddress1", "ann@fabrikam.example"),
        ]);
        assert_eq!(
            contact_filter(&full, account).unwrap(),
            format!("{within} and emailaddress1 eq 'ann@fabrikam.example'")
        );
        assert_eq!(
            contact_filter(&full, None).unwrap(),
            "statecode eq 0 and emailaddress1 eq 'ann@fabrikam.example'"
        );
        let named = fields(&[("firstname", "Ann"), ("lastname", "O'Neill")]);
        assert_eq!(
            contact_filter(&named, account).unwrap(),
            format!("{within} and firstname eq 'Ann' and lastname eq 'O''Neill'")
        );
    }

    #[test]
    fn who_cannot_be_told_apart_is_refused_naming_the_column() {
        let named = fields(&[("lastname", "O'Neill")]);
        for refused in [
            contact_filter(&named, None),
            contact_filter(&fields(&[("telephone1", "1")]), Some(Uuid::nil())),
        ] {
            assert!(refused.unwrap_err().to_string().contains("`parentcontactid/emailaddress1`"));
        }
    }
}
