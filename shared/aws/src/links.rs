//! The pairs: each a referral item that holds the link, and pointers to it from the CRM record and the engagement.

use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, Put, TransactWriteItem};
use cosell_core::crm::CrmKey;
use cosell_core::id::{EngagementId, ReferralId};
use cosell_core::link::Link;
use cosell_engine::port::Links;
use cosell_engine::{Failure, FailureKind};
use serde::{Deserialize, Serialize};

use crate::fault::{Refusal, StoreError, kind};
use crate::table::{DYNAMODB, Item, Table, Written};

/// The version of a link just created.
const FIRST_VERSION: u64 = 1;
const ABSENT: &str = "attribute_not_exists(pk)";
const ABSENT_CODE: &str = "ConditionalCheckFailed";

/// [`Links`] in the links table.
#[derive(Clone, Debug)]
pub struct DynamoLinks {
    table: Table,
}

/// `crm#…` and `engagement#…` items.
#[derive(Serialize, Deserialize)]
struct Pointer {
    referral: ReferralId,
}

impl DynamoLinks {
    /// Pairs in this table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    async fn link(&self, id: ReferralId) -> Result<Option<Link>, StoreError> {
        self.table.get(&referral_key(id)).await
    }

    async fn pointed_to(&self, key: &str) -> Result<Option<Link>, StoreError> {
        match self.table.get::<Pointer>(key).await? {
            Some(pointer) => self.link(pointer.referral).await,
            None => Ok(None),
        }
    }

    fn put_if_absent(&self, key: &str, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(self.table.name())
            .set_item(Some(item))
            .condition_expression(ABSENT)
            .build();
        let put = put.map_err(|_| self.table.unreadable(key))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A transaction says per item why it was cancelled; "None" is an item that was not at fault.
    fn not_linked(&self, record: String, error: SdkError<TransactWriteItemsError>) -> StoreError {
        let codes = cancellation_codes(&error);
        let Some(code) = codes.iter().find(|code| **code == ABSENT_CODE).or_else(|| codes.first()) else {
            return self.table.fault(&format!("link {record}"), error);
        };
        match kind(Some(code), 400) {
            FailureKind::Stale => StoreError::Stale {
                record,
                situation: "cannot be linked: another run links or has linked one of them",
            },
            kind => Refusal {
                service: DYNAMODB,
                action: format!("link {record} in table {}", self.table.name()),
                kind,
                code: Some((*code).to_owned()),
                message: "the transaction was cancelled".to_owned(),
                request_id: error.request_id().map(str::to_owned),
            }
            .into(),
        }
    }

    /// Points the engagement to the link. One engagement can hold several referrals of ours: the first keeps the pointer.
    async fn point_engagement(&self, link: &Link) -> Result<(), StoreError> {
        let Some(engagement) = link.engagement else { return Ok(()) };
        let key = engagement_key(engagement);
        let pointer = self.table.item(&key, &Pointer { referral: link.referral })?;
        self.table
            .write(self.table.put(pointer).condition_expression(ABSENT), || format!("write {key}"))
            .await?;
        Ok(())
    }

    async fn replace(&self, link: &Link) -> Result<Link, StoreError> {
        let key = referral_key(link.referral);
        let next = Link {
            version: link.version + 1,
            ..link.clone()
        };
        let put = self
            .table
            .put(self.table.item(&key, &next)?)
            .condition_expression("#version = :expected")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":expected", AttributeValue::N(link.version.to_string()));
        match self.table.write(put, || format!("save {key}")).await? {
            Written::Done(_) => Ok(next),
            Written::Refused(stored) => match self.table.read::<Link>(&key, stored) {
                // The SDK repeats a call whose answer was lost: what stands in the way may be our own write.
                Ok(stored) if stored == next => Ok(next),
                _ => Err(StoreError::Stale {
                    record: key,
                    situation: "was saved by another run since it was read",
                }),
            },
        }
    }
}

#[async_trait]
impl Links for DynamoLinks {
    async fn by_referral(&self, id: ReferralId) -> Result<Option<Link>, Failure> {
        Ok(self.link(id).await?)
    }

    async fn by_crm(&self, key: &CrmKey) -> Result<Option<Link>, Failure> {
        Ok(self.pointed_to(&crm_key(key)).await?)
    }

    async fn by_engagement(&self, id: EngagementId) -> Result<Option<Link>, Failure> {
        Ok(self.pointed_to(&engagement_key(id)).await?)
    }

    /// Stores the link as version 1, whatever version it carries.
    async fn create(&self, link: &Link) -> Result<(), Failure> {
        let (referral, crm) = (referral_key(link.referral), crm_key(&link.crm));
        let record = self.table.item(
            &referral,
            &Link {
                version: FIRST_VERSION,
                ..link.clone()
            },
        )?;
        let pointer = self.table.item(&crm, &Pointer { referral: link.referral })?;
        self.table
            .client()
            .transact_write_items()
            .transact_items(self.put_if_absent(&referral, record)?)
            .transact_items(self.put_if_absent(&crm, pointer)?)
            .send()
            .await
            .map_err(|error| self.not_linked(format!("{referral} and {crm}"), error))?;

        // The pair is linked; a missing engagement pointer is put by the next save.
        if let Err(error) = self.point_engagement(link).await {
            tracing::warn!(referral.id = %link.referral, error = %error, "the engagement does not point to its link yet");
        }
        Ok(())
    }

    async fn save(&self, link: &Link) -> Result<Link, Failure> {
        self.point_engagement(link).await?;
        Ok(self.replace(link).await?)
    }
}

fn referral_key(id: ReferralId) -> String {
    format!("referral#{id}")
}

fn crm_key(key: &CrmKey) -> String {
    format!("crm#{key}")
}

fn engagement_key(id: EngagementId) -> String {
    format!("engagement#{id}")
}

fn cancellation_codes(error: &SdkError<TransactWriteItemsError>) -> Vec<&str> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return Vec::new();
    };
    let codes = cancelled.cancellation_reasons().iter().filter_map(CancellationReason::code);
    codes.filter(|code| *code != "None").collect()
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
