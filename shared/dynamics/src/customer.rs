//! Accounts and contacts (contract dynamics365 2.6).

use async_trait::async_trait;
use cosell_crm::Fields;
use cosell_crm::customer::{Customer, Customers, Terms};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::DynamicsError;
use crate::odata;
use crate::row;
use crate::web_api::{Call, RETURN_ROW, WebApi};

/// A lookup's value.
pub(crate) fn bind(entity_set: &str, id: Uuid) -> Json {
    Json::String(format!("/{}", odata::row(entity_set, id)))
}

/// Entity set and id column.
fn table(what: Customer) -> (&'static str, &'static str) {
    match what {
        Customer::Account => ("accounts", "accountid"),
        Customer::Contact => ("contacts", "contactid"),
    }
}

fn filter(terms: &Terms<'_>, account: Option<&Uuid>) -> String {
    let account = account.map(|id| format!("_parentcustomerid_value eq {}", id.hyphenated()));
    let terms = terms.iter().map(|(column, text)| format!("{column} eq {}", odata::text(text)));
    let all = std::iter::once("statecode eq 0".to_owned()).chain(account).chain(terms);
    all.collect::<Vec<_>>().join(" and ")
}

#[async_trait]
impl Customers for WebApi {
    type Id = Uuid;
    type Error = DynamicsError;

    async fn find(
        &self,
        what: Customer,
        terms: &Terms<'_>,
        account: Option<&Uuid>,
    ) -> Result<Option<Uuid>, DynamicsError> {
        let (entity_set, id) = table(what);
        let (filter, order) = (filter(terms, account), format!("createdon asc,{id} asc"));
        let query = [
            ("$select", id),
            ("$filter", filter.as_str()),
            ("$orderby", order.as_str()),
            ("$top", "1"),
        ];
        let call = Call::get(self.url(entity_set, &query), format!("looking for {}", what.what()));
        self.send(&call).await?.accepted()?.first_id(id)
    }

    async fn make(
        &self,
        what: Customer,
        fields: &Fields,
        account: Option<&Uuid>,
    ) -> Result<Uuid, DynamicsError> {
        let (entity_set, id) = table(what);
        let mut body: Map<String, Json> = fields.clone().into_iter().collect();
        body.extend(account.map(|account| {
            ("parentcustomerid_account@odata.bind".to_owned(), bind("accounts", *account))
        }));
        let url = self.url(entity_set, &[("$select", id)]);
        let call = Call::post(url, Json::Object(body), format!("creating {}", what.what()))
            .prefer(RETURN_ROW);
        let answer = self.send(&call).await?.accepted()?;
        let id = row::id(&answer.body[id]).ok_or_else(|| answer.lacks("the new row's id"))?;
        tracing::info!(dynamics.table = entity_set, dynamics.id = %id, "created {}", what.what());
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_in_use_is_looked_for_and_a_contact_within_its_account() {
        let terms = vec![("firstname", "Ann"), ("lastname", "O'Neill")];
        let named = "firstname eq 'Ann' and lastname eq 'O''Neill'";
        assert_eq!(filter(&terms, None), format!("statecode eq 0 and {named}"));
        assert_eq!(
            filter(&terms, Some(&Uuid::nil())),
            format!("statecode eq 0 and _parentcustomerid_value eq {} and {named}", Uuid::nil())
        );
    }
}
