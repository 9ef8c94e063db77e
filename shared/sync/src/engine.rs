//! The engine: the ports, the mapping and the policy that a reconciliation works with.

use std::sync::Arc;

use cosell_mapping::Mapping;
use cosell_model::crm::CrmKey;

use crate::policy::{Policy, Rules, Table};
use crate::port::{AuditLog, Claims, Crm, Leads, Links, PartnerCenter, Schedule};

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
