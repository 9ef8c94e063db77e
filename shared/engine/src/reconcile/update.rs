//! A pair we know.

use cosell_core::audit::{AuditKind, Side};
use cosell_core::crm::{CrmRecord, CrmWrite};
use cosell_core::link::Link;
use cosell_core::plan::{Note, Update, Written, microsoft_crm_id, plan_update};
use cosell_core::referral::Referral;

use super::{Attempt, Outcome};
use crate::failure::Failure;

impl Attempt<'_> {
    /// Reads both sides side by side and brings them in step.
    pub(super) async fn bring_in_step(&mut self, link: Link, microsoft: Option<Referral>) -> Result<Outcome, Failure> {
        let engine = self.engine;
        let (referral, record) = futures::try_join!(engine.partner_center.get(link.referral), engine.crm.get(&link.crm))?;
        let Some(referral) = referral else {
            return self
                .end(
                    AuditKind::Skipped,
                    "Not synced: the referral is no longer visible to our user.".into(),
                )
                .await;
        };
        let Some(record) = record else {
            return self
                .end(AuditKind::Skipped, "Not synced: the record no longer exists in the CRM.".into())
                .await;
        };
        let link = self.finish_invitation(link, &record).await?;
        self.update(link, referral, record, microsoft.as_ref()).await
    }

    /// Writes the smallest change to each side: Partner Center first, so that the seller is told what really happened there.
    pub(super) async fn update(
        &mut self,
        link: Link,
        referral: Referral,
        record: CrmRecord,
        microsoft: Option<&Referral>,
    ) -> Result<Outcome, Failure> {
        self.trail.partner_center_request.clone_from(&referral.request_id);
        self.trail.crm_request.clone_from(&record.request_id);
        self.trail.record = Some(record.clone());
        let update = plan_update(&self.engine.mapping, &link, &referral, &record);
        let microsoft_crm_id = microsoft.and_then(microsoft_crm_id).or_else(|| microsoft_crm_id(&referral));
        let referral = self.patch_referral(&update, referral).await?;
        let record = self.write_record(&update, record, microsoft_crm_id).await?;
        let seen = update.seen(
            &self.engine.mapping,
            &link,
            &Written {
                referral: &referral,
                record: &record,
            },
        );
        self.trail.done = update.stored_changes(&seen);
        let microsoft_referral = link.microsoft_referral.or(microsoft.map(|half| half.id));
        if seen != link.seen || microsoft_referral != link.microsoft_referral {
            let (crm_version, referral_etag) = (record.version.clone(), referral.etag.as_str().to_owned());
            let link = Link {
                seen,
                crm_version,
                referral_etag,
                microsoft_referral,
                updated: self.look.now,
                ..link
            };
            self.engine.links.save(&link).await?;
        }
        let kind = match () {
            () if update.has_conflict() => AuditKind::Conflict,
            () if !update.changes.is_empty() => AuditKind::Updated,
            () if update.held.iter().any(|held| !held.retry) => AuditKind::Rejected,
            () => AuditKind::Unchanged,
        };
        let message = if update.notes.is_empty() {
            "Both sides are in step.".to_owned()
        } else {
            update.notes.join(" ")
        };
        // Every write comes back as a notice that finds nothing to do: the log tells of it, the trail would only drown.
        if kind == AuditKind::Unchanged {
            return Ok(Outcome {
                kind,
                pair: self.trail.pair(),
                message,
            });
        }
        self.end(kind, message).await
    }

    async fn patch_referral(&mut self, update: &Update, referral: Referral) -> Result<Referral, Failure> {
        if update.patch.is_empty() {
            return Ok(referral);
        }
        let stored = self.engine.partner_center.patch(referral.id, &referral.etag, &update.patch).await?;
        self.trail.partner_center_request.clone_from(&stored.request_id);
        self.trail.done = update
            .changes
            .iter()
            .filter(|change| change.side == Side::PartnerCenter)
            .cloned()
            .collect();
        Ok(stored)
    }

    async fn write_record(&mut self, update: &Update, record: CrmRecord, microsoft_crm_id: Option<String>) -> Result<CrmRecord, Failure> {
        let mut write = CrmWrite {
            fields: update.crm.fields.clone(),
            phase: update.crm.phase,
        };
        // A closed record is read-only; its seller sees what happened once it is reopened, the trail knows it now.
        if !record.phase.is_closed() {
            self.told(microsoft_crm_id)
                .add_to(&mut write, Some(&record), &Note::Synced(update.notes.clone()));
        }
        if write.is_empty() {
            return Ok(record);
        }
        let stored = self.engine.crm.update(&record.key, &record.version, &write).await?;
        self.trail.crm_request.clone_from(&stored.request_id);
        Ok(stored)
    }
}
