//! Leads: a referral that Microsoft or a marketplace sent as a lead is a lead in the CRM until somebody accepts it. Then it becomes an
//! opportunity, and the link moves with it.
//!
//! A look works with one table at a time: the same engine, with the port and the mapping of that table.

use crate::plan::{Note, left_behind, moved_to, plan_opportunity};
use cosell_model::audit::AuditKind;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::id::ReferralId;
use cosell_model::life_cycle::Stage;
use cosell_model::link::{DisconnectReason, Link};
use cosell_model::referral::{Referral, ReferralKind};
use serde_json::Value as Json;

use super::find::Found;
use super::{Attempt, Engine, LeadTable, Outcome};
use crate::failure::{Failure, FailureKind, System};

/// The lead that an opportunity was.
#[derive(Default)]
struct Origin {
    /// Its pair, though the link may have moved on.
    pair: Option<Link>,
    /// The referral that an unlinked lead carries.
    unlinked: Option<ReferralId>,
    /// The lead, unless it has a pair.
    lead: Option<CrmRecord>,
}

impl Engine {
    /// The same engine, working with the table of leads; `None` where leads are not synced.
    pub(super) fn on_leads(&self) -> Option<Self> {
        let leads = self.leads.as_ref()?;
        Some(Self { crm: leads.crm.clone(), mapping: leads.mapping.clone(), ..self.clone() })
    }
}

impl Attempt<'_> {
    /// Whether this is the key of a lead.
    pub(super) fn is_lead(&self, key: &CrmKey) -> bool {
        key.entity != self.deals.mapping.entity
    }

    pub(super) fn is_on_leads(&self) -> bool {
        self.engine.mapping.entity != self.deals.mapping.entity
    }

    /// Whether this is the key of a lead that was linked while leads were synced: it must not be taken for one that is gone.
    pub(super) fn is_out_of_reach(&self, key: &CrmKey) -> bool {
        self.leads.is_none() && self.is_lead(key)
    }

    /// The lead that a pair's deal is, or was.
    pub(super) fn lead_of(&self, link: &Link) -> Option<CrmKey> {
        if self.is_lead(&link.crm) { Some(link.crm.clone()) } else { link.lead.clone() }
    }

    /// Works with the table of this record from here on.
    pub(super) fn turn_to(&mut self, key: &CrmKey) {
        self.engine = match self.leads {
            Some(leads) if self.is_lead(key) => leads,
            _ => self.deals,
        };
    }

    /// Works with the table where the record of a referral stands, or is to be made: of a lead that nobody has accepted the leads, unless
    /// it became an opportunity already.
    pub(super) async fn turn_to_table_of(&mut self, referral: &Referral) -> Result<(), Failure> {
        let (deals, Some(leads)) = (self.deals, self.leads) else {
            return Ok(());
        };
        self.engine = deals;
        if referral.kind != ReferralKind::Lead
            || deals.crm.find_by_referral(referral.id).await?.is_some()
        {
            return Ok(());
        }
        let named = referral.external_reference.as_deref();
        if let Some(key) = named.and_then(|reference| deals.mapping.key_from_reference(reference))
            && deals.crm.get(&key).await?.is_some()
        {
            return Ok(());
        }
        if referral.stage == Stage::New || leads.crm.find_by_referral(referral.id).await?.is_some()
        {
            self.engine = leads;
        }
        Ok(())
    }

    /// A lead that the poller or an operator named.
    pub(super) async fn find_from_lead(&mut self, key: &CrmKey) -> Result<Found, Failure> {
        let Some(leads) = self.leads else {
            return Ok(Found::NotOurs("it is a lead, and leads are not synced".into()));
        };
        self.engine = leads;
        Ok(match self.find_from_record(key).await? {
            // Only what Microsoft sent is a lead for both.
            Found::OnlyRecord(_) => Found::NotOurs(
                "leads are not sent to Partner Center: qualify it and share the opportunity".into(),
            ),
            found => found,
        })
    }

    /// What an opportunity is that has no referral: its lead may have one, and then it must not get another.
    pub(super) async fn find_from_origin(
        &mut self,
        record: Box<CrmRecord>,
    ) -> Result<Found, Failure> {
        let Some(origin) = self.origin(&record.key).await? else {
            return Ok(Found::OnlyRecord(record));
        };
        if let Some(link) = origin.pair {
            return self.pair_of_lead(link, record);
        }
        let (Some(id), Some(lead)) = (origin.unlinked, origin.lead) else {
            return Ok(Found::OnlyRecord(record));
        };
        let over = |what: String| {
            let reason =
                format!("Referral {id} of its lead {what}: make a new opportunity for a new deal.");
            Ok(Found::Contradiction { reason, record: Some(record.clone()) })
        };
        match self.deals.partner_center.get(id).await? {
            None => over("is not visible to our user".into()),
            Some(referral) if referral.stage.is_terminal() => {
                over(format!("is already closed ({}), and that is final", referral.stage))
            }
            Some(referral) => {
                // The link was lost, or never made: as with any two that name each other, and the opportunity follows its lead.
                let is_on = lead.get(self.deals.mapping.columns.sync.as_str()) == &Json::Bool(true);
                let record = if is_on { Box::new(lead) } else { record };
                self.turn_to(&record.key);
                let referral = Box::new(referral);
                Ok(Found::Counterparts { referral, record })
            }
        }
    }

    /// The pair of the lead that this opportunity was.
    pub(super) async fn pair_of_origin(
        &self,
        opportunity: &CrmKey,
    ) -> Result<Option<Link>, Failure> {
        Ok(self.origin(opportunity).await?.and_then(|origin| origin.pair))
    }

    async fn origin(&self, opportunity: &CrmKey) -> Result<Option<Origin>, Failure> {
        let Some(table) = self.deals.leads.as_ref().filter(|_| !self.is_on_leads()) else {
            return Ok(None);
        };
        let Some(key) = table.crm.origin(opportunity).await? else {
            return Ok(None);
        };
        let mut origin = Origin { pair: self.deals.links.by_crm(&key).await?, ..Origin::default() };
        if origin.pair.is_none() {
            origin.lead = table.crm.get(&key).await?;
            origin.unlinked =
                origin.lead.as_ref().and_then(|lead| self.referral_id_of(lead)?.parse().ok());
        }
        if let Some(id) = origin.unlinked
            && let Some(link) = self.deals.links.by_referral(id).await?
        {
            origin.unlinked = None;
            origin.pair = Some(link).filter(|link| link.lead.as_ref() == Some(&key));
        }
        Ok(Some(origin))
    }

    /// What an opportunity is whose lead has this pair: the pair goes on with it, unless it did with another one.
    pub(super) fn pair_of_lead(
        &self,
        link: Link,
        record: Box<CrmRecord>,
    ) -> Result<Found, Failure> {
        if link.crm == record.key {
            return Err(Failure::new(
                System::Aws,
                FailureKind::Stale,
                "the pair was linked meanwhile",
            ));
        }
        if !self.is_lead(&link.crm) {
            let reason = format!(
                "This opportunity was made of a lead whose deal goes on as opportunity {} (referral {}): switch Sync with Partner Center off here.",
                link.crm.id, link.referral
            );
            return Ok(Found::Contradiction { reason, record: Some(record) });
        }
        let link = Box::new(link);
        Ok(Found::Linked { link, microsoft: None })
    }

    /// The accepted lead becomes an opportunity, or has become one by the seller's hand, and the pair goes on with that. Every step may be
    /// repeated: the link moves last.
    pub(super) async fn become_opportunity(
        &mut self,
        link: Link,
        referral: Referral,
        lead: CrmRecord,
        microsoft: Option<Referral>,
    ) -> Result<Outcome, Failure> {
        let deals = self.deals;
        let Some(table) = &deals.leads else {
            return Err(not_synced());
        };
        self.trail.partner_center_request.clone_from(&referral.request_id);
        self.trail.crm_request.clone_from(&lead.request_id);
        self.trail.record = Some(lead.clone());
        // Opportunities are made of one lead by one look at a time.
        self.claim(format!("referral#{}", referral.id)).await?;
        if deals.links.by_referral(referral.id).await?.as_ref() != Some(&link) {
            return Err(Failure::new(
                System::Aws,
                FailureKind::Stale,
                "the link changed since it was read",
            ));
        }
        let opportunity = match self.opportunity_of(table, &link, &referral, &lead).await {
            Ok(Some(opportunity)) => opportunity,
            // Should it come back, the pair goes on with it.
            Ok(None) if lead.converted_into.is_some() => {
                return self.part(link, DisconnectReason::RecordDeleted, None).await;
            }
            Ok(None) => {
                return self.tell_rejection(Some(lead), vec![WITHOUT_OPPORTUNITY.into()]).await;
            }
            Err(failure) if failure.kind == FailureKind::Rejected => {
                let problem = format!(
                    "Accepted in Partner Center, but no opportunity could be made of the lead: {failure}"
                );
                return self.tell_rejection(Some(lead), vec![problem]).await;
            }
            Err(failure) => return Err(failure),
        };
        self.engine = deals;
        let carried = self
            .referral_id_of(&opportunity)
            .filter(|id| !id.eq_ignore_ascii_case(&referral.id.to_string()));
        let other = deals.links.by_crm(&opportunity.key).await?;
        if let Some(other) = other.map(|link| link.referral.to_string()).or(carried) {
            let problem = format!(
                "Its lead is paired with referral {}, but this opportunity with referral {other}: your sync operator must unlink one of the two.",
                referral.id
            );
            self.trail.tells_another_pair();
            return self.tell_rejection(Some(opportunity), vec![problem]).await;
        }
        if deals.claims.is_claimed(&opportunity.key.to_string(), self.look.now).await? {
            // One that a seller chose for the lead may be getting a referral of its own just now.
            let message =
                "another function is creating a referral for the opportunity; its link will appear";
            return Err(Failure::new(System::Aws, FailureKind::Transient, message));
        }
        // Whoever entered something in the lead meanwhile must find it in the opportunity.
        let Some(now) = table.crm.get(&lead.key).await? else {
            return Err(Failure::new(System::Crm, FailureKind::Stale, "the lead is gone"));
        };
        let left = left_behind(
            (&deals.mapping, &table.mapping),
            &link,
            &referral,
            (&lead, &now),
            &opportunity,
        );
        let opportunity = self.take_over(opportunity, left, now.phase).await?;
        self.release_lead(&now, &opportunity.key.id).await?;
        let moved =
            moved_to(&link, &opportunity, &deals.mapping, &table.mapping, &referral, self.look.now);
        deals.links.replace(&[link], &moved).await?;
        self.record(
            AuditKind::Qualified,
            format!(
                "The lead became {} {}, and the deal goes on there.",
                moved.crm.entity, moved.crm.id
            ),
            Vec::new(),
        )
        .await?;
        let moved = Link { version: 1, ..moved };
        if let Some(into) = opportunity.merged_into {
            return self.part(moved, DisconnectReason::RecordMerged(into), None).await;
        }
        let outcome = self.update(moved, referral, opportunity, microsoft).await?;
        Ok(match outcome.kind {
            AuditKind::Unchanged | AuditKind::Updated => {
                Outcome { kind: AuditKind::Qualified, ..outcome }
            }
            _ => outcome,
        })
    }

    /// The opportunity that a lead became, or becomes now; `None` when it was qualified without one.
    async fn opportunity_of(
        &mut self,
        table: &LeadTable,
        link: &Link,
        referral: &Referral,
        lead: &CrmRecord,
    ) -> Result<Option<CrmRecord>, Failure> {
        let deals = self.deals;
        if let Some(made) = deals.crm.find_by_referral(referral.id).await? {
            // By an earlier look that did not come to link it, whatever the seller made beside it.
            return Ok(Some(made));
        }
        if let Some(key) = &lead.converted_into {
            return deals.crm.get(key).await;
        }
        if lead.phase.is_closed() {
            return Ok(None);
        }
        self.intend("About to make the lead an opportunity.", Vec::new()).await?;
        let write = plan_opportunity(&deals.mapping, &table.mapping, link, referral, lead);
        table.crm.qualify(lead, referral.id, &write).await.map(Some)
    }

    /// The opportunity gets what the lead had: the switch, the identifier and the link, and what was `left` behind.
    async fn take_over(
        &mut self,
        opportunity: CrmRecord,
        left: CrmWrite,
        lead: Phase,
    ) -> Result<CrmRecord, Failure> {
        if opportunity.is_read_only() {
            return Ok(opportunity);
        }
        let refusable = !left.is_empty();
        let whole = self.taken_over(&opportunity, left, lead);
        if whole.is_empty() {
            return Ok(opportunity);
        }
        match self.write(&opportunity, whole).await {
            // What the opportunity does not take must not keep the deal from going on; the lead still shows it.
            Err(failure) if failure.kind == FailureKind::Rejected && refusable => {
                let write = self.taken_over(&opportunity, CrmWrite::default(), lead);
                self.write(&opportunity, write).await
            }
            written => written,
        }
    }

    fn taken_over(&self, opportunity: &CrmRecord, left: CrmWrite, lead: Phase) -> CrmWrite {
        let sync = &self.engine.mapping.columns.sync;
        let is_new = opportunity.get(sync.as_str()) != &Json::Bool(true);
        let lines = is_new.then(|| "Goes on from the lead.".to_owned());
        let mut write = left;
        self.told(None).add_to(
            &mut write,
            Some(opportunity),
            &Note::Synced(lines.into_iter().collect()),
        );
        if is_new {
            write.fields.insert(sync.to_string(), Json::Bool(true));
        }
        // A conversion may begin at the very stage of deals that nobody has accepted; who qualifies the lead accepts it.
        if (lead, opportunity.phase) == (Phase::Qualified, Phase::OnHold) {
            write.phase = Some(Phase::Open);
        }
        write
    }

    /// Whether the deal of a lead that is off goes on nevertheless: its opportunity is there and switched on, by us when we released the lead,
    /// or by its seller, for whom the lead is read-only.
    pub(super) async fn goes_on_without_lead(
        &self,
        referral: &Referral,
        lead: &CrmRecord,
    ) -> Result<bool, Failure> {
        let deals = self.deals;
        // A lead that its seller switched off while nobody had accepted the referral is no deal yet.
        if !self.is_lead(&lead.key)
            || (referral.stage == Stage::New && lead.phase != Phase::Qualified)
        {
            return Ok(false);
        }
        let made = match (deals.crm.find_by_referral(referral.id).await?, &lead.converted_into) {
            // A lead that is off may have been converted into the opportunity of another deal.
            (None, Some(key)) if deals.links.by_crm(key).await?.is_none() => {
                deals.crm.get(key).await?
            }
            (made, _) => made,
        };
        Ok(made
            .is_some_and(|made| made.get(deals.mapping.columns.sync.as_str()) == &Json::Bool(true)))
    }

    /// A CRM that cannot convert leads for us is left with an open one: its seller must know that it is done. Fails as stale when somebody
    /// edited it since it was read.
    pub(super) async fn release_lead(
        &mut self,
        lead: &CrmRecord,
        opportunity: &str,
    ) -> Result<(), Failure> {
        let (Some(leads), table) = (self.leads, self.engine) else {
            return Ok(());
        };
        let sync = &leads.mapping.columns.sync;
        if lead.is_read_only() || lead.get(sync.as_str()) != &Json::Bool(true) {
            return Ok(());
        }
        self.engine = leads;
        let line = format!(
            "Accepted in Partner Center: the deal goes on as opportunity {opportunity}. Close this lead without converting it."
        );
        let mut write = CrmWrite::default();
        self.told(None).add_to(&mut write, Some(lead), &Note::Parted(vec![line]));
        write.fields.insert(sync.to_string(), Json::Bool(false));
        let told = self.write(lead, write).await;
        self.engine = table;
        match told {
            // The deal goes on whether or not the lead's seller can be told.
            Err(failure) if failure.kind == FailureKind::Rejected => {
                tracing::warn!(lead = %lead.key, error = failure.redacted(), "the lead's seller could not be told");
                Ok(())
            }
            told => told.map(drop),
        }
    }
}

const WITHOUT_OPPORTUNITY: &str = "The lead was qualified without an opportunity: nothing crosses. Make an opportunity for it, and ask your sync operator \
                                   to link that one.";

fn not_synced() -> Failure {
    Failure::new(System::Aws, FailureKind::Rejected, "leads are not synced any more")
}
