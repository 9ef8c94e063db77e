//! The CRM's leads: rows of the same kind, and the way from a lead to its opportunity.

use std::sync::Arc;

use async_trait::async_trait;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::id::ReferralId;
use cosell_sync::port::{Crm, CrmChange, Leads};
use cosell_sync::{Failure, FailureKind};
use jiff::Timestamp;
use serde_json::json;

use crate::crm::{self, LEADS, OPPORTUNITY, SYSTEM, gone};
use crate::ports::{Ports, reading, writing};
use crate::services::Part;
use crate::world::{Request, State};

/// One invocation's port of the leads.
#[derive(Clone)]
pub struct LeadPorts(pub Arc<Ports>);

#[async_trait]
impl Crm for LeadPorts {
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure> {
        self.0.get_record(&LEADS, key).await
    }

    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure> {
        self.0.find_record(&LEADS, id).await
    }

    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.0.upsert_record(&LEADS, id, write).await
    }

    async fn update(&self, record: &CrmRecord, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        if matches!(write.phase, Some(Phase::Qualified | Phase::OnHold | Phase::Won)) {
            let violation = format!("lead {} was to become {:?}", record.key.id, write.phase);
            self.0.world.state().violations.push(violation);
        }
        self.0.update_record(&LEADS, &record.key, &record.version, write).await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        self.0.changed_records(&LEADS, since).await
    }
}

#[async_trait]
impl Leads for LeadPorts {
    async fn qualify(
        &self,
        lead: &CrmRecord,
        referral: ReferralId,
        write: &CrmWrite,
    ) -> Result<CrmRecord, Failure> {
        let (ports, id) = (&self.0, &lead.key.id);
        let cannot_convert = ports.world.state().crm.cannot_convert;
        let opportunity = if cannot_convert {
            ports
                .call(reading("leads.qualify", SYSTEM, id), |state| {
                    unqualified(state, id).map(|()| None)
                })
                .await?
        } else {
            let request = || Request::Convert(id.clone());
            let call = writing("leads.qualify", SYSTEM, id, FailureKind::OutcomeUnknown);
            let converted = ports.write(call, Some(request), |state| {
                unqualified(state, id)?;
                let now = state.now;
                state.crm.accept(Part::Qualify, id, &CrmWrite::default(), now)?;
                convert(state, id)
            });
            Some(converted.await?)
        };
        let call = reading("leads.qualified", SYSTEM, id);
        let call = crate::Call { lost: FailureKind::OutcomeUnknown, ..call };
        ports
            .call(call, |state| {
                let Some(opportunity) = opportunity else {
                    return crm::upsert(state, &ports.invocation, (OPPORTUNITY, referral), write);
                };
                let present = state.records.get(&opportunity).ok_or_else(gone)?;
                if present.is_read_only() {
                    return Ok(present.clone());
                }
                let mut write = write.clone();
                let column = state.columns.referral_id.to_string();
                write.fields.insert(column, json!(referral.to_string()));
                crm::update_present(state, &ports.invocation, &opportunity, &write)
            })
            .await
    }

    async fn origin(&self, opportunity: &CrmKey) -> Result<Option<CrmKey>, Failure> {
        self.0
            .call(reading("leads.origin", SYSTEM, ""), |state| {
                let is_it = |lead: &&CrmRecord| lead.converted_into.as_ref() == Some(opportunity);
                let origin = state.records.values().find(is_it);
                Ok(origin
                    .filter(|_| !state.defects.leads_have_no_origin)
                    .map(|lead| lead.key.clone()))
            })
            .await
    }
}

/// Fails where somebody else qualified the lead: what they entered in the opportunity is theirs.
fn unqualified(state: &State, id: &str) -> Result<(), Failure> {
    let lead = state.records.get(id).ok_or_else(gone)?;
    match lead.converted_into {
        Some(_) => {
            Err(Failure::new(SYSTEM, FailureKind::Stale, "the lead was qualified meanwhile"))
        }
        None => Ok(()),
    }
}

/// Makes an opportunity of a lead, or finds the one that was made of it.
pub fn convert(state: &mut State, id: &str) -> Result<String, Failure> {
    let lead = state.records.get(id).ok_or_else(gone)?.clone();
    if let Some(key) = &lead.converted_into {
        return Ok(key.id.clone());
    }
    if lead.phase != Phase::Open {
        return Err(Failure::new(SYSTEM, FailureKind::Stale, "the lead is closed"));
    }
    let key = state.new_key(OPPORTUNITY);
    let mut opportunity = crm::record(key.clone(), json!({}));
    let copied = state.crm.copied.iter().filter(|(from, _)| !lead.get(from).is_null());
    opportunity.fields =
        copied.map(|(from, to)| (to.clone(), state.crm.kept(to, lead.get(from)))).collect();
    state.records.insert(key.id.clone(), opportunity);
    state.touch(&key.id);
    if let Some(lead) = state.records.get_mut(id) {
        lead.phase = Phase::Qualified;
        lead.converted_into = Some(key.clone());
    }
    state.touch(id);
    Ok(key.id)
}
