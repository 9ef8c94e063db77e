//! A pair we know.

use crate::plan::{Note, Told, Update, microsoft_crm_id, news_of_microsoft, plan_update};
use cosell_model::audit::{AuditKind, Side};
use cosell_model::breaker::Activity;
use cosell_model::crm::{CrmRecord, CrmWrite};
use cosell_model::link::Link;
use cosell_model::microsoft::Microsoft;
use cosell_model::referral::Referral;
use cosell_model::value::Value;
use jiff::tz::TimeZone;

use super::invitation::Asking;
use super::microsoft::followed;
use super::waiting::until_due;
use super::{Attempt, Outcome};
use crate::failure::{Failure, FailureKind};

/// What the two services refused of an update, in the seller's words; the rest goes on.
#[derive(Default)]
pub(super) struct Problems {
    pub(super) told: Vec<String>,
    /// What an earlier look has told already, and still holds.
    pub(super) known: Vec<String>,
    /// One that stays until a person mends it.
    standing: Option<String>,
}

/// What the seller and the trail are told once Microsoft was asked.
pub(super) const ASKED: &str = "Microsoft was asked to help.";

/// What the seller is shown of Partner Center beside the fields.
struct Shown {
    microsoft_crm_id: Option<String>,
    name: Option<Value>,
    /// What Microsoft decided.
    news: Vec<String>,
    /// What comes at a certain time, for the sync status.
    pending: Option<String>,
}

impl Attempt<'_> {
    /// Writes the smallest change to each side: Partner Center first, so that the seller is told what really happened there.
    /// What one service refuses does not keep the rest from being carried.
    pub(super) async fn update(
        &mut self,
        link: Link,
        referral: Referral,
        record: CrmRecord,
        microsoft: Option<Referral>,
    ) -> Result<Outcome, Failure> {
        self.trail.partner_center_request.clone_from(&referral.request_id);
        self.trail.crm_request.clone_from(&record.request_id);
        self.trail.record = Some(record.clone());
        let mut problems = Problems::default();
        let (link, referral) =
            Box::pin(self.register(link, referral, &record, microsoft.as_ref())).await?;
        let microsoft_referral = microsoft.as_ref().map(|half| half.id).or(link.microsoft_referral);
        let news = microsoft.as_ref();
        let news =
            news.and_then(|half| news_of_microsoft(&self.engine.mapping, &link, half, &record));
        let known = self.forgetful(Link { microsoft_referral, ..link.clone() });
        let mut update =
            plan_update(&self.engine.mapping, &known, &referral, &record, self.look.now);
        let warnings = self.warn(&mut update, &link, &referral, microsoft.as_ref(), &record);
        self.claim_to_ask(&link, &update.wish, &record, &referral).await?;
        let mut activity = self.watch(&link, &mut update).await?;
        let microsoft_id =
            microsoft.as_ref().and_then(microsoft_crm_id).or_else(|| microsoft_crm_id(&referral));
        if !update.changes.is_empty() || !update.patch.is_empty() {
            self.intend("About to bring both sides in step.", update.changes.clone()).await?;
        }
        let link = self.note_pending(link, &update).await?;
        let (mut link, patched) =
            Box::pin(self.patch_referral(&mut update, link, &referral, &mut problems)).await?;
        let asking =
            Asking { referral: patched.as_ref().unwrap_or(&referral), half: microsoft.as_ref() };
        let before = link.clone();
        let asked = match Box::pin(self.ask(&mut link, &update.wish, asking, &mut problems)).await {
            Err(failure) => {
                // What landed counts as written.
                self.remember_patch(&update, Link { activity, ..link }, patched.as_ref()).await;
                return Err(failure);
            }
            asked => asked?,
        };
        // It may have been asked, and told, before the link was lost.
        let audit =
            record.get(self.engine.mapping.columns.audit.as_str()).as_str().unwrap_or_default();
        if asked.now && !audit.contains(ASKED) {
            update.remarks.push(ASKED.to_owned());
        }
        let shown = Shown {
            microsoft_crm_id: microsoft_id,
            name: update.name_there(&self.engine.mapping, patched.as_ref()),
            news: news.iter().map(|news| news.line.clone()).collect(),
            pending: warnings.status.clone(),
        };
        let sent = patched.is_some();
        let written =
            Box::pin(self.write_and_tell(&mut update, &link, &record, shown, &mut problems, sent))
                .await;
        let written = match written {
            Err(failure) => {
                // What landed counts as written.
                let link = Link { activity, ..link };
                self.remember_patch(&update, link, patched.as_ref()).await;
                return Err(failure);
            }
            written => written?,
        };
        let last_synced =
            update.last_synced(&self.engine.mapping, patched.as_ref(), written.as_ref());
        self.trail.done = update.stored_changes(&last_synced, patched.is_some(), written.is_some());
        let dropped_writes = self.dropped_writes(&update, written.as_ref()).await?;
        Box::pin(self.note_waiting(&update, &warnings, &link)).await?;
        self.trail.undecided.clone_from(&update.undecided);
        let problem = problems.standing.or_else(|| link.problem.clone().filter(|_| update.apart));
        if self.trail.done.is_empty() && update.landed.is_empty() {
            // Nothing was written: an attempt that failed is no fight.
            activity.clone_from(&link.activity);
        }
        let told = !record.is_read_only() && (news.is_none() || written.is_some());
        let after = Link {
            activity,
            pending: update.still_pending(&link, &last_synced, self.look.now),
            last_synced,
            microsoft_referral: link
                .microsoft_referral
                .filter(|_| asked.now)
                .or(microsoft_referral),
            microsoft: Microsoft {
                refused: asked.refused,
                ..followed(&link, microsoft.as_ref(), told)
            },
            problem,
            dropped_writes,
            conflicts: update.conflicts.clone(),
            win_waits: update.win_waits,
            warned: warnings.warned,
            ..link.clone()
        };
        if after != before {
            let after = Link {
                crm_version: written.map_or(link.crm_version, |record| record.version),
                referral_etag: patched
                    .as_ref()
                    .map_or(link.referral_etag, |referral| referral.etag.as_str().to_owned()),
                updated: self.look.now,
                ..after
            };
            self.engine.links.save(&after).await?;
        }
        let mut notes = update.notes(patched.is_some(), true);
        notes.extend(news.filter(|_| told).map(|news| news.brief.to_owned()));
        let outcome = self.conclude(&update, &problems.told, &notes).await?;
        Ok(until_due(outcome, update.win_waits, self.look.now))
    }

    async fn conclude(
        &mut self,
        update: &Update,
        problems: &[String],
        notes: &[String],
    ) -> Result<Outcome, Failure> {
        let kind = match () {
            () if !problems.is_empty() => AuditKind::Rejected,
            () if !update.undecided.is_empty() => AuditKind::AwaitingDecision,
            () if update.has_conflict() => AuditKind::Conflict,
            () if !update.changes.is_empty() => AuditKind::Updated,
            () if update.held.iter().any(|held| !held.retry) => AuditKind::Rejected,
            () if self.trail.intended => AuditKind::Updated,
            () => AuditKind::Unchanged,
        };
        let only_aside = (problems.is_empty() && update.changes.is_empty() && notes.is_empty())
            .then(|| self.trail.aside.clone());
        if let Some((kind, message)) = only_aside.flatten() {
            return Ok(self.quietly(kind, message));
        }
        let sentences: Vec<&str> = problems.iter().chain(notes).map(String::as_str).collect();
        let message = if sentences.is_empty() {
            "Both sides are in step.".to_owned()
        } else {
            sentences.join(" ")
        };
        // Every write comes back as a notice that finds nothing to do: the log tells of it, the trail would only drown.
        if kind == AuditKind::Unchanged {
            return Ok(self.quietly(kind, message));
        }
        self.end(kind, message).await
    }

    /// Patches the referral. What it stored otherwise than it was asked to is remembered at once: should the CRM's half fail, our
    /// own value must not look like somebody's edit to the next look.
    async fn patch_referral(
        &mut self,
        update: &mut Update,
        link: Link,
        referral: &Referral,
        problems: &mut Problems,
    ) -> Result<(Link, Option<Referral>), Failure> {
        if update.patch.is_empty() {
            return Ok((link, None));
        }
        let Some(stored) = self.patch(update, referral, problems).await? else {
            return Ok((link, None));
        };
        self.trail.partner_center_request.clone_from(&stored.request_id);
        let last_synced = update.last_synced(&self.engine.mapping, Some(&stored), None);
        self.trail.done = update.stored_changes(&last_synced, true, false);
        if update.stored_as_asked(&last_synced) {
            // The link's note already says so.
            return Ok((link, Some(stored)));
        }
        let link = Link {
            last_synced,
            referral_etag: stored.etag.as_str().to_owned(),
            updated: self.look.now,
            ..link
        };
        Ok((self.engine.links.save(&link).await?, Some(stored)))
    }

    /// The record's half, and on a closed record what becomes of a win.
    async fn write_and_tell(
        &mut self,
        update: &mut Update,
        link: &Link,
        record: &CrmRecord,
        shown: Shown,
        problems: &mut Problems,
        sent: bool,
    ) -> Result<Option<CrmRecord>, Failure> {
        let written = self.write_record(update, link, record.clone(), shown, problems).await?;
        self.tell_of_win(update, link, record, sent, problems).await?;
        Ok(written)
    }

    /// Columns first, then the phase; `None` when nothing was written. A closed record is read-only: its seller sees what happened
    /// once it is reopened, the trail knows it now.
    async fn write_record(
        &mut self,
        update: &mut Update,
        link: &Link,
        record: CrmRecord,
        shown: Shown,
        problems: &mut Problems,
    ) -> Result<Option<CrmRecord>, Failure> {
        if record.phase.is_closed() {
            return Ok(None);
        }
        let standing = link.problem.iter().filter(|_| update.apart && update.phase.is_none());
        // What a write in parts tells beside what was refused.
        let beside = [shown.news.as_slice(), &update.asides].concat();
        let failing: Vec<String> =
            problems.told.iter().chain(&problems.known).chain(standing).cloned().collect();
        let asides = update.asides.clone();
        let lines = || {
            [update.notes(true, true), update.untold_lines(&self.engine.mapping), asides.clone()]
                .concat()
        };
        let note = if !failing.is_empty() {
            Note::Failed([failing, asides].concat())
        } else if update.conflicts.is_empty() {
            match shown.pending {
                Some(status) => Note::Pending(status, lines()),
                None => Note::Synced(lines()),
            }
        } else {
            let label = |field: &String| self.engine.mapping.label(field).to_owned();
            Note::Waiting(update.conflicts.keys().map(label).collect(), lines())
        };
        // A phase that may be refused, because it closes the record, goes alone.
        let (closing, opening) = (
            update.phase.filter(|phase| phase.is_closed()),
            update.phase.filter(|phase| !phase.is_closed()),
        );
        let mut write = CrmWrite { fields: update.fields.clone(), phase: opening };
        let told = Told { name: shown.name, news: shown.news, ..self.told(shown.microsoft_crm_id) };
        told.add_to(&mut write, Some(&record), &note);
        let stored = if write.is_empty() {
            None
        } else {
            match self.write(&record, write).await {
                Err(failure) if failure.kind == FailureKind::Rejected => {
                    self.write_in_parts(update, &record, (opening, beside), &failure, problems)
                        .await?
                }
                stored => {
                    let stored = stored?;
                    if !matches!(note, Note::Failed(_)) {
                        update.told(&self.engine.mapping);
                    }
                    Some(stored)
                }
            }
        };
        let Some(phase) = closing else {
            return Ok(stored);
        };
        let present = stored.unwrap_or(record);
        match self.write(&present, CrmWrite { phase: Some(phase), ..CrmWrite::default() }).await {
            Err(failure) if failure.kind == FailureKind::Rejected => {
                let problem =
                    format!("The record could not be brought to the phase {phase}: {failure}.");
                update.give_up_phase();
                let mut write = CrmWrite::default();
                self.told(None).add_to(
                    &mut write,
                    Some(&present),
                    &Note::Failed(vec![problem.clone()]),
                );
                problems.told.push(problem.clone());
                problems.standing = Some(problem);
                if write.is_empty() {
                    Ok(Some(present))
                } else {
                    self.write(&present, write).await.map(Some)
                }
            }
            moved => moved.map(Some),
        }
    }

    /// The CRM's half failed after Partner Center had answered: what is known of the patch must not be forgotten. Should this fail as
    /// well, the note that stands before each write is still there.
    async fn remember_patch(&self, update: &Update, mut link: Link, patched: Option<&Referral>) {
        if patched.is_none() {
            return;
        }
        link.last_synced = update.last_synced(&self.engine.mapping, patched, None);
        link.pending.retain(|_, pending| pending.side == Side::Crm);
        link.updated = self.look.now;
        if let Err(error) = self.engine.links.save(&link).await {
            tracing::warn!(referral.id = %link.referral, error = error.redacted(), "the patch could not be remembered; its note stands");
        }
    }

    /// Notes on the link what is about to be written. That also keeps two looks at one pair from writing side by side.
    async fn note_pending(&self, mut link: Link, update: &Update) -> Result<Link, Failure> {
        if update.changes.is_empty() {
            return Ok(link);
        }
        update.note_pending(&mut link, self.look.now);
        link.updated = self.look.now;
        self.engine.links.save(&link).await
    }

    /// Counts the writes, and slows the pair down when something else keeps undoing them. What is counted is kept once it is written.
    async fn watch(&mut self, link: &Link, update: &mut Update) -> Result<Activity, Failure> {
        let mut activity = link.activity.clone();
        let landed = update.landed.iter().map(|(field, side)| (field.as_str(), *side));
        let planned = update.changes.iter().map(|change| (change.field.as_str(), change.side));
        let writes: Vec<_> = landed.chain(planned).collect();
        if writes.is_empty() {
            return Ok(activity);
        }
        let tripped = self.engine.policy.breaker.note(&mut activity, self.look.now, &writes);
        if let Some(tripped) = tripped {
            let labels: Vec<&str> =
                tripped.fields.iter().map(|field| self.engine.mapping.label(field)).collect();
            let until = tripped.until.to_zoned(TimeZone::UTC).strftime("%H:%M UTC");
            let message = format!(
                "{} keeps changing back and forth; another automation seems to set it. This deal is synced again from {until}.",
                labels.join(", ")
            );
            self.record(AuditKind::Flapping, message.clone(), Vec::new()).await?;
            update.remarks.push(message);
        }
        Ok(activity)
    }

    pub(super) async fn write(
        &mut self,
        record: &CrmRecord,
        write: CrmWrite,
    ) -> Result<CrmRecord, Failure> {
        self.intend("About to tell the seller.", Vec::new()).await?;
        let stored = self.engine.crm.update(&record.key, &record.version, &write).await?;
        self.trail.crm_request.clone_from(&stored.request_id);
        Ok(stored)
    }
}
