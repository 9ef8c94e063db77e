//! What an opportunity is bound to: currency, customer, contact.

use cosell_model::crm::Phase;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::error::DynamicsError;
use crate::error_code::ErrorCode;
use crate::party;
use crate::record;
use crate::sales::Dynamics;
use crate::web_api::Call;
use crate::write::{CONTACT, CURRENCY, CUSTOMER, Columns};

const COLUMNS: &str =
    "statecode,statuscode,_customerid_value,_parentaccountid_value,_parentcontactid_value";
/// Tells whether the customer is an account or a contact (contract dynamics365 2.2).
const WITH_TABLES: &str = "odata.include-annotations=\"Microsoft.Dynamics.CRM.lookuplogicalname\"";

/// What an existing opportunity is bound to already.
pub(crate) struct Bound {
    pub(crate) id: Uuid,
    pub(crate) version: String,
    pub(crate) phase: Phase,
    /// Its Referral Identifier, if it has one.
    pub(crate) referral: Option<String>,
    pub(crate) parties: Parties,
}

/// Customer and contact of an opportunity; all absent of one that does not exist yet.
#[derive(Default)]
pub(crate) struct Parties {
    customer: bool,
    account: Option<Uuid>,
    contact: bool,
}

impl Dynamics {
    pub(crate) async fn bind_currency(
        &self,
        body: &mut Map<String, Json>,
        code: Option<&Json>,
    ) -> Result<(), DynamicsError> {
        if let Some(code) = code {
            let currency = self.currencies.id(&self.api, code).await?;
            let bind = currency.map_or(Json::Null, |id| party::bind("transactioncurrencies", id));
            body.insert(format!("{CURRENCY}@odata.bind"), bind);
        }
        Ok(())
    }

    /// Binds customer and contact where the row, if it exists already, has none. Whom a deal belongs to is never changed: a
    /// repetition of a create finds its own choice in place.
    pub(crate) async fn bind_parties(
        &self,
        body: &mut Map<String, Json>,
        bound: Parties,
        columns: &Columns,
    ) -> Result<(), DynamicsError> {
        let mut account = bound.account;
        if !columns.customer.is_empty() && !bound.customer {
            let found = party::account(&self.api, &columns.customer).await?;
            let bind = found.map(|found| party::bind("accounts", found));
            if let (Some(bind), None) = (&bind, account) {
                body.insert("parentaccountid@odata.bind".to_owned(), bind.clone());
            }
            body.extend(bind.map(|bind| (format!("{CUSTOMER}@odata.bind"), bind)));
            account = found.or(account);
        }
        if !columns.contact.is_empty() && !bound.contact {
            let found = party::contact(&self.api, &columns.contact, account).await?;
            body.extend(
                found
                    .map(|found| (format!("{CONTACT}@odata.bind"), party::bind("contacts", found))),
            );
        }
        Ok(())
    }

    /// The opportunity at `path`; `None` when the service says `absent`.
    pub(crate) async fn bound(
        &self,
        path: &str,
        doing: String,
        absent: ErrorCode,
    ) -> Result<Option<Bound>, DynamicsError> {
        let identifier = &self.schema.referral_id_column;
        let select = format!("{COLUMNS},{identifier}");
        let call =
            Call::get(self.api.url(path, &[("$select", &select)]), doing).prefer(WITH_TABLES);
        let Some(answer) = self.api.send(&call).await?.unless(absent)? else {
            return Ok(None);
        };
        let row = &answer.body;
        let is_account =
            row["_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account";
        let customer = record::id(&row["_customerid_value"]).filter(|_| is_account);
        let phase = self.schema.table.phase(&self.settings, &row["statecode"], &row["statuscode"]);
        Ok(Some(Bound {
            id: record::id(&row[self.schema.id_column()])
                .ok_or_else(|| answer.lacks("the row's id"))?,
            version: record::version(row).ok_or_else(|| answer.lacks("the row's version"))?,
            phase: phase.ok_or_else(|| answer.lacks("a known state"))?,
            referral: row[identifier]
                .as_str()
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty()),
            parties: Parties {
                customer: !row["_customerid_value"].is_null(),
                account: record::id(&row["_parentaccountid_value"]).or(customer),
                contact: !row["_parentcontactid_value"].is_null(),
            },
        }))
    }
}
