//! Finding the deal that a message is about.

mod from_lead;
mod from_record;
mod from_referral;

use cosell_model::crm::{CrmKey, CrmRecord};
use cosell_model::link::Link;
use cosell_model::message::Subject;
use cosell_model::notice::{Notice, OffReason};
use cosell_model::referral::Referral;
use cosell_model::state::UnlinkedDeal;
use jiff::Timestamp;

use crate::engine::Engine;
use crate::failure::Failure;
use crate::policy::Table;

/// What is known of a subject.
#[derive(Clone, Debug)]
pub(crate) enum Located {
    /// A deal we know, and the Microsoft referral if the message was about that.
    Linked { link: Box<Link>, microsoft: Option<Box<Referral>> },
    /// Two sides that name each other but are not linked: a link that was lost, or a creation that
    /// died half-way.
    Adopt { referral: Box<Referral>, record: Box<CrmRecord>, table: Table },
    /// A referral without a CRM record, and the table where it would stand.
    NewRecord { referral: Box<Referral>, table: Table },
    /// A CRM record without a referral.
    NewReferral(Box<CrmRecord>),
    /// A lead whose deal goes on as an opportunity.
    FormerLead { lead: Box<CrmRecord>, opportunity: String },
    /// Not for us.
    Ignored(OffReason),
    /// A record without *Sync with Partner Center*.
    NotFlagged { record: Box<CrmRecord>, table: Table },
    /// The identifiers contradict each other: a person must decide.
    Contradiction { notice: Notice, record: Option<Box<CrmRecord>>, table: Table },
}

/// What was found, and what is kept of the deal while it is not linked.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) located: Located,
    pub(crate) unlinked: Option<UnlinkedDeal>,
}

impl From<Located> for Found {
    fn from(located: Located) -> Self {
        Self { located, unlinked: None }
    }
}

impl Engine {
    /// Finds the deal of a subject.
    pub(crate) async fn find(&self, subject: &Subject, now: Timestamp) -> Result<Found, Failure> {
        match subject {
            Subject::Referral(id) => self.find_from_referral(*id, now).await,
            Subject::Crm(key) if self.table_of(key) == Table::Leads => {
                self.find_from_lead(key).await
            }
            Subject::Crm(key) => self.find_from_record(key, Table::Opportunities).await,
        }
    }
}

fn linked(link: Link) -> Located {
    Located::Linked { link: Box::new(link), microsoft: None }
}

/// Whether a link is that of this record.
fn is_of(link: &Link, key: &CrmKey) -> bool {
    link.crm == *key
}
