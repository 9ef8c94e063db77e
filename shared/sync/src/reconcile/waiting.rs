//! What is only a matter of time: a win that waits until the deal can be registered, and an invitation that expires soon.

use std::time::Duration;

use crate::plan::{Note, Update, Warnings, plan_warnings, told_lately, win_waits_until};
use cosell_model::audit::AuditKind;
use cosell_model::crm::{CrmRecord, CrmWrite};
use cosell_model::link::Link;
use cosell_model::referral::Referral;
use jiff::Timestamp;

use super::update::Problems;
use super::{Attempt, Outcome};
use crate::failure::{Failure, FailureKind};

/// A win that is due so soon waits on the queue: the schedule may have been read already, by a clock that is ahead of ours.
const SOON: Duration = Duration::from_mins(10);

impl Attempt<'_> {
    /// What to warn of; the seller reads it with the update.
    pub(super) fn warn(
        &self,
        update: &mut Update,
        link: &Link,
        referral: &Referral,
        microsoft: Option<&Referral>,
        record: &CrmRecord,
    ) -> Warnings {
        let (mapping, deadlines) = (&self.engine.mapping, &self.engine.policy.deadlines);
        let warnings =
            plan_warnings(mapping, deadlines, link, referral, microsoft, record, self.look.now);
        update.asides.extend(warnings.lines.clone());
        warnings
    }

    /// Tells the seller of a win that waits, and of one that waited and is sent. The record is closed: not every CRM lets us.
    pub(super) async fn tell_of_win(
        &mut self,
        update: &Update,
        link: &Link,
        record: &CrmRecord,
        sent: bool,
        problems: &Problems,
    ) -> Result<(), Failure> {
        if update.win_waits == link.win_waits || !record.phase.is_closed() {
            return Ok(());
        }
        let note = match update.win_waits.map(win_waits_until) {
            Some((status, told)) if told_lately(&self.engine.mapping, record, &told) => {
                Note::Pending(status, Vec::new())
            }
            Some((status, told)) => Note::Pending(status, vec![told]),
            None if problems.told.is_empty() => Note::Synced(update.notes(sent, false)),
            None => Note::Failed(problems.told.clone()),
        };
        self.tell_closed(record, &note).await
    }

    /// Tells the seller on a closed record, where the CRM takes it; the trail knows it in any case.
    pub(super) async fn tell_closed(
        &mut self,
        record: &CrmRecord,
        note: &Note,
    ) -> Result<(), Failure> {
        let told = self.told(None);
        let mut whole = CrmWrite::default();
        told.add_to(&mut whole, Some(record), note);
        let columns = &self.engine.mapping.columns;
        let mut write = CrmWrite::default();
        for column in [&columns.audit, &columns.sync_status] {
            write.fields.extend(whole.fields.remove_entry(column.as_str()));
        }
        if write.is_empty() {
            return Ok(());
        }
        match self.write(record, write).await {
            Err(failure) if failure.kind == FailureKind::Rejected => {
                tracing::info!(record = %record.key, error = failure.redacted(), "the CRM lets nobody write on a closed record; the trail tells it");
                Ok(())
            }
            told => told.map(drop),
        }
    }

    /// Notes what begins to wait: on the schedule, so that it is found again whatever becomes of the message, and in the trail.
    pub(super) async fn note_waiting(
        &mut self,
        update: &Update,
        warnings: &Warnings,
        link: &Link,
    ) -> Result<(), Failure> {
        for sentence in &warnings.new {
            self.aside(AuditKind::DeadlineNear, sentence.clone()).await?;
        }
        if let Some(until) = update.win_waits.filter(|until| link.win_waits != Some(*until)) {
            self.engine.schedule.note(link.referral, until).await?;
            self.aside(AuditKind::WinDeferred, win_waits_until(until).1).await?;
        }
        Ok(())
    }
}

/// The outcome of a look at a pair whose win waits.
pub(super) fn until_due(outcome: Outcome, due: Option<Timestamp>, now: Timestamp) -> Outcome {
    let left = due.and_then(|due| Duration::try_from(due.duration_since(now)).ok());
    let again = left.filter(|left| *left <= SOON).map(|left| left.max(Duration::from_secs(1)));
    Outcome { again: again.or(outcome.again), ..outcome }
}
