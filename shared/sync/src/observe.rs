//! Observing: both sides of a located deal, read side by side and then left as they are.

use crate::identity::is_on;
use cosell_mapping::Mapping;
use cosell_model::crm::CrmRecord;
use cosell_model::link::Link;
use cosell_model::message::Cause;
use cosell_model::notice::OffReason;
use cosell_model::referral::Referral;
use cosell_model::state::UnlinkedDeal;
use jiff::Timestamp;

use crate::decide::{lead, registration, rest};
use crate::engine::Engine;
use crate::failure::Failure;
use crate::find::Located;
use crate::pair::{Pair, Standing};
use crate::policy::Table;

impl Engine {
    /// Reads what the decision on a located deal needs.
    pub(crate) async fn observe(
        &self,
        located: Located,
        unlinked: Option<UnlinkedDeal>,
        cause: Cause,
        now: Timestamp,
    ) -> Result<Pair, Failure> {
        let pair = |standing| Pair { unlinked, ..Pair::of(standing, cause, now) };
        Ok(match located {
            Located::Linked { link, microsoft } => {
                return self.observe_linked(*link, microsoft.map(|it| *it), cause, now).await;
            }
            Located::Adopt { referral, record, table } => {
                let link = adopted(self.mapping_of(table), &referral, &record, now);
                let mut pair = Pair {
                    table,
                    link: Some(link),
                    referral: Some(*referral),
                    record: Some(*record),
                    ..pair(Standing::Adopt)
                };
                pair.opportunity = self.observe_opportunity(&pair).await?;
                pair
            }
            Located::NewRecord { referral, table } => {
                Pair { table, referral: Some(*referral), ..pair(Standing::NewRecord) }
            }
            Located::NewReferral(record) => {
                Pair { record: Some(*record), ..pair(Standing::NewReferral) }
            }
            Located::FormerLead { lead, opportunity } => Pair {
                table: Table::Leads,
                record: Some(*lead),
                ..pair(Standing::FormerLead { opportunity })
            },
            Located::Ignored(reason) => pair(Standing::Ignored(reason)),
            Located::NotFlagged { record, table } => Pair {
                table,
                record: Some(*record),
                ..pair(Standing::Ignored(OffReason::NotFlagged))
            },
            Located::Contradiction { notice, record, table } => Pair {
                table,
                record: record.map(|record| *record),
                ..pair(Standing::Contradiction(notice))
            },
        })
    }

    async fn observe_linked(
        &self,
        link: Link,
        microsoft: Option<Referral>,
        cause: Cause,
        now: Timestamp,
    ) -> Result<Pair, Failure> {
        let table = self.table_of(&link.crm);
        if let Some(rest) = rest::of(&link, table, self.leads.is_some(), cause, now) {
            let pair = Pair::of(Standing::AtRest(rest), cause, now);
            return Ok(Pair { table, link: Some(link), ..pair });
        }
        let (referral, record, microsoft) = futures::try_join!(
            self.partner_center.get(link.referral),
            self.port(table).get(&link.crm),
            self.observe_microsoft(&link, microsoft)
        )?;
        let mut pair = Pair {
            table,
            link: Some(link),
            referral,
            record,
            microsoft,
            ..Pair::of(Standing::Linked, cause, now)
        };
        self.observe_closed_microsoft(&mut pair).await?;
        pair.opportunity = self.observe_opportunity(&pair).await?;
        Ok(pair)
    }

    /// The Microsoft referral: the one in hand, or the one that the link knows and that may still
    /// change. One that somebody made after the first was closed takes its place.
    ///
    /// Whether an event names it or ours is not documented, and a webhook may be lost (contract
    /// partner-center 4.3): so it is read beside the two sides, rather than waited for.
    async fn observe_microsoft(
        &self,
        link: &Link,
        in_hand: Option<Referral>,
    ) -> Result<Option<Referral>, Failure> {
        let known = link.microsoft_referral;
        let takes = |referral: &Referral| {
            known.is_none_or(|known| known == referral.id) || link.microsoft.is_over()
        };
        if let Some(referral) = in_hand.filter(takes) {
            return Ok(Some(referral));
        }
        match known.filter(|_| !link.microsoft.is_over()) {
            Some(id) => self.partner_center.get(id).await,
            None => Ok(None),
        }
    }

    /// A registration needs Microsoft's answer, though its referral is closed.
    async fn observe_closed_microsoft(&self, pair: &mut Pair) -> Result<(), Failure> {
        let mapping = self.mapping_of(pair.table);
        if pair.microsoft.is_none()
            && registration::is_open(mapping, pair)
            && let Some(id) = pair.link.as_ref().and_then(|link| link.microsoft_referral)
        {
            pair.microsoft = self.partner_center.get(id).await?;
        }
        Ok(())
    }

    /// The opportunity of a lead: one that was made of it, though its link did not move yet.
    async fn observe_opportunity(&self, pair: &Pair) -> Result<Option<CrmRecord>, Failure> {
        let (Some(referral), Some(record)) = (&pair.referral, &pair.record) else {
            return Ok(None);
        };
        let mapping = self.mapping_of(pair.table);
        if pair.table != Table::Leads || !lead::may_have_become(mapping, referral, record) {
            return Ok(None);
        }
        if let Some(made) = self.crm.find_by_referral(referral.id).await? {
            return Ok(Some(made));
        }
        let Some(key) = &record.converted_into else { return Ok(None) };
        // A lead that is off may have been converted into the opportunity of another deal.
        if !is_on(mapping, record) && self.links.by_crm(key).await?.link().is_some() {
            return Ok(None);
        }
        self.crm.get(key).await
    }
}

/// The link of two sides of which nothing was synced yet: an empty side is filled, a difference is
/// resolved by its rule.
pub(crate) fn adopted(
    mapping: &Mapping,
    referral: &Referral,
    record: &CrmRecord,
    now: Timestamp,
) -> Link {
    let mut link = Link::new(referral, record, now);
    let carries = record.get(&mapping.columns.referral_id).as_str();
    if carries.is_some_and(|id| id.eq_ignore_ascii_case(&referral.id.to_string()))
        && referral.external_reference.is_none()
    {
        // We made it, and did not come to link it: a currency that the CRM put there by itself is
        // nobody's edit.
        link.last_synced = crate::decide::new_record::made_currency(mapping, referral, record);
    }
    link
}
