//! A linked pair, read on both sides: is it still a pair?
//!
//! A half that is gone leaves a tombstone on the link. Neither half is given another counterpart then: what was deleted on one side
//! must not come back as a new deal on the other. A half that comes back (an undeleted record, a role given again) revives the pair.

use std::time::Duration;

use crate::plan::{Halves, Note, accepted_as_lead};
use cosell_model::audit::AuditKind;
use cosell_model::crm::{CrmRecord, CrmWrite};
use cosell_model::link::{DisconnectReason, Link, Tombstone};
use cosell_model::message::Cause;
use cosell_model::referral::Referral;
use jiff::SignedDuration;
use serde_json::Value as Json;

use super::{Attempt, Outcome};
use crate::failure::Failure;

/// How long messages of a pair wait for an invisible referral, and how often they ask: far fewer times than make a dead letter.
const MAY_COME_BACK: SignedDuration = SignedDuration::from_hours(24);
const LOOK_AGAIN: Duration = Duration::from_mins(10);

impl Attempt<'_> {
    /// Reads both sides side by side and brings them in step.
    pub(super) async fn bring_in_step(
        &mut self,
        link: Link,
        microsoft: Option<Referral>,
    ) -> Result<Outcome, Failure> {
        let engine = self.engine;
        if let Some(tombstone) = link
            .tombstone
            .as_ref()
            .filter(|tombstone| tombstone.reason == DisconnectReason::Unlinked)
        {
            return Ok(
                self.quietly(AuditKind::Skipped, format!("Not synced: {}.", tombstone.reason))
            );
        }
        if self.is_out_of_reach(&link.crm) {
            let message = "Not synced: the deal is a lead, and leads are not synced any more.";
            return self.end(AuditKind::Skipped, message.into()).await;
        }
        if let Some(until) = link
            .activity
            .paused_until(self.look.now)
            .filter(|_| self.look.message.cause != Cause::Operator)
        {
            let message = "the pair keeps changing back and forth and is looked at less often";
            return Err(Failure::postponed(self.look.now, until, message));
        }
        let (referral, record, microsoft) = futures::try_join!(
            engine.partner_center.get(link.referral),
            engine.crm.get(&link.crm),
            self.half(&link, microsoft)
        )?;
        let (referral, record) = match Halves::of(referral, record) {
            Halves::Both(referral, record) => (*referral, *record),
            Halves::Parted(reason, left) => {
                return self.part(link, reason, left.map(|record| *record)).await;
            }
        };
        let is_on = record.get(engine.mapping.columns.sync.as_str()) == &Json::Bool(true);
        let is_opportunity = if is_on {
            self.is_lead(&link.crm) && accepted_as_lead(&referral, &record)
        } else {
            self.goes_on_without_lead(&referral, &record).await?
        };
        if is_opportunity {
            return Box::pin(self.become_opportunity(link, referral, record, microsoft)).await;
        }
        if !is_on {
            self.revive(link).await?;
            return self
                .end(
                    AuditKind::Skipped,
                    "Not synced: Sync with Partner Center was switched off.".into(),
                )
                .await;
        }
        let link = self.revive(link).await?;
        self.update(link, referral, record, microsoft).await
    }

    /// The pair has parted: told to the seller who is left, and remembered.
    pub(super) async fn part(
        &mut self,
        link: Link,
        reason: DisconnectReason,
        left: Option<CrmRecord>,
    ) -> Result<Outcome, Failure> {
        let message = format!("Not synced any more: {reason}.");
        let known = link.tombstone.as_ref().filter(|tombstone| tombstone.reason == reason);
        let since = known.map_or(self.look.now, |tombstone| tombstone.at);
        // A role that comes back tells nobody: until then the messages wait, for edits may have been made.
        let waits = reason == DisconnectReason::ReferralInvisible
            && self.look.now.duration_since(since) < MAY_COME_BACK;
        let again = waits.then_some(LOOK_AGAIN);
        if known.is_some() {
            let outcome = self.quietly(AuditKind::Skipped, message);
            return Ok(Outcome { again, ..outcome });
        }
        let sync = &self.engine.mapping.columns.sync;
        if let Some(record) = left.filter(|record| {
            !record.is_read_only() && record.get(sync.as_str()) == &Json::Bool(true)
        }) {
            self.tell(&record, Note::Parted(vec![message.clone()])).await?;
        }
        let link = Link {
            tombstone: Some(Tombstone { reason, at: self.look.now }),
            updated: self.look.now,
            ..link
        };
        self.engine.links.save(&link).await?;
        let outcome = self.end(AuditKind::Disconnected, message).await?;
        Ok(Outcome { again, ..outcome })
    }

    async fn revive(&mut self, link: Link) -> Result<Link, Failure> {
        let Some(tombstone) = &link.tombstone else {
            return Ok(link);
        };
        let message = format!("Both halves are there again (it was: {}).", tombstone.reason);
        let link = Link { tombstone: None, updated: self.look.now, ..link };
        let link = self.engine.links.save(&link).await?;
        self.record(AuditKind::Restored, message, Vec::new()).await?;
        Ok(link)
    }

    /// Tells the seller, unless the record says so already.
    pub(super) async fn tell(&mut self, record: &CrmRecord, note: Note) -> Result<(), Failure> {
        let mut write = CrmWrite::default();
        self.told(None).add_to(&mut write, Some(record), &note);
        if !write.is_empty() {
            self.intend("About to tell the seller.", Vec::new()).await?;
            let stored = self.engine.crm.update(&record.key, &record.version, &write).await?;
            self.trail.crm_request = stored.request_id;
        }
        Ok(())
    }
}
