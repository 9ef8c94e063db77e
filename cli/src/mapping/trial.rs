//! `cosell mapping try`: what a reconciliation would do. It finds, observes and decides as the
//! functions do, prints the plan, and writes nothing.

mod creation;
mod document;
mod effects;
mod live;
mod sample;
mod text;

use std::path::Path;

use anyhow::{Result, ensure};
use clap::Args;
use cosell_mapping::Mapping;
use cosell_model::crm::CrmRecord;
use cosell_model::referral::Referral;
use cosell_runtime::clock;
use cosell_sync::pair::Pair;
use cosell_sync::plan::Plan;
use cosell_sync::policy::Rules;
use cosell_wiring::PlanningSettings;
use jiff::Timestamp;

use super::Which;
use crate::output;
use creation::Creation;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    which: Which,
    /// Print JSON: the plan, and what becomes of every field.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Given {
    /// A referral: a JSON file, or the id of a live one.
    #[arg(long, value_name = "FILE|ID")]
    referral: Option<String>,
    /// An opportunity: a JSON file, or the id or address of a live one.
    #[arg(long, value_name = "FILE|ID")]
    opportunity: Option<String>,
    /// A lead: the id or address of a live one.
    #[arg(long, value_name = "ID")]
    lead: Option<String>,
}

/// One side of a deal.
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

/// What a reconciliation would do, and what making a side would do field by field.
struct Trial<'a> {
    rules: Rules<'a>,
    pair: &'a Pair,
    plan: &'a Plan,
    creation: Option<Creation<'a>>,
}

impl Trial<'_> {
    fn print(&self, json: bool) -> Result<()> {
        output::print(&if json { format!("{:#}\n", document::of(self)?) } else { text::of(self) })
    }

    /// The mapping of the table that the record stands in, or would.
    fn mapping(&self) -> &Mapping {
        self.rules.mapping_of(self.pair.table)
    }
}

pub(super) async fn run(arguments: &Arguments) -> Result<()> {
    let Given { referral, opportunity, lead } = &arguments.given;
    let now = clock::now();
    match (referral, opportunity) {
        (Some(text), _) if is_file(text) => {
            let referral = sample::referral(Path::new(text), now)?;
            offline(arguments, now, |_| referral.into())
        }
        (_, Some(text)) if is_file(text) => {
            let json = sample::read(Path::new(text))?;
            offline(arguments, now, |mapping| sample::record(mapping, &json, now).into())
        }
        _ => {
            ensure!(
                arguments.which.crm.is_none() && arguments.which.own.is_none(),
                "--crm and --own go with a file: a live record is of the CRM that the environment \
                 names, and read with the built-in mapping"
            );
            let id = [referral, opportunity, lead].map(Option::as_deref);
            live::run(id, arguments.json, now).await
        }
    }
}

/// Nothing else has a dot at its end: ids have none, and an address of a CRM ends otherwise.
fn is_file(text: &str) -> bool {
    let path = Path::new(text);
    path.is_file()
        || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// Of a record from a file nothing can be found or read: it counts as new.
fn offline(
    arguments: &Arguments,
    now: Timestamp,
    existing: impl FnOnce(&Mapping) -> Existing,
) -> Result<()> {
    let PlanningSettings { mark_names, policy } = cosell_wiring::read(PlanningSettings::read)?;
    let mapping = arguments.which.examination()?.into_mapping()?;
    let mapping = if mark_names { mapping.marking_names() } else { mapping };
    let leads = mapping.of_leads().filter(|_| policy.sync_leads);
    let rules = Rules { deals: &mapping, leads: leads.as_ref(), policy: &policy };
    let pair = sample::pair(rules, existing(&mapping), now);
    let plan = rules.decide(&pair);
    let creation = Creation::planned(rules, &pair, &plan);
    Trial { rules, pair: &pair, plan: &plan, creation }.print(arguments.json)
}

#[cfg(test)]
#[path = "trial_tests.rs"]
mod tests;
