//! Writing the record: columns and what the seller reads in one write, then a phase that closes it,
//! alone, since that may be refused.
//!
//! What the CRM refuses must not keep the rest from being written: then it is written in parts.
//! What the seller reads follows from what really happened, so it is written once more in the end.

use std::collections::BTreeMap;

use cosell_model::crm::{CrmWrite, Phase};
use cosell_model::notice::Notice;
use serde_json::Value as Json;

use super::end_of;
use super::patch::{indices, parts};
use crate::decide::case::Case;
use crate::decide::progress::{End, Progress};
use crate::decide::{fold, status_columns};
use crate::failure::{Failure, FailureKind};
use crate::plan::{Action, Effect, Plan};
use crate::reconciliation::Reconciliation;

impl Reconciliation<'_> {
    /// Writes the record's side of a plan.
    pub(super) async fn write_record(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let opening = opening(plan);
        let fields = progress.planned_columns(plan);
        if !case.record.is_read_only() && (!fields.is_empty() || opening.is_some()) {
            self.write_whole(case, plan, progress, CrmWrite { fields, phase: opening }).await?;
        }
        // What is to be said is written before the record closes.
        self.write_status(case, plan, progress, None).await?;
        self.close(case, plan, progress).await?;
        self.write_status(case, plan, progress, None).await?;
        progress.end(plan, &End::Stored, |effect| matches!(effect.action, Action::Notify(_)));
        Ok(())
    }

    /// The columns, and with them what the seller reads.
    async fn write_whole(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &mut Progress,
        mut write: CrmWrite,
    ) -> Result<(), Failure> {
        let unread = unread(case, plan, progress);
        write.fields.extend(status_columns(case, plan, progress));
        let is_part = |effect: &Effect| is_column(effect) || opens(effect) || is_notify(effect);
        match self.update(case.pair.table, case.record, &write).await {
            Ok(stored) => {
                progress.record = Some(stored);
                progress.delivered.extend(unread);
                progress.end(plan, &End::Stored, is_part);
                Ok(())
            }
            Err(failure) if failure.kind == FailureKind::Rejected => {
                self.write_in_parts(case, plan, progress, (&failure, write.phase)).await
            }
            Err(failure) => {
                progress.end(plan, &end_of(&failure), is_part);
                Err(failure)
            }
        }
    }

    /// The record refused the whole: each column by itself, amounts together with their currency,
    /// then what the seller reads.
    async fn write_in_parts(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &mut Progress,
        (refused, opening): (&Failure, Option<Phase>),
    ) -> Result<(), Failure> {
        let mut culprits = Vec::new();
        for part in parts(case, plan, &indices(plan, is_column)) {
            let present = progress.record.clone().unwrap_or_else(|| case.record.clone());
            let fields = part.iter().flat_map(|at| columns(&plan.effects[*at])).collect();
            let written =
                self.update(case.pair.table, &present, &CrmWrite { fields, phase: None }).await;
            let end = match &written {
                Ok(_) => End::Stored,
                Err(failure) => end_of(failure),
            };
            for at in &part {
                progress.ends[*at] = end.clone();
            }
            match written {
                Ok(stored) => progress.record = Some(stored),
                Err(failure) if failure.kind == FailureKind::Rejected => {
                    culprits.extend(part.iter().map(|at| plan.effects[*at].field.clone()));
                }
                Err(failure) => return Err(failure),
            }
        }
        if culprits.is_empty() && !indices(plan, is_column).is_empty() {
            // Each part was taken: it was the whole, or what the seller reads, that was refused.
            progress.whole_refused = Some(super::refusal(refused));
        }
        // What may be the culprit itself must not keep the seller from reading of it.
        let name = case.mapping.marked_name().map(crate::decide::field_of);
        progress.may_mark =
            !culprits.is_empty() && !name.is_some_and(|name| culprits.contains(&name));
        self.write_status(case, plan, progress, opening).await
    }

    /// What the seller reads, as far as the record does not say it, and an opening phase that
    /// waited for it.
    async fn write_status(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &mut Progress,
        opening: Option<Phase>,
    ) -> Result<(), Failure> {
        let fields = status_columns(case, plan, progress);
        if progress.cannot_notify || (fields.is_empty() && opening.is_none()) {
            return Ok(());
        }
        let unread = unread(case, plan, progress);
        let present = progress.record.clone().unwrap_or_else(|| case.record.clone());
        let mut write = CrmWrite { fields, phase: opening };
        let is_part = |effect: &Effect| is_notify(effect) || (opening.is_some() && opens(effect));
        let mut written = self.update(case.pair.table, &present, &write).await;
        let is_refused =
            written.as_ref().is_err_and(|failure| failure.kind == FailureKind::Rejected);
        let name = case.mapping.marked_name();
        // A name that the CRM does not take must not keep the seller from reading the rest.
        if is_refused && name.is_some_and(|name| write.fields.remove(name.crm.as_str()).is_some()) {
            progress.may_mark = false;
            written = self.update(case.pair.table, &present, &write).await;
        }
        match written {
            Ok(stored) => {
                progress.record = Some(stored);
                progress.delivered.extend(unread);
                progress.end(plan, &End::Stored, is_part);
                Ok(())
            }
            Err(failure) if failure.kind == FailureKind::Rejected => {
                tracing::warn!(record = %case.record.key, error = failure.redacted(), "the seller could not be notified; the audit log says it");
                progress.cannot_notify = true;
                let end = end_of(&failure);
                for (effect, ended) in plan.effects.iter().zip(&mut progress.ends) {
                    if is_notify(effect) || (opening.is_some() && opens(effect)) {
                        ended.clone_from(&end);
                    }
                }
                Ok(())
            }
            Err(failure) => {
                progress.end(plan, &end_of(&failure), is_part);
                Err(failure)
            }
        }
    }

    async fn close(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let Some(phase) = plan.effects.iter().find_map(closing) else { return Ok(()) };
        let closes = |effect: &Effect| closing(effect).is_some();
        let present = progress.record.clone().unwrap_or_else(|| case.record.clone());
        let write = CrmWrite { fields: BTreeMap::new(), phase: Some(phase) };
        match self.update(case.pair.table, &present, &write).await {
            Ok(stored) => {
                progress.record = Some(stored);
                progress.end(plan, &End::Stored, closes);
                Ok(())
            }
            Err(failure) => {
                progress.end(plan, &end_of(&failure), closes);
                if failure.kind == FailureKind::Rejected { Ok(()) } else { Err(failure) }
            }
        }
    }
}

/// The keys of what the seller reads with the next write.
pub(super) fn unread(case: &Case<'_>, plan: &Plan, progress: &Progress) -> Vec<String> {
    let folded = fold::of(case, plan, progress);
    let unread = fold::unread(case, progress, &folded.notices).into_iter();
    unread.filter(|notice| crate::render::is_line(notice)).map(Notice::key).collect()
}

fn is_column(effect: &Effect) -> bool {
    matches!(effect.action, Action::Columns(_))
}

fn is_notify(effect: &Effect) -> bool {
    matches!(effect.action, Action::Notify(_))
}

fn opens(effect: &Effect) -> bool {
    matches!(effect.action, Action::Phase(phase) if !phase.is_closed())
}

fn opening(plan: &Plan) -> Option<Phase> {
    plan.effects.iter().find_map(|effect| match effect.action {
        Action::Phase(phase) if !phase.is_closed() => Some(phase),
        _ => None,
    })
}

fn closing(effect: &Effect) -> Option<Phase> {
    match effect.action {
        Action::Phase(phase) if phase.is_closed() => Some(phase),
        _ => None,
    }
}

fn columns(effect: &Effect) -> BTreeMap<String, Json> {
    match &effect.action {
        Action::Columns(columns) => columns.clone(),
        _ => BTreeMap::new(),
    }
}
