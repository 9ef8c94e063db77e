//! What a delivery says (contract partner-center 4.2 and 4.3): which referral to look at. It
//! carries no data of it.

use std::fmt;

use cosell_model::id::ReferralId;
use cosell_model::message::{Cause, Subject, SyncMessage};
use serde_json::Value as Json;

use crate::property::text;
use crate::signature::VerifiedEvent;

/// The events of a registration; unrelated ones share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventName {
    /// A referral of ours was created.
    ReferralCreated,
    /// A referral of ours changed; our own writes count.
    ReferralUpdated,
    /// Another referral of the engagement, such as the Microsoft referral, was created.
    RelatedReferralCreated,
    /// Another referral of the engagement changed.
    RelatedReferralUpdated,
    /// The test that an operator asked for.
    TestCreated,
    /// An event of other Partner Center features: accepted and ignored.
    Other(String),
}

impl EventName {
    /// The events that this product registers for.
    pub const REGISTERED: [&str; 5] = [
        "referral-created",
        "referral-updated",
        "related-referral-created",
        "related-referral-updated",
        "test-created",
    ];

    fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "referral-created" => Self::ReferralCreated,
            "referral-updated" => Self::ReferralUpdated,
            "related-referral-created" => Self::RelatedReferralCreated,
            "related-referral-updated" => Self::RelatedReferralUpdated,
            "test-created" => Self::TestCreated,
            _ => Self::Other(text.chars().take(64).collect()),
        }
    }

    /// Whether it is about a referral.
    pub fn concerns_referral(&self) -> bool {
        !matches!(self, Self::TestCreated | Self::Other(_))
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReferralCreated => "referral-created",
            Self::ReferralUpdated => "referral-updated",
            Self::RelatedReferralCreated => "related-referral-created",
            Self::RelatedReferralUpdated => "related-referral-updated",
            Self::TestCreated => "test-created",
            Self::Other(name) => name,
        })
    }
}

/// A signed body that is no event. Repeating the delivery would not help: accept, log and forget
/// it.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Not JSON.
    #[error("the signed body is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// JSON without a name.
    #[error("the signed body has no `EventName`")]
    NoName,
}

/// An event that Partner Center signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEvent {
    /// What happened.
    pub name: EventName,
    /// The referral it happened to; `None` for other events, or when `ResourceUri` ends in no GUID.
    pub resource: Option<ReferralId>,
    /// `ResourceChangeUtcDate` as sent.
    pub changed: Option<String>,
    received: String,
}

impl WebhookEvent {
    /// Reads an event. Property names are case-insensitive. Of `ResourceUri` only the last path
    /// segment counts: its host and path come in several forms, and we never call an address from a
    /// payload.
    pub fn parse(verified: &VerifiedEvent<'_>) -> Result<Self, EventError> {
        let body = verified.body();
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let json: Json = serde_json::from_slice(body).map_err(EventError::NotJson)?;
        let name = EventName::parse(text(&json, "EventName").ok_or(EventError::NoName)?);
        let resource = text(&json, "ResourceUri")
            .filter(|_| name.concerns_referral())
            .and_then(last_segment_id);
        let changed =
            text(&json, "ResourceChangeUtcDate").map(|date| date.chars().take(64).collect());
        Ok(Self { name, resource, changed, received: verified.received().to_string() })
    }

    /// The message for the sync queue, if the event names a referral.
    ///
    /// Repeated deliveries of one change have the same `observed`. Without a date of change it is
    /// the time of receipt: better to look once too often than to take a second change for a
    /// repetition.
    pub fn sync_message(&self) -> Option<SyncMessage> {
        let observed =
            format!("{}@{}", self.name, self.changed.as_deref().unwrap_or(&self.received));
        Some(SyncMessage {
            subject: Subject::Referral(self.resource?),
            cause: Cause::Webhook,
            observed,
        })
    }
}

fn last_segment_id(uri: &str) -> Option<ReferralId> {
    let path = uri.split(['?', '#']).next()?;
    path.trim_end_matches('/').rsplit('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests;
