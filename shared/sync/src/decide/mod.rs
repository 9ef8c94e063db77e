//! Deciding: a pair in, a plan out. Pure: no clock, no calls, no randomness.
//!
//! Each rule of the domain is one file with one function of the same shape: it reads the case and
//! what earlier rules put into the plan, and adds to the plan.

pub(crate) mod adoption;
pub(crate) mod agreement;
pub(crate) mod base;
mod body;
pub(crate) mod case;
mod change;
pub(crate) mod connector;
mod created;
mod currency;
mod deadline;
mod disconnect;
mod dropped_writes;
mod fields;
mod flapping;
pub(crate) mod fold;
mod help;
pub(crate) mod last_synced;
pub(crate) mod lead;
pub(crate) mod link_after;
pub mod merge;
mod microsoft;
pub(crate) mod new_record;
pub(crate) mod new_referral;
pub(crate) mod progress;
mod reference;
pub(crate) mod registration;
pub(crate) mod rest;
mod restore;
mod scope;
mod stage;
mod status;
mod switch;
mod visibility;
mod win_hold;

#[cfg(test)]
mod tests;

use cosell_model::notice::Notice;
use cosell_model::state::DealState;

use crate::pair::{Pair, Standing};
use crate::plan::Plan;
use crate::policy::{Rules, Table};
use case::Case;
use progress::Progress;

pub(crate) use base::field as field_of;
pub(crate) use created::after as created;
pub(crate) use currency::go_together;
pub(crate) use dropped_writes::{dropped_by, is_kept, notice as dropped_notice};
pub(crate) use flapping::landed;
pub(crate) use fold::{is_known, is_new};
pub(crate) use help::is_started as help_is_started;
pub use new_referral::kind_of_new;
pub(crate) use status::{columns as status_columns, with_status as status_of};

/// The rules of a linked deal, in order.
const RULES: [fn(&Case<'_>, &mut Plan); 17] = [
    adoption::decide,
    restore::decide,
    lead::decide,
    switch::decide,
    registration::decide,
    stage::decide,
    fields::decide,
    help::decide,
    visibility::decide,
    reference::decide,
    microsoft::decide,
    deadline::decide,
    dropped_writes::decide,
    flapping::decide,
    agreement::decide,
    fields::locked,
    status::decide,
];

impl Rules<'_> {
    /// Decides what is to be done about a deal.
    pub fn decide(self, pair: &Pair) -> Plan {
        let plan = match &pair.standing {
            Standing::AtRest(rest) => rest::decide(*rest),
            Standing::Ignored(reason) => {
                let reason = reason.clone();
                let notice = Notice::Off { reason: reason.clone() };
                let plan = Plan::ending(DealState::Off { reason }, vec![notice]);
                status::with_status(self, pair, plan)
            }
            Standing::Contradiction(notice) => {
                status::with_status(self, pair, Plan::refused(vec![notice.clone()]))
            }
            Standing::FormerLead { opportunity } => {
                lead::release(self.mapping_of(Table::Leads), pair, opportunity)
            }
            Standing::NewRecord => created::introduced(self, pair, new_record::decide(self, pair)),
            Standing::NewReferral => {
                let plan = new_referral::decide(self, pair);
                status::with_status(self, pair, created::foreseen(self, pair, plan))
            }
            Standing::Linked | Standing::Adopt => self.decide_linked(pair),
        };
        plan.in_order()
    }

    /// The state of a deal once its plan is carried out. `None` where it follows from what the
    /// services answer: of a side that is yet to be made.
    pub fn state_after(self, pair: &Pair, plan: &Plan) -> Option<DealState> {
        if plan.state.is_some() {
            return plan.state.clone();
        }
        let case = self.case(pair).ok()?;
        Some(fold::of(&case, plan, &Progress::planned(plan, case.link)).state)
    }

    fn decide_linked(self, pair: &Pair) -> Plan {
        let Some(link) = &pair.link else { return Plan::default() };
        let mut plan = Plan::default();
        let case = match self.case(pair) {
            Ok(case) => case,
            Err(reason) => {
                return status::with_status(self, pair, disconnect::decide(pair, link, reason));
            }
        };
        for rule in RULES {
            rule(&case, &mut plan);
            if plan.ends {
                break;
            }
        }
        if plan.ends { status::with_status(self, pair, plan) } else { plan }
    }
}
