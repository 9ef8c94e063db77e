//! Leads in Dynamics 365 Sales: a table with the operations of opportunities, and the way from one
//! to the other.

mod phase;
mod qualification;

use std::sync::Arc;

use async_trait::async_trait;
use cosell_crm::{Dialect, Driver, LeadDriver, Which, Write};
use cosell_model::crm::{CrmKey, CrmRecord, Phase};
use cosell_model::id::ReferralId;
use cosell_sync::Failure;
use cosell_sync::port::CrmChange;
use jiff::Timestamp;
use uuid::Uuid;

use crate::error::DynamicsError;
use crate::error_code::ErrorCode;
use crate::odata;
use crate::record;
use crate::row;
use crate::sales::Dynamics;
use crate::schema::Schema;
use crate::table::{BECAME, Table};
use crate::web_api::Call;

const ORIGIN: &str = "_originatingleadid_value";

/// The table of leads of one Dynamics 365 environment.
pub struct DynamicsLeads {
    table: Dynamics,
    opportunities: Arc<Dynamics>,
}

impl DynamicsLeads {
    /// `schema` is that of [`Schema::leads`]. Connection and tokens are those of `opportunities`.
    pub fn new(opportunities: Arc<Dynamics>, schema: Schema) -> Self {
        Self { table: opportunities.beside(schema), opportunities }
    }

    /// The record with the opportunity that it became, whichever side names it.
    async fn with_opportunity(&self, record: CrmRecord) -> Result<CrmRecord, DynamicsError> {
        if record.phase != Phase::Qualified || record.converted_into.is_some() {
            return Ok(record);
        }
        let opportunity = self.opportunity_from(self.table.uuid(&record.key.id)?).await?;
        Ok(CrmRecord { converted_into: opportunity.map(record::opportunity), ..record })
    }

    /// The first opportunity that names this lead as the one it came from.
    async fn opportunity_from(&self, lead: Uuid) -> Result<Option<Uuid>, DynamicsError> {
        let filter = format!("{ORIGIN} eq {}", lead.hyphenated());
        let query = [
            ("$select", "opportunityid"),
            ("$filter", filter.as_str()),
            ("$orderby", "createdon asc,opportunityid asc"),
            ("$top", "1"),
        ];
        let (api, set) = (&self.table.api, Table::Opportunity.entity_set());
        let call =
            Call::get(api.url(set, &query), format!("looking for the opportunity of lead {lead}"));
        let answer = api.send(&call).await?.accepted()?;
        answer.first_id("opportunityid")
    }

    /// The lead of this opportunity, whichever side names it. A seller may have qualified several
    /// into it: one that is a deal's comes first.
    async fn lead_before(&self, opportunity: Uuid) -> Result<Option<Uuid>, DynamicsError> {
        match self.lead_of_deal(opportunity).await? {
            Some(lead) => Ok(Some(lead)),
            None => self.lead_named_by(opportunity).await,
        }
    }

    async fn lead_of_deal(&self, opportunity: Uuid) -> Result<Option<Uuid>, DynamicsError> {
        let (api, schema) = (&self.table.api, &self.table.schema);
        let filter = format!(
            "{BECAME} eq {} and {} ne null",
            opportunity.hyphenated(),
            schema.referral_id_column
        );
        let query = [
            ("$select", "leadid"),
            ("$filter", filter.as_str()),
            ("$orderby", "createdon asc,leadid asc"),
            ("$top", "1"),
        ];
        let doing = format!("looking for leads that became opportunity {opportunity}");
        let call = Call::get(api.url(Table::Lead.entity_set(), &query), doing);
        let answer = api.send(&call).await?.accepted()?;
        answer.first_id("leadid")
    }

    async fn lead_named_by(&self, opportunity: Uuid) -> Result<Option<Uuid>, DynamicsError> {
        let path = odata::row(Table::Opportunity.entity_set(), opportunity);
        let call = Call::get(
            self.table.api.url(&path, &[("$select", ORIGIN)]),
            format!("looking for the lead of opportunity {opportunity}"),
        );
        let answer = self.table.api.send(&call).await?.unless(ErrorCode::DOES_NOT_EXIST)?;
        Ok(answer.and_then(|answer| row::id(&answer.body[ORIGIN])))
    }
}

#[async_trait]
impl Driver for DynamicsLeads {
    fn dialect(&self) -> &'static Dialect {
        self.table.dialect()
    }

    fn entity(&self) -> &'static str {
        self.table.entity()
    }

    async fn read(&self, which: Which<'_>) -> Result<Option<CrmRecord>, Failure> {
        match self.table.read(which).await? {
            Some(lead) => Ok(Some(self.with_opportunity(lead).await?)),
            None => Ok(None),
        }
    }

    async fn save(&self, id: ReferralId, write: Write) -> Result<CrmRecord, Failure> {
        let lead = self.table.save(id, write).await?;
        Ok(self.with_opportunity(lead).await?)
    }

    async fn change(&self, record: &CrmRecord, write: Write) -> Result<CrmRecord, Failure> {
        let lead = self.table.change(record, write).await?;
        Ok(self.with_opportunity(lead).await?)
    }

    async fn changes(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        self.table.changes(since).await
    }
}

#[async_trait]
impl LeadDriver for DynamicsLeads {
    async fn qualify(
        &self,
        lead: &CrmRecord,
        referral: ReferralId,
        write: Write,
    ) -> Result<CrmRecord, Failure> {
        Ok(self.qualified(lead, referral, write).await?)
    }

    async fn origin(&self, opportunity: &str) -> Result<Option<CrmKey>, Failure> {
        let lead = self.lead_before(self.opportunities.uuid(opportunity)?).await?;
        Ok(lead.map(|lead| record::key(Table::Lead, lead)))
    }
}
