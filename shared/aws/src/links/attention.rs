//! The index of what needs a person: its attributes on the items of the links table, and the pages
//! that it is read in.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use cosell_model::crm::CrmKey;
use cosell_model::link::Link;
use cosell_model::message::Subject;
use cosell_model::state::DealState;
use cosell_sync::Failure;
use cosell_sync::port::{Attention, NeedsPerson};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DynamoLinks, UnlinkedItem};
use crate::store_error::StoreError;
use crate::table::{Item, KEY};

/// The index, and its hash key: the state's name.
const ATTENTION: &str = "attention";
/// The index's range key.
const ATTENTION_SINCE: &str = "attention_since";
/// A page ends at 1 MB in any case, and an entry takes about one kilobyte.
const PAGE: i32 = 500;

/// A record as it is stored, with the keys of the index exactly while it needs a person.
#[derive(Serialize)]
pub(super) struct Indexed<'a, T> {
    #[serde(flatten)]
    record: &'a T,
    #[serde(flatten)]
    keys: Option<IndexKeys>,
}

#[derive(Serialize)]
struct IndexKeys {
    attention: &'static str,
    attention_since: String,
}

impl<'a> Indexed<'a, Link> {
    pub(super) fn link(link: &'a Link) -> Self {
        Self { record: link, keys: IndexKeys::of(&link.state, link.state_since) }
    }
}

impl<'a> Indexed<'a, UnlinkedItem> {
    pub(super) fn unlinked(item: &'a UnlinkedItem) -> Self {
        Self { record: item, keys: IndexKeys::of(&item.deal.state, item.deal.state_since) }
    }
}

impl IndexKeys {
    /// A state without a time comes first: better listed too early than not at all.
    fn of(state: &DealState, since: Option<Timestamp>) -> Option<Self> {
        state.needs_a_person().then(|| Self {
            attention: state.name(),
            attention_since: position(since.unwrap_or_default()),
        })
    }
}

/// Nine decimals, so that text order is time order.
fn position(since: Timestamp) -> String {
    format!("{since:.9}")
}

/// An item of the index: what it projects.
#[derive(Deserialize)]
struct Entry {
    state: DealState,
    attention_since: String,
    #[serde(default)]
    crm: Option<CrmKey>,
}

impl DynamoLinks {
    fn entry(&self, item: Item) -> Result<NeedsPerson, StoreError> {
        let key = item.get(KEY).and_then(|key| key.as_s().ok()).cloned().unwrap_or_default();
        let Entry { state, attention_since, crm } = self.table.read(&key, item)?;
        let subject = Subject::read(&key).ok_or_else(|| self.table.unreadable(&key))?;
        let since = attention_since.parse().map_err(|_| self.table.unreadable(&key))?;
        Ok(NeedsPerson { subject, crm, state, since })
    }
}

#[async_trait]
impl Attention for DynamoLinks {
    async fn needing_a_person(
        &self,
        state: &str,
        after: Option<&NeedsPerson>,
    ) -> Result<Vec<NeedsPerson>, Failure> {
        let answer = self
            .table
            .client()
            .query()
            .table_name(self.table.name())
            .index_name(ATTENTION)
            .key_condition_expression("#attention = :state")
            .expression_attribute_names("#attention", ATTENTION)
            .expression_attribute_values(":state", AttributeValue::S(state.to_owned()))
            .set_exclusive_start_key(
                after.map(|after| start_key(state, &after.subject, after.since)),
            )
            .limit(PAGE)
            .send()
            .await
            .map_err(|error| self.table.error(&format!("list {ATTENTION} {state}"), error))?;
        let items = answer.items.unwrap_or_default();
        Ok(items.into_iter().map(|item| self.entry(item)).collect::<Result<_, _>>()?)
    }
}

/// The position behind an entry; the entry itself need not be there any more.
fn start_key(state: &str, subject: &Subject, since: Timestamp) -> HashMap<String, AttributeValue> {
    let text = |name: &str, value: String| (name.to_owned(), AttributeValue::S(value));
    [
        text(KEY, subject.to_string()),
        text(ATTENTION, state.to_owned()),
        text(ATTENTION_SINCE, position(since)),
    ]
    .into()
}

#[cfg(test)]
#[path = "attention_tests.rs"]
mod tests;
