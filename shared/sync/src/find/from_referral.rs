//! Finding a deal from a referral: ours, or the Microsoft referral.

use cosell_model::id::ReferralId;
use cosell_model::life_cycle::Stage;
use cosell_model::notice::{Notice, OffReason};
use cosell_model::referral::{Referral, ReferralKind};
use jiff::Timestamp;

use super::{Found, Located, linked};
use crate::engine::Engine;
use crate::failure::linked_meanwhile;
use crate::failure::{Failure, FailureKind, System};
use crate::identity::identifier;
use crate::policy::Table;
use crate::port::Known;

impl Engine {
    pub(super) async fn find_from_referral(
        &self,
        id: ReferralId,
        now: Timestamp,
    ) -> Result<Found, Failure> {
        let unlinked = match self.links.by_referral(id).await? {
            Known::Linked(link) => return Ok(linked(*link).into()),
            Known::Unlinked(deal) => Some(deal),
            Known::Nothing => None,
        };
        let located = match self.partner_center.get(id).await? {
            None => Located::Ignored(OffReason::ReferralInvisible),
            Some(microsoft) if microsoft.kind == ReferralKind::MicrosoftReferral => {
                self.find_from_microsoft(microsoft, now).await?
            }
            Some(referral) => self.find_record_of(referral, now).await?,
        };
        Ok(Found { located, unlinked })
    }

    /// The Microsoft referral never gets a record of its own: it leads to the partner's referral in
    /// the same engagement.
    async fn find_from_microsoft(
        &self,
        microsoft: Referral,
        now: Timestamp,
    ) -> Result<Located, Failure> {
        let Some(engagement) = microsoft.engagement else {
            return Ok(Located::Ignored(OffReason::NoEngagement));
        };
        if let Some(link) = self.links.by_engagement(engagement).await? {
            let microsoft = Some(Box::new(microsoft));
            return Ok(Located::Linked { link: Box::new(link), microsoft });
        }
        let referrals = self.partner_center.in_engagement(engagement).await?;
        let is_own = |referral: &Referral| referral.kind != ReferralKind::MicrosoftReferral;
        let Some(own) = referrals.into_iter().find(is_own) else {
            return Ok(Located::Ignored(OffReason::NotOurEngagement));
        };
        match self.links.by_referral(own.id).await?.link() {
            Some(link) => {
                let microsoft = Some(Box::new(microsoft));
                Ok(Located::Linked { link: Box::new(link), microsoft })
            }
            None => self.find_record_of(own, now).await,
        }
    }

    async fn find_record_of(&self, referral: Referral, now: Timestamp) -> Result<Located, Failure> {
        let table = self.table_of_record(&referral).await?;
        let referral = Box::new(referral);
        if let Some(record) = self.port(table).find_by_referral(referral.id).await? {
            return Ok(Located::Adopt { referral, record: Box::new(record), table });
        }
        match referral.external_reference.clone() {
            None => Ok(Located::NewRecord { referral, table }),
            Some(reference) => self.find_named_record(referral, &reference, table, now).await,
        }
    }

    /// A referral that names a CRM record is never given a second one (contract partner-center
    /// 5.7).
    async fn find_named_record(
        &self,
        referral: Box<Referral>,
        reference: &str,
        table: Table,
        now: Timestamp,
    ) -> Result<Located, Failure> {
        let mapping = self.mapping_of(table);
        let entity = mapping.entity.clone();
        let contradiction = |notice| Ok(Located::Contradiction { notice, record: None, table });
        let Some(key) = mapping.record_ids.key(&mapping.entity, reference) else {
            return contradiction(Notice::ReferenceUnreadable { entity });
        };
        if let Some(other) = self.links.by_crm(&key).await?.link() {
            if other.referral == referral.id {
                return Err(linked_meanwhile());
            }
            return contradiction(Notice::ReferenceTaken { entity, referral: other.referral });
        }
        if self.claims.is_claimed(&key.to_string(), now).await? {
            return Err(Failure::new(
                System::Aws,
                FailureKind::Transient,
                "another function is creating this referral; its link will appear",
            ));
        }
        let carries_another = |id: &str| !id.eq_ignore_ascii_case(&referral.id.to_string());
        match self.port(table).get(&key).await? {
            None => contradiction(Notice::ReferenceMissing { entity }),
            Some(record) if identifier(mapping, &record).is_some_and(carries_another) => {
                contradiction(Notice::ReferenceOfAnother { entity })
            }
            Some(record) => Ok(Located::Adopt { referral, record: Box::new(record), table }),
        }
    }

    /// The table where the record of a referral stands, or is to be made: of a lead that nobody has
    /// accepted the leads, unless it became an opportunity already.
    async fn table_of_record(&self, referral: &Referral) -> Result<Table, Failure> {
        let Some(leads) = &self.leads else { return Ok(Table::Opportunities) };
        if referral.kind != ReferralKind::Lead
            || self.crm.find_by_referral(referral.id).await?.is_some()
        {
            return Ok(Table::Opportunities);
        }
        let named = referral.external_reference.as_deref();
        if let Some(key) =
            named.and_then(|reference| self.mapping.record_ids.key(&self.mapping.entity, reference))
            && self.crm.get(&key).await?.is_some()
        {
            return Ok(Table::Opportunities);
        }
        let is_lead = referral.stage == Stage::New
            || leads.crm.find_by_referral(referral.id).await?.is_some();
        Ok(if is_lead { Table::Leads } else { Table::Opportunities })
    }
}
