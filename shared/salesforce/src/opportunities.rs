//! The records of one object in Salesforce.

use std::sync::Arc;

use async_trait::async_trait;
use cosell_crm::{Dialect, Driver, Which, Write};
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::id::ReferralId;
use cosell_sync::Failure;
use cosell_sync::port::CrmChange;
use jiff::Timestamp;

use crate::composite::Answers;
use crate::credentials::CredentialStore;
use crate::dialect::DIALECT;
use crate::error::SalesforceError;
use crate::object::Object;
use crate::organisation::{Known, Organisation};
use crate::record::{self, Stored};
use crate::rest_api::{Answer, RestApi};
use crate::schema::{Schema, of_id};
use crate::session::{Clock, SignIn};
use crate::settings::Settings;
use crate::wait::{self, Wait};

/// The part that reads the opportunity.
pub(crate) const DEAL: &str = "deal";
/// The part that reads its primary contact.
pub(crate) const ROLE: &str = "role";

/// The opportunities of one Salesforce organisation, or the records of whatever object the schema
/// is of.
pub struct Salesforce {
    pub(crate) api: Arc<RestApi>,
    pub(crate) settings: Settings,
    pub(crate) schema: Schema,
    pub(crate) clock: Clock,
    pub(crate) wait: Wait,
    known: Known,
}

impl Salesforce {
    /// `http` must neither follow redirects nor keep cookies, and should have a time-out.
    pub fn new(
        http: reqwest::Client,
        settings: Settings,
        credentials: Arc<dyn CredentialStore>,
        schema: Schema,
        clock: Clock,
    ) -> Self {
        let sign_in = SignIn {
            http: http.clone(),
            settings: settings.clone(),
            credentials,
            clock: clock.clone(),
        };
        Self {
            api: Arc::new(RestApi::new(http, sign_in)),
            settings,
            schema,
            clock,
            wait: wait::sleep(),
            known: Known::default(),
        }
    }

    /// With another way to wait than the machine's.
    #[must_use]
    pub fn with_wait(self, wait: Wait) -> Self {
        Self { wait, ..self }
    }

    /// Records of another object of the same organisation, in the same session.
    pub(crate) fn beside(&self, schema: Schema) -> Self {
        Self {
            api: self.api.clone(),
            settings: self.settings.clone(),
            schema,
            clock: self.clock.clone(),
            wait: self.wait.clone(),
            known: Known::default(),
        }
    }

    pub(crate) async fn organisation(&self) -> Result<Arc<Organisation>, SalesforceError> {
        self.known.get(&self.api, &self.schema).await
    }

    /// The phase that the organisation can show for `phase`: without an on-hold stage, on hold is
    /// open, and so it is for a lead.
    pub(crate) fn reachable(&self, phase: Phase) -> Phase {
        let has_on_hold =
            self.schema.object == Object::Opportunity && self.settings.on_hold_stage.is_some();
        if phase == Phase::OnHold && !has_on_hold { Phase::Open } else { phase }
    }

    pub(crate) async fn find(
        &self,
        organisation: &Organisation,
        condition: &str,
        doing: &str,
    ) -> Result<Option<Stored>, SalesforceError> {
        let mut answers =
            self.api.run(&self.reads(organisation, condition, doing), false, doing).await?;
        self.stored(organisation, &mut answers)
    }

    /// The record that the reads among `answers` show.
    pub(crate) fn stored(
        &self,
        organisation: &Organisation,
        answers: &mut Answers,
    ) -> Result<Option<Stored>, SalesforceError> {
        let deal = answers.must(DEAL)?.accepted()?;
        let role = answers.take(ROLE).map(Answer::accepted).transpose()?;
        record::read(&self.schema, &self.settings, organisation, &deal, role.as_ref())
    }

    /// The record as our write left it. Where somebody else has written since, what a seller
    /// entered must not pass for known: the next reconciliation finds it.
    pub(crate) fn written(
        &self,
        organisation: &Organisation,
        answers: &mut Answers,
        doing: &str,
    ) -> Result<CrmRecord, SalesforceError> {
        let user = answers.get(DEAL).and_then(|answer| answer.user.clone());
        let stored = self
            .stored(organisation, answers)?
            .ok_or_else(|| SalesforceError::Stale { doing: doing.to_owned() })?;
        if stored.is_foreign(user.as_deref()) {
            return Err(SalesforceError::Overtaken { doing: doing.to_owned() });
        }
        Ok(stored.record)
    }

    async fn lookup(
        &self,
        condition: &str,
        doing: String,
    ) -> Result<Option<CrmRecord>, SalesforceError> {
        let organisation = self.organisation().await?;
        let stored = self.find(&organisation, condition, &doing).await?;
        Ok(stored.map(|stored| stored.record))
    }

    /// What was learned of the organisation may be out of date.
    pub(crate) fn forget_organisation(&self) {
        self.known.forget();
    }

    /// An administrator who adds the stage or status that a setting names need not wait.
    fn explained<T>(&self, done: Result<T, SalesforceError>) -> Result<T, Failure> {
        if let Err(SalesforceError::Stage { .. } | SalesforceError::LeadStatus { .. }) = &done {
            self.forget_organisation();
        }
        Ok(done?)
    }
}

#[async_trait]
impl Driver for Salesforce {
    fn dialect(&self) -> &'static Dialect {
        &DIALECT
    }

    fn entity(&self) -> &'static str {
        self.schema.object.entity()
    }

    async fn read(&self, which: Which<'_>) -> Result<Option<CrmRecord>, Failure> {
        let entity = self.schema.object.entity();
        let (condition, doing) = match which {
            Which::Id(id) => (of_id(id), format!("reading {entity} {id}")),
            Which::Referral(id) => {
                (self.schema.of_referral(id), format!("reading the {entity} of referral {id}"))
            }
        };
        let done = self.lookup(&condition, doing).await;
        self.explained(done)
    }

    async fn save(&self, id: ReferralId, write: Write) -> Result<CrmRecord, Failure> {
        let done = self.upsert_record(id, write).await;
        self.explained(done)
    }

    async fn change(&self, record: &CrmRecord, write: Write) -> Result<CrmRecord, Failure> {
        let done = self.update_record(record, write).await;
        self.explained(done)
    }

    async fn changes(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        Ok(self.changed_records(since).await?)
    }
}
