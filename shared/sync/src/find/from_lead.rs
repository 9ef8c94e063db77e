//! Finding a deal from a lead, and the deal of the lead that an opportunity was.

use cosell_model::crm::{CrmKey, CrmRecord};
use cosell_model::id::ReferralId;
use cosell_model::life_cycle::Stage;
use cosell_model::link::Link;
use cosell_model::notice::{Notice, OffReason};
use serde_json::Value as Json;

use super::{Found, Located, is_of, linked};
use crate::engine::Engine;
use crate::failure::Failure;
use crate::failure::linked_meanwhile;
use crate::identity::identifier;
use crate::policy::Table;

/// The lead that an opportunity was.
#[derive(Default)]
struct Origin {
    /// Its deal, though the link may have moved on.
    link: Option<Link>,
    /// The referral that an unlinked lead carries.
    unlinked: Option<ReferralId>,
    /// The lead, unless it has a link.
    lead: Option<CrmRecord>,
}

impl Engine {
    /// A lead that the poller or an operator named.
    pub(super) async fn find_from_lead(&self, key: &CrmKey) -> Result<Found, Failure> {
        if self.leads.is_none() {
            return Ok(Located::Ignored(OffReason::LeadsOff).into());
        }
        let found = self.find_from_record(key, Table::Leads).await?;
        Ok(match found.located {
            // Only what Microsoft sent is a lead for both.
            Located::NewReferral(_) => {
                Found { located: Located::Ignored(OffReason::LeadOfOurOwn), ..found }
            }
            _ => found,
        })
    }

    /// What an opportunity is that has no referral: its lead may have one, and then it must not get
    /// another.
    pub(super) async fn find_from_origin(
        &self,
        record: Box<CrmRecord>,
        table: Table,
    ) -> Result<Located, Failure> {
        let Some(origin) = self.origin(&record.key, table).await? else {
            return Ok(Located::NewReferral(record));
        };
        if let Some(link) = origin.link {
            return self.link_of_lead(link, record);
        }
        let (Some(id), Some(lead)) = (origin.unlinked, origin.lead) else {
            return Ok(Located::NewReferral(record));
        };
        let over = |stage: Option<Stage>, record| {
            let notice = Notice::LeadReferralOver { referral: id, stage };
            Ok(Located::Contradiction { notice, record: Some(record), table })
        };
        match self.partner_center.get(id).await? {
            None => over(None, record),
            Some(referral) if referral.stage.is_terminal() => over(Some(referral.stage), record),
            Some(referral) => {
                // The link was lost, or never made: as with any two that name each other, and the
                // opportunity follows its lead.
                let is_on = lead.get(&self.mapping.columns.sync) == &Json::Bool(true);
                let record = if is_on { Box::new(lead) } else { record };
                let table = self.table_of(&record.key);
                Ok(Located::Adopt { referral: Box::new(referral), record, table })
            }
        }
    }

    /// The link of the lead that this opportunity was.
    pub(super) async fn link_of_origin(
        &self,
        opportunity: &CrmKey,
        table: Table,
    ) -> Result<Option<Link>, Failure> {
        Ok(self.origin(opportunity, table).await?.and_then(|origin| origin.link))
    }

    async fn origin(&self, opportunity: &CrmKey, table: Table) -> Result<Option<Origin>, Failure> {
        let Some(leads) = self.leads.as_ref().filter(|_| table == Table::Opportunities) else {
            return Ok(None);
        };
        let Some(key) = leads.crm.origin(opportunity).await? else { return Ok(None) };
        let mut origin =
            Origin { link: self.links.by_crm(&key).await?.link(), ..Origin::default() };
        if origin.link.is_none() {
            origin.lead = leads.crm.get(&key).await?;
            let carried = |lead| identifier(&leads.mapping, lead)?.parse().ok();
            origin.unlinked = origin.lead.as_ref().and_then(carried);
        }
        if let Some(id) = origin.unlinked
            && let Some(link) = self.links.by_referral(id).await?.link()
        {
            origin.unlinked = None;
            origin.link = Some(link).filter(|link| link.lead.as_ref() == Some(&key));
        }
        Ok(Some(origin))
    }

    /// What an opportunity is whose lead has this link: the deal goes on with it, unless it did
    /// with another one.
    pub(super) fn link_of_lead(
        &self,
        link: Link,
        record: Box<CrmRecord>,
    ) -> Result<Located, Failure> {
        if is_of(&link, &record.key) {
            return Err(linked_meanwhile());
        }
        if self.table_of(&link.crm) == Table::Leads {
            return Ok(linked(link));
        }
        let notice = Notice::LeadElsewhere { opportunity: link.crm.id, referral: link.referral };
        let table = Table::Opportunities;
        Ok(Located::Contradiction { notice, record: Some(record), table })
    }
}
