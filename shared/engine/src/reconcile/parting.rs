//! A linked pair, read on both sides: is it still a pair?
//!
//! A half that is gone leaves a tombstone on the link. Neither half is given another counterpart then: what was deleted on one side
//! must not come back as a new deal on the other. A half that comes back (an undeleted record, a role given again) revives the pair.

use cosell_core::audit::AuditKind;
use cosell_core::crm::{CrmRecord, CrmWrite};
use cosell_core::link::{Link, Parting, Tombstone};
use cosell_core::message::Cause;
use cosell_core::plan::Note;
use cosell_core::referral::Referral;
use serde_json::Value as Json;

use super::{Attempt, Outcome};
use crate::failure::Failure;

impl Attempt<'_> {
    /// Reads both sides side by side and brings them in step.
    pub(super) async fn bring_in_step(&mut self, link: Link, microsoft: Option<Referral>) -> Result<Outcome, Failure> {
        let engine = self.engine;
        if let Some(tombstone) = link.tombstone.as_ref().filter(|tombstone| tombstone.parting == Parting::Unlinked) {
            return Ok(self.quietly(AuditKind::Skipped, format!("Not synced: {}.", tombstone.parting)));
        }
        if let Some(until) = link
            .activity
            .paused_until(self.look.now)
            .filter(|_| self.look.message.cause != Cause::Operator)
        {
            let message = "the pair keeps changing back and forth and is looked at less often";
            return Err(Failure::postponed(self.look.now, until, message));
        }
        let (referral, record) = futures::try_join!(engine.partner_center.get(link.referral), engine.crm.get(&link.crm))?;
        let (referral, record) = match (referral, record) {
            (_, None) => return self.part(link, Parting::RecordDeleted, None).await,
            (
                _,
                Some(CrmRecord {
                    merged_into: Some(into), ..
                }),
            ) => return self.part(link, Parting::RecordMerged(into), None).await,
            (None, Some(record)) => return self.part(link, Parting::ReferralInvisible, Some(record)).await,
            (Some(referral), Some(record)) => (referral, record),
        };
        let link = self.revive(link).await?;
        if record.get(&engine.mapping.columns.sync) != &Json::Bool(true) {
            return self
                .end(AuditKind::Skipped, "Not synced: Sync with Partner Center was switched off.".into())
                .await;
        }
        self.update(link, referral, record, microsoft).await
    }

    /// The pair has parted: told to the seller who is left, and remembered.
    async fn part(&mut self, link: Link, parting: Parting, left: Option<CrmRecord>) -> Result<Outcome, Failure> {
        let message = format!("Not synced any more: {parting}.");
        if link.tombstone.as_ref().is_some_and(|tombstone| tombstone.parting == parting) {
            return Ok(self.quietly(AuditKind::Skipped, message));
        }
        let sync = &self.engine.mapping.columns.sync;
        if let Some(record) = left.filter(|record| !record.is_read_only() && record.get(sync) == &Json::Bool(true)) {
            self.tell(&record, vec![message.clone()]).await?;
        }
        let link = Link {
            tombstone: Some(Tombstone {
                parting,
                at: self.look.now,
            }),
            updated: self.look.now,
            ..link
        };
        self.engine.links.save(&link).await?;
        self.end(AuditKind::Parted, message).await
    }

    async fn revive(&mut self, link: Link) -> Result<Link, Failure> {
        let Some(tombstone) = &link.tombstone else { return Ok(link) };
        let message = format!("Both halves are there again (it was: {}).", tombstone.parting);
        let link = Link {
            tombstone: None,
            updated: self.look.now,
            ..link
        };
        let link = self.engine.links.save(&link).await?;
        self.record(AuditKind::Restored, message, Vec::new()).await?;
        Ok(link)
    }

    /// Tells the seller what a person must mend, unless the record says so already.
    pub(super) async fn tell(&mut self, record: &CrmRecord, problems: Vec<String>) -> Result<(), Failure> {
        let mut write = CrmWrite::default();
        self.told(None).add_to(&mut write, Some(record), &Note::Failed(problems));
        if !write.is_empty() {
            self.intend("About to tell the seller.", Vec::new()).await?;
            let stored = self.engine.crm.update(&record.key, &record.version, &write).await?;
            self.trail.crm_request = stored.request_id;
        }
        Ok(())
    }
}
