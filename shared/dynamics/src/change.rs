//! Flagged records that changed (contract dynamics365 3.3, 3.7, 3.9 fallback).

use cosell_sync::port::CrmChange;
use jiff::{Timestamp, Unit};
use serde_json::Value as Json;
use url::Url;

use crate::error::DynamicsError;
use crate::record;
use crate::row;
use crate::sales::Dynamics;
use crate::web_api::{Answer, Call};

impl Dynamics {
    pub(crate) async fn changed_rows(
        &self,
        since: Timestamp,
    ) -> Result<Vec<CrmChange>, DynamicsError> {
        let filter = format!(
            "{} eq true and modifiedon ge {}",
            self.schema.sync_column,
            whole_seconds(since)
        );
        // The key as last column: without it rows repeat or vanish between pages.
        let order = format!("modifiedon asc,{} asc", self.schema.id_column());
        let query = [("$select", "modifiedon"), ("$filter", &filter), ("$orderby", &order)];
        let mut next = Some(self.api.url(self.schema.table.entity_set(), &query));
        let doing = format!("listing changed {}", self.schema.table.entity_set());
        let mut changes = Vec::new();
        while let Some(url) = next {
            let call = Call::get(url.clone(), doing.clone())
                .prefer(format!("odata.maxpagesize={}", self.settings.page_size.clamp(1, 5000)));
            let answer = self.api.send(&call).await?.accepted()?;
            for row in
                answer.body["value"].as_array().ok_or_else(|| answer.lacks("a list of rows"))?
            {
                changes.push(self.change(&answer, row)?);
            }
            next = self.next_page(&answer, &url)?;
        }
        Ok(changes)
    }

    fn change(&self, answer: &Answer, row: &Json) -> Result<CrmChange, DynamicsError> {
        let id =
            row::id(&row[self.schema.id_column()]).ok_or_else(|| answer.lacks("the row's id"))?;
        Ok(CrmChange {
            key: record::key(self.schema.table, id),
            version: row::version(row).ok_or_else(|| answer.lacks("the row's version"))?,
            modified: row::time(&row["modifiedon"])
                .ok_or_else(|| answer.lacks("the time of the last change"))?,
        })
    }

    /// The link is used as given, but only within our environment: the token goes with it.
    fn next_page(&self, answer: &Answer, here: &Url) -> Result<Option<Url>, DynamicsError> {
        let Some(link) = answer.body["@odata.nextLink"].as_str() else {
            return Ok(None);
        };
        let next = Url::parse(link).ok().filter(|next| self.api.owns(next) && next != here);
        next.map(Some).ok_or_else(|| DynamicsError::ForeignPage { doing: answer.doing.clone() })
    }
}

/// `modifiedon` has whole seconds, so a fraction would skip changes of that very second.
fn whole_seconds(since: Timestamp) -> Timestamp {
    let floor = jiff::TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Floor);
    since.round(floor).unwrap_or(since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_is_cut_off() {
        let since: Timestamp = "2026-10-05T14:03:27.9Z".parse().unwrap();
        assert_eq!(whole_seconds(since).to_string(), "2026-10-05T14:03:27Z");
    }
}
