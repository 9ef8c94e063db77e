//! The stored referrals, their stamps and the changes that become events.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp, TimestampRound, Unit};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::switches::{Role, Switches};

/// Whose referral of an engagement one is (contract partner-center 3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Owner {
    Partner,
    Microsoft,
}

/// One stored referral: the document as the service would answer it, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) owner: Owner,
    pub(crate) document: Value,
}

/// Who caused a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cause {
    /// A write of the partner's own application.
    OwnWrite,
    /// A person in the portal, Microsoft, or the service's clock.
    Others,
}

/// A change that events are made from.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) id: String,
    pub(crate) owner: Owner,
    pub(crate) created: bool,
    pub(crate) cause: Cause,
    pub(crate) at: Timestamp,
}

/// All referrals by id.
#[derive(Debug, Default)]
pub(crate) struct Store {
    referrals: BTreeMap<String, Stored>,
    last_stamp: Option<Timestamp>,
    writes: u32,
    pub(crate) changes: Vec<Change>,
}

/// Seven fractional digits, as the service writes dates.
pub(crate) fn seven_digits(at: Timestamp) -> String {
    format!("{at:.7}")
}

/// A text property, empty when absent.
pub(crate) fn text<'a>(document: &'a Value, pointer: &str) -> &'a str {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A date property.
pub(crate) fn date(document: &Value, pointer: &str) -> Option<Timestamp> {
    text(document, pointer).parse().ok()
}

impl Stored {
    /// Whether the role shows this referral (contract partner-center 1.3).
    pub(crate) fn visible(&self, switches: &Switches) -> bool {
        let own =
            |member: &Value| text(member, "/email").eq_ignore_ascii_case(&switches.user_email);
        let team = || self.document["team"].as_array().is_some_and(|team| team.iter().any(own));
        switches.role == Role::Admin || team()
    }
}

impl Store {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Stored> {
        self.referrals.values()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Stored> {
        self.referrals.get(&id.to_ascii_lowercase())
    }

    /// The referral if the role shows it.
    pub(crate) fn visible(&self, id: &str, switches: &Switches) -> Result<&Stored, Refusal> {
        let hidden = StatusCode::from_u16(switches.hidden_status).unwrap_or(StatusCode::NOT_FOUND);
        let stored = self
            .get(id)
            .ok_or_else(|| Refusal::whole(StatusCode::NOT_FOUND, "There is no such referral."))?;
        if stored.visible(switches) {
            Ok(stored)
        } else {
            Err(Refusal::whole(hidden, "There is no such referral for this user."))
        }
    }

    /// The referral that one of both has of an engagement; the newest when there are several.
    pub(crate) fn referral_of(&self, engagement: &str, owner: Owner) -> Option<&Stored> {
        let same = |stored: &&Stored| {
            stored.owner == owner
                && text(&stored.document, "/engagementId").eq_ignore_ascii_case(engagement)
        };
        self.all().filter(same).max_by_key(|stored| date(&stored.document, "/createdDateTime"))
    }

    /// Stores a new or changed document under a fresh stamp and notes the change. Answers what was
    /// stored.
    pub(crate) fn put(&mut self, mut stored: Stored, now: Timestamp, cause: Cause) -> Value {
        let at = self.next_stamp(now);
        self.writes += 1;
        let id = text(&stored.document, "/id").to_ascii_lowercase();
        stored.document["updatedDateTime"] = json!(seven_digits(at));
        stored.document["eTag"] = json!(format!(
            "\"{:08x}-0000-0d00-0000-{:08x}0000\"",
            0x0a00_0000_u32.wrapping_add(self.writes),
            at.as_second()
        ));
        let created = !self.referrals.contains_key(&id);
        if created {
            stored.document["createdDateTime"] = stored.document["updatedDateTime"].clone();
        }
        self.changes.push(Change { id: id.clone(), owner: stored.owner, created, cause, at });
        let document = stored.document.clone();
        self.referrals.insert(id, stored);
        document
    }

    /// Closes what nobody answered in time (contract partner-center 3.6).
    pub(crate) fn expire(&mut self, now: Timestamp) {
        let late = |stored: &&Stored| {
            stored.document["status"] == "New"
                && date(&stored.document, "/expirationDateTime").is_some_and(|end| end <= now)
        };
        let late: Vec<Stored> = self.all().filter(late).cloned().collect();
        for mut stored in late {
            close_expired(&mut stored.document, now);
            self.put(stored, now, Cause::Others);
        }
    }

    /// Stamps strictly increase, also when the clock stands still or goes back.
    fn next_stamp(&mut self, now: Timestamp) -> Timestamp {
        let tick = SignedDuration::from_nanos(100);
        let now = now
            .round(TimestampRound::new().smallest(Unit::Nanosecond).increment(100))
            .unwrap_or(now);
        let least = self.last_stamp.and_then(|last| last.checked_add(tick).ok());
        let at = least.map_or(now, |least| least.max(now));
        self.last_stamp = Some(at);
        at
    }
}

/// Makes a document Closed/Expired.
pub(crate) fn close_expired(document: &mut Value, now: Timestamp) {
    document["status"] = json!("Closed");
    document["substatus"] = json!("Expired");
    document["closedDateTime"] = json!(seven_digits(now));
    document["expirationDateTime"] = Value::Null;
}
