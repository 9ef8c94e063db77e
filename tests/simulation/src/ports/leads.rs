//! The CRM's leads: rows of the same kind, and the way from a lead to its opportunity.

use std::sync::Arc;

use async_trait::async_trait;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::id::ReferralId;
use cosell_sync::port::{Crm, CrmChange, Leads};
use cosell_sync::{Failure, FailureKind, System};
use jiff::Timestamp;
use serde_json::json;

use super::{crm, refused};
use crate::seat::Seat;
use crate::weather::Weather;
use crate::world::{LEAD, OPPORTUNITY, Protection, Request, State, key_of};

/// The columns of a lead that a conversion copies, and where they go: not all that is mapped, as in real CRMs.
const COPIED: [(&str, &str); 4] = [
    ("subject", "name"),
    ("estimatedamount", "estimatedvalue"),
    ("estimatedclosedate", "estimatedclosedate"),
    ("transactioncurrencyid/isocurrencycode", "transactioncurrencyid/isocurrencycode"),
];

/// One invocation's seat before the leads.
pub(crate) struct LeadSeat(pub(crate) Arc<Seat>);

#[async_trait]
impl Crm for LeadSeat {
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure> {
        Crm::get(self.0.as_ref(), key).await
    }

    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure> {
        self.0.find_record(LEAD, id).await
    }

    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.0.upsert_record(LEAD, id, write).await
    }

    async fn update(&self, record: &CrmRecord, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        if matches!(write.phase, Some(Phase::Qualified | Phase::OnHold | Phase::Won)) {
            let violation = format!("lead {} was to become {:?}", record.key.id, write.phase);
            self.0.state().violations.push(violation);
        }
        Crm::update(self.0.as_ref(), record, write).await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        self.0.changed_records(LEAD, since).await
    }
}

#[async_trait]
impl Leads for LeadSeat {
    async fn qualify(
        &self,
        lead: &CrmRecord,
        referral: ReferralId,
        write: &CrmWrite,
    ) -> Result<CrmRecord, Failure> {
        let (seat, weather) = (&self.0, &self.0.world.weather);
        let (unknown, id) = (FailureKind::OutcomeUnknown, &lead.key.id);
        let opportunity = if weather.converts {
            seat.hang("qualifies the lead", System::Crm, unknown, || Request::Convert(id.clone()))?;
            let converted = seat.call("qualifies the lead", System::Crm, unknown, |state| {
                convert(state, weather, id)
            });
            converted.await?
        } else {
            let converted =
                seat.call("reads the lead", System::Crm, FailureKind::Transient, |state| {
                    let lead = state.records.get(id).ok_or_else(gone)?;
                    Ok(lead.converted_into.as_ref().map(|key| key.id.clone()))
                });
            let Some(opportunity) = converted.await? else {
                return seat.upsert_record(OPPORTUNITY, referral, write).await;
            };
            opportunity
        };
        seat.call("writes the opportunity", System::Crm, unknown, |state| {
            let present = state.records.get(&opportunity).ok_or_else(gone)?.clone();
            if present.is_read_only() {
                return Ok(present);
            }
            let mut write = write.clone();
            write.fields.insert("nwcs_referralid".into(), json!(referral.to_string()));
            crm::update(state, weather, &seat.invocation, &opportunity, &present.version, &write)
        })
        .await
    }

    async fn origin(&self, opportunity: &CrmKey) -> Result<Option<CrmKey>, Failure> {
        if self.0.world.lacks(Protection::Origin) {
            return Ok(None);
        }
        self.0
            .call("looks for the lead", System::Crm, FailureKind::Transient, |state| {
                let origin = state
                    .records
                    .values()
                    .find(|record| record.converted_into.as_ref() == Some(opportunity));
                Ok(origin.map(|lead| lead.key.clone()))
            })
            .await
    }
}

fn gone() -> Failure {
    refused(System::Crm, FailureKind::Stale, "the lead is gone")
}

/// Makes an opportunity of a lead, or finds the one that was made of it.
pub(crate) fn convert(state: &mut State, weather: &Weather, id: &str) -> Result<String, Failure> {
    let lead = state.records.get(id).ok_or_else(gone)?.clone();
    if let Some(key) = &lead.converted_into {
        return Ok(key.id.clone());
    }
    if lead.phase != Phase::Open {
        return Err(refused(System::Crm, FailureKind::Stale, "the lead is closed"));
    }
    let opportunity = state.guid().to_string();
    let copied = COPIED.iter().filter(|(from, _)| !lead.get(from).is_null());
    let fields = copied
        .map(|(from, to)| ((*to).to_owned(), crm::kept(weather, to, lead.get(from))))
        .collect();
    state.records.insert(opportunity.clone(), crm::blank(&opportunity, fields));
    state.touch(&opportunity);
    if let Some(lead) = state.records.get_mut(id) {
        lead.phase = Phase::Qualified;
        lead.converted_into = Some(key_of(OPPORTUNITY, &opportunity));
    }
    state.touch(id);
    Ok(opportunity)
}
