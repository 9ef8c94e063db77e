//! What an opportunity is bound to: currency, customer, contact.

use cosell_crm::Write;
use cosell_crm::customer::{Named, found_or_made};
use cosell_model::crm::Phase;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::customer;
use crate::dialect::DIALECT;
use crate::error::DynamicsError;
use crate::error_code::ErrorCode;
use crate::mapped::CURRENCY;
use crate::row;
use crate::sales::Dynamics;
use crate::web_api::Call;

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
    /// Whom it is bound to.
    pub(crate) named: Named<Uuid>,
}

impl Dynamics {
    pub(crate) async fn bind_currency(
        &self,
        body: &mut Map<String, Json>,
        code: Option<&Json>,
    ) -> Result<(), DynamicsError> {
        if let Some(code) = code {
            let currency = self.currencies.id(&self.api, code).await?;
            let bind =
                currency.map_or(Json::Null, |id| customer::bind("transactioncurrencies", id));
            body.insert(format!("{CURRENCY}@odata.bind"), bind);
        }
        Ok(())
    }

    /// Binds customer and contact where the row, if it exists already, has none.
    pub(crate) async fn bind_customer(
        &self,
        body: &mut Map<String, Json>,
        named: Named<Uuid>,
        write: &Write,
    ) -> Result<(), DynamicsError> {
        let has_account = named.account.is_some();
        let chosen = found_or_made(self.api.as_ref(), &DIALECT, write, named).await?;
        let account = chosen.account.map(|id| customer::bind("accounts", id));
        let lookups = [
            (DIALECT.account.lookup, account.clone()),
            ("parentaccountid", account.filter(|_| !has_account)),
            (DIALECT.contact.lookup, chosen.contact.map(|id| customer::bind("contacts", id))),
        ];
        let bound = lookups.into_iter().filter_map(|(lookup, bind)| Some((lookup, bind?)));
        body.extend(bound.map(|(lookup, bind)| (format!("{lookup}@odata.bind"), bind)));
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
        let customer = row::id(&row["_customerid_value"]).filter(|_| is_account);
        let phase = self.schema.table.phase(&self.settings, &row["statecode"], &row["statuscode"]);
        Ok(Some(Bound {
            id: row::id(&row[self.schema.id_column()])
                .ok_or_else(|| answer.lacks("the row's id"))?,
            version: row::version(row).ok_or_else(|| answer.lacks("the row's version"))?,
            phase: phase.ok_or_else(|| answer.lacks("a known state"))?,
            referral: row[identifier]
                .as_str()
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty()),
            named: Named {
                has_customer: !row["_customerid_value"].is_null(),
                account: row::id(&row["_parentaccountid_value"]).or(customer),
                has_contact: !row["_parentcontactid_value"].is_null(),
            },
        }))
    }
}
