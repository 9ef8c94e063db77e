//! Fields that the CRM took without a word and did not keep: audited at once, and told to the seller by the next look, with the Audit
//! field's next write.

use std::collections::BTreeMap;

use crate::plan::Update;
use cosell_model::audit::{AuditKind, FieldChange, Side};
use cosell_model::crm::CrmRecord;
use cosell_model::link::DroppedWrite;

use super::Attempt;
use crate::failure::Failure;

impl Attempt<'_> {
    /// What the link notes after this look: what was found now, and what is still to be told.
    pub(super) async fn dropped_writes(
        &mut self,
        update: &Update,
        written: Option<&CrmRecord>,
    ) -> Result<BTreeMap<String, DroppedWrite>, Failure> {
        let found = written
            .map(|record| update.dropped_writes(&self.engine.mapping, record, self.look.now))
            .unwrap_or_default();
        self.record_dropped_writes(&found).await?;
        let untold = update.untold.clone();
        Ok(untold.into_iter().chain(found).collect())
    }

    pub(super) async fn record_dropped_writes(
        &mut self,
        found: &BTreeMap<String, DroppedWrite>,
    ) -> Result<(), Failure> {
        if found.is_empty() {
            return Ok(());
        }
        let labels: Vec<&str> =
            found.keys().map(|field| self.engine.mapping.label(field)).collect();
        let lost =
            |change: &&FieldChange| change.side == Side::Crm && found.contains_key(&change.field);
        let changes = self.trail.done.iter().filter(lost).cloned().collect();
        let message = format!("Not taken over by the CRM: {}.", labels.join(", "));
        self.record(AuditKind::DroppedWrite, message, changes).await
    }
}
