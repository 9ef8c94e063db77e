//! How far the poller has read each system.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use cosell_sync::Failure;
use cosell_sync::port::Cursors;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::table::Table;

/// [`Cursors`] in the links table. A cursor never moves backwards: an older position is ignored,
/// because the newer one was saved by a run that had read everything before it.
#[derive(Clone, Debug)]
pub struct DynamoCursors {
    table: Table,
}

#[derive(Serialize, Deserialize)]
struct Position {
    /// RFC 3339 in UTC with nine decimals, so that text order is time order.
    at: String,
}

impl DynamoCursors {
    /// Cursors in this table.
    pub fn new(table: Table) -> Self {
        Self { table }
    }
}

#[async_trait]
impl Cursors for DynamoCursors {
    async fn load(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        let key = cursor_key(name);
        let position: Option<Position> = self.table.get(&key).await?;
        let at = position
            .map(|position| position.at.parse().map_err(|_| self.table.unreadable(&key)))
            .transpose()?;
        Ok(at)
    }

    async fn save(&self, name: &str, at: Timestamp) -> Result<(), Failure> {
        let key = cursor_key(name);
        let position = Position { at: format!("{at:.9}") };
        let put = self
            .table
            .put(self.table.item(&key, &position)?)
            .condition_expression("attribute_not_exists(pk) OR #at < :at")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":at", AttributeValue::S(position.at));
        self.table.write(put, || format!("write {key}")).await?;
        Ok(())
    }
}

fn cursor_key(name: &str) -> String {
    format!("cursor#{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::LocalTables;

    #[tokio::test]
    async fn a_cursor_moves_forwards_only() {
        let local = LocalTables::start().await;
        let cursors = DynamoCursors::new(local.links());
        let early: Timestamp = "2026-09-01T08:00:00Z".parse().unwrap();
        let late: Timestamp = "2026-09-01T08:00:00.0000001Z".parse().unwrap();

        assert_eq!(cursors.load("crm").await.unwrap(), None);
        cursors.save("crm", early).await.unwrap();
        assert_eq!(cursors.load("crm").await.unwrap(), Some(early));
        cursors.save("crm", late).await.unwrap();
        cursors.save("crm", early).await.unwrap();
        assert_eq!(cursors.load("crm").await.unwrap(), Some(late));
        assert_eq!(cursors.load("referrals").await.unwrap(), None, "cursors are apart");
    }
}
