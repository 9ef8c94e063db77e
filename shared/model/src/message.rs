//! The message on the sync queue: "reconcile this deal". It never carries data to apply.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::crm::CrmKey;
use crate::id::ReferralId;
use crate::record_id::RecordIds;

/// One side of a pair: what is to be reconciled.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A referral.
    Referral(ReferralId),
    /// A CRM record.
    Crm(CrmKey),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Referral(id) => write!(f, "referral#{id}"),
            Self::Crm(key) => write!(f, "crm#{key}"),
        }
    }
}

impl Subject {
    /// Reads what [`fmt::Display`] writes.
    pub fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(4, '#').collect();
        match parts[..] {
            ["referral", id] => id.parse().ok().map(Self::Referral),
            ["crm", system, entity, id] => Some(Self::Crm(CrmKey {
                system: system.to_owned(),
                entity: entity.to_owned(),
                id: id.to_owned(),
            })),
            _ => None,
        }
    }
}

/// Why a deal is reconciled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Partner Center notified us.
    Webhook,
    /// The poller found a changed, flagged CRM record.
    CrmPoll,
    /// The poller's sweep found a changed referral.
    Sweep,
    /// A time has come: a deadline is near, a win may be sent, or a refused deal is tried again.
    Due,
    /// An operator asked.
    Operator,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Webhook => "webhook",
            Self::CrmPoll => "crm-poll",
            Self::Sweep => "sweep",
            Self::Due => "due",
            Self::Operator => "operator",
        })
    }
}

/// A message body that no version of ours wrote: poison, dropped and audited, never retried.
#[derive(Debug, thiserror::Error)]
#[error("not a sync message")]
pub struct PoisonMessage(#[source] serde_json::Error);

/// What travels on the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncMessage {
    /// What to reconcile.
    pub subject: Subject,
    /// Why.
    pub cause: Cause,
    /// What caused it: the change's own version or time. It only distinguishes repeated messages of
    /// one change.
    pub observed: String,
}

impl SyncMessage {
    /// The queue's message body.
    pub fn body(&self) -> String {
        serde_json::json!({
            "subject": self.subject, "cause": self.cause, "observed": self.observed
        })
        .to_string()
    }

    /// Reads a message body. People send messages too, with `ids` as they found them.
    pub fn parse(body: &str, ids: &RecordIds) -> Result<Self, PoisonMessage> {
        let message: Self = serde_json::from_str(body).map_err(PoisonMessage)?;
        let subject = match message.subject {
            Subject::Crm(key) => Subject::Crm(ids.canonical_key(key)),
            subject @ Subject::Referral(_) => subject,
        };
        Ok(Self { subject, ..message })
    }

    /// The FIFO message group: notices of one subject are handled in order, others in parallel.
    pub fn group(&self) -> String {
        fifo_id(&self.subject.to_string())
    }

    /// The FIFO deduplication id: one notice per change and cause within the queue's five minutes.
    pub fn deduplication(&self) -> String {
        fifo_id(&format!("{}/{}/{}", self.cause, self.observed, self.subject))
    }
}

/// SQS takes at most 128 characters: letters, digits and punctuation.
fn fifo_id(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: RecordIds = RecordIds::guids("dynamics");

    fn message() -> SyncMessage {
        let key = CrmKey {
            system: "dynamics".into(),
            entity: "opportunity".into(),
            id: "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77".into(),
        };
        SyncMessage {
            subject: Subject::Crm(key),
            cause: Cause::CrmPoll,
            observed: "W/\"48213377\"".into(),
        }
    }

    #[test]
    fn a_message_survives_the_queue() {
        assert_eq!(SyncMessage::parse(&message().body(), &IDS).unwrap(), message());
    }

    #[test]
    fn another_change_has_another_deduplication_id_but_the_same_group() {
        let mut later = message();
        later.observed = "W/\"48213378\"".into();
        assert_eq!(later.group(), message().group());
        assert_ne!(later.deduplication(), message().deduplication());
        assert!(later.deduplication().len() <= 128);
    }

    #[test]
    fn a_record_is_named_by_one_id_whatever_its_spelling_in_the_message() {
        let written = message().body().replace(
            "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77",
            "{6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77}",
        );
        assert_eq!(SyncMessage::parse(&written, &IDS).unwrap(), message());
    }

    #[test]
    fn a_subject_is_read_from_its_text() {
        let referral = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa".parse().unwrap();
        for subject in [message().subject, Subject::Referral(referral)] {
            assert_eq!(Subject::read(&subject.to_string()), Some(subject));
        }
        assert_eq!(Subject::read("claim#poller"), None);
    }

    #[test]
    fn a_foreign_body_is_poison() {
        assert!(SyncMessage::parse("{\"hello\":1}", &IDS).is_err());
    }
}
