//! The decision for one pair: values in, what to do and why out. A dry run prints exactly this.

mod body;
mod creation;
mod currency;
mod dropped_writes;
mod halves;
mod invitation;
mod lead;
mod microsoft;
mod pending;
mod planner;
mod registration;
mod seller;
mod stage;
mod trial;
mod update;
mod visibility;
mod warning;
mod win;

pub use creation::{
    Adoption, NewRecord, NewReferral, microsoft_crm_id, plan_adoption, plan_bare_record,
    plan_record, plan_referral,
};
pub use currency::Part;
pub use dropped_writes::dropped_writes_of_new;
pub use halves::Halves;
pub use invitation::{Invitation, Wish};
pub use lead::{accepted_as_lead, left_behind, moved_to, plan_opportunity};
pub use microsoft::{MicrosoftNews, news_of_microsoft};
pub use planner::plan_update;
pub use registration::{NewRegistration, may_be_registered, plan_registration};
pub use seller::{Note, Told, told_lately};
pub use trial::{FieldTrial, Trial, try_record, try_referral};
pub use update::{Held, Update};
pub use warning::{Warnings, plan_warnings};
pub use win::win_waits_until;

use cosell_model::breaker::Breaker;
use cosell_model::deadline::Deadlines;

/// What the operator set, beside the mapping.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Whether deals without Microsoft's help are sent to Partner Center, and private referrals brought to the CRM.
    pub sync_private: bool,
    /// Whether leads are brought to the CRM.
    pub sync_leads: bool,
    /// Where Partner Center shows a referral; its id is appended.
    pub referral_link_base: String,
    /// When a pair counts as fought over.
    pub breaker: Breaker,
    /// When the seller is warned of an invitation that expires.
    pub deadlines: Deadlines,
}

impl Policy {
    /// The Referral Link of a referral.
    pub fn referral_link(&self, id: cosell_model::id::ReferralId) -> String {
        format!("{}/{id}", self.referral_link_base.trim_end_matches('/'))
    }
}

#[cfg(test)]
pub(crate) mod tests;
