//! A trial as JSON, for programs.

use anyhow::Result;
use cosell_model::notice::Severity;
use cosell_model::state::DealState;
use cosell_sync::pair::Standing;
use cosell_sync::plan::Plan;
use cosell_sync::render::{sentence, status};
use serde::Serialize;
use serde_json::Value as Json;

use super::Trial;
use super::creation::Creation;

/// Counts changes that a program must know of.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    /// How the deal was found.
    standing: &'a Standing,
    plan: &'a Plan,
    /// The plan's notices, worded.
    notices: Vec<Worded>,
    /// The state once the plan is carried out; null where it follows from what the services answer.
    state: Option<&'a DealState>,
    /// The same as the seller reads it.
    sync_status: Option<String>,
    creation: Option<&'a Creation<'a>>,
}

#[derive(Serialize)]
struct Worded {
    code: &'static str,
    severity: Severity,
    sentence: String,
}

pub(super) fn of(trial: &Trial<'_>) -> Result<Json> {
    let mapping = trial.mapping();
    let state = trial.rules.state_after(trial.pair, trial.plan);
    let notices = trial.plan.notices.iter().map(|notice| Worded {
        code: notice.code(),
        severity: notice.severity(),
        sentence: sentence(mapping, notice),
    });
    Ok(serde_json::to_value(Document {
        version: VERSION,
        standing: &trial.pair.standing,
        plan: trial.plan,
        notices: notices.collect(),
        state: state.as_ref(),
        sync_status: state.as_ref().map(|state| status(mapping, state)),
        creation: trial.creation.as_ref(),
    })?)
}
