//! Making a CRM record: an upsert on the referral's id, so that repeating it is harmless. Its
//! account and contact can only be looked for and made: one reconciliation at a time.

use cosell_model::crm::{CrmRecord, CrmWrite};
use cosell_model::link::Link;
use cosell_model::notice::{Notice, Refusal};
use cosell_model::patch::PatchOperation;
use cosell_model::referral::Referral;

use super::{Applied, end_of, refusal};
use crate::decide::new_record;
use crate::decide::progress::{End, Progress};
use crate::failure::linked_meanwhile;
use crate::failure::{Failure, FailureKind, System};
use crate::pair::{Pair, Standing};
use crate::plan::{Action, Plan};
use crate::reconciliation::Reconciliation;

impl Reconciliation<'_> {
    /// Makes the record, links it, and names it in the referral.
    pub(super) async fn create_record(
        &mut self,
        pair: &Pair,
        plan: &Plan,
    ) -> Result<Applied, Failure> {
        let Some(referral) = &pair.referral else { return Ok(Applied::Again) };
        self.journal.is_of(referral.id);
        self.journal.answered(System::PartnerCenter, referral.request_id.as_ref());
        self.take_claim(format!("referral#{}", referral.id)).await?;
        if self.engine.links.by_referral(referral.id).await?.link().is_some() {
            return Err(linked_meanwhile());
        }
        self.journal
            .ahead("About to create the CRM record, and to name it in the referral.", Vec::new())
            .await?;
        let (record, refused) = self.upsert(pair, plan, referral).await?;
        self.journal.answered(System::Crm, record.request_id.as_ref());
        let mapping = self.engine.mapping_of(pair.table);
        let mut link = Link::new(referral, &record, pair.now);
        link.last_synced = new_record::start(mapping, referral, &record);
        if refused.is_some() {
            link.last_synced = new_record::yet_to_be_filled(mapping, link.last_synced);
        } else {
            link.dropped_writes = new_record::dropped(mapping, referral, &record, pair.now);
        }
        self.create_link(&mut link).await?;
        self.finish_record(pair, plan, link, (record, refused)).await
    }

    async fn upsert(
        &mut self,
        pair: &Pair,
        plan: &Plan,
        referral: &Referral,
    ) -> Result<(CrmRecord, Option<Refusal>), Failure> {
        let port = self.engine.port(pair.table);
        let write = plan.effects.iter().find_map(|effect| match &effect.action {
            Action::CreateRecord { write, .. } => Some(write.clone()),
            _ => None,
        });
        match port.upsert(referral.id, &write.unwrap_or_default()).await {
            Err(failure) if failure.kind == FailureKind::Rejected => {
                let refused = refusal(&failure);
                let mapping = self.engine.mapping_of(pair.table);
                let policy = &self.engine.policy;
                let bare: CrmWrite =
                    new_record::bare(mapping, policy, referral, pair.now, Some(&refused));
                Ok((port.upsert(referral.id, &bare).await?, Some(refused)))
            }
            stored => Ok((stored?, None)),
        }
    }

    /// From here on it is a linked deal.
    async fn finish_record(
        &mut self,
        pair: &Pair,
        plan: &Plan,
        link: Link,
        (record, refused): (CrmRecord, Option<Refusal>),
    ) -> Result<Applied, Failure> {
        let id = record.key.id.clone();
        let linked = Pair {
            standing: Standing::Linked,
            link: Some(link.clone()),
            record: Some(record),
            ..pair.clone()
        };
        let Ok(case) = self.engine.rules().case(&linked) else { return Ok(Applied::Again) };
        let refused = refused.map(|refusal| Notice::WriteRefused { refusal });
        let delivered = plan.notices.iter().chain(&refused).map(Notice::key).collect();
        let mut plan = crate::decide::created(&case, plan);
        plan.notices.extend(refused);
        let planned = Progress::planned(&plan, &link);
        let mut progress = Progress { is_creation: true, delivered, ..planned };
        progress.end(&plan, &End::Stored, |effect| {
            matches!(effect.action, Action::CreateRecord { .. })
        });
        let failure = match self.name_in_referral(&linked, &plan, &mut progress, id).await {
            Ok(()) => self.write_record(&case, &plan, &mut progress).await.err(),
            Err(failure) => Some(failure),
        };
        Ok(Applied::made(linked, plan, progress, failure))
    }

    /// Partner Center's "CRM ID" names the new record; a text somebody else put there is left
    /// alone.
    async fn name_in_referral(
        &mut self,
        pair: &Pair,
        plan: &Plan,
        progress: &mut Progress,
        id: String,
    ) -> Result<(), Failure> {
        let names = |action: &Action| matches!(action, Action::Patch(_));
        let (Some(referral), true) =
            (&pair.referral, plan.effects.iter().any(|effect| names(&effect.action)))
        else {
            return Ok(());
        };
        let operation = PatchOperation::set(referral, "externalReferenceId", id.into());
        let port = &self.engine.partner_center;
        match port.patch(referral.id, &referral.etag, &[operation]).await {
            Ok(stored) => {
                self.journal.answered(System::PartnerCenter, stored.request_id.as_ref());
                progress.referral = Some(stored);
                progress.end(plan, &End::Stored, |effect| names(&effect.action));
                Ok(())
            }
            Err(failure) => {
                progress.end(plan, &end_of(&failure), |effect| names(&effect.action));
                Err(failure)
            }
        }
    }
}
