//! Fields that the CRM took without a word and did not keep: audited at once, and told to the seller by the next look, with the Audit
//! field's next write.

use std::collections::BTreeMap;

use crate::plan::Update;
use cosell_model::audit::{AuditKind, FieldChange, Side};
use cosell_model::crm::CrmRecord;
use cosell_model::link::NotKept;

use super::Attempt;
use crate::failure::Failure;

impl Attempt<'_> {
    /// What the link notes after this look: what was found now, and what is still to be told.
    pub(super) async fn not_kept(
        &mut self,
        update: &Update,
        written: Option<&CrmRecord>,
    ) -> Result<BTreeMap<String, NotKept>, Failure> {
        let found = written
            .map(|record| update.not_kept(&self.engine.mapping, record, self.look.now))
            .unwrap_or_default();
        self.record_not_kept(&found).await?;
        let untold = update.untold.clone();
        Ok(untold.into_iter().chain(found).collect())
    }

    pub(super) async fn record_not_kept(
        &mut self,
        found: &BTreeMap<String, NotKept>,
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
        self.record(AuditKind::NotKept, message, changes).await
    }
}
