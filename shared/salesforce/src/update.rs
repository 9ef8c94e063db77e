//! Changing a record that still is as it was read (contract salesforce 3.7).

use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use reqwest::Method;
use serde_json::Value as Json;

use crate::composite::{Answers, Part};
use crate::error::SalesforceError;
use crate::object::Object;
use crate::opportunities::Salesforce;
use crate::organisation::Organisation;
use crate::party::{DuplicateHint, save_despite_duplicates};
use crate::refusal;
use crate::rest_api::Call;
use crate::schema::of_id;
use crate::version::Version;
use crate::write::{Columns, refuse_parties};

const SAVE: &str = "save";

impl Salesforce {
    pub(crate) async fn update_record(
        &self,
        key: &CrmKey,
        version: &str,
        write: &CrmWrite,
    ) -> Result<CrmRecord, SalesforceError> {
        let id = self.id_of(key)?;
        let object = self.schema.object;
        refuse_parties(write)?;
        let doing = format!("updating {} {id}", object.entity());
        let stale = || SalesforceError::Stale { doing: doing.clone() };
        let known = Version::parse(version).ok_or_else(stale)?;
        let organisation = self.organisation().await?;
        if object == Object::Lead && known.phase == Phase::Qualified && !write.is_empty() {
            return Err(SalesforceError::Converted { doing });
        }
        let columns = Columns::sort(write)?;
        let mut body = columns.plain;
        self.set_currency(&organisation, &mut body, columns.currency)?;
        if let Some(phase) =
            write.phase.map(|phase| self.reachable(phase)).filter(|phase| *phase != known.phase)
        {
            // One deal's trouble: the others need not wait for it.
            let name = organisation
                .states
                .of(&self.settings, phase)
                .map_err(SalesforceError::of_one_deal)?;
            body.insert(object.state_field().to_owned(), name.into());
        }
        if body.is_empty() {
            let (record, now) = self.read_now(&organisation, id).await?.ok_or_else(stale)?;
            return if now.is_of_same_state(&known) { Ok(record) } else { Err(stale()) };
        }
        if !known.is_settled() || !self.settings.conditional_updates {
            self.confirm(&organisation, id, &known).await?;
        }
        let record = self.save(&organisation, id, &known, Json::Object(body), &doing).await?;
        Ok(self.check_phase(record, write.phase))
    }

    async fn read_now(
        &self,
        organisation: &Organisation,
        id: &str,
    ) -> Result<Option<(CrmRecord, Version)>, SalesforceError> {
        let doing = format!("reading {} {id}", self.schema.object.entity());
        let stored = self.find(organisation, &of_id(id), &doing).await?;
        Ok(stored.map(|stored| (stored.record, stored.version)))
    }

    /// Reads the record again, once its stamps can tell any later change, and compares.
    async fn confirm(
        &self,
        organisation: &Organisation,
        id: &str,
        known: &Version,
    ) -> Result<(), SalesforceError> {
        if !known.is_settled() {
            (self.wait)(known.unsettled_for()).await;
        }
        match self.read_now(organisation, id).await? {
            Some((_, now)) if now.is_of_same_state(known) => Ok(()),
            _ => Err(SalesforceError::Stale {
                doing: format!("updating {} {id}", self.schema.object.entity()),
            }),
        }
    }

    /// Write and read back, in one transaction.
    async fn save(
        &self,
        organisation: &Organisation,
        id: &str,
        known: &Version,
        body: Json,
        doing: &str,
    ) -> Result<CrmRecord, SalesforceError> {
        let object = self.schema.object;
        let mut call = Call::new(Method::PATCH, format!("sobjects/{}/{id}", object.name()), doing)
            .header("If-Unmodified-Since", known.http_date())
            .body(body)
            // Late, it would land on whatever is there by then, unless the stamp guards it.
            .once(!self.settings.conditional_updates);
        if object == Object::Lead {
            // An edit of ours must not hand the lead to somebody else (contract salesforce 3.11).
            call = call.header("Sforce-Auto-Assign", "FALSE");
        }
        let mut answers = self.send_save(organisation, id, call.clone(), doing).await?;
        let duplicate = answers
            .guilty()
            .filter(|(_, refused)| refusal::code(&refused.body) == Some("DUPLICATES_DETECTED"));
        if duplicate.is_some_and(|(_, refused)| DuplicateHint::read(&refused.body).allows_saving) {
            // The record exists, whatever it resembles.
            answers =
                self.send_save(organisation, id, save_despite_duplicates(call), doing).await?;
        }
        match answers.guilty() {
            Some((_, refused)) => Err(refused.refused()),
            None => self.written(organisation, &mut answers, doing),
        }
    }

    async fn send_save(
        &self,
        organisation: &Organisation,
        id: &str,
        call: Call,
        doing: &str,
    ) -> Result<Answers, SalesforceError> {
        let mut parts = vec![Part::new(SAVE, call)];
        parts.extend(self.reads(organisation, &of_id(id), doing));
        if self.settings.conditional_updates {
            self.api.write(&parts, &self.wait, doing).await
        } else {
            // The lock may be somebody's save under way: what that leaves must be compared before the write is sent again.
            self.api.run(&parts, true, doing).await
        }
    }

    /// A stage that does not mean what it meant when it was learned is learned anew, for the next time. The record is what the
    /// organisation, or a flow of its, made of our write: repeating it would change nothing.
    fn check_phase(&self, record: CrmRecord, phase: Option<Phase>) -> CrmRecord {
        if phase.is_some_and(|phase| self.reachable(phase) != record.phase) {
            self.forget_organisation();
        }
        record
    }
}
