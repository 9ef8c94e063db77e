//! Exclusive, expiring claims: one conditional write each.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use cosell_sync::Failure;
use cosell_sync::port::{Claim, Claims};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::store_error::StoreError;
use crate::table::{Item, Table, Written};

/// How long a claim is remembered after it ran out. While it is, the next holder learns that work
/// may be half done, so it must outlast the messages that can repeat the work: 14 days in the queue
/// and 14 more as a dead letter.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// [`Claims`] in the links table.
#[derive(Clone, Debug)]
pub struct DynamoClaims {
    table: Table,
}

#[derive(Serialize, Deserialize)]
struct Held {
    holder: String,
    /// Milliseconds since 1970: the claim counts while this is later than now.
    until: i64,
    /// Seconds since 1970, the table's TTL.
    expires_at: i64,
}

impl DynamoClaims {
    /// Claims in this table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// Until when somebody else holds it, from the item that stood in the way.
    fn until(&self, key: &str, item: Item) -> Result<Timestamp, StoreError> {
        let held: Held = self.table.read(key, item)?;
        Timestamp::from_millisecond(held.until).map_err(|_| self.table.unreadable(key))
    }
}

#[async_trait]
impl Claims for DynamoClaims {
    async fn claim(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        lasts: SignedDuration,
    ) -> Result<Claim, Failure> {
        let key = claim_key(name);
        let until = now.saturating_add(lasts).map_err(|_| self.table.unreadable(&key))?;
        let expires = until.saturating_add(REMEMBERED).map_err(|_| self.table.unreadable(&key))?;
        let held = Held {
            holder: holder.to_owned(),
            until: until.as_millisecond(),
            expires_at: expires.as_second(),
        };
        let put = self
            .table
            .put(self.table.item(&key, &held)?)
            .condition_expression("attribute_not_exists(pk) OR #until <= :now OR #holder = :me")
            .expression_attribute_names("#until", "until")
            .expression_attribute_names("#holder", "holder")
            .expression_attribute_values(
                ":now",
                AttributeValue::N(now.as_millisecond().to_string()),
            )
            .expression_attribute_values(":me", AttributeValue::S(holder.to_owned()))
            .return_values(ReturnValue::AllOld);
        match self.table.write(put, || format!("write {key}")).await? {
            Written::Done(None) => Ok(Claim::Fresh),
            Written::Done(Some(_)) => Ok(Claim::TakenOver),
            Written::Refused(stored) => Ok(Claim::Held { until: self.until(&key, stored)? }),
        }
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), Failure> {
        let key = claim_key(name);
        let deleted = self
            .table
            .delete(&key)
            .condition_expression("#holder = :me")
            .expression_attribute_names("#holder", "holder")
            .expression_attribute_values(":me", AttributeValue::S(holder.to_owned()))
            .send()
            .await;
        match deleted {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Err(self.table.error(&format!("delete {key}"), error).into())
            }
            _ => Ok(()),
        }
    }

    async fn is_claimed(&self, name: &str, now: Timestamp) -> Result<bool, Failure> {
        let held: Option<Held> = self.table.get(&claim_key(name)).await?;
        Ok(held.is_some_and(|held| held.until > now.as_millisecond()))
    }
}

fn claim_key(name: &str) -> String {
    format!("claim#{name}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::local::LocalTables;

    const LASTS: SignedDuration = SignedDuration::from_secs(60);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[tokio::test]
    async fn of_sixteen_that_race_exactly_one_is_fresh() {
        let local = LocalTables::start().await;
        let claims = Arc::new(DynamoClaims::new(local.links()));
        let mut racers = tokio::task::JoinSet::new();
        for racer in 0..16 {
            let claims = Arc::clone(&claims);
            racers.spawn(async move {
                claims.claim("opportunity", &format!("racer-{racer}"), at(0), LASTS).await.unwrap()
            });
        }
        let outcomes = racers.join_all().await;
        assert_eq!(
            outcomes.iter().filter(|claim| **claim == Claim::Fresh).count(),
            1,
            "{outcomes:?}"
        );
        assert_eq!(
            outcomes.iter().filter(|claim| **claim == Claim::Held { until: at(60) }).count(),
            15,
            "{outcomes:?}"
        );
    }

    #[tokio::test]
    async fn an_expired_claim_is_taken_over_and_ones_own_is_renewed() {
        let local = LocalTables::start().await;
        let claims = DynamoClaims::new(local.links());
        assert_eq!(claims.claim("poll", "a", at(0), LASTS).await.unwrap(), Claim::Fresh);
        assert_eq!(claims.claim("poll", "a", at(30), LASTS).await.unwrap(), Claim::TakenOver);
        assert_eq!(
            claims.claim("poll", "b", at(89), LASTS).await.unwrap(),
            Claim::Held { until: at(90) }
        );
        assert_eq!(claims.claim("poll", "b", at(90), LASTS).await.unwrap(), Claim::TakenOver);
    }

    #[tokio::test]
    async fn only_the_holder_gives_a_claim_back() {
        let local = LocalTables::start().await;
        let claims = DynamoClaims::new(local.links());
        claims.claim("poll", "a", at(0), LASTS).await.unwrap();
        claims.release("poll", "b").await.unwrap();
        assert!(claims.is_claimed("poll", at(59)).await.unwrap());
        assert!(!claims.is_claimed("poll", at(60)).await.unwrap());
        claims.release("poll", "a").await.unwrap();
        assert!(!claims.is_claimed("poll", at(0)).await.unwrap());
        claims.release("poll", "a").await.unwrap();
        assert_eq!(claims.claim("poll", "b", at(1), LASTS).await.unwrap(), Claim::Fresh);
    }

    #[tokio::test]
    async fn a_claim_expires_long_after_every_message_that_could_repeat_its_work() {
        let local = LocalTables::start().await;
        DynamoClaims::new(local.links()).claim("poll", "a", at(0), LASTS).await.unwrap();
        let held: Held = local.links().get("claim#poll").await.unwrap().unwrap();
        assert_eq!(held.expires_at, at(60).as_second() + 30 * 86_400);
    }
}
