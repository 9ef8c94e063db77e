//! What an operator may order: to unlink a pair, to link one by hand, to decide a conflict.
//!
//! Each order is audited like everything else, and each may be repeated after a failure.

use crate::plan::Note;
use cosell_model::audit::{AuditKind, Side, UndecidedField};
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite};
use cosell_model::id::ReferralId;
use cosell_model::link::{DisconnectReason, Link, Tombstone};
use cosell_model::message::{Cause, Subject, SyncMessage};
use cosell_model::patch::PatchOperation;
use cosell_model::referral::{Referral, ReferralKind};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::{Attempt, Engine, Look, Outcome};
use crate::failure::{Failure, FailureKind, System};

/// Who ordered, and when.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Our clock.
    pub now: Timestamp,
    /// Names this order in the audit trail; never used twice.
    pub id: &'a str,
}

impl Engine {
    /// Parts a pair for good: nothing crosses any more, and neither half is given another counterpart by itself. In the CRM the
    /// record loses its Referral Identifier and Referral Link, and Sync with Partner Center is switched off.
    pub async fn unlink(&self, referral: ReferralId, order: Order<'_>) -> Result<Outcome, Failure> {
        let message = ordered(referral, order);
        let leads = self.on_leads();
        let mut attempt = Attempt::new(self, leads.as_ref(), look(&message, order));
        let result = Box::pin(attempt.unlink(referral)).await;
        attempt.over(result).await
    }

    /// Links a referral with a CRM record by hand, switches *Sync with Partner Center* on and brings them in step; a field that differs
    /// is settled by its rule. Halves that belong to another pair must be unlinked first.
    pub async fn relink(
        &self,
        referral: ReferralId,
        record: &CrmKey,
        order: Order<'_>,
    ) -> Result<Outcome, Failure> {
        let message = ordered(referral, order);
        let leads = self.on_leads();
        let mut attempt = Attempt::new(self, leads.as_ref(), look(&message, order));
        let result = Box::pin(attempt.relink(referral, record)).await;
        attempt.over(result).await
    }

    /// Decides a conflict that waits (rule `ask`): `winner`'s value goes to the other side, if both values are still those that wait.
    /// `field` is the mapping rule's name.
    pub async fn settle(
        &self,
        referral: ReferralId,
        field: &str,
        winner: Side,
        order: Order<'_>,
    ) -> Result<Outcome, Failure> {
        let message = ordered(referral, order);
        let leads = self.on_leads();
        let mut attempt = Attempt::new(self, leads.as_ref(), look(&message, order));
        let result = Box::pin(attempt.settle(referral, field, winner)).await;
        attempt.over(result).await
    }
}

fn ordered(referral: ReferralId, order: Order<'_>) -> SyncMessage {
    SyncMessage {
        subject: Subject::Referral(referral),
        cause: Cause::Operator,
        observed: order.id.to_owned(),
    }
}

fn look<'a>(message: &'a SyncMessage, order: Order<'a>) -> Look<'a> {
    Look { message, now: order.now, invocation: order.id }
}

fn refused(message: String) -> Failure {
    Failure::new(System::Aws, FailureKind::Rejected, message)
}

impl Attempt<'_> {
    async fn known(&mut self, referral: ReferralId) -> Result<Link, Failure> {
        let link = self.engine.links.by_referral(referral).await?;
        let link = link
            .ok_or_else(|| refused(format!("referral {referral} is not linked with any record")))?;
        self.turn_to(&link.crm);
        Ok(link)
    }

    async fn unlink(&mut self, referral: ReferralId) -> Result<Outcome, Failure> {
        let link = self.known(referral).await?;
        let engine = self.engine;
        let known = link
            .tombstone
            .as_ref()
            .is_some_and(|tombstone| tombstone.reason == DisconnectReason::Unlinked);
        // The tombstone first: what follows in the CRM must not look like a seller's wish for a new deal.
        if !known {
            let link = Link {
                tombstone: Some(Tombstone {
                    reason: DisconnectReason::Unlinked,
                    at: self.look.now,
                }),
                updated: self.look.now,
                ..link.clone()
            };
            self.intend("About to unlink the pair by an operator's order.", Vec::new()).await?;
            engine.links.save(&link).await?;
        }
        if !self.is_out_of_reach(&link.crm)
            && let Some(record) = engine.crm.get(&link.crm).await?
        {
            self.free(&record).await?;
        }
        let message =
            format!("Unlinked from {} {}. Nothing crosses any more.", link.crm.entity, link.crm.id);
        self.end(AuditKind::Unlinked, message).await
    }

    /// Takes the referral's marks off a record. One that is read-only keeps them.
    async fn free(&mut self, record: &CrmRecord) -> Result<(), Failure> {
        if record.is_read_only() {
            return Ok(());
        }
        let columns = &self.engine.mapping.columns;
        let mut write = CrmWrite::default();
        let note = Note::Parted(vec![
            "Unlinked by your sync operator: nothing is synced with Partner Center any more."
                .into(),
        ]);
        self.told(None).add_to(&mut write, Some(record), &note);
        let marks = [
            (&columns.referral_id, Json::Null),
            (&columns.referral_link, Json::Null),
            (&columns.sync, Json::Bool(false)),
        ];
        for (column, value) in marks {
            write.fields.remove(column.as_str());
            if *record.get(column.as_str()) != value {
                write.fields.insert(column.to_string(), value);
            }
        }
        if write.is_empty() {
            return Ok(());
        }
        self.intend("About to take the referral's marks off the record.", Vec::new()).await?;
        self.engine.crm.update(&record.key, &record.version, &write).await?;
        Ok(())
    }

    async fn relink(&mut self, id: ReferralId, key: &CrmKey) -> Result<Outcome, Failure> {
        self.turn_to(key);
        let engine = self.engine;
        // Nobody may create a deal for this record meanwhile.
        self.claim(key.to_string()).await?;
        let (referral, record) = self.halves(id, key).await?;
        let (of_referral, of_record) =
            futures::try_join!(engine.links.by_referral(id), engine.links.by_crm(key))?;
        self.trail.is_pair_of(id);
        if let Some(link) = of_referral.clone().filter(|link| link.crm == *key) {
            return Box::pin(self.take_up(link, referral, record)).await;
        }
        let former = of_referral.as_ref().and_then(|link| self.lead_of(link));
        let others: Vec<Link> = of_referral.into_iter().chain(of_record).collect();
        if let Some(other) = others.iter().find(|link| link.tombstone.is_none()) {
            return Err(refused(format!(
                "referral {} is linked with {} {}: unlink that pair first",
                other.referral, other.crm.entity, other.crm.id
            )));
        }
        let carried =
            record.get(engine.mapping.columns.referral_id.as_str()).as_str().unwrap_or_default();
        let may_carry = |other: ReferralId| carried.eq_ignore_ascii_case(&other.to_string());
        if !carried.is_empty()
            && !may_carry(id)
            && !others.iter().any(|other| may_carry(other.referral))
        {
            return Err(refused(format!(
                "the record carries the Referral Identifier {carried}: clear it first"
            )));
        }
        self.intend("About to link the pair by an operator's order.", Vec::new()).await?;
        let link = Link {
            lead: former.filter(|lead| lead != key),
            ..Link::new(&referral, &record, self.look.now)
        };
        engine.links.replace(&others, &link).await?;
        let record = self.switch_on(record).await?;
        let referral = self.name_record(referral, key).await?;
        self.record(
            AuditKind::Relinked,
            format!("Linked with {} {} by an operator.", key.entity, key.id),
            Vec::new(),
        )
        .await?;
        Box::pin(self.update(Link { version: 1, ..link }, referral, record, None)).await
    }

    /// The same two halves again: what was last_synced of them still holds, so that no edit made meanwhile is lost.
    async fn take_up(
        &mut self,
        link: Link,
        referral: Referral,
        record: CrmRecord,
    ) -> Result<Outcome, Failure> {
        if link.tombstone.is_none() {
            return self.update(link, referral, record, None).await;
        }
        let link = Link { tombstone: None, updated: self.look.now, ..link };
        self.intend("About to link the pair again by an operator's order.", Vec::new()).await?;
        let link = self.engine.links.save(&link).await?;
        let record = self.switch_on(record).await?;
        self.record(AuditKind::Relinked, "Linked again by an operator.".into(), Vec::new()).await?;
        self.update(link, referral, record, None).await
    }

    /// Whoever links by hand wants the pair synced; until here nothing may have been, or the record would have got a deal of its own.
    async fn switch_on(&mut self, record: CrmRecord) -> Result<CrmRecord, Failure> {
        let sync = &self.engine.mapping.columns.sync;
        if record.get(sync.as_str()) == &Json::Bool(true) || record.is_read_only() {
            return Ok(record);
        }
        let write = CrmWrite { fields: [(sync.to_string(), Json::Bool(true))].into(), phase: None };
        self.engine.crm.update(&record.key, &record.version, &write).await
    }

    async fn halves(&self, id: ReferralId, key: &CrmKey) -> Result<(Referral, CrmRecord), Failure> {
        let engine = self.engine;
        let (referral, record) =
            futures::try_join!(engine.partner_center.get(id), engine.crm.get(key))?;
        let referral =
            referral.ok_or_else(|| refused(format!("referral {id} is not visible to our user")))?;
        let record = record.ok_or_else(|| {
            refused(format!("{} {} does not exist in the CRM", key.entity, key.id))
        })?;
        if referral.kind == ReferralKind::MicrosoftReferral
            || (referral.kind == ReferralKind::Lead && self.leads.is_none())
        {
            return Err(refused(format!(
                "referral {id} is not a deal of ours, so no record can be linked with it"
            )));
        }
        if let Some(into) = &record.merged_into {
            return Err(refused(format!(
                "the record was merged into {} {}: link that one",
                into.entity, into.id
            )));
        }
        if referral.stage.is_terminal() != record.phase.is_closed() {
            return Err(refused(format!(
                "referral {id} is {} and the record is {}: linking them would close the open one for good",
                referral.stage, record.phase
            )));
        }
        Ok((referral, record))
    }

    /// Partner Center's "CRM ID" follows, or the record that was linked before would claim the referral back.
    async fn name_record(&mut self, referral: Referral, key: &CrmKey) -> Result<Referral, Failure> {
        if referral.stage.is_terminal() || referral.external_reference.as_deref() == Some(&key.id) {
            return Ok(referral);
        }
        let operation =
            PatchOperation::set(&referral, "externalReferenceId", key.id.clone().into());
        self.engine.partner_center.patch(referral.id, &referral.etag, &[operation]).await
    }

    async fn settle(
        &mut self,
        referral: ReferralId,
        field: &str,
        winner: Side,
    ) -> Result<Outcome, Failure> {
        let mut link = self.known(referral).await?;
        let waiting = link.conflicts.keys().cloned().collect::<Vec<_>>().join(", ");
        let conflict = link.conflicts.get_mut(field).ok_or_else(|| {
            let which = if waiting.is_empty() {
                "none does".to_owned()
            } else {
                format!("these do: {waiting}")
            };
            refused(format!("`{field}` does not wait for a decision; {which}"))
        })?;
        conflict.decision = Some(winner);
        self.trail.undecided = vec![UndecidedField {
            field: field.to_owned(),
            partner_center: conflict.partner_center.clone(),
            crm: conflict.crm.clone(),
        }];
        link.updated = self.look.now;
        let link = self.engine.links.save(&link).await?;
        self.trail.is_pair_of(referral);
        let message = format!("An operator decided for the value in {winner}.");
        self.record(AuditKind::Resolved, message, Vec::new()).await?;
        self.bring_in_step(link, None).await
    }
}
