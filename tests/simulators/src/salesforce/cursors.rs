//! Query results not read to their end, by locator.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Call};
use super::ids::Ids;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};

/// Rows of a page: the most, the fewest, and the ones without a preference (contract salesforce 3.1).
const MOST_ROWS: usize = 2000;
const FEWEST_ROWS: usize = 200;

#[derive(Debug, Default)]
pub(crate) struct Cursors {
    results: HashMap<String, Vec<Value>>,
    ids: Ids,
}

impl Cursors {
    /// Forgets all results: their next pages answer `INVALID_QUERY_LOCATOR`.
    pub(crate) fn clear(&mut self) {
        self.results.clear();
    }
}

impl Organisation {
    fn page_size(&self, call: &Call) -> usize {
        let preferred =
            call.clause("sforce-query-options", "batchSize").and_then(|value| value.parse().ok());
        let preferred = preferred.unwrap_or(MOST_ROWS).clamp(FEWEST_ROWS, MOST_ROWS);
        self.switches.query_batch.unwrap_or(preferred).max(1)
    }

    /// The first page of `rows`.
    pub(crate) fn first_page(&mut self, call: &Call, rows: Vec<Value>) -> Value {
        if rows.len() <= self.page_size(call) {
            return json!({"totalSize": rows.len(), "done": true, "records": rows});
        }
        let locator = self.cursors.ids.next("01g");
        let page = self.page(call, &locator, &rows, 0);
        self.cursors.results.insert(locator, rows);
        page
    }

    /// `/query/{locator}-{offset}`: the rows as they were when the query ran.
    pub(crate) fn next_page(&self, call: &Call, name: &str) -> Outcome<Answer> {
        let unknown = || Refusal::bad("INVALID_QUERY_LOCATOR", "invalid query locator");
        let (locator, offset) = name.rsplit_once('-').ok_or_else(unknown)?;
        let rows = self.cursors.results.get(locator).ok_or_else(unknown)?;
        let offset =
            offset.parse().ok().filter(|offset| *offset < rows.len()).ok_or_else(unknown)?;
        Ok(Answer::ok(self.page(call, locator, rows, offset)))
    }

    fn page(&self, call: &Call, locator: &str, rows: &[Value], offset: usize) -> Value {
        let end = (offset + self.page_size(call)).min(rows.len());
        let mut page = Map::new();
        page.insert("totalSize".into(), rows.len().into());
        page.insert("done".into(), (end == rows.len()).into());
        if end < rows.len() {
            let next = format!("{}/query/{locator}-{end}", call.root());
            page.insert("nextRecordsUrl".into(), next.into());
        }
        page.insert("records".into(), rows[offset..end].into());
        page.into()
    }
}
