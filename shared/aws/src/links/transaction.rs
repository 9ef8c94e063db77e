//! Several items of the links table written together, all or none.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Delete, Put, TransactWriteItem};
use cosell_model::id::ReferralId;
use cosell_model::link::Link;
use cosell_sync::FailureKind;
use serde::Serialize;

use crate::store_error::{Refusal, StoreError, kind};
use crate::table::{DYNAMODB, KEY, Table};

const REFUSED: &str = "ConditionalCheckFailed";

/// What must hold of an item.
#[derive(Clone, Copy)]
pub(super) enum Condition<'a> {
    /// No link stands there.
    NotLinked,
    /// It is this link, not saved since.
    Is(&'a Link),
    /// It points to this referral.
    PointsTo(ReferralId),
}

impl Condition<'_> {
    fn expression(&self) -> &'static str {
        match self {
            Self::NotLinked => super::NOT_LINKED,
            Self::Is(_) => super::UNSAVED,
            Self::PointsTo(_) => "#referral = :referral",
        }
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        let names: &[&str] = match self {
            Self::NotLinked => return None,
            Self::Is(_) => &["version", "created"],
            Self::PointsTo(_) => &["referral"],
        };
        Some(names.iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect())
    }

    fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        match self {
            Self::NotLinked => None,
            Self::Is(link) => Some(super::unsaved(link).into()),
            Self::PointsTo(referral) => {
                Some([(":referral".to_owned(), AttributeValue::S(referral.to_string()))].into())
            }
        }
    }
}

/// Writes that happen together. DynamoDB allows one for each key.
pub(super) struct Transaction<'a> {
    table: &'a Table,
    writes: Vec<TransactWriteItem>,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(table: &'a Table) -> Self {
        Self { table, writes: Vec::new() }
    }

    pub(super) fn put(
        &mut self,
        key: &str,
        record: &impl Serialize,
        condition: Condition<'_>,
    ) -> Result<(), StoreError> {
        let put = Put::builder()
            .table_name(self.table.name())
            .set_item(Some(self.table.item(key, record)?))
            .condition_expression(condition.expression())
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values())
            .build();
        let put = put.map_err(|_| self.table.unreadable(key))?;
        self.writes.push(TransactWriteItem::builder().put(put).build());
        Ok(())
    }

    pub(super) fn delete(&mut self, key: &str, condition: Condition<'_>) -> Result<(), StoreError> {
        let delete = Delete::builder()
            .table_name(self.table.name())
            .key(KEY, AttributeValue::S(key.to_owned()))
            .condition_expression(condition.expression())
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values())
            .build();
        let delete = delete.map_err(|_| self.table.unreadable(key))?;
        self.writes.push(TransactWriteItem::builder().delete(delete).build());
        Ok(())
    }

    /// Links `pair`, which is for an error's text. A call that the SDK repeats because its answer
    /// was lost carries the same token, so that DynamoDB does not hold the first one against it.
    pub(super) async fn commit(self, pair: String) -> Result<(), StoreError> {
        let client = self.table.client();
        let written =
            client.transact_write_items().set_transact_items(Some(self.writes)).send().await;
        written.map(drop).map_err(|error| cancelled(self.table, pair, error))
    }
}

/// A transaction says per item why it was cancelled; "None" is an item that was not at fault.
fn cancelled(table: &Table, pair: String, error: SdkError<TransactWriteItemsError>) -> StoreError {
    let codes = codes(&error);
    let Some(code) = codes.iter().find(|code| **code == REFUSED).or_else(|| codes.first()) else {
        return table.error(&format!("link {pair}"), error);
    };
    match kind(Some(code), 400) {
        FailureKind::Stale => StoreError::Stale {
            record: pair,
            situation: "cannot be linked: another run has linked or changed one of them",
        },
        kind => Refusal {
            service: DYNAMODB,
            action: format!("link {pair} in table {}", table.name()),
            kind,
            code: Some((*code).to_owned()),
            message: "the transaction was cancelled".to_owned(),
            request_id: error.request_id().map(str::to_owned),
        }
        .into(),
    }
}

fn codes(error: &SdkError<TransactWriteItemsError>) -> Vec<&str> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return Vec::new();
    };
    let codes = cancelled.cancellation_reasons().iter().filter_map(CancellationReason::code);
    codes.filter(|code| *code != "None").collect()
}
