//! A referral's opportunity: made with its account and contact in one transaction, or brought up to date where it exists.

use cosell_core::crm::{CrmRecord, CrmWrite, Phase};
use cosell_core::id::ReferralId;
use reqwest::Method;
use serde_json::{Map, Value as Json, json};

use crate::composite::Part;
use crate::error::SalesforceError;
use crate::opportunities::{DEAL, ROLE, Salesforce};
use crate::organisation::Organisation;
use crate::party::{DuplicateHint, Parties, save_despite_duplicates, searches};
use crate::refusal;
use crate::rest_api::Call;
use crate::schema::CURRENCY;
use crate::write::{Columns, unwritable};

const SAVE: &str = "save";

impl Salesforce {
    pub(crate) async fn upsert_record(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, SalesforceError> {
        let organisation = self.organisation().await?;
        let columns = Columns::sort(write)?;
        let doing = format!("saving the opportunity of referral {id}");
        let mut parts = self.reads(&organisation, &self.schema.of_referral(id), &doing);
        parts.extend(searches(&columns, &doing));
        let mut answers = self.api.run(&parts, false, &doing).await?;
        if let Some(stored) = self.stored(&mut answers)? {
            // Whom an existing deal belongs to is never changed, and its other fields only as they were read.
            let write = CrmWrite {
                fields: write
                    .fields
                    .iter()
                    .filter(|(name, _)| !name.contains('/'))
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect(),
                phase: write.phase,
            };
            return self.update_record(&stored.record.key, &stored.record.version, &write).await;
        }
        let parties = Parties::read(&columns, &mut answers)?;
        self.create(&organisation, id, write.phase, columns, parties).await
    }

    async fn create(
        &self,
        organisation: &Organisation,
        id: ReferralId,
        phase: Option<Phase>,
        columns: Columns,
        mut parties: Parties,
    ) -> Result<CrmRecord, SalesforceError> {
        let doing = format!("creating the opportunity of referral {id}");
        let mut body = columns.plain;
        body.retain(|_, value| !value.is_null());
        // The key's value comes from the address.
        body.remove(&self.schema.referral_id_field);
        self.set_currency(organisation, &mut body, columns.currency.filter(|code| !code.is_null()))?;
        let stage = organisation.stage(&self.settings, self.reachable(phase.unwrap_or(Phase::Open)))?;
        body.insert("StageName".to_owned(), json!(stage));
        let path = format!("sobjects/Opportunity/{}/{id}", self.schema.referral_id_field);
        let mut save = Call::new(Method::PATCH, path, doing.clone()).body(Json::Object(body)).once(true);
        let mut despite_duplicates = false;
        loop {
            let mut deal = Part::new(SAVE, save.clone());
            parties.link(&mut deal);
            let mut parts = parties.parts(&doing);
            parts.push(deal);
            parts.extend(self.reads(organisation, &self.schema.of_referral(id), &doing));
            let mut answers = self.api.write(&parts, &doing).await?;
            let Some((reference, refused)) = answers.guilty() else {
                tracing::info!(referral.id = %id, "created the opportunity of a referral");
                return self.written(&mut answers, &doing);
            };
            let is_duplicate = refusal::code(&refused.body) == Some("DUPLICATES_DETECTED");
            if is_duplicate && reference == SAVE && !despite_duplicates && DuplicateHint::read(&refused.body).allows_saving {
                // The Referral Identifier is unique: it is the only duplicate that would count.
                save = save_despite_duplicates(save);
                despite_duplicates = true;
            } else if !is_duplicate || !parties.heed_duplicates(reference, &refused.body) {
                return Err(refused.refused());
            }
        }
    }

    /// An organisation with one currency has no field for it: there, only that currency can be kept.
    pub(crate) fn set_currency(
        &self,
        organisation: &Organisation,
        body: &mut Map<String, Json>,
        code: Option<Json>,
    ) -> Result<(), SalesforceError> {
        let Some(code) = code else { return Ok(()) };
        if organisation.has_currency {
            body.insert(CURRENCY.to_owned(), code);
            return Ok(());
        }
        match &self.settings.single_currency {
            Some(single) if code.as_str().is_some_and(|code| code.eq_ignore_ascii_case(single)) => Ok(()),
            Some(single) => Err(unwritable(
                CURRENCY,
                format!(
                    "cannot hold this deal's currency: the organisation has only {single}; activate multiple currencies in Salesforce, or correct the deal's currency"
                ),
            )),
            None => Err(unwritable(
                CURRENCY,
                "does not exist in this organisation, which has one currency; name that currency in the setting SalesforceCurrency",
            )),
        }
    }

    /// The calls that read a record back, or find it.
    pub(crate) fn reads(&self, organisation: &Organisation, condition: &str, doing: &str) -> Vec<Part> {
        let deal = self.schema.select(organisation.has_currency, condition);
        let role = self.schema.select_contact(condition);
        let part = |reference, soql: String| Part::new(reference, Call::get(crate::rest_api::query(&soql), doing));
        [Some(part(DEAL, deal)), role.map(|role| part(ROLE, role))]
            .into_iter()
            .flatten()
            .collect()
    }
}
