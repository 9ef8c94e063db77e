//! What one organisation is like: its stages, and whether it has several currencies. Both are its administrator's to change.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cosell_core::crm::Phase;
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::composite::Part;
use crate::error::SalesforceError;
use crate::record;
use crate::refusal;
use crate::rest_api::{Call, RestApi, query};
use crate::schema::{CURRENCY, Schema};
use crate::settings::Settings;

/// How long it is believed: an administrator's change works within a coffee break, for one call per function and quarter of an hour.
const BELIEVED: Duration = Duration::from_mins(15);

const DOING: &str = "reading the organisation's stages";

/// What was learned.
#[derive(Debug)]
pub(crate) struct Organisation {
    stages: Vec<Stage>,
    pub(crate) has_currency: bool,
}

#[derive(Debug)]
struct Stage {
    /// As it stands in a record.
    name: String,
    /// As people see it.
    label: String,
    closed: bool,
    won: bool,
}

/// Learns it when needed.
#[derive(Default)]
pub(crate) struct Known {
    learned: Mutex<Option<(Instant, Arc<Organisation>)>>,
}

impl Known {
    /// Who comes while it is being learned learns it too: nobody waits for another's failure.
    pub(crate) async fn get(&self, api: &RestApi, schema: &Schema) -> Result<Arc<Organisation>, SalesforceError> {
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
    let soql = "SELECT MasterLabel, ApiName, IsClosed, IsWon FROM OpportunityStage WHERE IsActive = true ORDER BY SortOrder, Id";
    let mut parts = vec![Part::new("stages", Call::get(query(soql), DOING))];
    if schema.currency {
        let soql = format!("SELECT {CURRENCY} FROM Opportunity LIMIT 1");
        parts.push(Part::new("currency", Call::get(query(&soql), DOING)));
    }
    let mut answers = api.run(&parts, false, DOING).await?;
    let has_currency = match answers.take("currency") {
        None => false,
        Some(answer) if refusal::code(&answer.body) == Some("INVALID_FIELD") => false,
        Some(answer) => answer.accepted().map(|_| true)?,
    };
    let stages = answers.must("stages")?.accepted()?;
    let text = |row: &Json, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let stage = |row: &Json| Stage {
        name: text(row, "ApiName"),
        label: text(row, "MasterLabel"),
        closed: row["IsClosed"].as_bool().unwrap_or_default(),
        won: row["IsWon"].as_bool().unwrap_or_default(),
    };
    Ok(Organisation {
        stages: record::rows(&stages)?.iter().map(stage).collect(),
        has_currency,
    })
}

impl Organisation {
    /// Whether a record at `stage` waits to be accepted. The settings may name that stage by its label; a stage that is not offered
    /// any more goes by the name it has in records.
    pub(crate) fn is_on_hold(&self, settings: &Settings, stage: &str) -> bool {
        let Some(on_hold) = &settings.on_hold_stage else { return false };
        let named = self.stages.iter().find(|known| known.is(on_hold));
        named
            .map_or(on_hold.as_str(), |named| named.name.as_str())
            .eq_ignore_ascii_case(stage)
    }

    /// One with these open stages, by name and label.
    #[cfg(test)]
    pub(crate) fn of(stages: &[(&str, &str)]) -> Self {
        let stage = |(name, label): &(&str, &str)| Stage {
            name: (*name).to_owned(),
            label: (*label).to_owned(),
            closed: false,
            won: false,
        };
        Self {
            stages: stages.iter().map(stage).collect(),
            has_currency: false,
        }
    }

    /// The stage that brings a deal to `phase`.
    pub(crate) fn stage(&self, settings: &Settings, phase: Phase) -> Result<&str, SalesforceError> {
        let on_hold = settings.on_hold_stage.as_deref();
        let (setting, wanted) = match phase {
            Phase::OnHold => ("on-hold", on_hold),
            Phase::Open => ("active", settings.open_stage.as_deref()),
            Phase::Won | Phase::Qualified => ("won", settings.won_stage.as_deref()),
            Phase::Lost => ("lost", settings.lost_stage.as_deref()),
        };
        let fits = |stage: &&Stage| match phase {
            Phase::OnHold => !stage.closed,
            // One stage for both would make every new deal an accepted one, or no deal.
            Phase::Open => !stage.closed && !on_hold.is_some_and(|name| stage.is(name)),
            Phase::Won | Phase::Qualified => stage.won,
            Phase::Lost => stage.closed && !stage.won,
        };
        let found = match wanted {
            Some(wanted) => self.stages.iter().find(|stage| stage.is(wanted)).filter(fits),
            None => self.stages.iter().find(fits),
        };
        found.map(|stage| stage.name.as_str()).ok_or_else(|| SalesforceError::Stage {
            what: match wanted {
                Some(wanted) => {
                    let state = match phase {
                        Phase::Open => "open and not on hold".to_owned(),
                        Phase::OnHold => "open".to_owned(),
                        closed => closed.to_string(),
                    };
                    format!("the organisation has no active stage `{wanted}` for deals that are {state}; correct the setting of the {setting} stage")
                }
                None => format!("the organisation has no stage for deals that are {phase}; add one, or name it in the setting of the {setting} stage"),
            },
            stages: self.stages.iter().map(|stage| format!("`{}`", stage.label)).collect::<Vec<_>>().join(", "),
            every_deal: true,
        })
    }
}

impl Stage {
    fn is(&self, wanted: &str) -> bool {
        [&self.name, &self.label].into_iter().any(|name| name.eq_ignore_ascii_case(wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn organisation() -> Organisation {
        let stage = |name: &str, closed, won| Stage {
            name: name.to_owned(),
            label: format!("{name} (label)"),
            closed,
            won,
        };
        Organisation {
            stages: vec![
                stage("Waiting", false, false),
                stage("Running", false, false),
                stage("Gewonnen", true, true),
                stage("Verloren", true, false),
            ],
            has_currency: false,
        }
    }

    fn settings() -> Settings {
        let mut settings = Settings::new(Url::parse("https://northwind.my.salesforce.com").unwrap());
        settings.on_hold_stage = Some("waiting (LABEL)".to_owned());
        settings
    }

    #[test]
    fn stages_are_found_by_what_they_mean() {
        let (organisation, settings) = (organisation(), settings());
        let stage = |phase| organisation.stage(&settings, phase).unwrap();
        let phases = [Phase::OnHold, Phase::Open, Phase::Won, Phase::Lost];
        assert_eq!(phases.map(stage), ["Waiting", "Running", "Gewonnen", "Verloren"]);
    }

    #[test]
    fn a_stage_that_does_not_exist_or_does_not_fit_is_named_with_those_that_do() {
        for wrong in ["Closed Won", "Running"] {
            let mut settings = settings();
            settings.won_stage = Some(wrong.to_owned());
            let error = organisation().stage(&settings, Phase::Won).unwrap_err().to_string();
            assert!(
                error.contains(wrong) && error.contains("won stage") && error.contains("`Gewonnen (label)`"),
                "{error}"
            );
        }
    }
}
