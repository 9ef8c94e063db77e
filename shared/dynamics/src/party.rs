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
use crate::write::CUSTOMER;

/// The account of this name, and of this postal code where one is given. Its other columns are used only if it has to be made.
/// `None` without a name: a deal may lack its customer (contract dynamics365 2.3), and is worth more than it.
pub(crate) async fn account(api: &WebApi, columns: &Fields) -> Result<Option<Uuid>, DynamicsError> {
    let Some(filter) = account_filter(columns) else {
        tracing::info!("left out {}: `{CUSTOMER}/name` is empty", ACCOUNT.what);
        return Ok(None);
    };
    match ACCOUNT.find(api, &filter).await? {
        Some(id) => Ok(Some(id)),
        None => ACCOUNT.make(api, columns.clone().into_iter().collect()).await.map(Some),
    }
}

fn account_filter(columns: &Fields) -> Option<String> {
    let filter = format!("statecode eq 0 and name eq {}", odata::text(text(columns, "name")?));
    Some(match text(columns, "address1_postalcode") {
        Some(code) => format!("{filter} and address1_postalcode eq {}", odata::text(code)),
        None => filter,
    })
}

/// The contact of this e-mail address, or of this name where none is given, within `account` where that is known. `None` when it
/// could not be told from others: a deal may lack its contact.
pub(crate) async fn contact(
    api: &WebApi,
    columns: &Fields,
    account: Option<Uuid>,
) -> Result<Option<Uuid>, DynamicsError> {
    let Some(filter) = contact_filter(columns, account) else {
        let missing = if account.is_some() {
            "`parentcontactid/emailaddress1` and `parentcontactid/lastname` are empty"
        } else {
            "`parentcontactid/emailaddress1` is empty, and no account is known to look for a name in"
        };
        tracing::info!("left out {}: {missing}", CONTACT_TABLE.what);
        return Ok(None);
    };
    if let Some(id) = CONTACT_TABLE.find(api, &filter).await? {
        return Ok(Some(id));
    }
    let mut body: Map<String, Json> = columns.clone().into_iter().collect();
    if let Some(account) = account {
        body.insert("parentcustomerid_account@odata.bind".to_owned(), bind("accounts", account));
    }
    CONTACT_TABLE.make(api, body).await.map(Some)
}

/// A name alone tells nobody apart beyond one account, so it needs the account.
fn contact_filter(columns: &Fields, account: Option<Uuid>) -> Option<String> {
    let mut terms = vec!["statecode eq 0".to_owned()];
    terms.extend(
        account.map(|account| format!("_parentcustomerid_value eq {}", account.hyphenated())),
    );
    if let Some(mail) = text(columns, "emailaddress1") {
        terms.push(format!("emailaddress1 eq {}", odata::text(mail)));
    } else {
        account.and(text(columns, "lastname"))?;
        let equals =
            |column| text(columns, column).map(|name| format!("{column} eq {}", odata::text(name)));
        terms.extend(["firstname", "lastname"].into_iter().filter_map(equals));
    }
    Some(terms.join(" and "))
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

const ACCOUNT: Table =
    Table { what: "the customer's account", entity_set: "accounts", id_column: "accountid" };
const CONTACT_TABLE: Table =
    Table { what: "the customer's contact", entity_set: "contacts", id_column: "contactid" };

impl Table {
    /// The oldest fitting row, so that every try finds the same one.
    async fn find(&self, api: &WebApi, filter: &str) -> Result<Option<Uuid>, DynamicsError> {
        let order = format!("createdon asc,{} asc", self.id_column);
        let query =
            [("$select", self.id_column), ("$filter", filter), ("$orderby", &order), ("$top", "1")];
        let answer = api
            .send(&Call::get(
                api.url(self.entity_set, &query),
                format!("looking for {}", self.what),
            ))
            .await?
            .accepted()?;
        let rows = answer.body["value"].as_array().ok_or_else(|| answer.lacks("a list of rows"))?;
        rows.first()
            .map(|row| record::id(&row[self.id_column]).ok_or_else(|| answer.lacks("the row's id")))
            .transpose()
    }

    async fn make(&self, api: &WebApi, columns: Map<String, Json>) -> Result<Uuid, DynamicsError> {
        let url = api.url(self.entity_set, &[("$select", self.id_column)]);
        let call = Call::post(url, Json::Object(columns), format!("creating {}", self.what))
            .prefer(RETURN_ROW);
        let answer = api.send(&call).await?.accepted()?;
        let id = record::id(&answer.body[self.id_column])
            .ok_or_else(|| answer.lacks("the new row's id"))?;
        tracing::info!(dynamics.table = self.entity_set, dynamics.id = %id, "created {}", self.what);
        Ok(id)
    }
}

fn text<'a>(columns: &'a Fields, column: &str) -> Option<&'a str> {
    columns.get(column)?.as_str().map(str::trim).filter(|text| !text.is_empty())
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
    fn who_cannot_be_told_apart_is_left_out() {
        let named =
            fields(&[("firstname", "Ann"), ("lastname", "O'Neill"), ("emailaddress1", " ")]);
        assert_eq!(contact_filter(&named, None), None);
        let nameless = fields(&[("firstname", "Ann"), ("telephone1", "1")]);
        assert_eq!(contact_filter(&nameless, Some(Uuid::nil())), None);
        assert_eq!(
            account_filter(&fields(&[("name", " "), ("address1_postalcode", "1011 AB")])),
            None
        );
    }
}
