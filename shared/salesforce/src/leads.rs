//! Leads in Salesforce, and the way from a lead to its opportunity.

use std::sync::Arc;

use async_trait::async_trait;
use cosell_crm::{Dialect, Driver, LeadDriver, Which, Write};
use cosell_model::crm::{CrmKey, CrmRecord};
use cosell_model::id::ReferralId;
use cosell_sync::Failure;
use cosell_sync::port::CrmChange;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::composite::Part;
use crate::error::SalesforceError;
use crate::object::Object;
use crate::opportunities::Salesforce;
use crate::record;
use crate::rest_api::{Call, query};
use crate::schema::Schema;
use crate::soql;

/// The part that looks for a converted lead.
const CONVERTED: &str = "converted";
/// The part that reads an opportunity's Referral Identifier.
const CARRIED: &str = "carried";

/// The leads of one Salesforce organisation.
///
/// Converting a lead is no part of the REST API (contract salesforce 2.2): the opportunity is made
/// beside the lead, unless a person has converted it already.
pub struct SalesforceLeads {
    leads: Salesforce,
    opportunities: Arc<Salesforce>,
}

impl SalesforceLeads {
    /// The leads beside these opportunities: same organisation, same session. `schema` is
    /// [`Schema::leads`].
    pub fn new(opportunities: Arc<Salesforce>, schema: Schema) -> Self {
        Self { leads: opportunities.beside(schema), opportunities }
    }

    /// The lead as it is now, if what was decided on it still holds.
    async fn current(&self, lead: &CrmRecord) -> Result<CrmRecord, Failure> {
        let doing = || format!("qualifying lead {}", lead.key.id);
        let now = self.leads.read(Which::Id(&lead.key.id)).await?;
        // A lead that was disqualified meanwhile is to be looked at anew, and so is one that somebody
        // converted: what they entered in the opportunity is theirs.
        now.filter(|now| now.phase == lead.phase)
            .ok_or_else(|| SalesforceError::Stale { doing: doing() }.into())
    }

    /// Writes into the opportunity that a person's conversion made of the lead.
    async fn adopt(
        &self,
        opportunity: &CrmKey,
        referral: ReferralId,
        mut write: Write,
    ) -> Result<CrmRecord, Failure> {
        let id = || opportunity.id.clone();
        let found = self.opportunities.read(Which::Id(&opportunity.id)).await?;
        let found = found.ok_or_else(|| SalesforceError::OpportunityGone { id: id() })?;
        let field = self.opportunities.schema.referral_id_field.as_str();
        let carried = found.get(field).as_str().map(str::trim).filter(|text| !text.is_empty());
        if carried.is_some_and(|carried| !carried.eq_ignore_ascii_case(&referral.to_string())) {
            return Err(
                SalesforceError::OfAnotherReferral { id: id(), field: field.to_owned() }.into()
            );
        }
        write.own.insert(field.to_owned(), Json::from(referral.to_string()));
        self.opportunities.change(&found, write).await
    }

    /// The lead that was converted into this opportunity, of several one that is a deal's, and the
    /// Referral Identifier that the opportunity carries.
    async fn traces(
        &self,
        opportunity: &str,
    ) -> Result<(Option<CrmKey>, Option<ReferralId>), SalesforceError> {
        let doing = format!("reading the lead of opportunity {opportunity}");
        let field = &self.opportunities.schema.referral_id_field;
        let of_lead = &self.leads.schema.referral_id_field;
        let id = soql::text(opportunity);
        let converted = format!(
            "SELECT Id, {of_lead} FROM Lead WHERE ConvertedOpportunityId = {id} ORDER BY Id"
        );
        let carried = format!("SELECT {field} FROM Opportunity WHERE Id = {id}");
        let parts = [(CONVERTED, converted), (CARRIED, carried)]
            .map(|(part, soql)| Part::new(part, Call::get(query(&soql), doing.clone())));
        let mut answers = self.leads.api.run(&parts, false, &doing).await?;
        let (leads, deals) =
            (answers.must(CONVERTED)?.accepted()?, answers.must(CARRIED)?.accepted()?);
        let rows = leads.rows()?;
        let is_deal = |row: &&Json| {
            record::member(row, of_lead)
                .is_some_and(|id| id.as_str().is_some_and(|id| !id.trim().is_empty()))
        };
        let lead = match rows.iter().find(is_deal).or_else(|| rows.first()) {
            Some(row) => Some(row["Id"].as_str().ok_or_else(|| leads.lacks("the record's id"))?),
            None => None,
        };
        let carried = deals.rows()?.first().and_then(|row| record::member(row, field)?.as_str());
        let referral = carried.and_then(|text| text.trim().parse().ok());
        Ok((lead.map(|id| record::key(Object::Lead, id)), referral))
    }
}

#[async_trait]
impl Driver for SalesforceLeads {
    fn dialect(&self) -> &'static Dialect {
        self.leads.dialect()
    }

    fn entity(&self) -> &'static str {
        self.leads.entity()
    }

    async fn read(&self, which: Which<'_>) -> Result<Option<CrmRecord>, Failure> {
        self.leads.read(which).await
    }

    async fn save(&self, id: ReferralId, write: Write) -> Result<CrmRecord, Failure> {
        self.leads.save(id, write).await
    }

    async fn change(&self, record: &CrmRecord, write: Write) -> Result<CrmRecord, Failure> {
        self.leads.change(record, write).await
    }

    async fn changes(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        self.leads.changes(since).await
    }
}

#[async_trait]
impl LeadDriver for SalesforceLeads {
    async fn qualify(
        &self,
        lead: &CrmRecord,
        referral: ReferralId,
        write: Write,
    ) -> Result<CrmRecord, Failure> {
        let lead = self.current(lead).await?;
        // Whoever carries the identifier is the deal: made by an earlier try of ours, perhaps
        // before a person converted the lead.
        let carrier = Which::Referral(referral);
        match &lead.converted_into {
            Some(opportunity) if self.opportunities.read(carrier).await?.is_none() => {
                self.adopt(opportunity, referral, write).await
            }
            _ => self.opportunities.save(referral, write).await,
        }
    }

    async fn origin(&self, opportunity: &str) -> Result<Option<CrmKey>, Failure> {
        match self.traces(opportunity).await? {
            (Some(lead), _) => Ok(Some(lead)),
            // One that we made beside its lead shares the identifier with it.
            (None, Some(referral)) => {
                Ok(self.leads.read(Which::Referral(referral)).await?.map(|lead| lead.key))
            }
            (None, None) => Ok(None),
        }
    }
}
