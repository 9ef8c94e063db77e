//! Deciding: a pair in, a plan out. Pure: no clock, no calls, no randomness.
//!
//! Each rule of the domain is one file with one function of the same shape: it reads the case and what earlier rules put into
//! the plan, and adds to the plan.

pub(crate) mod adoption;
mod agreement;
mod body;
mod currency;
mod deadline;
mod disconnect;
mod dropped_writes;
mod fields;
mod flapping;
mod help;
pub(crate) mod lead;
pub mod merge;
mod microsoft;
pub(crate) mod new_record;
pub(crate) mod new_referral;
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

use std::collections::{BTreeMap, BTreeSet};

use cosell_mapping::Mapping;
use cosell_model::audit::Side;
use cosell_model::crm::CrmRecord;
use cosell_model::field::Field;
use cosell_model::link::{DisconnectReason, LastSynced, Link};
use cosell_model::notice::Notice;
use cosell_model::referral::Referral;
use cosell_model::state::DealState;
use jiff::Timestamp;

use crate::engine::{Engine, Policy, Rules, Table};
use crate::observe::{Pair, Standing};
use crate::plan::{Action, Plan};

pub(crate) use currency::go_together;
pub(crate) use dropped_writes::{dropped_by, is_kept, notice as dropped_notice};
pub(crate) use fields::field as field_of;
pub(crate) use flapping::landed;
pub(crate) use help::is_started as help_is_started;
pub(crate) use status::{columns as status_columns, with_status as status_of};

/// A linked deal whose two sides are there.
pub(crate) struct Case<'a> {
    pub(crate) pair: &'a Pair,
    pub(crate) link: &'a Link,
    pub(crate) referral: &'a Referral,
    pub(crate) record: &'a CrmRecord,
    /// The mapping of the record's table.
    pub(crate) mapping: &'a Mapping,
    /// The mapping of opportunities.
    pub(crate) deals: &'a Mapping,
    pub(crate) policy: &'a Policy,
    pub(crate) now: Timestamp,
    /// What both sides have now.
    pub(crate) observed: BTreeMap<Field, LastSynced>,
    /// Fields that could not be read, or are not there for this deal: nothing is concluded from them.
    pub(crate) unreadable: BTreeSet<Field>,
    /// What both sides had when they were last synced: the merge's base.
    pub(crate) base: BTreeMap<Field, LastSynced>,
}

impl Case<'_> {
    /// The side whose record changed last.
    fn newest(&self) -> Side {
        if self.record.modified > self.referral.updated { Side::Crm } else { Side::PartnerCenter }
    }

    /// The Microsoft referral, where it may still change.
    pub(crate) fn microsoft(&self) -> Option<&Referral> {
        self.pair.microsoft.as_ref()
    }
}

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

impl<'a> Rules<'a> {
    /// Decides what is to be done about a deal.
    pub fn decide(self, pair: &Pair) -> Plan {
        let plan = match &pair.standing {
            Standing::AtRest(rest) => rest::decide(*rest),
            Standing::Ignored(reason) => {
                let reason = reason.clone();
                let notice = Notice::Off { reason: reason.clone() };
                Plan::ending(DealState::Off { reason }, vec![notice])
            }
            Standing::Contradiction(notice) => {
                status::with_status(self, pair, Plan::refused(vec![notice.clone()]))
            }
            Standing::FormerLead { opportunity } => lead::release(opportunity),
            Standing::NewRecord => new_record::decide(self, pair),
            Standing::NewReferral => {
                status::with_status(self, pair, new_referral::decide(self, pair))
            }
            Standing::Linked | Standing::Adopt => self.decide_linked(pair),
        };
        plan.in_order()
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

    /// The case of a linked pair, or why it is disconnected.
    pub(crate) fn case<'p>(self, pair: &'p Pair) -> Result<Case<'p>, DisconnectReason>
    where
        'a: 'p,
    {
        let (link, referral, record) = disconnect::both_sides(pair)?;
        let mapping = self.mapping_of(pair.table);
        let observation = mapping.observe_linked(&known_microsoft(link, pair), referral, record);
        let named = |(name, values): (String, LastSynced)| (Field::from(name), values);
        let observed = observation.values.into_iter().map(named).collect();
        let base = fields::base(mapping, link, &observed);
        Ok(Case {
            pair,
            link,
            referral,
            record,
            mapping,
            deals: self.deals,
            policy: self.policy,
            now: pair.now,
            observed,
            unreadable: observation.unreadable.into_iter().map(Field::from).collect(),
            base,
        })
    }
}

/// The link with the Microsoft referral that was read, which it may not know yet.
fn known_microsoft(link: &Link, pair: &Pair) -> Link {
    let microsoft = pair.microsoft.as_ref().map(|microsoft| microsoft.id);
    Link { microsoft_referral: microsoft.or(link.microsoft_referral), ..link.clone() }
}

impl Engine {
    /// The case of a linked pair, or why it is disconnected.
    pub(crate) fn case<'p>(&'p self, pair: &'p Pair) -> Result<Case<'p>, DisconnectReason> {
        self.rules().case(pair)
    }
}

impl Plan {
    /// The deal is refused: nothing is written but what its seller is notified of.
    pub(crate) fn refused(reasons: Vec<Notice>) -> Self {
        Self::ending(DealState::Refused { reasons: reasons.clone() }, reasons)
    }
}

/// The sides whose both tables a lead's conversion works with.
pub(crate) fn tables(engine: &Engine) -> Option<(&Mapping, &Mapping)> {
    let leads = engine.leads.as_ref()?;
    Some((engine.mapping_of(Table::Opportunities), &leads.mapping))
}

/// The plan of a deal that was just created, now that it is linked: the same effects, and what only shows with both sides.
pub(crate) fn created(case: &Case<'_>, plan: &Plan) -> Plan {
    let mut created = Plan { memory: crate::plan::Memory::default(), ..plan.clone() };
    created
        .effects
        .retain(|effect| !matches!(effect.action, Action::Columns(_) | Action::Notify(_)));
    dropped_writes::decide(case, &mut created);
    visibility::decide(case, &mut created);
    deadline::decide(case, &mut created);
    agreement::decide(case, &mut created);
    created
}
