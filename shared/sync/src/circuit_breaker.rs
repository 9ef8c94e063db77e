//! The circuit breaker of a side: one that throttles us, or does not accept our credentials, is
//! left alone for the rest of the invocation.
//!
//! Every further call fails at once with the failure that opened it: the other deals of the batch
//! neither lengthen the throttling nor lock the account.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite};
use cosell_model::id::{ETag, EngagementId, ReferralId};
use cosell_model::patch::PatchOperation;
use cosell_model::referral::Referral;
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::engine::{Engine, LeadTable};
use crate::failure::{Failure, FailureKind};
use crate::port::{Crm, CrmChange, Leads, PartnerCenter, ReferralChange};

/// The breakers of one invocation.
#[derive(Debug, Default)]
pub struct CircuitBreakers {
    partner_center: CircuitBreaker,
    crm: CircuitBreaker,
}

#[derive(Debug, Default)]
struct CircuitBreaker {
    opened_by: Mutex<Option<Failure>>,
}

impl CircuitBreaker {
    async fn pass<T>(&self, call: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        if let Some(failure) = self.lock().as_ref() {
            return Err(failure.again());
        }
        let answer = call.await;
        if let Err(failure) = &answer
            && matches!(failure.kind, FailureKind::Throttled { .. } | FailureKind::Credentials)
        {
            *self.lock() = Some(failure.again());
        }
        answer
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Failure>> {
        self.opened_by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// The same engine, calling both sides through these breakers: one set for each invocation.
    #[must_use]
    pub fn behind(&self, breakers: &Arc<CircuitBreakers>) -> Self {
        Self {
            partner_center: Arc::new(GuardedPartnerCenter {
                port: self.partner_center.clone(),
                breakers: breakers.clone(),
            }),
            crm: Arc::new(GuardedCrm { port: self.crm.clone(), breakers: breakers.clone() }),
            leads: self.leads.as_ref().map(|leads| LeadTable {
                crm: Arc::new(GuardedLeads {
                    table: GuardedCrm { port: leads.crm.clone(), breakers: breakers.clone() },
                    port: leads.crm.clone(),
                }),
                mapping: leads.mapping.clone(),
            }),
            ..self.clone()
        }
    }
}

struct GuardedPartnerCenter {
    port: Arc<dyn PartnerCenter>,
    breakers: Arc<CircuitBreakers>,
}

#[async_trait]
impl PartnerCenter for GuardedPartnerCenter {
    async fn get(&self, id: ReferralId) -> Result<Option<Referral>, Failure> {
        self.breakers.partner_center.pass(self.port.get(id)).await
    }

    async fn in_engagement(&self, id: EngagementId) -> Result<Vec<Referral>, Failure> {
        self.breakers.partner_center.pass(self.port.in_engagement(id)).await
    }

    async fn by_external_reference(&self, reference: &str) -> Result<Vec<Referral>, Failure> {
        self.breakers.partner_center.pass(self.port.by_external_reference(reference)).await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<ReferralChange>, Failure> {
        self.breakers.partner_center.pass(self.port.changed_since(since)).await
    }

    async fn pending(&self) -> Result<Vec<Referral>, Failure> {
        self.breakers.partner_center.pass(self.port.pending()).await
    }

    async fn create(&self, body: &Json) -> Result<Referral, Failure> {
        self.breakers.partner_center.pass(self.port.create(body)).await
    }

    async fn patch(
        &self,
        id: ReferralId,
        etag: &ETag,
        operations: &[PatchOperation],
    ) -> Result<Referral, Failure> {
        self.breakers.partner_center.pass(self.port.patch(id, etag, operations)).await
    }
}

struct GuardedCrm {
    port: Arc<dyn Crm>,
    breakers: Arc<CircuitBreakers>,
}

#[async_trait]
impl Crm for GuardedCrm {
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure> {
        self.breakers.crm.pass(self.port.get(key)).await
    }

    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure> {
        self.breakers.crm.pass(self.port.find_by_referral(id)).await
    }

    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.breakers.crm.pass(self.port.upsert(id, write)).await
    }

    async fn update(&self, record: &CrmRecord, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.breakers.crm.pass(self.port.update(record, write)).await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        self.breakers.crm.pass(self.port.changed_since(since)).await
    }
}

struct GuardedLeads {
    table: GuardedCrm,
    port: Arc<dyn Leads>,
}

#[async_trait]
impl Crm for GuardedLeads {
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure> {
        self.table.get(key).await
    }

    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure> {
        self.table.find_by_referral(id).await
    }

    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.table.upsert(id, write).await
    }

    async fn update(&self, record: &CrmRecord, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.table.update(record, write).await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        self.table.changed_since(since).await
    }
}

#[async_trait]
impl Leads for GuardedLeads {
    async fn qualify(
        &self,
        lead: &CrmRecord,
        referral: ReferralId,
        write: &CrmWrite,
    ) -> Result<CrmRecord, Failure> {
        self.table.breakers.crm.pass(self.port.qualify(lead, referral, write)).await
    }

    async fn origin(&self, opportunity: &CrmKey) -> Result<Option<CrmKey>, Failure> {
        self.table.breakers.crm.pass(self.port.origin(opportunity)).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::failure::System;

    fn fails(kind: FailureKind) -> impl Future<Output = Result<(), Failure>> {
        std::future::ready(Err(Failure::new(System::Crm, kind, "ordered by the test")))
    }

    #[tokio::test]
    async fn after_throttling_or_dead_credentials_nothing_is_called_any_more() {
        let throttled = FailureKind::Throttled { retry_after: Duration::from_secs(37) };
        for kind in [throttled, FailureKind::Credentials] {
            let breaker = CircuitBreaker::default();
            breaker.pass(fails(kind)).await.unwrap_err();
            let next = async { panic!("must not be called") };
            let failure = breaker.pass::<()>(next).await.unwrap_err();
            assert_eq!(failure.kind, kind);
        }
    }

    #[tokio::test]
    async fn other_failures_leave_the_breaker_open() {
        let breaker = CircuitBreaker::default();
        for kind in [
            FailureKind::Transient,
            FailureKind::OutcomeUnknown,
            FailureKind::Stale,
            FailureKind::Rejected,
        ] {
            breaker.pass(fails(kind)).await.unwrap_err();
        }
        assert!(breaker.pass(async { Ok(()) }).await.is_ok());
    }
}
