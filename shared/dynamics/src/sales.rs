//! Opportunities in Dynamics 365 Sales, and what leads have in common with them.

use std::sync::Arc;

use async_trait::async_trait;
use cosell_http::Clock;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::id::ReferralId;
use cosell_sync::Failure;
use cosell_sync::port::{Crm, CrmChange};
use jiff::Timestamp;
use reqwest::StatusCode;
use uuid::Uuid;

use crate::credentials::CredentialStore;
use crate::currency::Currencies;
use crate::error::DynamicsError;
use crate::error_code::ErrorCode;
use crate::phase::Address;
use crate::record::{self, Fields, SYSTEM, Stored};
use crate::remembered::Remembered;
use crate::schema::Schema;
use crate::settings::Settings;
use crate::table::Table;
use crate::token::SignIn;
use crate::web_api::{Call, WebApi};
use crate::write::{Columns, refuse_parties};

/// The [`Crm`] port on one table of a Dynamics 365 environment; [`crate::DynamicsLeads`] completes it for leads.
pub struct Dynamics {
    pub(crate) api: Arc<WebApi>,
    pub(crate) settings: Settings,
    pub(crate) schema: Schema,
    pub(crate) currencies: Arc<Currencies>,
    remembered: Remembered,
}

impl Dynamics {
    /// `http` must neither follow redirects nor keep cookies, and should have a time-out.
    pub fn new(
        http: reqwest::Client,
        settings: Settings,
        credentials: Arc<dyn CredentialStore>,
        schema: Schema,
        clock: Clock,
    ) -> Self {
        let sign_in = SignIn::application(http.clone(), &settings, credentials);
        let api = WebApi::new(http, &settings, sign_in, clock);
        Self {
            api: Arc::new(api),
            settings,
            schema,
            currencies: Arc::default(),
            remembered: Remembered::default(),
        }
    }

    /// Another table of the same environment, with the same connection and tokens.
    pub(crate) fn beside(&self, schema: Schema) -> Self {
        Self {
            api: self.api.clone(),
            settings: self.settings.clone(),
            schema,
            currencies: self.currencies.clone(),
            remembered: Remembered::default(),
        }
    }

    pub(crate) fn id_of(&self, key: &CrmKey) -> Result<Uuid, DynamicsError> {
        let id = Uuid::try_parse(&key.id)
            .ok()
            .filter(|_| key.system == SYSTEM && key.entity == self.schema.table.entity());
        id.ok_or_else(|| DynamicsError::ForeignKey {
            key: key.to_string().chars().take(128).collect(),
            entity: self.schema.table.entity(),
        })
    }

    /// Reads a whole record, related columns included.
    async fn read(
        &self,
        path: &str,
        doing: String,
        absent: ErrorCode,
    ) -> Result<Option<CrmRecord>, DynamicsError> {
        let (select, expand) = (self.schema.select(), self.schema.expand());
        let mut query = vec![("$select", select.as_str())];
        query.extend(expand.as_deref().map(|expand| ("$expand", expand)));
        let Some(answer) =
            self.api.send(&Call::get(self.api.url(path, &query), doing)).await?.unless(absent)?
        else {
            return Ok(None);
        };
        let stored = Stored::read(&self.schema, &self.settings, &answer)?;
        let related = record::related(&self.schema, &answer.body);
        self.remembered.keep(stored.id, &stored.version, &related);
        Ok(Some(stored.with(&self.schema, related)))
    }

    pub(crate) async fn read_by_id(&self, id: Uuid) -> Result<Option<CrmRecord>, DynamicsError> {
        let doing = format!("reading {} {id}", self.schema.row_name());
        self.read(&self.schema.row(id), doing, ErrorCode::DOES_NOT_EXIST).await
    }

    /// Reads back a record that was there a moment ago.
    async fn read_back(&self, id: Uuid) -> Result<CrmRecord, DynamicsError> {
        self.read_by_id(id).await?.ok_or_else(|| DynamicsError::Stale {
            doing: format!("reading {} {id} back", self.schema.row_name()),
        })
    }

    pub(crate) async fn upsert_row(
        &self,
        id: ReferralId,
        write: &CrmWrite,
    ) -> Result<CrmRecord, DynamicsError> {
        if self.schema.table == Table::Lead {
            refuse_parties(write, Table::Lead)?;
        }
        let mut columns = Columns::sort(write)?;
        let mut body = std::mem::take(&mut columns.plain);
        // The key's value comes from the address.
        body.remove(&self.schema.referral_id_column);
        let currency = columns.currency.take().filter(|code| !code.is_null());
        self.bind_currency(&mut body, currency.as_ref()).await?;
        if columns.has_parties() {
            let doing = format!("looking for the opportunity of referral {id}");
            let bound =
                self.bound(&self.schema.row_of_referral(id), doing, ErrorCode::UNKNOWN_KEY).await?;
            let parties = bound.map(|bound| bound.parties).unwrap_or_default();
            self.bind_parties(&mut body, parties, &columns).await?;
        }
        let address = Address::of_referral(&self.schema, id);
        let answer = self.save_columns(&address, body, write.phase).await?;
        let stored = Stored::read(&self.schema, &self.settings, &answer)?;
        if answer.status == StatusCode::CREATED {
            tracing::info!(referral.id = %id, crm.id = %stored.id, "created the {} of a referral", self.schema.row_name());
        }
        self.finish(stored, write.phase, None).await
    }

    async fn update_row(
        &self,
        key: &CrmKey,
        version: &str,
        write: &CrmWrite,
    ) -> Result<CrmRecord, DynamicsError> {
        let id = self.id_of(key)?;
        refuse_parties(write, self.schema.table)?;
        let columns = Columns::sort(write)?;
        if write.fields.is_empty() {
            return self.update_phase(id, version, write.phase).await;
        }
        let mut body = columns.plain;
        self.bind_currency(&mut body, columns.currency.as_ref()).await?;
        let address = Address::of_version(&self.schema, id, version);
        let answer = self.save_columns(&address, body, write.phase).await?;
        let stored = Stored::read(&self.schema, &self.settings, &answer)?;
        // A bound lookup may show other related columns from now on.
        let related =
            if columns.currency.is_some() { None } else { self.remembered.of(id, version) };
        self.finish(stored, write.phase, related).await
    }

    /// The actions that close a deal know no version, so it is compared here.
    async fn update_phase(
        &self,
        id: Uuid,
        version: &str,
        phase: Option<Phase>,
    ) -> Result<CrmRecord, DynamicsError> {
        let record = self.read_back(id).await?;
        if record.version != version {
            return Err(DynamicsError::Stale {
                doing: format!("updating {} {id}", self.schema.row_name()),
            });
        }
        match phase {
            Some(phase) if self.bring_to(id, &record.version, record.phase, phase).await? => {
                Ok(record::settled(&record.fields, self.read_in_phase(id, phase).await?))
            }
            _ => Ok(record),
        }
    }

    /// Brings a saved row to `phase` and returns it whole, with as few calls as are still right.
    pub(crate) async fn finish(
        &self,
        stored: Stored,
        phase: Option<Phase>,
        related: Option<Fields>,
    ) -> Result<CrmRecord, DynamicsError> {
        if let Some(phase) = phase
            && self.bring_to(stored.id, &stored.version, stored.phase, phase).await?
        {
            return Ok(record::settled(&stored.plain, self.read_in_phase(stored.id, phase).await?));
        }
        let related =
            if self.schema.related.is_empty() { Some(Fields::default()) } else { related };
        match related {
            None => Ok(record::settled(&stored.plain, self.read_back(stored.id).await?)),
            Some(related) => {
                self.remembered.keep(stored.id, &stored.version, &related);
                Ok(stored.with(&self.schema, related))
            }
        }
    }

    async fn read_in_phase(&self, id: Uuid, phase: Phase) -> Result<CrmRecord, DynamicsError> {
        let record = self.read_back(id).await?;
        if record.phase == self.reachable(phase) {
            Ok(record)
        } else {
            // Somebody closed it otherwise at the same moment.
            Err(DynamicsError::Stale {
                doing: format!("bringing {} {id} to the phase {phase}", self.schema.row_name()),
            })
        }
    }
}

#[async_trait]
impl Crm for Dynamics {
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure> {
        Ok(self.read_by_id(self.id_of(key)?).await?)
    }

    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure> {
        let doing = format!("reading the {} of referral {id}", self.schema.row_name());
        Ok(self.read(&self.schema.row_of_referral(id), doing, ErrorCode::UNKNOWN_KEY).await?)
    }

    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        Ok(self.upsert_row(id, write).await?)
    }

    async fn update(
        &self,
        key: &CrmKey,
        version: &str,
        write: &CrmWrite,
    ) -> Result<CrmRecord, Failure> {
        Ok(self.update_row(key, version, write).await?)
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        Ok(self.changes(since).await?)
    }
}
