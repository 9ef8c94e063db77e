//! What is to be reconciled again at a certain time: one item for each hour, read by key.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use cosell_model::id::ReferralId;
use cosell_sync::Failure;
use cosell_sync::port::Schedule;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::store_error::StoreError;
use crate::table::{KEY, Table};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// How long an hour's item is kept after it is over: a poller that stood still so long has other
/// worries.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Stands between an entry's time and its referral.
const GAP: char = '#';

/// [`Schedule`] in the links table.
#[derive(Clone, Debug)]
pub struct DynamoSchedule {
    table: Table,
}

#[derive(Deserialize)]
struct Hour {
    entries: BTreeSet<String>,
}

impl DynamoSchedule {
    /// The schedule in this table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    async fn hour(&self, key: &str) -> Result<Vec<(ReferralId, Timestamp)>, StoreError> {
        let hour: Option<Hour> = self.table.get(key).await?;
        let entry = |entry: &String| {
            let (at, referral) = entry.split_once(GAP)?;
            Some((referral.parse().ok()?, at.parse().ok()?))
        };
        let entries = hour.map(|hour| hour.entries).unwrap_or_default();
        entries.iter().map(|text| entry(text).ok_or_else(|| self.table.unreadable(key))).collect()
    }
}

#[async_trait]
impl Schedule for DynamoSchedule {
    async fn note(&self, referral: ReferralId, at: Timestamp) -> Result<(), Failure> {
        let key = key(at);
        let expires = at.saturating_add(KEPT).map_err(|_| self.table.unreadable(&key))?;
        self.table
            .client()
            .update_item()
            .table_name(self.table.name())
            .key(KEY, AttributeValue::S(key.clone()))
            .update_expression("ADD entries :entry SET expires_at = :expires")
            .expression_attribute_values(
                ":entry",
                AttributeValue::Ss(vec![format!("{at}{GAP}{referral}")]),
            )
            .expression_attribute_values(
                ":expires",
                AttributeValue::N(expires.as_second().to_string()),
            )
            .send()
            .await
            .map_err(|error| self.table.error(&format!("write {key}"), error))?;
        Ok(())
    }

    async fn due(
        &self,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(ReferralId, Timestamp)>, Failure> {
        // Hours that are gone are not asked for.
        let oldest = until.saturating_sub(KEPT).unwrap_or(Timestamp::MIN);
        let (mut at, last) = (after.max(oldest), key(until));
        let mut due = Vec::new();
        loop {
            let key = key(at);
            due.extend(self.hour(&key).await?);
            if key == last || at > until {
                break;
            }
            at = at.saturating_add(HOUR).unwrap_or(Timestamp::MAX);
        }
        due.retain(|(_, at)| *at > after && *at <= until);
        Ok(due)
    }
}

/// The item of the hour in which `at` lies.
fn key(at: Timestamp) -> String {
    let hour = at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%dT%H");
    format!("schedule#{hour}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::LocalTables;

    fn at(time: &str) -> Timestamp {
        format!("2026-11-21T{time}Z").parse().unwrap()
    }

    #[tokio::test]
    async fn what_is_noted_is_due_once_its_time_has_come_and_not_before() {
        let local = LocalTables::start().await;
        let schedule = DynamoSchedule::new(local.links());
        let referral: ReferralId = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa".parse().unwrap();
        let other: ReferralId = "8d3f9b10-5b9f-4a2c-9c61-1d6a0be7f001".parse().unwrap();
        for _ in 0..2 {
            schedule.note(referral, at("10:59:30.25")).await.unwrap();
        }
        schedule.note(other, at("13:00:00")).await.unwrap();

        assert_eq!(schedule.due(at("10:00:00"), at("10:59:30")).await.unwrap(), []);
        let noted = (referral, at("10:59:30.25"));
        assert_eq!(schedule.due(at("10:59:30"), at("11:00:00")).await.unwrap(), [noted]);
        assert_eq!(schedule.due(at("10:59:30.25"), at("12:59:59")).await.unwrap(), [], "not twice");
        let both = schedule.due(at("09:00:00"), at("13:00:00")).await.unwrap();
        assert_eq!(both, [noted, (other, at("13:00:00"))], "over several hours");
    }

    #[tokio::test]
    async fn a_poller_that_stood_still_for_years_asks_for_no_more_than_is_kept() {
        let local = LocalTables::start().await;
        let schedule = DynamoSchedule::new(local.links());
        assert_eq!(schedule.due(Timestamp::UNIX_EPOCH, at("10:00:00")).await.unwrap(), []);
    }
}
