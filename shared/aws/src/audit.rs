//! The audit log: one item an entry, in the order of time.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use cosell_model::audit::AuditEntry;
use cosell_sync::Failure;
use cosell_sync::port::AuditLog;

use crate::table::{KEY, Table};

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// [`AuditLog`] in the audit table.
#[derive(Debug)]
pub struct DynamoAudit {
    table: Table,
    retention_days: Option<u32>,
    /// Tells entries of one invocation and instant apart and keeps their order.
    counter: AtomicU64,
}

impl DynamoAudit {
    /// An audit log in this table whose entries expire after `retention_days`; `None` keeps them
    /// for ever.
    pub fn new(table: Table, retention_days: Option<u32>) -> Self {
        Self { table, retention_days, counter: AtomicU64::new(0) }
    }

    /// `2026-09-30T08:15:00.000000000Z#INVOCATION#00000000`: fixed width where order depends on it.
    fn position(&self, entry: &AuditEntry) -> String {
        let counter = self.counter.fetch_add(1, Ordering::Relaxed);
        format!("{:.9}#{}#{counter:08}", entry.at, entry.invocation)
    }
}

#[async_trait]
impl AuditLog for DynamoAudit {
    async fn append(&self, entry: &AuditEntry) -> Result<(), Failure> {
        let mut item = self.table.item(&entry.pair, entry)?;
        item.insert("sk".to_owned(), AttributeValue::S(self.position(entry)));
        if let Some(days) = self.retention_days {
            let expires = entry.at.as_second() + i64::from(days) * SECONDS_A_DAY;
            item.insert("expires_at".to_owned(), AttributeValue::N(expires.to_string()));
        }
        let written = self.table.put(item).send().await;
        written.map_err(|error| {
            self.table.error(&format!("append to the audit log of {}", entry.pair), error)
        })?;
        Ok(())
    }

    async fn of_pair(&self, pair: &str) -> Result<Vec<AuditEntry>, Failure> {
        let mut pages = self
            .table
            .client()
            .query()
            .table_name(self.table.name())
            .key_condition_expression("#pk = :pair")
            .expression_attribute_names("#pk", KEY)
            .expression_attribute_values(":pair", AttributeValue::S(pair.to_owned()))
            .consistent_read(true)
            .into_paginator()
            .send();
        let mut entries = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                self.table.error(&format!("read the audit log of {pair}"), error)
            })?;
            for item in page.items.unwrap_or_default() {
                entries.push(self.table.read(pair, item)?);
            }
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use cosell_model::audit::{AuditKind, FieldChange, Side, UndecidedField};
    use cosell_model::message::Cause;
    use cosell_model::notice::Notice;
    use cosell_model::value::Value;
    use jiff::Timestamp;

    use super::*;
    use crate::local::LocalTables;

    fn entry(at: &str, message: &str) -> AuditEntry {
        AuditEntry {
            pair: "referral#1".into(),
            at: at.parse().unwrap(),
            kind: AuditKind::Updated,
            cause: Cause::CrmPoll,
            message: message.into(),
            notices: vec![Notice::DecisionNeeded { field: "name".into() }],
            changes: vec![FieldChange {
                field: "value".into(),
                side: Side::PartnerCenter,
                before: Value::Nothing,
                after: Value::Number("184000.5".parse().unwrap()),
                overruled: None,
            }],
            undecided: vec![UndecidedField {
                field: "name".into(),
                partner_center: Value::text("Harbour"),
                crm: Value::Nothing,
            }],
            partner_center_request: Some("R1".into()),
            crm_request: None,
            invocation: "i1".into(),
        }
    }

    #[tokio::test]
    async fn an_audit_log_is_read_in_the_order_of_time_whatever_the_order_of_writing() {
        let local = LocalTables::start().await;
        let audit = DynamoAudit::new(local.audit(), None);
        let written = [
            ("2026-09-01T08:00:01Z", "c"),
            ("2026-09-01T08:00:00Z", "a"),
            ("2026-09-01T08:00:00.5Z", "b"),
            ("2026-09-01T08:00:01Z", "d"),
        ];
        for (at, message) in written {
            audit.append(&entry(at, message)).await.unwrap();
        }
        let mut other = entry("2026-09-01T08:00:00Z", "another pair's");
        other.pair = "referral#2".into();
        audit.append(&other).await.unwrap();

        let entries = audit.of_pair("referral#1").await.unwrap();
        assert_eq!(
            entries.iter().map(|entry| entry.message.as_str()).collect::<Vec<_>>(),
            ["a", "b", "c", "d"]
        );
        assert_eq!(entries[2], entry("2026-09-01T08:00:01Z", "c"), "nothing is lost on the way");
    }

    #[tokio::test]
    async fn an_audit_log_of_several_pages_is_read_to_its_end() {
        let local = LocalTables::start().await;
        let audit = DynamoAudit::new(local.audit(), None);
        let long = "x".repeat(300_000); // a page ends at 1 MB
        for _ in 0..5 {
            audit.append(&entry("2026-09-01T08:00:00Z", &long)).await.unwrap();
        }
        assert_eq!(audit.of_pair("referral#1").await.unwrap().len(), 5);
    }

    #[tokio::test]
    async fn entries_expire_after_the_retention_and_without_one_never() {
        let local = LocalTables::start().await;
        let at: Timestamp = "2026-09-01T08:00:00Z".parse().unwrap();
        DynamoAudit::new(local.audit(), Some(400))
            .append(&entry("2026-09-01T08:00:00Z", "kept a while"))
            .await
            .unwrap();
        let mut kept = entry("2026-09-01T08:00:00Z", "kept");
        kept.pair = "referral#2".into();
        DynamoAudit::new(local.audit(), None).append(&kept).await.unwrap();

        let expiry = |pair: &'static str| local.attribute_of_pair(pair, "expires_at");
        assert_eq!(
            expiry("referral#1").await,
            Some(AttributeValue::N((at.as_second() + 400 * 86_400).to_string()))
        );
        assert_eq!(expiry("referral#2").await, None);
    }
}
