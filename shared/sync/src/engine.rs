//! The engine: the ports, the mapping and the policy that a reconciliation works with.

use std::sync::Arc;

use cosell_mapping::Mapping;
use cosell_model::crm::CrmKey;
use cosell_model::deadline::Deadlines;
use cosell_model::flapping::FlappingLimits;
use cosell_model::id::ReferralId;

use crate::port::{AuditLog, Claims, Crm, Leads, Links, PartnerCenter, Schedule};
use crate::render::Words;

/// Everything a reconciliation needs; built once per process.
#[derive(Clone)]
pub struct Engine {
    /// Partner Center.
    pub partner_center: Arc<dyn PartnerCenter>,
    /// The CRM's opportunities.
    pub crm: Arc<dyn Crm>,
    /// The CRM's leads, where leads are synced.
    pub leads: Option<LeadTable>,
    /// The deals we know.
    pub links: Arc<dyn Links>,
    /// Claims before creating a referral.
    pub claims: Arc<dyn Claims>,
    /// What is to be reconciled later.
    pub schedule: Arc<dyn Schedule>,
    /// The audit log.
    pub audit: Arc<dyn AuditLog>,
    /// The mapping of opportunities.
    pub mapping: Arc<Mapping>,
    /// The operator's settings.
    pub policy: Arc<Policy>,
}

/// The CRM's leads, with their own mapping.
#[derive(Clone)]
pub struct LeadTable {
    /// The table.
    pub crm: Arc<dyn Leads>,
    /// What [`Mapping::of_leads`] gives.
    pub mapping: Arc<Mapping>,
}

/// What the operator set, beside the mapping.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whether deals without Microsoft's help are sent to Partner Center, and private referrals brought to the CRM.
    pub sync_private: bool,
    /// Whether leads are brought to the CRM.
    pub sync_leads: bool,
    /// Where Partner Center shows a referral; its id is appended.
    pub referral_link_base: String,
    /// When a deal counts as flapping.
    pub flapping: FlappingLimits,
    /// When the seller is warned of an invitation that expires.
    pub deadlines: Deadlines,
    /// The sentences that sellers read.
    pub words: Words,
}

/// What a decision goes by: both mappings and the policy.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The mapping of opportunities.
    pub deals: &'a Mapping,
    /// The mapping of leads, where leads are synced.
    pub leads: Option<&'a Mapping>,
    /// The operator's settings.
    pub policy: &'a Policy,
}

impl<'a> Rules<'a> {
    /// The mapping of a table; of opportunities where leads are not synced.
    pub fn mapping_of(self, table: Table) -> &'a Mapping {
        self.leads.filter(|_| table == Table::Leads).unwrap_or(self.deals)
    }
}

impl Policy {
    /// The Referral Link of a referral.
    pub fn referral_link(&self, id: ReferralId) -> String {
        format!("{}/{id}", self.referral_link_base.trim_end_matches('/'))
    }
}

/// A table of the CRM that deals stand in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Table {
    /// Opportunities.
    #[default]
    Opportunities,
    /// Leads.
    Leads,
}

impl Engine {
    /// The table of this record.
    pub(crate) fn table_of(&self, key: &CrmKey) -> Table {
        if key.entity == self.mapping.entity { Table::Opportunities } else { Table::Leads }
    }

    /// The port of a table; of opportunities where leads are not synced.
    pub(crate) fn port(&self, table: Table) -> &dyn Crm {
        match (table, &self.leads) {
            (Table::Leads, Some(leads)) => leads.crm.as_ref(),
            _ => self.crm.as_ref(),
        }
    }

    /// What a decision goes by.
    pub fn rules(&self) -> Rules<'_> {
        let leads = self.leads.as_ref().map(|leads| leads.mapping.as_ref());
        Rules { deals: &self.mapping, leads, policy: &self.policy }
    }

    /// The mapping of a table; of opportunities where leads are not synced.
    pub(crate) fn mapping_of(&self, table: Table) -> &Mapping {
        self.rules().mapping_of(table)
    }
}
