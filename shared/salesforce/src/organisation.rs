//! What one organisation is like: what it calls a deal's phases, and whether it has several
//! currencies. Both are its administrator's to change.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cosell_model::crm::Phase;
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::composite::Part;
use crate::dialect::CURRENCY;
use crate::error::SalesforceError;
use crate::lead_status::LeadStatuses;
use crate::object::Object;
use crate::refusal;
use crate::rest_api::{Call, RestApi, query};
use crate::schema::Schema;
use crate::settings::Settings;
use crate::stage::Stages;

/// How long it is believed: an administrator's change works within a coffee break, for one call per
/// function and quarter of an hour.
const BELIEVED: Duration = Duration::from_mins(15);

/// The part that reads the values of the field that phases are written to.
const STATES: &str = "states";

/// What was learned.
#[derive(Debug)]
pub(crate) struct Organisation {
    pub(crate) states: States,
    pub(crate) has_currency: bool,
}

/// What the phases of an object's records are called.
#[derive(Debug)]
pub(crate) enum States {
    /// Of opportunities.
    Stages(Stages),
    /// Of leads.
    Statuses(LeadStatuses),
}

impl States {
    /// The phase that a row tells.
    pub(crate) fn phase(&self, settings: &Settings, row: &Json) -> Phase {
        match self {
            Self::Stages(stages) => stages.phase(settings, row),
            Self::Statuses(statuses) => statuses.phase(settings, row),
        }
    }

    /// The value that brings a record to `phase`.
    pub(crate) fn of<'a>(
        &'a self,
        settings: &'a Settings,
        phase: Phase,
    ) -> Result<&'a str, SalesforceError> {
        match self {
            Self::Stages(stages) => stages.of(settings, phase),
            Self::Statuses(statuses) => statuses.of(settings, phase),
        }
    }
}

/// Learns it when needed.
#[derive(Default)]
pub(crate) struct Known {
    learned: Mutex<Option<(Instant, Arc<Organisation>)>>,
}

impl Known {
    /// Who comes while it is being learned learns it too: nobody waits for another's failure.
    pub(crate) async fn get(
        &self,
        api: &RestApi,
        schema: &Schema,
    ) -> Result<Arc<Organisation>, SalesforceError> {
        let believed = self.learned.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, organisation)) = believed
            && at.elapsed() < BELIEVED
        {
            return Ok(organisation);
        }
        let organisation = Arc::new(learn(api, schema).await?);
        self.set(Some((Instant::now(), organisation.clone())));
        Ok(organisation)
    }

    /// What was learned may be out of date.
    pub(crate) fn forget(&self) {
        self.set(None);
    }

    fn set(&self, learned: Option<(Instant, Arc<Organisation>)>) {
        *self.learned.lock().unwrap_or_else(PoisonError::into_inner) = learned;
    }
}

async fn learn(api: &RestApi, schema: &Schema) -> Result<Organisation, SalesforceError> {
    let (doing, soql) = match schema.object {
        Object::Opportunity => ("reading the organisation's stages", Stages::QUERY),
        Object::Lead => ("reading the organisation's lead statuses", LeadStatuses::QUERY),
    };
    let mut parts = vec![Part::new(STATES, Call::get(query(soql), doing))];
    if schema.currency {
        let soql = format!("SELECT {CURRENCY} FROM {} LIMIT 1", schema.object.name());
        parts.push(Part::new("currency", Call::get(query(&soql), doing)));
    }
    let mut answers = api.run(&parts, false, doing).await?;
    let has_currency = match answers.take("currency") {
        None => false,
        Some(answer) if refusal::code(&answer.body) == Some("INVALID_FIELD") => false,
        Some(answer) => answer.accepted().map(|_| true)?,
    };
    let states = answers.must(STATES)?;
    Ok(Organisation {
        states: match schema.object {
            Object::Opportunity => States::Stages(Stages::read(&states.accepted()?)?),
            Object::Lead => States::Statuses(LeadStatuses::read(states)?),
        },
        has_currency,
    })
}
