//! The stages of opportunities, as data: they decide whether a deal is closed and won (contract
//! salesforce 2.1).

use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::organisation::Organisation;
use super::records::Cells;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) closed: bool,
    #[serde(default)]
    pub(crate) won: bool,
    #[serde(default)]
    pub(crate) probability: i64,
    /// The API value; `ForecastCategoryName` is its label.
    pub(crate) forecast: String,
    #[serde(default = "yes")]
    pub(crate) active: bool,
}

fn yes() -> bool {
    true
}

impl Stage {
    fn new(name: &str, (closed, won): (bool, bool), probability: i64, forecast: &str) -> Self {
        Self {
            name: name.into(),
            closed,
            won,
            probability,
            forecast: forecast.into(),
            active: true,
        }
    }

    /// The stages an organisation is shipped with.
    pub(crate) fn standard() -> Vec<Self> {
        let open = [
            ("Prospecting", 10),
            ("Qualification", 10),
            ("Needs Analysis", 20),
            ("Value Proposition", 50),
            ("Id. Decision Makers", 60),
            ("Perception Analysis", 70),
            ("Proposal/Price Quote", 75),
            ("Negotiation/Review", 90),
        ];
        let mut stages: Vec<Self> = open
            .map(|(name, probability)| Self::new(name, (false, false), probability, "Pipeline"))
            .into();
        stages.push(Self::new("Closed Won", (true, true), 100, "Closed"));
        stages.push(Self::new("Closed Lost", (true, false), 0, "Omitted"));
        stages
    }

    fn forecast_name(&self) -> &str {
        match self.forecast.as_str() {
            "BestCase" => "Best Case",
            "MostLikely" => "Most Likely",
            "Forecast" => "Commit",
            other => other,
        }
    }
}

impl Organisation {
    /// Makes the `OpportunityStage` rows what the stages are.
    pub(crate) fn plant_stages(&mut self) {
        self.records.clear("OpportunityStage");
        let text = |value: &str| Cell::Text(value.to_owned());
        for (order, stage) in (1_i64..).zip(self.stages.clone()) {
            let cells = [
                ("MasterLabel", text(&stage.name)),
                ("ApiName", text(&stage.name)),
                ("IsActive", Cell::Bool(stage.active)),
                ("IsClosed", Cell::Bool(stage.closed)),
                ("IsWon", Cell::Bool(stage.won)),
                ("DefaultProbability", Cell::Int(stage.probability)),
                ("ForecastCategory", text(&stage.forecast)),
                ("ForecastCategoryName", text(stage.forecast_name())),
                ("SortOrder", Cell::Int(order)),
            ];
            let id = self.ids.next("01J");
            self.plant("OpportunityStage", id, &cells);
        }
    }

    pub(crate) fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name.eq_ignore_ascii_case(name))
    }

    /// Writes what the stage decides. `given` are the fields of this write: a probability or a
    /// forecast category given with the stage stands. A stage nobody knows leaves the deal open.
    pub(crate) fn apply_stage(&self, cells: &mut Cells, given: &Cells) {
        let name = cells.get("StageName").and_then(Cell::as_text).unwrap_or_default();
        let stage = self.stage(name).cloned();
        let (closed, won) =
            stage.as_ref().map_or((false, false), |stage| (stage.closed, stage.won));
        cells.insert("IsClosed".into(), Cell::Bool(closed));
        cells.insert("IsWon".into(), Cell::Bool(won));
        let Some(stage) = stage.filter(|_| given.contains_key("StageName")) else {
            return;
        };
        cells.insert("ForecastCategory".into(), Cell::Text(stage.forecast.clone()));
        if !given.contains_key("Probability") {
            cells.insert("Probability".into(), Cell::Int(stage.probability));
        }
        if !given.contains_key("ForecastCategoryName") {
            cells.insert("ForecastCategoryName".into(), Cell::Text(stage.forecast_name().into()));
        }
    }
}
