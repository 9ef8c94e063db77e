//! A linked deal whose two sides are there, as the rules read it.

use std::collections::{BTreeMap, BTreeSet};

use cosell_mapping::{Mapping, Unreadable};
use cosell_model::audit::Side;
use cosell_model::crm::CrmRecord;
use cosell_model::field::Field;
use cosell_model::link::{DisconnectReason, LastSynced, Link};
use cosell_model::referral::Referral;
use jiff::Timestamp;

use super::base;
use crate::pair::Pair;
use crate::policy::{Policy, Rules};

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
    /// Fields whose values are not known: no edit is concluded from them.
    pub(crate) unreadable: BTreeMap<Field, Unreadable>,
    /// What both sides had when they were last synced: the merge's base.
    pub(crate) base: BTreeMap<Field, LastSynced>,
    /// Fields without a base, both sides of which count as changed.
    pub(crate) in_doubt: BTreeSet<Field>,
}

impl Case<'_> {
    /// The side whose record changed last.
    pub(super) fn newest(&self) -> Side {
        if self.record.modified > self.referral.updated { Side::Crm } else { Side::PartnerCenter }
    }

    /// The Microsoft referral, where it may still change.
    pub(crate) fn microsoft(&self) -> Option<&Referral> {
        self.pair.microsoft.as_ref()
    }
}

impl<'a> Rules<'a> {
    /// The case of a linked pair, or why it is disconnected.
    pub(crate) fn case<'p>(self, pair: &'p Pair) -> Result<Case<'p>, DisconnectReason>
    where
        'a: 'p,
    {
        let (link, referral, record) = both_sides(pair)?;
        let mapping = self.mapping_of(pair.table);
        let observation = mapping.observe_linked(&known_microsoft(link, pair), referral, record);
        let observed = observation.values;
        let (base, in_doubt) = base::of(mapping, link, &observed);
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
            unreadable: observation.unreadable,
            base,
            in_doubt,
        })
    }
}

/// The link with the Microsoft referral that was read, which it may not know yet.
fn known_microsoft(link: &Link, pair: &Pair) -> Link {
    let microsoft = pair.microsoft.as_ref().map(|microsoft| microsoft.id);
    Link { microsoft_referral: microsoft.or(link.microsoft_referral), ..link.clone() }
}

/// Both sides of a linked pair, or why it is disconnected.
pub(super) fn both_sides(pair: &Pair) -> Result<(&Link, &Referral, &CrmRecord), DisconnectReason> {
    match (&pair.link, &pair.referral, &pair.record) {
        (_, _, Some(CrmRecord { merged_into: Some(into), .. })) => {
            Err(DisconnectReason::RecordMerged(into.clone()))
        }
        (Some(link), Some(referral), Some(record)) => Ok((link, referral, record)),
        (_, None, Some(_)) => Err(DisconnectReason::ReferralInvisible),
        _ => Err(DisconnectReason::RecordDeleted),
    }
}
