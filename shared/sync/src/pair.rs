//! A deal as it was found and read.

use cosell_model::crm::CrmRecord;
use cosell_model::link::Link;
use cosell_model::message::Cause;
use cosell_model::notice::{Notice, OffReason};
use cosell_model::referral::Referral;
use cosell_model::state::{DealState, UnlinkedDeal};
use jiff::Timestamp;
use serde::Serialize;

use crate::policy::Table;

/// A deal as it was found and read: what a decision is made on. Nothing changes it.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Why the deal is reconciled.
    pub cause: Cause,
    /// Our clock.
    pub now: Timestamp,
    /// The CRM's table that the record stands in, or would.
    pub table: Table,
    /// How it was found.
    pub standing: Standing,
    /// The link; a new one, of version 0, for two sides that are adopted.
    pub link: Option<Link>,
    /// What is kept of a deal that is not linked.
    pub unlinked: Option<UnlinkedDeal>,
    /// The partner's referral.
    pub referral: Option<Referral>,
    /// The CRM record.
    pub record: Option<CrmRecord>,
    /// The Microsoft referral, where it may still change.
    pub microsoft: Option<Referral>,
    /// The opportunity that a lead became.
    pub opportunity: Option<CrmRecord>,
}

/// How a deal was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Linked, and both sides were asked for.
    Linked,
    /// Linked, and left alone: nothing was read.
    AtRest(Rest),
    /// Two sides that name each other and are not linked.
    Adopt,
    /// A referral without a record.
    NewRecord,
    /// A record without a referral.
    NewReferral,
    /// A lead whose deal goes on as an opportunity.
    FormerLead {
        /// Its id.
        opportunity: String,
    },
    /// Not for us.
    Ignored(OffReason),
    /// Identifiers that contradict each other: a person must decide.
    Contradiction(Notice),
}

impl Pair {
    /// A pair of which nothing was read yet.
    pub fn of(standing: Standing, cause: Cause, now: Timestamp) -> Self {
        Self {
            cause,
            now,
            table: Table::default(),
            standing,
            link: None,
            unlinked: None,
            referral: None,
            record: None,
            microsoft: None,
            opportunity: None,
        }
    }

    /// Where the deal stood when it was found.
    pub(crate) fn state(&self) -> &DealState {
        let kept = self.link.as_ref().filter(|_| self.is_linked()).map(|link| &link.state);
        let kept = kept.or_else(|| self.unlinked.as_ref().map(|deal| &deal.state));
        kept.unwrap_or(&DealState::New)
    }

    /// Whether the record is read-only: where it takes no notices, it is not asked again.
    pub(crate) fn is_read_only(&self) -> bool {
        self.record.as_ref().is_some_and(CrmRecord::is_read_only)
    }

    /// Whether the link is kept already.
    pub(crate) fn is_linked(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.version > 0)
    }
}

/// Why a linked deal is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rest {
    /// An operator unlinked it.
    Unlinked,
    /// It is a lead, and leads are not synced any more: it must not be taken for one that is gone.
    LeadsOff,
    /// It keeps flapping.
    Paused(Timestamp),
}
