//! Finding a deal from a CRM record.

use cosell_model::crm::{CrmKey, CrmRecord};
use cosell_model::id::ReferralId;
use cosell_model::notice::{Notice, OffReason};
use cosell_model::referral::Referral;
use serde_json::Value as Json;

use super::{Found, Located, is_of, linked};
use crate::engine::Engine;
use crate::failure::Failure;
use crate::failure::linked_meanwhile;
use crate::identity::{identifier, own};
use crate::policy::Table;
use crate::port::Known;

impl Engine {
    pub(super) async fn find_from_record(
        &self,
        key: &CrmKey,
        table: Table,
    ) -> Result<Found, Failure> {
        let unlinked = match self.links.by_crm(key).await? {
            Known::Linked(link) => return Ok(linked(*link).into()),
            Known::Unlinked(deal) => Some(deal),
            Known::Nothing => None,
        };
        // Side by side: a referral of ours that was created though its answer never reached us must
        // be found before another is made.
        let (record, created) = futures::try_join!(
            self.port(table).get(key),
            self.partner_center.by_external_reference(&key.id)
        )?;
        let located = match record {
            None => Located::Ignored(OffReason::RecordGone),
            Some(record) => self.find_referral_of(record, created, table).await?,
        };
        Ok(Found { located, unlinked })
    }

    async fn find_referral_of(
        &self,
        record: CrmRecord,
        created: Vec<Referral>,
        table: Table,
    ) -> Result<Located, Failure> {
        let mapping = self.mapping_of(table);
        if record.get(&mapping.columns.sync) != &Json::Bool(true) {
            return Ok(Located::NotFlagged { record: Box::new(record), table });
        }
        let named = identifier(mapping, &record).map(str::to_owned);
        let record = Box::new(record);
        if let Some(id) = named {
            return self.find_named_referral(&id, record, table).await;
        }
        let Some(referral) = own(created) else {
            return self.find_from_origin(record, table).await;
        };
        match self.links.by_referral(referral.id).await?.link() {
            None => Ok(Located::Adopt { referral: Box::new(referral), record, table }),
            Some(link) if is_of(&link, &record.key) => Err(linked_meanwhile()),
            Some(_) => {
                let notice = Notice::NamedByAnother { referral: referral.id };
                Ok(Located::Contradiction { notice, record: Some(record), table })
            }
        }
    }

    /// The record already carries a Referral Identifier, but no link: adopt, unless the identifier
    /// belongs to another record (a copied opportunity).
    async fn find_named_referral(
        &self,
        id: &str,
        record: Box<CrmRecord>,
        table: Table,
    ) -> Result<Located, Failure> {
        let contradiction =
            |notice, record| Ok(Located::Contradiction { notice, record: Some(record), table });
        let Ok(id) = id.parse::<ReferralId>() else {
            return contradiction(Notice::IdentifierUnreadable, record);
        };
        if let Some(link) = self.links.by_referral(id).await?.link() {
            if is_of(&link, &record.key) {
                return Err(linked_meanwhile());
            }
            if link.lead.as_ref() == Some(&record.key) {
                return Ok(Located::FormerLead { lead: record, opportunity: link.crm.id });
            }
            if self.table_of(&link.crm) == Table::Leads
                && self.link_of_origin(&record.key, table).await?.as_ref() == Some(&link)
            {
                return self.link_of_lead(link, record);
            }
            let lead = table == Table::Leads;
            return contradiction(Notice::IdentifierOfAnother { lead }, record);
        }
        match self.partner_center.get(id).await? {
            Some(referral) => Ok(Located::Adopt { referral: Box::new(referral), record, table }),
            None => contradiction(Notice::IdentifierInvisible, record),
        }
    }
}
