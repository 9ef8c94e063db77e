//! The sync queue.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchRequestEntry};
use cosell_model::message::SyncMessage;
use cosell_sync::port::Queue;
use cosell_sync::{Failure, FailureKind};

use crate::store_error::{Refusal, StoreError, kind};

const SQS: &str = "SQS";
/// What SQS takes in one call.
const BATCH: usize = 10;
/// SQS keeps a message invisible for at most twelve hours.
const LONGEST_INVISIBILITY: i32 = 12 * 3600;

/// [`Queue`] on an SQS FIFO queue.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The FIFO queue at this URL.
    pub fn new(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self { client: Client::new(config), url: url.into() }
    }

    /// Opens the connection, so that the first message does not pay for it. A failure is left for
    /// that message to meet.
    pub async fn warm_up(&self) {
        if let Err(error) = self.client.get_queue_attributes().queue_url(&self.url).send().await {
            let error = StoreError::of(SQS, format!("answer for {}", self.url), error);
            tracing::warn!(error = %error, "the queue could not be reached during start-up");
        }
    }

    /// Keeps a received message invisible for `wait` from now, instead of the rest of the queue's
    /// own time-out.
    pub async fn postpone(&self, receipt: &str, wait: Duration) -> Result<(), Failure> {
        let seconds = i32::try_from(wait.as_secs()).unwrap_or(i32::MAX).min(LONGEST_INVISIBILITY);
        let changed = self
            .client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(seconds)
            .send()
            .await;
        changed.map_err(|error| {
            StoreError::of(SQS, format!("postpone a message of {}", self.url), error)
        })?;
        Ok(())
    }

    /// Sends up to ten messages; those that SQS did not take are offered once more.
    async fn send_batch(&self, batch: &[SyncMessage]) -> Result<(), StoreError> {
        let entries = batch
            .iter()
            .enumerate()
            .map(|(number, message)| entry(number, message))
            .collect::<Result<Vec<_>, _>>()?;
        let refused = self.offer(entries.clone()).await?;
        if refused.is_empty() {
            return Ok(());
        }
        let refused = self.offer(only(entries, &refused)).await?;
        refused.first().map_or(Ok(()), |first| Err(not_taken(refused.len(), first)))
    }

    async fn offer(
        &self,
        entries: Vec<SendMessageBatchRequestEntry>,
    ) -> Result<Vec<BatchResultErrorEntry>, StoreError> {
        let sent = self
            .client
            .send_message_batch()
            .queue_url(&self.url)
            .set_entries(Some(entries))
            .send()
            .await;
        Ok(sent
            .map_err(|error| StoreError::of(SQS, format!("take messages for {}", self.url), error))?
            .failed)
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, messages: &[SyncMessage]) -> Result<(), Failure> {
        for batch in messages.chunks(BATCH) {
            self.send_batch(batch).await?;
        }
        Ok(())
    }
}

/// A message under its number in the batch.
fn entry(number: usize, message: &SyncMessage) -> Result<SendMessageBatchRequestEntry, StoreError> {
    SendMessageBatchRequestEntry::builder()
        .id(number.to_string())
        .message_body(message.body())
        .message_group_id(message.group())
        .message_deduplication_id(message.deduplication())
        .build()
        .map_err(|error| StoreError::Unreachable {
            service: SQS,
            action: format!("take the message for {}", message.subject),
            source: Box::new(error),
        })
}

fn only(
    entries: Vec<SendMessageBatchRequestEntry>,
    refused: &[BatchResultErrorEntry],
) -> Vec<SendMessageBatchRequestEntry> {
    entries
        .into_iter()
        .filter(|entry| refused.iter().any(|refusal| refusal.id() == entry.id()))
        .collect()
}

fn not_taken(count: usize, first: &BatchResultErrorEntry) -> StoreError {
    // SQS says only whose fault it was, not a status.
    let status = if first.sender_fault() { 400 } else { 500 };
    let kind: FailureKind = kind(Some(first.code()), status);
    Refusal {
        service: SQS,
        action: format!("take {count} of the messages"),
        kind,
        code: Some(first.code().to_owned()),
        message: first.message().unwrap_or("it gave no reason").to_owned(),
        request_id: None,
    }
    .into()
}

#[cfg(test)]
mod tests {
    use cosell_model::id::ReferralId;
    use cosell_model::message::{Cause, Subject};
    use uuid::Uuid;

    use super::*;

    fn message(n: u128) -> SyncMessage {
        SyncMessage {
            subject: Subject::Referral(ReferralId::new(Uuid::from_u128(n))),
            cause: Cause::Sweep,
            observed: n.to_string(),
        }
    }

    fn refusal(id: &str, code: &str, sender_fault: bool) -> BatchResultErrorEntry {
        BatchResultErrorEntry::builder()
            .id(id)
            .code(code)
            .sender_fault(sender_fault)
            .build()
            .unwrap()
    }

    #[test]
    fn an_entry_carries_the_messages_group_and_deduplication_id() {
        let entry = entry(3, &message(1)).unwrap();
        assert_eq!(entry.message_group_id(), Some(message(1).group().as_str()));
        assert_eq!(entry.message_deduplication_id(), Some(message(1).deduplication().as_str()));
        assert_eq!(
            SyncMessage::parse(
                entry.message_body(),
                &cosell_model::record_id::RecordIds::guids("dynamics")
            )
            .unwrap(),
            message(1)
        );
    }

    #[test]
    fn only_what_was_refused_is_offered_again() {
        let entries: Vec<_> = (0..10).map(|n| entry(n, &message(n as u128)).unwrap()).collect();
        let again = only(
            entries,
            &[refusal("9", "InternalError", false), refusal("2", "InternalError", false)],
        );
        assert_eq!(
            again.iter().map(SendMessageBatchRequestEntry::id).collect::<Vec<_>>(),
            ["2", "9"]
        );
    }

    #[test]
    fn a_refusal_is_judged_by_its_code_and_by_whose_fault_it_was() {
        assert_eq!(
            not_taken(1, &refusal("0", "InternalError", false)).kind(),
            FailureKind::Transient
        );
        assert_eq!(not_taken(1, &refusal("0", "Unheard", false)).kind(), FailureKind::Transient);
        assert_eq!(
            not_taken(1, &refusal("0", "InvalidMessageContents", true)).kind(),
            FailureKind::Rejected
        );
    }
}
