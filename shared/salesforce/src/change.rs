//! Flagged records that changed, or were deleted (contract salesforce 3.1, 3.2).

use cosell_sync::port::CrmChange;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::error::SalesforceError;
use crate::object::Object;
use crate::opportunities::Salesforce;
use crate::record;
use crate::rest_api::{Answer, Call, query_all};
use crate::soql;
use crate::version;

impl Salesforce {
    /// A list that expired while it was read is read once more from the start.
    pub(crate) async fn changed_records(
        &self,
        since: Timestamp,
    ) -> Result<Vec<CrmChange>, SalesforceError> {
        match self.list(since).await {
            Err(SalesforceError::Refused(refused))
                if refused.code.as_deref() == Some("INVALID_QUERY_LOCATOR") =>
            {
                self.list(since).await
            }
            listed => listed,
        }
    }

    async fn list(&self, since: Timestamp) -> Result<Vec<CrmChange>, SalesforceError> {
        // Stamps are not unique: the id as last column, and at or after, never only after.
        let object = self.schema.object;
        let doing = format!("listing changed {}", object.plural());
        let soql = format!(
            "SELECT Id, SystemModstamp FROM {} WHERE {} = true AND SystemModstamp >= {} ORDER BY \
             SystemModstamp ASC, Id ASC",
            object.name(),
            self.schema.sync_field,
            soql::moment(since)
        );
        let mut next = Some(query_all(&soql));
        let mut changes = Vec::new();
        while let Some(path) = next {
            let size = self.settings.page_size.clamp(200, 2000);
            let call = Call::get(path.clone(), doing.clone())
                .header("Sforce-Query-Options", format!("batchSize={size}"));
            let answer = self.api.send(&call).await?.accepted()?;
            for row in answer.rows()? {
                changes.push(change(object, &answer, row)?);
            }
            next = next_page(&answer, &path)?;
        }
        Ok(changes)
    }
}

fn change(object: Object, answer: &Answer, row: &Json) -> Result<CrmChange, SalesforceError> {
    let stamp = &row["SystemModstamp"];
    let modified = record::time(stamp).ok_or_else(|| answer.lacks("the system's time stamp"))?;
    Ok(CrmChange {
        key: record::key(
            object,
            row["Id"].as_str().ok_or_else(|| answer.lacks("the record's id"))?,
        ),
        version: version::listed(stamp.as_str().unwrap_or_default(), modified, answer.date),
        modified,
    })
}

/// The path is used as given, on our own instance only.
fn next_page(answer: &Answer, here: &str) -> Result<Option<String>, SalesforceError> {
    if answer.body["done"].as_bool() != Some(false) {
        return Ok(None);
    }
    let next = answer.body["nextRecordsUrl"]
        .as_str()
        .filter(|next| next.starts_with("/services/data/") && *next != here);
    next.map(|next| Some(next.to_owned()))
        .ok_or_else(|| answer.lacks("the address of the next page"))
}
