use std::sync::Arc;

use super::*;
use crate::port::Leads;

/// The leads of a world: a world of their own, whose records become opportunities of that one.
pub(crate) struct LeadsOf {
    pub(crate) leads: Arc<World>,
    deals: Arc<World>,
    /// Whether a lead stays open when an opportunity is made of it, as where leads cannot be converted from system.
    pub(crate) stay_open: bool,
}

impl LeadsOf {
    pub(crate) fn new(deals: Arc<World>) -> Self {
        let leads = World::default();
        *leads.entity.lock().unwrap() = Some("lead");
        *leads.counter.lock().unwrap() = 1_000;
        Self { leads: Arc::new(leads), deals, stay_open: false }
    }
}

#[async_trait]
impl Crm for LeadsOf {
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure> {
        assert_eq!(key.entity, "lead");
        Crm::get(self.leads.as_ref(), key).await
    }

    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure> {
        self.leads.find_by_referral(id).await
    }

    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.leads.upsert(id, write).await
    }

    async fn update(&self, record: &CrmRecord, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        assert_eq!(record.key.entity, "lead");
        self.leads.update(record, write).await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        Crm::changed_since(self.leads.as_ref(), since).await
    }
}

#[async_trait]
impl Leads for LeadsOf {
    async fn qualify(
        &self,
        lead: &CrmRecord,
        referral: ReferralId,
        write: &CrmWrite,
    ) -> Result<CrmRecord, Failure> {
        self.leads.run("leads.qualify", System::Crm, || Ok(()))?;
        let opportunity = self.deals.upsert(referral, write).await?;
        if !self.stay_open {
            self.leads.edit_record(&lead.key.id, |lead| {
                lead.phase = Phase::Qualified;
                lead.converted_into = Some(opportunity.key.clone());
            });
        }
        self.leads.run("leads.qualified", System::Crm, || Ok(opportunity))
    }

    async fn origin(&self, opportunity: &CrmKey) -> Result<Option<CrmKey>, Failure> {
        self.leads.run("leads.origin", System::Crm, || {
            let leads = self.leads.records.lock().unwrap();
            let origin =
                leads.values().find(|lead| lead.converted_into.as_ref() == Some(opportunity));
            Ok(origin.map(|lead| lead.key.clone()))
        })
    }
}
