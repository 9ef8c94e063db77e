//! From a lead to its opportunity. Every step may be repeated: the link moves last.

use cosell_mapping::Mapping;
use cosell_model::audit::AuditKind;
use cosell_model::crm::{CrmRecord, CrmWrite};
use cosell_model::link::Link;
use cosell_model::notice::Notice;
use cosell_model::referral::Referral;
use cosell_model::state::DealState;
use cosell_model::value::Value;
use serde_json::Value as Json;

use super::{Applied, refusal};
use crate::decide::connector::Connector;
use crate::decide::lead::{self, Leaving};
use crate::failure::{Failure, FailureKind, System};
use crate::identity::{identifier, is_on};
use crate::journal::Draft;
use crate::pair::{Pair, Standing};
use crate::plan::{Action, Plan};
use crate::policy::Table;
use crate::reconciliation::Reconciliation;

impl Reconciliation<'_> {
    /// The accepted lead becomes an opportunity, or has become one by the seller's hand, and the
    /// deal goes on with that.
    pub(super) async fn convert_lead(
        &mut self,
        pair: &Pair,
        plan: &Plan,
    ) -> Result<Applied, Failure> {
        let (Some(link), Some(referral), Some(lead)) = (&pair.link, &pair.referral, &pair.record)
        else {
            return Ok(Applied::Again);
        };
        self.journal.answered(System::PartnerCenter, referral.request_id.as_ref());
        self.journal.answered(System::Crm, lead.request_id.as_ref());
        let mut link = link.clone();
        if link.version == 0 {
            self.create_link(&mut link).await?;
            let notice = Notice::Adopted;
            let message = crate::render::sentence(self.engine.mapping_of(pair.table), &notice);
            let draft = Draft { notices: vec![notice], ..Draft::of(message) };
            self.journal.append(AuditKind::Adopted, draft).await?;
            // From here on it is a linked deal: what becomes of it is kept on the link.
            return Ok(Applied::Moved(Box::new(link)));
        }
        if let Some(noted) = self.noted(pair, plan, (&link, referral)) {
            link = self.engine.links.save(&noted).await?;
        }
        // Opportunities are made of one lead by one reconciliation at a time.
        self.take_claim(format!("referral#{}", referral.id)).await?;
        let stored = self.engine.links.by_referral(referral.id).await?.link();
        if stored.is_none_or(|stored| stored.version != link.version || stored.crm != link.crm) {
            let message = "the link changed since it was read";
            return Err(Failure::new(System::Aws, FailureKind::Stale, message));
        }
        let opportunity = match &pair.opportunity {
            Some(made) => made.clone(),
            None => match self.qualify(plan, referral, lead).await {
                Err(failure) if failure.kind == FailureKind::Rejected => {
                    let refusal = refusal(&failure);
                    return Ok(Applied::Contradicted(Notice::LeadNotConverted { refusal }));
                }
                made => made?,
            },
        };
        self.move_link(&link, referral, (lead, opportunity)).await
    }

    /// The link with what the opportunity is about to be made with; `None` where it says so.
    fn noted(
        &self,
        pair: &Pair,
        plan: &Plan,
        (link, referral): (&Link, &Referral),
    ) -> Option<Link> {
        let leads = self.engine.leads.as_ref().filter(|_| pair.opportunity.is_none())?;
        let write = plan.effects.iter().find_map(|effect| match &effect.action {
            Action::ConvertLead(write) => Some(write),
            _ => None,
        });
        let both = (self.engine.mapping.as_ref(), leads.mapping.as_ref());
        let mut ahead = lead::write_ahead(both, (link, referral), write?, self.request.now);
        ahead.retain(|field, entry| {
            link.write_ahead
                .get(field)
                .is_none_or(|known| (known.side, &known.values) != (entry.side, &entry.values))
        });
        if ahead.is_empty() {
            return None;
        }
        let mut noted = Link { updated: self.request.now, ..link.clone() };
        noted.write_ahead.extend(ahead);
        Some(noted)
    }

    async fn qualify(
        &mut self,
        plan: &Plan,
        referral: &Referral,
        lead: &CrmRecord,
    ) -> Result<CrmRecord, Failure> {
        let Some(leads) = &self.engine.leads else { return Err(not_synced()) };
        let write = plan.effects.iter().find_map(|effect| match &effect.action {
            Action::ConvertLead(write) => Some(write),
            _ => None,
        });
        self.journal.ahead("About to make the lead an opportunity.", Vec::new()).await?;
        leads.crm.qualify(lead, referral.id, write.unwrap_or(&CrmWrite::default())).await
    }

    /// The opportunity gets what the lead had, the lead is released, and the link moves.
    async fn move_link(
        &mut self,
        link: &Link,
        referral: &Referral,
        (before, opportunity): (&CrmRecord, CrmRecord),
    ) -> Result<Applied, Failure> {
        let engine = self.engine;
        let Some(leads) = &engine.leads else { return Err(not_synced()) };
        let both = (engine.mapping.as_ref(), leads.mapping.as_ref());
        if let Some(other) = self.other_deal_of(&opportunity, referral).await? {
            let notice = Notice::LeadOfAnother { referral: referral.id, other };
            return self.contradict_on(&opportunity, link, notice).await;
        }
        if engine.claims.is_claimed(&opportunity.key.to_string(), self.request.now).await? {
            // One that a seller chose for the lead may be getting a referral of its own just now.
            let message =
                "another function is creating a referral for the opportunity; its link will appear";
            return Err(Failure::new(System::Aws, FailureKind::Transient, message));
        }
        // Whoever entered something in the lead meanwhile must find it in the opportunity.
        let Some(now) = leads.crm.get(&before.key).await? else {
            return Err(Failure::new(System::Crm, FailureKind::Stale, "the lead is gone"));
        };
        let leaving = Leaving { link, referral, before, now: &now };
        let left = lead::left_behind(both, &leaving, &opportunity);
        let opportunity = self.take_over(opportunity, left, &leaving).await?;
        self.release_lead(&now, &opportunity.key.id).await?;
        let moved = lead::moved(link, &opportunity, both, referral, self.request.now);
        engine.links.replace(std::slice::from_ref(link), &moved).await?;
        let record = format!("{} {}", moved.crm.entity, moved.crm.id);
        let notice = Notice::LeadQualified { record };
        let message = crate::render::sentence(both.0, &notice);
        let draft = Draft { notices: vec![notice], ..Draft::of(message) };
        self.journal.append(AuditKind::Qualified, draft).await?;
        Ok(Applied::Moved(Box::new(Link { version: 1, ..moved })))
    }

    /// The referral that the opportunity is linked with or carries, if that is another one.
    async fn other_deal_of(
        &self,
        opportunity: &CrmRecord,
        referral: &Referral,
    ) -> Result<Option<String>, Failure> {
        let carried = identifier(&self.engine.mapping, opportunity)
            .filter(|id| !id.eq_ignore_ascii_case(&referral.id.to_string()));
        let linked = self.engine.links.by_crm(&opportunity.key).await?.link();
        Ok(linked.map(|link| link.referral.to_string()).or(carried.map(str::to_owned)))
    }

    /// The seller of an opportunity of another deal is notified there: it keeps its own identifier
    /// and link.
    async fn contradict_on(
        &mut self,
        opportunity: &CrmRecord,
        link: &Link,
        notice: Notice,
    ) -> Result<Applied, Failure> {
        let engine = self.engine;
        if !opportunity.is_read_only() {
            let state = DealState::Refused { reasons: vec![notice.clone()] };
            let connector = Connector::new(&engine.mapping, &engine.policy, self.request.now);
            let is_known = link.notified.contains(&notice.key());
            let unread = if is_known { Vec::new() } else { vec![&notice] };
            let fields = connector.columns(opportunity, &state, &unread);
            if !fields.is_empty() {
                self.notify_on(opportunity, fields).await?;
            }
        }
        Ok(Applied::Contradicted(notice))
    }

    /// The opportunity gets what the lead had: the switch, the identifier and the link, and what
    /// was `left` behind. What it does not take must not keep the deal from going on; the lead
    /// still shows it.
    async fn take_over(
        &mut self,
        opportunity: CrmRecord,
        left: CrmWrite,
        leaving: &Leaving<'_>,
    ) -> Result<CrmRecord, Failure> {
        if opportunity.is_read_only() {
            return Ok(opportunity);
        }
        let is_refusable = !left.is_empty();
        let whole = self.taken_over(&opportunity, left, leaving);
        if whole.is_empty() {
            return Ok(opportunity);
        }
        match self.update_columns(Table::Opportunities, &opportunity, whole).await {
            Err(failure) if failure.kind == FailureKind::Rejected && is_refusable => {
                let write = self.taken_over(&opportunity, CrmWrite::default(), leaving);
                self.update_columns(Table::Opportunities, &opportunity, write).await
            }
            written => written,
        }
    }

    fn taken_over(
        &self,
        opportunity: &CrmRecord,
        left: CrmWrite,
        leaving: &Leaving<'_>,
    ) -> CrmWrite {
        let engine = self.engine;
        let mut write = lead::taken_over(&engine.mapping, opportunity, left, leaving.now.phase);
        let state = self.state_of_taken_over(opportunity, &write, leaving);
        let connector = Connector {
            referral: Some(leaving.referral.id),
            name: name_in(&engine.mapping, leaving.referral),
            ..Connector::new(&engine.mapping, &engine.policy, self.request.now)
        };
        let is_new = !is_on(&engine.mapping, opportunity);
        let notices = is_new.then_some(&Notice::GoesOnFromLead);
        // A mark goes with the name that the opportunity gets now.
        let mut named = opportunity.clone();
        named.fields.extend(write.fields.clone());
        let mut columns =
            connector.columns(&named, &state.clone().unwrap_or_default(), notices.as_slice());
        if state.is_none() {
            columns.remove(engine.mapping.columns.sync_status.as_str());
        }
        write.fields.extend(columns);
        write
    }

    /// The state of the opportunity once its own reconciliation, which follows, is done: with that
    /// its status needs no write of its own.
    fn state_of_taken_over(
        &self,
        opportunity: &CrmRecord,
        write: &CrmWrite,
        leaving: &Leaving<'_>,
    ) -> Option<DealState> {
        let engine = self.engine;
        let both = (engine.mapping.as_ref(), engine.mapping_of(Table::Leads));
        let now = self.request.now;
        let mut record = opportunity.clone();
        record.fields.extend(write.fields.clone());
        record.phase = write.phase.unwrap_or(record.phase);
        let link = lead::moved(leaving.link, &record, both, leaving.referral, now);
        let pair = Pair {
            link: Some(link),
            referral: Some(leaving.referral.clone()),
            record: Some(record),
            ..Pair::of(Standing::Linked, self.request.message.cause, now)
        };
        let rules = engine.rules();
        rules.state_after(&pair, &rules.decide(&pair))
    }

    /// A CRM that cannot convert leads for us is left with an open one: its seller must know that
    /// it is done. Fails as stale when somebody edited it since it was read.
    async fn release_lead(&mut self, lead: &CrmRecord, opportunity: &str) -> Result<(), Failure> {
        let engine = self.engine;
        let mapping = engine.mapping_of(Table::Leads);
        if engine.leads.is_none() || lead.is_read_only() || !is_on(mapping, lead) {
            return Ok(());
        }
        let notice = Notice::LeadAccepted { opportunity: opportunity.to_owned() };
        let state = DealState::Refused { reasons: vec![notice.clone()] };
        let connector = Connector::new(mapping, &engine.policy, self.request.now);
        let mut fields = connector.columns(lead, &state, &[&notice]);
        fields.insert(mapping.columns.sync.to_string(), Json::Bool(false));
        // The deal goes on whether or not this seller can be notified.
        self.notify_on(lead, fields).await.map(drop)
    }

    /// A lead whose deal goes on as an opportunity, and which is still on.
    pub(super) async fn release_former_lead(&mut self, pair: &Pair) -> Result<Applied, Failure> {
        if let (Some(lead), Standing::FormerLead { opportunity }) = (&pair.record, &pair.standing) {
            self.release_lead(lead, opportunity).await?;
        }
        Ok(Applied::Notified { record: None, delivered: true })
    }
}

/// The deal's name in Partner Center, where names are marked.
fn name_in(mapping: &Mapping, referral: &Referral) -> Option<Value> {
    mapping.marked_name()?.read_partner_center(referral).ok()
}

fn not_synced() -> Failure {
    Failure::new(System::Internal, FailureKind::Rejected, "leads are not synced any more")
}
