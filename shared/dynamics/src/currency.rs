//! Currencies by ISO code (contract dynamics365 2.7).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use cosell_crm::CrmError;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::dialect::DIALECT;
use crate::error::DynamicsError;
use crate::odata;
use crate::row;
use crate::web_api::{Call, WebApi};

/// The environment's currencies seen so far. A currency's id never changes; one that is missing is
/// asked for again.
#[derive(Default)]
pub(crate) struct Currencies {
    known: Mutex<HashMap<String, Uuid>>,
}

impl Currencies {
    /// The row of the currency with this code; `None` for null, which clears a lookup.
    pub(crate) async fn id(
        &self,
        api: &WebApi,
        code: &Json,
    ) -> Result<Option<Uuid>, DynamicsError> {
        if code.is_null() {
            return Ok(None);
        }
        let code = iso_code(code).ok_or_else(|| {
            CrmError::unwritable(
                DIALECT.currency,
                "needs a three-letter ISO 4217 code such as EUR; correct it at its source",
            )
        })?;
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&code).copied();
        match known {
            Some(id) => Ok(Some(id)),
            None => self.find(api, code).await.map(Some),
        }
    }

    async fn find(&self, api: &WebApi, code: String) -> Result<Uuid, DynamicsError> {
        let filter = format!("isocurrencycode eq {} and statecode eq 0", odata::text(&code));
        let query = [("$select", "transactioncurrencyid"), ("$filter", &filter), ("$top", "1")];
        let call =
            Call::get(api.url("transactioncurrencies", &query), "looking for the deal's currency");
        let answer = api.send(&call).await?.accepted()?;
        let row =
            &answer.body["value"].as_array().ok_or_else(|| answer.lacks("a list of rows"))?.first();
        let Some(row) = row else {
            let reason = format!(
                "names the currency {code}, which this environment does not have; add it under \
                 Settings, Business, Currencies"
            );
            return Err(CrmError::unwritable(DIALECT.currency, reason).into());
        };
        let id = row::id(&row["transactioncurrencyid"])
            .ok_or_else(|| answer.lacks("the currency's id"))?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(code, id);
        Ok(id)
    }
}

fn iso_code(json: &Json) -> Option<String> {
    let code = json.as_str()?.trim();
    (code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .then(|| code.to_ascii_uppercase())
}
