//! What an operator may order: to unlink a deal, to link one by hand, to resolve a conflict.
//!
//! Each order is audited like everything else, and each may be repeated after a failure.

mod unlink;

use cosell_model::audit::{AuditKind, Side, UndecidedField};
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite};
use cosell_model::field::Field;
use cosell_model::id::ReferralId;
use cosell_model::link::Link;
use cosell_model::message::{Cause, Subject, SyncMessage};
use cosell_model::notice::Notice;
use cosell_model::patch::PatchOperation;
use cosell_model::referral::{Referral, ReferralKind};
use cosell_model::state::DealState;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::commit::Committed;
use crate::decide::connector::Connector;
use crate::engine::Engine;
use crate::failure::{Failure, FailureKind, System};
use crate::find::Located;
use crate::identity::{identifier, is_on};
use crate::journal::Draft;
use crate::policy::Table;
use crate::reconciliation::{Outcome, Reconciliation, Request};

/// Who ordered, and when.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// Our clock.
    pub now: Timestamp,
    /// Names this order in the audit log; never used twice.
    pub id: &'a str,
}

impl Engine {
    /// Disconnects a deal for good: nothing is synced any more, and neither side is given another
    /// counterpart by itself. In the CRM the record loses its Referral Identifier and Referral
    /// Link, and Sync with Partner Center is switched off.
    pub async fn unlink(&self, referral: ReferralId, order: Order<'_>) -> Result<Outcome, Failure> {
        let message = ordered(referral, order);
        let mut reconciliation = Reconciliation::new(self, request(&message, order));
        let result = Box::pin(reconciliation.unlink(referral)).await;
        reconciliation.end_order(result).await
    }

    /// Links a referral with a CRM record by hand, switches *Sync with Partner Center* on and
    /// brings them in sync; a field that differs is resolved by its rule. Sides that belong to
    /// another deal must be unlinked first.
    pub async fn relink(
        &self,
        referral: ReferralId,
        record: &CrmKey,
        order: Order<'_>,
    ) -> Result<Outcome, Failure> {
        let message = ordered(referral, order);
        let mut reconciliation = Reconciliation::new(self, request(&message, order));
        let result = Box::pin(reconciliation.relink(referral, record)).await;
        reconciliation.end_order(result).await
    }

    /// Resolves a conflict that awaits a decision (rule `ask`): `winner`'s value goes to the other
    /// side, if both values are still those that wait. `field` is the mapping rule's name.
    pub async fn resolve(
        &self,
        referral: ReferralId,
        field: &Field,
        winner: Side,
        order: Order<'_>,
    ) -> Result<Outcome, Failure> {
        let message = ordered(referral, order);
        let mut reconciliation = Reconciliation::new(self, request(&message, order));
        let result = Box::pin(reconciliation.resolve(referral, field, winner)).await;
        reconciliation.end_order(result).await
    }
}

fn ordered(referral: ReferralId, order: Order<'_>) -> SyncMessage {
    SyncMessage {
        subject: Subject::Referral(referral),
        cause: Cause::Operator,
        observed: order.id.to_owned(),
    }
}

fn request<'a>(message: &'a SyncMessage, order: Order<'a>) -> Request<'a> {
    Request { message, receives: 1, now: order.now, invocation: order.id }
}

fn refused(message: String) -> Failure {
    Failure::new(System::Internal, FailureKind::Rejected, message)
}

impl Reconciliation<'_> {
    /// An order that is refused is audited, and what a service refused of it.
    async fn end_order(mut self, result: Result<Outcome, Failure>) -> Result<Outcome, Failure> {
        self.release(result.as_ref().err()).await;
        match result {
            Err(failure) if failure.kind == FailureKind::Rejected => {
                self.journal.answered(failure.system, failure.request_id.as_ref());
                let message = crate::apply::refusal(&failure).sentence;
                self.journal.append(AuditKind::Rejected, Draft::of(message.clone())).await?;
                let outcome = self.quiet(AuditKind::Rejected, message, DealState::New);
                Ok(Outcome { state: None, ..outcome })
            }
            Err(failure) => {
                self.append_order_failure(&failure).await;
                Err(failure)
            }
            done => done,
        }
    }

    async fn append_order_failure(&mut self, failure: &Failure) {
        if matches!(failure.kind, FailureKind::Postponed { .. }) {
            return;
        }
        if self.journal.appended.last() != Some(&AuditKind::Failed)
            && let Err(error) =
                self.journal.append(AuditKind::Failed, Draft::of(failure.to_string())).await
        {
            tracing::warn!(
                deal = self.journal.deal(),
                error = error.redacted(),
                "the failed order could not be audited"
            );
        }
    }

    async fn known(&mut self, referral: ReferralId) -> Result<Link, Failure> {
        let link = self.engine.links.by_referral(referral).await?.link();
        link.ok_or_else(|| refused(format!("referral {referral} is not linked with any record")))
    }

    /// The table of a record that can be reached: not of a lead that was linked while leads were
    /// synced.
    fn reachable(&self, key: &CrmKey) -> Option<Table> {
        let table = self.engine.table_of(key);
        (table == Table::Opportunities || self.engine.leads.is_some()).then_some(table)
    }

    async fn relink(&mut self, id: ReferralId, key: &CrmKey) -> Result<Outcome, Failure> {
        let engine = self.engine;
        // Nobody may create a deal for this record meanwhile.
        self.take_claim(key.to_string()).await?;
        let (referral, record) = self.both_sides(id, key).await?;
        let (of_referral, of_record) =
            futures::try_join!(engine.links.by_referral(id), engine.links.by_crm(key))?;
        let (of_referral, of_record) = (of_referral.link(), of_record.link());
        self.journal.is_of(id);
        if let Some(link) = of_referral.clone().filter(|link| link.crm == *key) {
            return Box::pin(self.link_again(link, record)).await;
        }
        let former = of_referral.as_ref().and_then(|link| self.lead_of(link));
        let others: Vec<Link> = of_referral.into_iter().chain(of_record).collect();
        self.check_free(id, &others, &record)?;
        self.journal.ahead("About to link the deal by an operator's order.", Vec::new()).await?;
        let link = Link {
            lead: former.filter(|lead| lead != key),
            ..Link::new(&referral, &record, self.request.now)
        };
        engine.links.replace(&others, &link).await?;
        let notice = Notice::Linked { record: Some(format!("{} {}", key.entity, key.id)) };
        self.switch_on(record, &notice).await?;
        self.name_record(referral, key).await?;
        self.append_linked(notice).await?;
        let link = Link { version: 1, ..link };
        Box::pin(self.go_on(link, AuditKind::Relinked)).await
    }

    /// Neither side may belong to another deal.
    fn check_free(
        &self,
        id: ReferralId,
        others: &[Link],
        record: &CrmRecord,
    ) -> Result<(), Failure> {
        if let Some(other) = others.iter().find(|link| link.disconnected.is_none()) {
            return Err(refused(format!(
                "referral {} is linked with {} {}: unlink that deal first",
                other.referral, other.crm.entity, other.crm.id
            )));
        }
        let mapping = self.engine.mapping_of(self.engine.table_of(&record.key));
        let Some(carried) = identifier(mapping, record) else { return Ok(()) };
        let may_carry = |other: ReferralId| carried.eq_ignore_ascii_case(&other.to_string());
        if !may_carry(id) && !others.iter().any(|other| may_carry(other.referral)) {
            return Err(refused(format!(
                "the record carries the Referral Identifier {carried}: clear it first"
            )));
        }
        Ok(())
    }

    async fn append_linked(&mut self, notice: Notice) -> Result<(), Failure> {
        let message = crate::render::sentence(&self.engine.mapping, &notice);
        let draft = Draft { notices: vec![notice], ..Draft::of(message) };
        self.journal.append(AuditKind::Relinked, draft).await
    }

    /// The same two sides again: what was synced of them still holds, so that no edit made
    /// meanwhile is lost.
    async fn link_again(&mut self, link: Link, record: CrmRecord) -> Result<Outcome, Failure> {
        if link.disconnected.is_none() {
            return self.go_on(link, AuditKind::Unchanged).await;
        }
        let link = Link { disconnected: None, updated: self.request.now, ..link };
        self.journal
            .ahead("About to link the deal again by an operator's order.", Vec::new())
            .await?;
        let link = self.engine.links.save(&link).await?;
        let notice = Notice::Linked { record: None };
        self.switch_on(record, &notice).await?;
        self.append_linked(notice).await?;
        self.go_on(link, AuditKind::Relinked).await
    }

    /// Reconciles the deal that an order was about.
    async fn go_on(&mut self, link: Link, least: AuditKind) -> Result<Outcome, Failure> {
        let mut link = link;
        for _ in 0..3 {
            let located = Located::Linked { link: Box::new(link.clone()), microsoft: None };
            let now = self.request.now;
            let pair = self.engine.observe(located, None, Cause::Operator, now).await?;
            match self.reconcile_pair(&pair).await? {
                Committed::Done(outcome) if outcome.kind == AuditKind::Unchanged => {
                    return Ok(Outcome { kind: least, ..outcome });
                }
                Committed::Done(outcome) if outcome.message.is_empty() => {
                    let message = self.journal.last_message.clone();
                    return Ok(Outcome { message, ..outcome });
                }
                Committed::Done(outcome) => return Ok(outcome),
                Committed::Again => link = self.known(link.referral).await?,
                Committed::Moved(moved) => link = *moved,
            }
        }
        Err(crate::failure::linked_meanwhile())
    }

    /// Whoever links by hand wants the deal synced; until here nothing may have been, or the record
    /// would have got a deal of its own.
    async fn switch_on(&mut self, record: CrmRecord, notice: &Notice) -> Result<(), Failure> {
        let table = self.engine.table_of(&record.key);
        let mapping = self.engine.mapping_of(table);
        if is_on(mapping, &record) || record.is_read_only() {
            return Ok(());
        }
        let connector = Connector::new(mapping, &self.engine.policy, self.request.now);
        // What becomes of the deal is said once it is reconciled.
        let mut fields = connector.columns(&record, &DealState::New, &[notice]);
        fields.remove(mapping.columns.sync_status.as_str());
        fields.insert(mapping.columns.sync.to_string(), Json::Bool(true));
        let write = CrmWrite { fields, phase: None };
        self.engine.port(table).update(&record, &write).await.map(drop)
    }

    async fn both_sides(
        &self,
        id: ReferralId,
        key: &CrmKey,
    ) -> Result<(Referral, CrmRecord), Failure> {
        let engine = self.engine;
        let table = engine.table_of(key);
        let (referral, record) =
            futures::try_join!(engine.partner_center.get(id), engine.port(table).get(key))?;
        let referral = referral.ok_or_else(|| {
            refused(format!("referral {id} is not visible to the sync's service account"))
        })?;
        let record = record.ok_or_else(|| {
            refused(format!("{} {} does not exist in the CRM", key.entity, key.id))
        })?;
        if referral.kind == ReferralKind::MicrosoftReferral
            || (referral.kind == ReferralKind::Lead && engine.leads.is_none())
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

    /// Partner Center's "CRM ID" follows, or the record that was linked before would claim the
    /// referral back.
    async fn name_record(&mut self, referral: Referral, key: &CrmKey) -> Result<(), Failure> {
        if referral.stage.is_terminal() || referral.external_reference.as_deref() == Some(&key.id) {
            return Ok(());
        }
        let operation =
            PatchOperation::set(&referral, "externalReferenceId", key.id.clone().into());
        let port = &self.engine.partner_center;
        port.patch(referral.id, &referral.etag, &[operation]).await.map(drop)
    }

    /// The lead that a deal is, or was.
    fn lead_of(&self, link: &Link) -> Option<CrmKey> {
        if self.engine.table_of(&link.crm) == Table::Leads {
            Some(link.crm.clone())
        } else {
            link.lead.clone()
        }
    }

    async fn resolve(
        &mut self,
        referral: ReferralId,
        field: &Field,
        winner: Side,
    ) -> Result<Outcome, Failure> {
        let mut link = self.known(referral).await?;
        let waiting: Vec<String> = link.conflicts.keys().map(Field::to_string).collect();
        let conflict = link.conflicts.get_mut(field).ok_or_else(|| {
            let which = if waiting.is_empty() {
                "none does".to_owned()
            } else {
                format!("these do: {}", waiting.join(", "))
            };
            refused(format!("`{field}` does not await a decision; {which}"))
        })?;
        conflict.decision = Some(winner);
        let undecided = vec![UndecidedField {
            field: field.clone(),
            partner_center: conflict.partner_center.clone(),
            crm: conflict.crm.clone(),
        }];
        link.updated = self.request.now;
        let link = self.engine.links.save(&link).await?;
        self.journal.is_of(referral);
        let notice = Notice::DecisionMade { winner };
        let message = crate::render::sentence(&self.engine.mapping, &notice);
        let draft = Draft { notices: vec![notice], undecided, ..Draft::of(message) };
        self.journal.append(AuditKind::Resolved, draft).await?;
        Box::pin(self.go_on(link, AuditKind::Resolved)).await
    }
}
