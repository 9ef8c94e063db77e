//! Notifying a seller outside of a plan's own writes: what the CRM does not let us write, the audit
//! log still knows.

use std::collections::BTreeMap;

use cosell_model::crm::{CrmRecord, CrmWrite};
use serde_json::Value as Json;

use super::Applied;
use crate::failure::{Failure, FailureKind};
use crate::pair::Pair;
use crate::plan::{Action, Plan};
use crate::policy::Table;
use crate::reconciliation::Reconciliation;

impl Reconciliation<'_> {
    /// Writes what the seller of a deal reads that is not linked, or not any more.
    pub(super) async fn notify(&mut self, pair: &Pair, plan: &Plan) -> Result<Applied, Failure> {
        let columns = plan.effects.iter().find_map(|effect| match &effect.action {
            Action::Notify(columns) => Some(columns.clone()),
            _ => None,
        });
        let (Some(record), Some(fields)) = (&pair.record, columns) else {
            return Ok(Applied::Notified { record: None, delivered: true });
        };
        let record = self.notify_on(record, fields).await?;
        let delivered = record.is_some();
        Ok(Applied::Notified { record, delivered })
    }

    /// Writes what the seller of this record reads; gives back the record as it was stored, `None`
    /// where the CRM refused it.
    pub(crate) async fn notify_on(
        &mut self,
        record: &CrmRecord,
        fields: BTreeMap<String, Json>,
    ) -> Result<Option<CrmRecord>, Failure> {
        let table = self.engine.table_of(&record.key);
        match self.update_columns(table, record, CrmWrite { fields, phase: None }).await {
            Ok(stored) => Ok(Some(stored)),
            Err(failure) if failure.kind == FailureKind::Rejected => {
                tracing::warn!(
                    deal = self.journal.deal(),
                    record = %record.key,
                    error = failure.redacted(),
                    "the seller could not be notified"
                );
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Writes the connector's columns of a record. A name that the CRM does not take must not keep
    /// the rest from being written.
    pub(crate) async fn update_columns(
        &mut self,
        table: Table,
        record: &CrmRecord,
        mut write: CrmWrite,
    ) -> Result<CrmRecord, Failure> {
        let name = self.engine.mapping_of(table).marked_name();
        match self.update(table, record, &write).await {
            Err(failure)
                if failure.kind == FailureKind::Rejected
                    && name
                        .is_some_and(|name| write.fields.remove(name.crm.as_str()).is_some()) =>
            {
                self.update(table, record, &write).await
            }
            written => written,
        }
    }
}
