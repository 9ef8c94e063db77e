//! A live record, and its deal if it has one. Reads; takes no claim, makes no link, writes nothing.

use anyhow::{Result, anyhow, bail};
use cosell_model::message::{Cause, Subject, SyncMessage};
use cosell_model::notice::OffReason;
use cosell_sync::Engine;
use cosell_sync::pair::{Pair, Standing};
use cosell_wiring::{Descriptor, EngineSettings};
use jiff::Timestamp;

use super::{Creation, Existing, Trial};
use crate::record::{self, explained};

/// Tries a live referral, opportunity or lead, of which one is given.
pub(super) async fn run(given: [Option<&str>; 3], json: bool, now: Timestamp) -> Result<()> {
    let settings = cosell_wiring::read(EngineSettings::read)?;
    let subject = subject(given, settings.systems.crm.crm)?;
    let engine = cosell_wiring::operators_engine(settings, &crate::aws().await?)?;
    tried(&engine, subject, now, |trial| trial.print(json)).await
}

fn subject(given: [Option<&str>; 3], crm: &Descriptor) -> Result<Subject> {
    match given {
        [Some(id), ..] => Ok(Subject::Referral(id.parse()?)),
        [_, Some(id), _] => Ok(Subject::Crm(record::opportunity(crm, id)?)),
        [.., Some(id)] => Ok(Subject::Crm(record::lead(crm, id)?)),
        _ => Err(anyhow!("give --referral, --opportunity or --lead")),
    }
}

/// Tries as an operator's reconciliation would find it, and says so.
pub(super) async fn tried<T>(
    engine: &Engine,
    subject: Subject,
    now: Timestamp,
    say: impl FnOnce(&Trial<'_>) -> Result<T>,
) -> Result<T> {
    let message = SyncMessage { subject, cause: Cause::Operator, observed: "dry run".to_owned() };
    let dry_run = engine.dry_run(&message, now).await;
    let (pair, plan) = dry_run.map_err(|failure| explained(&failure))?;
    let subject = &message.subject;
    if let Standing::Ignored(OffReason::ReferralInvisible | OffReason::RecordGone) = pair.standing {
        bail!("{subject} does not exist, or the sync's service account cannot see it");
    }
    let rules = engine.rules();
    let creation = match Creation::planned(rules, &pair, &plan) {
        Some(planned) => Some(planned),
        None => existing(engine, subject, &pair)
            .await?
            .and_then(|existing| Creation::anew(rules, &existing)),
    };
    say(&Trial { rules, pair: &pair, plan: &plan, creation })
}

/// The side that was named. Of a deal that takes no part or is left alone it was not read.
async fn existing(engine: &Engine, subject: &Subject, pair: &Pair) -> Result<Option<Existing>> {
    let found = match subject {
        Subject::Referral(id) => match pair.referral.clone() {
            Some(referral) => Ok(Some(referral.into())),
            None => engine.partner_center.get(*id).await.map(|found| found.map(Existing::from)),
        },
        Subject::Crm(key) => match pair.record.clone().filter(|record| record.key == *key) {
            Some(record) => Ok(Some(record.into())),
            // Leads are never sent, so nothing would be made of one.
            None if key.entity != engine.mapping.entity => Ok(None),
            None => engine.crm.get(key).await.map(|found| found.map(Existing::from)),
        },
    };
    found.map_err(|failure| explained(&failure))
}

#[cfg(test)]
#[path = "live_tests.rs"]
mod tests;
