//! The stages of opportunities: which of them mean what is the organisation's data (contract
//! salesforce 2.1).

use cosell_model::crm::Phase;
use serde_json::Value as Json;

use crate::error::SalesforceError;
use crate::rest_api::Answer;
use crate::settings::Settings;

/// An organisation's stages, in its order.
#[derive(Debug)]
pub(crate) struct Stages(Vec<Stage>);

#[derive(Debug)]
struct Stage {
    /// As it stands in a record.
    name: String,
    /// As people see it.
    label: String,
    closed: bool,
    won: bool,
}

impl Stages {
    pub(crate) const QUERY: &str = "SELECT MasterLabel, ApiName, IsClosed, IsWon FROM \
                                    OpportunityStage WHERE IsActive = true ORDER BY SortOrder, Id";

    pub(crate) fn read(answer: &Answer) -> Result<Self, SalesforceError> {
        let text = |row: &Json, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let stage = |row: &Json| Stage {
            name: text(row, "ApiName"),
            label: text(row, "MasterLabel"),
            closed: row["IsClosed"].as_bool().unwrap_or_default(),
            won: row["IsWon"].as_bool().unwrap_or_default(),
        };
        Ok(Self(answer.rows()?.iter().map(stage).collect()))
    }

    /// Closed or won is what the organisation made of the stage; only on hold goes by the stage's
    /// name.
    pub(crate) fn phase(&self, settings: &Settings, row: &Json) -> Phase {
        let is = |name: &str| row[name].as_bool().unwrap_or_default();
        let stage = row["StageName"].as_str().unwrap_or_default();
        match (is("IsWon"), is("IsClosed")) {
            (true, _) => Phase::Won,
            (false, true) => Phase::Lost,
            (false, false) if self.is_on_hold(settings, stage) => Phase::OnHold,
            (false, false) => Phase::Open,
        }
    }

    /// Whether a record at `stage` waits to be accepted. The settings may name that stage by its
    /// label; a stage that is not offered any more goes by the name it has in records.
    fn is_on_hold(&self, settings: &Settings, stage: &str) -> bool {
        let Some(on_hold) = &settings.on_hold_stage else {
            return false;
        };
        let named = self.0.iter().find(|known| known.is(on_hold));
        named.map_or(on_hold.as_str(), |named| named.name.as_str()).eq_ignore_ascii_case(stage)
    }

    /// The stage that brings a deal to `phase`.
    pub(crate) fn of(&self, settings: &Settings, phase: Phase) -> Result<&str, SalesforceError> {
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
            Some(wanted) => self.0.iter().find(|stage| stage.is(wanted)).filter(fits),
            None => self.0.iter().find(fits),
        };
        found.map(|stage| stage.name.as_str()).ok_or_else(|| SalesforceError::Stage {
            what: match wanted {
                Some(wanted) => {
                    let state = match phase {
                        Phase::Open => "open and not on hold".to_owned(),
                        Phase::OnHold => "open".to_owned(),
                        closed => closed.to_string(),
                    };
                    format!(
                        "the organisation has no active stage `{wanted}` for deals that are \
                         {state}; correct the setting of the {setting} stage"
                    )
                }
                None => format!(
                    "the organisation has no stage for deals that are {phase}; add one, or name it \
                     in the setting of the {setting} stage"
                ),
            },
            stages: self
                .0
                .iter()
                .map(|stage| format!("`{}`", stage.label))
                .collect::<Vec<_>>()
                .join(", "),
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
    use serde_json::json;
    use url::Url;

    fn stages() -> Stages {
        let stage = |name: &str, closed, won| Stage {
            name: name.to_owned(),
            label: format!("{name} (label)"),
            closed,
            won,
        };
        Stages(vec![
            stage("Waiting", false, false),
            stage("Running", false, false),
            stage("Gewonnen", true, true),
            stage("Verloren", true, false),
        ])
    }

    fn settings() -> Settings {
        let mut settings =
            Settings::new(Url::parse("https://northwind.my.salesforce.com").unwrap());
        settings.on_hold_stage = Some("waiting (LABEL)".to_owned());
        settings
    }

    #[test]
    fn stages_are_found_by_what_they_mean() {
        let (stages, settings) = (stages(), settings());
        let stage = |phase| stages.of(&settings, phase).unwrap();
        let phases = [Phase::OnHold, Phase::Open, Phase::Won, Phase::Lost];
        assert_eq!(phases.map(stage), ["Waiting", "Running", "Gewonnen", "Verloren"]);
    }

    #[test]
    fn a_stage_that_does_not_exist_or_does_not_fit_is_named_with_those_that_do() {
        for wrong in ["Closed Won", "Running"] {
            let mut settings = settings();
            settings.won_stage = Some(wrong.to_owned());
            let error = stages().of(&settings, Phase::Won).unwrap_err().to_string();
            assert!(
                error.contains(wrong)
                    && error.contains("won stage")
                    && error.contains("`Gewonnen (label)`"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_organisation_says_what_is_closed_and_the_settings_what_is_on_hold() {
        let mut settings = settings();
        // By its name, in any case, or by its label.
        for named in ["waiting", "Waiting (label)"] {
            settings.on_hold_stage = Some(named.to_owned());
            let read = |stage: &str, closed: bool, won: bool| {
                let row = json!({"StageName": stage, "IsClosed": closed, "IsWon": won});
                stages().phase(&settings, &row)
            };
            assert_eq!(read("Waiting", false, false), Phase::OnHold, "{named}");
            assert_eq!(read("Prospecting", false, false), Phase::Open);
            assert_eq!(read("Gewonnen", true, true), Phase::Won);
            assert_eq!(read("Verloren", true, false), Phase::Lost);
        }
    }
}
