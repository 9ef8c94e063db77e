//! `cosell mapping try`: what a creation would write. Plans only; reading is all it asks of a live system.

mod description;
mod document;
mod live;
mod sample;

use std::path::Path;

use anyhow::{Result, ensure};
use clap::Args;
use cosell_mapping::Mapping;
use cosell_model::crm::CrmRecord;
use cosell_model::referral::{Referral, ReferralKind};
use cosell_runtime::clock;
use cosell_sync::plan::{Policy, try_record, try_referral};
use cosell_wiring::PlanningSettings;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::Which;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    half: Half,
    #[command(flatten)]
    which: Which,
    /// Print JSON: what would be made or why not, and every field.
    #[arg(long)]
    json: bool,
}

/// What came of it, for people and for programs.
struct Answer {
    text: String,
    json: Json,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Half {
    /// A referral: a JSON file, or the id of a live one.
    #[arg(long, value_name = "FILE|ID")]
    referral: Option<String>,
    /// An opportunity: a JSON file, or the id or address of a live one.
    #[arg(long, value_name = "FILE|ID")]
    opportunity: Option<String>,
}

/// One half of a deal, of which the other is tried.
enum Existing {
    Referral(Box<Referral>),
    Record(Box<CrmRecord>),
}

impl From<Referral> for Existing {
    fn from(referral: Referral) -> Self {
        Self::Referral(Box::new(referral))
    }
}

impl From<CrmRecord> for Existing {
    fn from(record: CrmRecord) -> Self {
        Self::Record(Box::new(record))
    }
}

pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    let Half { referral, opportunity } = &arguments.half;
    let answer = match (referral, opportunity) {
        (Some(text), _) if is_file(text) => {
            let referral = sample::referral(Path::new(text), clock::now())?;
            offline(&arguments.which, |_| referral.into())?
        }
        (_, Some(text)) if is_file(text) => {
            let json = sample::read(Path::new(text))?;
            offline(&arguments.which, |mapping| {
                sample::record(mapping, &json, clock::now()).into()
            })?
        }
        (referral, opportunity) => {
            ensure!(
                arguments.which.crm.is_none() && arguments.which.own.is_none(),
                "--crm and --own go with a file: a live record is of the CRM that the environment names, and read with the packed mapping"
            );
            live::tried(referral.as_deref(), opportunity.as_deref()).await?
        }
    };
    if arguments.json {
        println!("{:#}", answer.json);
    } else {
        print!("{}", answer.text);
    }
    Ok(())
}

/// Nothing else has a dot at its end: ids have none, and an address of a CRM ends otherwise.
fn is_file(text: &str) -> bool {
    let path = Path::new(text);
    path.is_file()
        || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn offline(which: &Which, half: impl FnOnce(&Mapping) -> Existing) -> Result<Answer> {
    let PlanningSettings { mark_names, policy } = cosell_wiring::read(PlanningSettings::read)?;
    let mapping = which.examination()?.into_mapping()?;
    let mapping = if mark_names { mapping.marking_names() } else { mapping };
    Ok(creation(&mapping, &policy, &half(&mapping), clock::now()))
}

fn creation(mapping: &Mapping, policy: &Policy, half: &Existing, now: Timestamp) -> Answer {
    match half {
        Existing::Referral(referral) => {
            let leads = mapping.of_leads().filter(|_| referral.kind == ReferralKind::Lead);
            let trial = try_record(leads.as_ref().unwrap_or(mapping), policy, referral, now);
            Answer { text: description::of_record(&trial), json: document::of_record(&trial) }
        }
        Existing::Record(record) => {
            let trial = try_referral(mapping, policy, record);
            Answer { text: description::of_referral(&trial), json: document::of_referral(&trial) }
        }
    }
}

#[cfg(test)]
#[path = "trial_tests.rs"]
mod tests;
