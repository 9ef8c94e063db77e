//! The operations in which CRMs differ, and the ports on them.

use std::sync::Arc;

use async_trait::async_trait;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, LEAD, OPPORTUNITY};
use cosell_model::id::ReferralId;
use cosell_sync::Failure;
use cosell_sync::port::{Crm, CrmChange, Leads};
use jiff::Timestamp;

use crate::dialect::Dialect;
use crate::error::CrmError;
use crate::write::Write;

/// One table of one CRM. What it is given is checked: ids are canonical and of its table, names can
/// be names.
#[async_trait]
pub trait Driver: Send + Sync {
    /// The names of its CRM.
    fn dialect(&self) -> &'static Dialect;

    /// The entity in the keys of its records: [`OPPORTUNITY`] or [`LEAD`].
    fn entity(&self) -> &'static str;

    /// A whole record, mapped columns of related records included; `None` when there is none.
    async fn read(&self, which: Which<'_>) -> Result<Option<CrmRecord>, Failure>;

    /// As [`Crm::upsert`].
    async fn save(&self, id: ReferralId, write: Write) -> Result<CrmRecord, Failure>;

    /// As [`Crm::update`]; `write` names no customer.
    async fn change(&self, record: &CrmRecord, write: Write) -> Result<CrmRecord, Failure>;

    /// As [`Crm::changed_since`].
    async fn changes(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure>;
}

/// The table of leads, and the way from it to the opportunities.
#[async_trait]
pub trait LeadDriver: Driver {
    /// As [`Leads::qualify`].
    async fn qualify(
        &self,
        lead: &CrmRecord,
        referral: ReferralId,
        write: Write,
    ) -> Result<CrmRecord, Failure>;

    /// As [`Leads::origin`]; by the opportunity's id.
    async fn origin(&self, opportunity: &str) -> Result<Option<CrmKey>, Failure>;
}

/// Which record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// That of this id, in canonical form.
    Id(&'a str),
    /// That with this Referral Identifier.
    Referral(ReferralId),
}

/// The ports on a driver.
pub struct Records<D>(pub Arc<D>);

impl<D: Driver> Records<D> {
    /// The port on this driver.
    pub fn new(driver: D) -> Self {
        Self(Arc::new(driver))
    }

    /// The record's id, if the key is one of `entity`.
    fn id(&self, key: &CrmKey, entity: &'static str) -> Result<String, CrmError> {
        let ids = self.0.dialect().record_ids;
        let id = (ids.canonical)(entity, &key.id)
            .filter(|_| key.system == ids.system && key.entity == entity);
        id.ok_or_else(|| CrmError::ForeignKey {
            key: key.to_string().chars().take(128).collect(),
            entity,
            expected: (ids.expected)(entity),
        })
    }
}

#[async_trait]
impl<D: Driver> Crm for Records<D> {
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure> {
        let id = self.id(key, self.0.entity())?;
        self.0.read(Which::Id(&id)).await
    }

    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure> {
        self.0.read(Which::Referral(id)).await
    }

    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        let write = match self.0.entity() {
            LEAD => Write::without_customer(self.0.dialect(), LEAD, write)?,
            _ => Write::sorted(self.0.dialect(), write)?,
        };
        self.0.save(id, write).await
    }

    async fn update(&self, record: &CrmRecord, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.id(&record.key, self.0.entity())?;
        let write = Write::without_customer(self.0.dialect(), self.0.entity(), write)?;
        self.0.change(record, write).await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        self.0.changes(since).await
    }
}

#[async_trait]
impl<D: LeadDriver> Leads for Records<D> {
    async fn qualify(
        &self,
        lead: &CrmRecord,
        referral: ReferralId,
        write: &CrmWrite,
    ) -> Result<CrmRecord, Failure> {
        self.id(&lead.key, LEAD)?;
        self.0.qualify(lead, referral, Write::sorted(self.0.dialect(), write)?).await
    }

    async fn origin(&self, opportunity: &CrmKey) -> Result<Option<CrmKey>, Failure> {
        let id = self.id(opportunity, OPPORTUNITY)?;
        self.0.origin(&id).await
    }
}
