//! Opportunities in Dynamics 365 Sales, and what leads have in common with them.

use std::sync::Arc;

use async_trait::async_trait;
use cosell_crm::{Dialect, Driver, Fields, Which, Write};
use cosell_http::Clock;
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::id::ReferralId;
use cosell_sync::Failure;
use cosell_sync::port::CrmChange;
use jiff::Timestamp;
use reqwest::StatusCode;
use uuid::Uuid;

use crate::address::Address;
use crate::credentials::CredentialStore;
use crate::currency::Currencies;
use crate::dialect::DIALECT;
use crate::error::DynamicsError;
use crate::error_code::ErrorCode;
use crate::record::{self, Stored};
use crate::schema::Schema;
use crate::settings::Settings;
use crate::token::SignIn;
use crate::web_api::{Call, WebApi};

/// One table of a Dynamics 365 environment; [`crate::DynamicsLeads`] completes it for leads.
pub struct Dynamics {
    pub(crate) api: Arc<WebApi>,
    pub(crate) settings: Settings,
    pub(crate) schema: Schema,
    pub(crate) currencies: Arc<Currencies>,
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
        Self { api: Arc::new(api), settings, schema, currencies: Arc::default() }
    }

    /// Another table of the same environment, with the same connection and tokens.
    pub(crate) fn beside(&self, schema: Schema) -> Self {
        Self {
            api: self.api.clone(),
            settings: self.settings.clone(),
            schema,
            currencies: self.currencies.clone(),
        }
    }

    /// Reads a whole record, related columns included.
    async fn read_row(
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
        Ok(Some(stored.with(&self.schema, related)))
    }

    pub(crate) async fn read_by_id(&self, id: Uuid) -> Result<Option<CrmRecord>, DynamicsError> {
        let doing = format!("reading {} {id}", self.schema.row_name());
        self.read_row(&self.schema.row(id), doing, ErrorCode::DOES_NOT_EXIST).await
    }

    pub(crate) async fn read_by_referral(
        &self,
        id: ReferralId,
    ) -> Result<Option<CrmRecord>, DynamicsError> {
        let doing = format!("reading the {} of referral {id}", self.schema.row_name());
        self.read_row(&self.schema.row_of_referral(id), doing, ErrorCode::UNKNOWN_KEY).await
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
        mut write: Write,
    ) -> Result<CrmRecord, DynamicsError> {
        let mut body = std::mem::take(&mut write.own);
        // The key's value comes from the address.
        body.remove(&self.schema.referral_id_column);
        let currency = write.currency.take().filter(|code| !code.is_null());
        self.bind_currency(&mut body, currency.as_ref()).await?;
        if write.has_customer() {
            let doing = format!("looking for the opportunity of referral {id}");
            let bound =
                self.bound(&self.schema.row_of_referral(id), doing, ErrorCode::UNKNOWN_KEY).await?;
            let named = bound.map(|bound| bound.named).unwrap_or_default();
            self.bind_customer(&mut body, named, &write).await?;
        }
        let address = Address::of_referral(&self.schema, id);
        let answer = self.save_columns(&address, body, write.phase).await?;
        let stored = Stored::read(&self.schema, &self.settings, &answer)?;
        if answer.status == StatusCode::CREATED {
            tracing::info!(
                referral.id = %id,
                crm.id = %stored.id,
                "created the {} of a referral",
                self.schema.row_name()
            );
        }
        self.finish(stored, write.phase, None).await
    }

    pub(crate) async fn update_row(
        &self,
        record: &CrmRecord,
        write: Write,
    ) -> Result<CrmRecord, DynamicsError> {
        let id = self.uuid(&record.key.id)?;
        if write.has_no_columns() {
            return self.update_phase(id, record, write.phase).await;
        }
        let mut body = write.own;
        self.bind_currency(&mut body, write.currency.as_ref()).await?;
        let address = Address::of_version(&self.schema, id, &record.version);
        let answer = self.save_columns(&address, body, write.phase).await?;
        let stored = Stored::read(&self.schema, &self.settings, &answer)?;
        // A bound lookup may show other related columns from now on.
        let related = write.currency.is_none().then(|| record::related_columns(record));
        self.finish(stored, write.phase, related).await
    }

    /// An id that the kit has checked.
    pub(crate) fn uuid(&self, id: &str) -> Result<Uuid, DynamicsError> {
        let stale = |_| DynamicsError::Stale {
            doing: format!("addressing {} {id}", self.schema.row_name()),
        };
        Uuid::try_parse(id).map_err(stale)
    }

    /// The actions that close a deal know no version, so it is compared before them; so it is where
    /// nothing is to be written.
    async fn update_phase(
        &self,
        id: Uuid,
        known: &CrmRecord,
        phase: Option<Phase>,
    ) -> Result<CrmRecord, DynamicsError> {
        let guards_itself = |phase: Phase| self.guards_itself(known.phase, phase);
        if !phase.is_some_and(guards_itself) {
            let now = self.read_back(id).await?;
            if now.version != known.version {
                return Err(DynamicsError::Stale {
                    doing: format!("updating {} {id}", self.schema.row_name()),
                });
            }
        }
        match phase {
            Some(phase) if self.bring_to(id, &known.version, known.phase, phase).await? => {
                Ok(record::settled(&known.fields, self.read_in_phase(id, phase).await?))
            }
            _ => Ok(known.clone()),
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
            Some(related) => Ok(stored.with(&self.schema, related)),
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
impl Driver for Dynamics {
    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn entity(&self) -> &'static str {
        self.schema.table.entity()
    }

    async fn read(&self, which: Which<'_>) -> Result<Option<CrmRecord>, Failure> {
        Ok(match which {
            Which::Id(id) => self.read_by_id(self.uuid(id)?).await?,
            Which::Referral(id) => self.read_by_referral(id).await?,
        })
    }

    async fn save(&self, id: ReferralId, write: Write) -> Result<CrmRecord, Failure> {
        Ok(self.upsert_row(id, write).await?)
    }

    async fn change(&self, record: &CrmRecord, write: Write) -> Result<CrmRecord, Failure> {
        Ok(self.update_row(record, write).await?)
    }

    async fn changes(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        Ok(self.changed_rows(since).await?)
    }
}
