//! One DynamoDB table.

use std::collections::HashMap;
use std::error::Error;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store_error::StoreError;

pub(crate) const DYNAMODB: &str = "DynamoDB";
/// The partition key of both tables.
pub(crate) const KEY: &str = "pk";

pub(crate) type Item = HashMap<String, AttributeValue>;

/// What became of a conditional write.
pub(crate) enum Written {
    /// It is stored. Holds the item it replaced, if the write asked for it and there was one.
    Done(Option<Item>),
    /// The condition does not hold for this item; empty if there is none.
    Refused(Item),
}

/// A table and the client to reach it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// The table `name` in the configured region.
    pub fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        Self { client: Client::new(config), name: name.into() }
    }

    #[cfg(test)]
    pub(crate) fn of_client(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into() }
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The item with this key, strongly consistent.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<Option<T>, StoreError> {
        self.get_item(key).await?.map(|item| self.read(key, item)).transpose()
    }

    /// The item with this key as it is, strongly consistent.
    pub(crate) async fn get_item(&self, key: &str) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.name)
            .key(KEY, AttributeValue::S(key.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.error(&format!("read {key}"), error))?;
        Ok(answer.item)
    }

    pub(crate) fn put(&self, item: Item) -> PutItemFluentBuilder {
        self.client.put_item().table_name(&self.name).set_item(Some(item))
    }

    /// Writes under a condition; to `action` is for an error's text.
    pub(crate) async fn write(
        &self,
        put: PutItemFluentBuilder,
        action: impl FnOnce() -> String,
    ) -> Result<Written, StoreError> {
        match put
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await
        {
            Ok(answer) => Ok(Written::Done(answer.attributes.filter(|before| !before.is_empty()))),
            Err(error) => match refused(&error) {
                Some(stored) => Ok(Written::Refused(stored)),
                None => Err(self.error(&action(), error)),
            },
        }
    }

    pub(crate) fn delete(&self, key: &str) -> DeleteItemFluentBuilder {
        self.client.delete_item().table_name(&self.name).key(KEY, AttributeValue::S(key.to_owned()))
    }

    /// `record` as an item with this key.
    pub(crate) fn item(&self, key: &str, record: &impl Serialize) -> Result<Item, StoreError> {
        let mut item: Item = serde_dynamo::to_item(record).map_err(|_| self.unreadable(key))?;
        item.insert(KEY.to_owned(), AttributeValue::S(key.to_owned()));
        Ok(item)
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, key: &str, item: Item) -> Result<T, StoreError> {
        serde_dynamo::from_item(item).map_err(|_| self.unreadable(key))
    }

    /// The SDK's error when asked to `action`.
    pub(crate) fn error<E>(&self, action: &str, error: SdkError<E>) -> StoreError
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        StoreError::of(DYNAMODB, format!("{action} in table {}", self.name), error)
    }

    pub(crate) fn unreadable(&self, key: &str) -> StoreError {
        StoreError::Unreadable { record: key.to_owned(), place: format!("table {}", self.name) }
    }
}

fn refused(error: &SdkError<PutItemError>) -> Option<Item> {
    match error.as_service_error()? {
        PutItemError::ConditionalCheckFailedException(refusal) => {
            Some(refusal.item().cloned().unwrap_or_default())
        }
        _ => None,
    }
}
