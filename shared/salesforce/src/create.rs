//! A referral's record: made with its account and contact in one transaction, or brought up to date
//! where it exists.

use cosell_crm::{CrmError, Write};
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::id::ReferralId;
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use reqwest::Method;
use serde_json::{Map, Value as Json, json};

use crate::composite::Part;
use crate::customer::{Customers, DuplicateHint, save_despite_duplicates, searches};
use crate::dialect::CURRENCY;
use crate::error::SalesforceError;
use crate::object::{NOT_PROVIDED, OF_EVERY_LEAD, Object};
use crate::opportunities::{DEAL, ROLE, Salesforce};
use crate::organisation::Organisation;

use crate::refusal;
use crate::rest_api::Call;

const SAVE: &str = "save";
const CLOSE_DATE: &str = "CloseDate";
/// A quarter: late enough that nobody takes it for a promise, soon enough to be looked at.
const PROVISIONAL_DAYS: i64 = 90;

impl Salesforce {
    pub(crate) async fn upsert_record(
        &self,
        id: ReferralId,
        write: Write,
    ) -> Result<CrmRecord, SalesforceError> {
        let organisation = self.organisation().await?;
        let doing = format!("saving the {} of referral {id}", self.schema.object.entity());
        let mut parts = self.reads(&organisation, &self.schema.of_referral(id), &doing);
        parts.extend(searches(&write, &doing));
        let mut answers = self.api.run(&parts, false, &doing).await?;
        if let Some(stored) = self.stored(&organisation, &mut answers)? {
            // Whom an existing deal belongs to is never changed, and its other fields only as they
            // were read.
            return self.update_record(&stored.record, write).await;
        }
        let customers = Customers::read(&write, &mut answers)?;
        self.create(&organisation, id, write, customers).await
    }

    async fn create(
        &self,
        organisation: &Organisation,
        id: ReferralId,
        write: Write,
        mut customers: Customers,
    ) -> Result<CrmRecord, SalesforceError> {
        let doing = format!("creating the {} of referral {id}", self.schema.object.entity());
        let object = self.schema.object;
        let mut body = write.own;
        // The key's value comes from the address.
        let is_key = |name: &str| name.eq_ignore_ascii_case(&self.schema.referral_id_field);
        body.retain(|name, value| !value.is_null() && !is_key(name));
        self.fill(&mut body);
        self.set_currency(organisation, &mut body, write.currency.filter(|code| !code.is_null()))?;
        let phase = self.reachable(write.phase.unwrap_or(Phase::Open));
        // A new lead has the organisation's own first status.
        if (object, phase) != (Object::Lead, Phase::Open) {
            body.insert(
                object.state_field().to_owned(),
                json!(organisation.states.of(&self.settings, phase)?),
            );
        }
        let path = format!("sobjects/{}/{}/{id}", object.name(), self.schema.referral_id_field);
        let mut save =
            Call::new(Method::PATCH, path, doing.clone()).body(Json::Object(body)).once(true);
        let mut despite_duplicates = false;
        loop {
            let mut deal = Part::new(SAVE, save.clone());
            customers.link(&mut deal);
            let mut parts = customers.parts(&doing);
            parts.push(deal);
            parts.extend(self.reads(organisation, &self.schema.of_referral(id), &doing));
            let mut answers = self.api.write(&parts, &self.wait, &doing).await?;
            let Some((reference, refused)) = answers.guilty() else {
                tracing::info!(referral.id = %id, "created the {} of a referral", object.entity());
                return self.written(organisation, &mut answers, &doing);
            };
            let is_duplicate = refusal::code(&refused.body) == Some("DUPLICATES_DETECTED");
            if is_duplicate
                && reference == SAVE
                && !despite_duplicates
                && DuplicateHint::read(&refused.body).allows_saving
            {
                // The Referral Identifier is unique: it is the only duplicate that would count.
                save = save_despite_duplicates(save);
                despite_duplicates = true;
            } else if !is_duplicate || !customers.heed_duplicates(reference, &refused.body) {
                let refused = refused.refused();
                return Err(self.made_meanwhile(organisation, id, refused).await);
            }
            customers.keep(&answers);
        }
    }

    /// Gives a new record what Salesforce has none without.
    fn fill(&self, body: &mut Map<String, Json>) {
        let is_empty = |value: &Json| value.as_str().is_none_or(|text| text.trim().is_empty());
        let mut fill = |field: &str, value: String| {
            let has = body
                .iter()
                .any(|(name, given)| name.eq_ignore_ascii_case(field) && !is_empty(given));
            if !has {
                body.retain(|name, _| !name.eq_ignore_ascii_case(field));
                body.insert(field.to_owned(), value.into());
            }
        };
        match self.schema.object {
            Object::Opportunity => fill(CLOSE_DATE, self.provisional_close_date()),
            Object::Lead => {
                for field in OF_EVERY_LEAD {
                    fill(field, NOT_PROVIDED.to_owned());
                }
            }
        }
    }

    /// Salesforce has no opportunity without a close date, and an invitation that is not shown is
    /// one that expires.
    fn provisional_close_date(&self) -> String {
        let today = (self.clock)().to_zoned(TimeZone::UTC).date();
        today.saturating_add(PROVISIONAL_DAYS.days()).to_string()
    }

    /// Two refusals may mean that somebody made the opportunity meanwhile, or that something is
    /// wrong for good: looking tells.
    async fn made_meanwhile(
        &self,
        organisation: &Organisation,
        id: ReferralId,
        refused: SalesforceError,
    ) -> SalesforceError {
        let SalesforceError::Refused(refusal) = &refused else {
            return refused;
        };
        let is_contact = refusal.fields.iter().any(|field| field == "ContactId");
        match refusal.code.as_deref() {
            Some("DUPLICATE_VALUE") => {}
            Some("INVALID_FIELD_FOR_INSERT_UPDATE") if is_contact => {}
            _ => return refused,
        }
        let doing = refusal.doing.clone();
        match self.find(organisation, &self.schema.of_referral(id), &doing).await {
            Ok(Some(_)) => SalesforceError::Stale { doing },
            Ok(None) => refused,
            Err(failed) => failed,
        }
    }

    /// An organisation with one currency has no field for it: there, only that currency can be
    /// kept.
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
            _ if code.is_null() => Ok(()),
            Some(single) if code.as_str().is_some_and(|code| code.eq_ignore_ascii_case(single)) => {
                Ok(())
            }
            Some(single) => Err(CrmError::unwritable(
                CURRENCY,
                format!(
                    "cannot hold this deal's currency, {}: the organisation has only {single}; \
                     activate multiple currencies in Salesforce, or correct the deal's currency",
                    code.as_str().unwrap_or("which is not text")
                ),
            )
            .into()),
            None => Err(SalesforceError::CurrencyUnknown),
        }
    }

    /// The calls that read a record back, or find it.
    pub(crate) fn reads(
        &self,
        organisation: &Organisation,
        condition: &str,
        doing: &str,
    ) -> Vec<Part> {
        let deal = self.schema.select(organisation.has_currency, condition);
        let role = self.schema.select_contact(condition);
        let part = |reference, soql: String| {
            Part::new(reference, Call::get(crate::rest_api::query(&soql), doing))
        };
        [Some(part(DEAL, deal)), role.map(|role| part(ROLE, role))].into_iter().flatten().collect()
    }
}
