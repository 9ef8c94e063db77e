//! What a decision goes by: the mapping of both tables, and the operator's settings.

use cosell_mapping::Mapping;
use cosell_model::deadline::Deadlines;
use cosell_model::flapping::FlappingLimits;
use cosell_model::id::ReferralId;

use crate::render::Words;

/// What the operator set, beside the mapping.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whether deals without Microsoft's help are sent to Partner Center, and private referrals
    /// brought to the CRM.
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
