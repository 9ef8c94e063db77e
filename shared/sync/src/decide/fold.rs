//! The fold: what a pair, its plan and what came of each effect amount to. Pure: `apply` asks it
//! for what the seller reads next, `commit` for what is kept.

use std::collections::{BTreeMap, BTreeSet};

use cosell_model::audit::{FieldChange, Side};
use cosell_model::crm::Phase;
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::link::DroppedWrite;
use cosell_model::notice::{Inviter, Notice, Refusal, Severity};
use cosell_model::state::{DealState, WaitingFor};
use cosell_model::value::Value;

use super::case::Case;
use super::last_synced;
use super::progress::{End, Progress};
use crate::decide::dropped_by;
use crate::plan::{Action, Effect, HelpRequest, Plan};

/// What a plan amounts to.
#[derive(Clone, Debug)]
pub(crate) struct Folded {
    pub(crate) state: DealState,
    /// All notices, in the order in which the seller reads them.
    pub(crate) notices: Vec<Notice>,
    /// The changes that are stored, as they are stored.
    pub(crate) changes: Vec<FieldChange>,
    /// What the CRM did not keep, found now or before.
    pub(crate) dropped_writes: BTreeMap<Field, DroppedWrite>,
    /// The deal's name in Partner Center.
    pub(crate) name: Option<Value>,
}

/// Folds.
pub(crate) fn of(case: &Case<'_>, plan: &Plan, progress: &Progress) -> Folded {
    let changes = stored(case, plan, progress);
    let mut dropped_writes = plan.memory.dropped_writes.clone();
    let found = found_dropped(case, plan, progress);
    // What went wrong first: a seller reads no further.
    let mut notices = refusals(plan, progress);
    notices.extend(written(case, plan, progress));
    let planned = plan.notices.iter().filter(|notice| still_holds(notice, plan, progress));
    let planned: Vec<Notice> =
        planned.filter(|notice| !notices.contains(notice)).cloned().collect();
    notices.extend(planned);
    notices.extend(found.iter().map(|(field, drop)| crate::decide::dropped_notice(field, drop)));
    dropped_writes.extend(found);
    let state = state(plan, progress, &notices, &dropped_writes);
    let state = in_known_order(case.link.state.before_failing(), state);
    let name = name(case, plan, progress);
    Folded { state, notices, changes, dropped_writes, name }
}

/// Notices that the seller has not read: new standing ones, and what happened now.
pub(crate) fn unread<'a>(
    case: &Case<'_>,
    progress: &Progress,
    notices: &'a [Notice],
) -> Vec<&'a Notice> {
    let is_read = |notice: &Notice| {
        let key = notice.key();
        let was_written = matches!(notice, Notice::Sent { .. } | Notice::Received { .. })
            && progress.delivered.iter().any(|read| read.starts_with(notice.code()));
        case.link.notified.contains(&key) || progress.delivered.contains(&key) || was_written
    };
    notices.iter().filter(|notice| !is_read(notice)).collect()
}

/// Whether an effect counts as done: stored, or about to be.
fn is_done(end: &End) -> bool {
    matches!(end, End::Stored | End::Planned)
}

/// The effects that count as done.
fn done<'a>(plan: &'a Plan, progress: &'a Progress) -> impl Iterator<Item = &'a Effect> {
    plan.effects
        .iter()
        .zip(&progress.ends)
        .filter(|(_, end)| is_done(end))
        .map(|(effect, _)| effect)
}

/// The changes that are stored, as they are stored.
fn stored(case: &Case<'_>, plan: &Plan, progress: &Progress) -> Vec<FieldChange> {
    let ends = plan.effects.iter().zip(&progress.ends);
    let stored = ends.filter(|(effect, end)| **end == End::Stored && effect.is_field_change());
    stored
        .map(|(effect, _)| FieldChange {
            field: effect.field.clone(),
            side: effect.side,
            before: effect.before.clone(),
            after: last_synced::as_stored(case, effect, progress),
            overruled: effect.overruled.clone(),
        })
        .collect()
}

fn found_dropped(
    case: &Case<'_>,
    plan: &Plan,
    progress: &Progress,
) -> BTreeMap<Field, DroppedWrite> {
    let Some(record) = &progress.record else { return BTreeMap::new() };
    let ends = plan.effects.iter().zip(&progress.ends);
    let stored = ends.filter(|(_, end)| **end == End::Stored).map(|(effect, _)| effect);
    dropped_by(stored, case.mapping, &case.observed, record, case.now)
}

/// What was sent and received, and what became of the help.
fn written(case: &Case<'_>, plan: &Plan, progress: &Progress) -> Vec<Notice> {
    let mut notices = Vec::new();
    let fields = |side: Side| -> Vec<Field> {
        let changes = done(plan, progress)
            .filter(|effect| effect.side == side && effect.field != Field::Stage)
            .filter(|effect| effect.is_field_change() || effect.field == Field::Contact);
        changes.map(|effect| effect.field.clone()).collect()
    };
    let moves = |side: Side| {
        let is_move = |effect: &&Effect| effect.side == side && effect.field == Field::Stage;
        done(plan, progress).filter(is_move).any(super::super::plan::Effect::is_field_change)
    };
    let stage = moves(Side::PartnerCenter).then(|| goes_to(case, plan)).flatten();
    let sent = fields(Side::PartnerCenter);
    if !sent.is_empty() || stage.is_some() {
        notices.push(Notice::Sent { fields: sent, stage });
    }
    let phase: Option<Phase> = done(plan, progress).find_map(|effect| match effect.action {
        Action::Phase(phase) => Some(phase),
        _ => None,
    });
    let received = fields(Side::Crm);
    if !received.is_empty() || phase.is_some() {
        notices.push(Notice::Received { fields: received, phase });
    }
    if requests_help(case, plan, progress) {
        notices.push(Notice::HelpRequested);
    }
    notices
}

fn goes_to(case: &Case<'_>, plan: &Plan) -> Option<Stage> {
    let stages = case.mapping.stages.to_partner_center.values();
    let known = stages.chain([&case.mapping.stages.lost_before_accepted]);
    let effect = plan
        .effects
        .iter()
        .find(|effect| effect.field == Field::Stage && effect.side == Side::PartnerCenter)?;
    let is_it = |stage: &&Stage| cosell_mapping::stage_value(**stage) == effect.after;
    known.into_iter().find(is_it).copied()
}

/// Whether Microsoft was asked now, or by an earlier run that did not come to say so.
fn requests_help(case: &Case<'_>, plan: &Plan, progress: &Progress) -> bool {
    let asks = plan.effects.iter().zip(&progress.ends).any(|(effect, end)| match effect.action {
        Action::RequestHelp(_) => *end == End::Planned || progress.makes_help,
        _ => false,
    });
    let is_there = case.microsoft().is_some() || progress.microsoft.is_some();
    asks || (crate::decide::help_is_started(case.link) && is_there)
}

/// Of a planned notice of what was to happen, whether it did.
fn still_holds(notice: &Notice, plan: &Plan, progress: &Progress) -> bool {
    let is_undone = |fits: &dyn Fn(&Effect) -> bool| {
        let ends = plan.effects.iter().zip(&progress.ends);
        ends.into_iter().any(|(effect, end)| fits(effect) && !is_done(end))
    };
    match notice {
        Notice::Registered => !is_undone(&|effect| matches!(effect.action, Action::Register(_))),
        Notice::ConflictResolved { field, .. } => !is_undone(&|effect| effect.field == *field),
        Notice::ReasonGiven { .. } => {
            !is_undone(&|effect| matches!(effect.action, Action::Phase(_)))
        }
        Notice::VisibilityRestored => !is_undone(&|effect| effect.field == Field::Visibility),
        Notice::HelpRequested => false,
        // Answered with this plan.
        Notice::DeadlineNear { inviter, .. } if *inviter != Inviter::Us => {
            let moves = |effect: &Effect| {
                effect.field == Field::Stage && effect.side == Side::PartnerCenter
            };
            !done(plan, progress).any(moves)
        }
        _ => true,
    }
}

/// What the services refused: what is refused together is one notice. What was sent for Microsoft's
/// help is one by itself, since it is not tried each time.
fn refusals(plan: &Plan, progress: &Progress) -> Vec<Notice> {
    let mut notices: Vec<Notice> = Vec::new();
    let mut together: Vec<(Refusal, bool, Vec<Field>)> = Vec::new();
    for (effect, end) in plan.effects.iter().zip(&progress.ends) {
        let End::Refused(refusal) = end else { continue };
        let refusal = refusal.clone();
        match &effect.action {
            Action::Register(_) => notices.push(Notice::RegistrationRefused { refusal }),
            Action::RequestHelp(_) => notices.push(Notice::HelpRefused { refusal }),
            Action::Phase(phase) => notices.push(Notice::PhaseRefused { phase: *phase, refusal }),
            Action::Notify(_) | Action::FindHelp => {}
            _ => {
                let for_help = is_for_help(plan, effect);
                let is_it = |(known, is_for_help, _): &&mut (Refusal, bool, Vec<Field>)| {
                    *known == refusal && *is_for_help == for_help
                };
                match together.iter_mut().find(is_it) {
                    Some((_, _, fields)) => fields.push(effect.field.clone()),
                    None => together.push((refusal, for_help, vec![effect.field.clone()])),
                }
            }
        }
    }
    let refused =
        together.into_iter().map(|(refusal, _, fields)| Notice::FieldRefused { fields, refusal });
    notices.extend(refused);
    notices.extend(progress.whole_refused.clone().map(|refusal| Notice::WriteRefused { refusal }));
    notices
}

/// Whether an effect belongs to a request for Microsoft's help.
fn is_for_help(plan: &Plan, effect: &Effect) -> bool {
    plan.help == HelpRequest::Ready
        && effect.side == Side::PartnerCenter
        && matches!(effect.field, Field::Visibility | Field::Contact)
}

/// What was refused of a request for Microsoft's help, beside the request itself.
pub(crate) fn refused_for_help(plan: &Plan, progress: &Progress) -> Vec<Notice> {
    let is_for_help = |field: &Field| matches!(field, Field::Visibility | Field::Contact);
    let refusals = refusals(plan, progress).into_iter();
    refusals
        .filter(|notice| match notice {
            Notice::FieldRefused { fields, .. } => fields.iter().all(is_for_help),
            _ => false,
        })
        .collect()
}

/// The state, from the plan and what came of it.
fn state(
    plan: &Plan,
    progress: &Progress,
    notices: &[Notice],
    dropped_writes: &BTreeMap<Field, DroppedWrite>,
) -> DealState {
    if let Some(state) = &plan.state {
        return state.clone();
    }
    let standing = || notices.iter().filter(|notice| notice.stands());
    let errors: Vec<Notice> =
        standing().filter(|notice| notice.severity() == Severity::Error).cloned().collect();
    let mut fields = not_synced(plan, progress, dropped_writes);
    if !errors.is_empty() {
        fields.extend(errors.iter().flat_map(fields_of));
        if let HelpRequest::Blocked(_) = plan.help {
            fields.insert(Field::Help);
        }
        return DealState::PartlySynced { fields, blocked: true, reasons: errors };
    }
    let undecided = plan.conflicts.iter().filter(|(_, open)| open.decision.is_none());
    let undecided: BTreeSet<Field> = undecided.map(|(field, _)| field.clone()).collect();
    if !undecided.is_empty() {
        return DealState::NeedsDecision { fields: undecided };
    }
    let waiting: BTreeSet<Field> = notices
        .iter()
        .filter_map(|notice| match notice {
            Notice::AcceptanceNeeded { field } => Some(field.clone()),
            _ => None,
        })
        .collect();
    fields.retain(|field| !(*field == Field::Stage && plan.memory.win_deferred_until.is_some()));
    if !fields.is_subset(&waiting) {
        let reasons =
            standing().filter(|notice| notice.field().is_some_and(|field| fields.contains(field)));
        let reasons = reasons.cloned().collect();
        return DealState::PartlySynced { fields, blocked: false, reasons };
    }
    waits_for(plan, notices, waiting)
}

/// The fields that a notice is about.
fn fields_of(notice: &Notice) -> Vec<Field> {
    match notice {
        Notice::FieldRefused { fields, .. } => fields.clone(),
        notice => notice.field().cloned().into_iter().collect(),
    }
}

/// The state with its reasons in the order in which the seller knows them: what was refused now and
/// what was refused before are found in different places.
fn in_known_order(known: &DealState, state: DealState) -> DealState {
    let keys = |state: &DealState| match state {
        DealState::PartlySynced { fields, blocked, reasons } => {
            let reasons: BTreeSet<String> = reasons.iter().map(Notice::key).collect();
            Some((fields.clone(), *blocked, reasons))
        }
        _ => None,
    };
    let said = keys(&state);
    if said.is_some() && said == keys(known) { known.clone() } else { state }
}

/// What comes by itself, of a deal whose other fields agree.
fn waits_for(plan: &Plan, notices: &[Notice], fields: BTreeSet<Field>) -> DealState {
    let answer = notices.iter().find_map(|notice| match notice {
        Notice::DeadlineNear { by, inviter, .. } if *inviter != Inviter::Us => Some(*by),
        _ => None,
    });
    match (answer, plan.memory.win_deferred_until) {
        (Some(by), _) => {
            DealState::Waiting { for_what: WaitingFor::Answer, until: Some(by), fields }
        }
        (None, Some(until)) => {
            DealState::Waiting { for_what: WaitingFor::WinDate, until: Some(until), fields }
        }
        (None, None) if !fields.is_empty() => {
            DealState::Waiting { for_what: WaitingFor::Acceptance, until: None, fields }
        }
        (None, None) => DealState::InSync,
    }
}

/// Fields that do not agree after this plan, as far as it was carried out.
fn not_synced(
    plan: &Plan,
    progress: &Progress,
    dropped_writes: &BTreeMap<Field, DroppedWrite>,
) -> BTreeSet<Field> {
    let undone = plan.effects.iter().zip(&progress.ends).filter(|(effect, end)| {
        !is_done(end) && !matches!(effect.action, Action::Notify(_) | Action::FindHelp)
    });
    let undone = undone.map(|(effect, _)| effect.field.clone());
    let kept = plan.differing.iter().chain(dropped_writes.keys()).chain(&plan.deferred).cloned();
    undone.chain(kept).collect()
}

/// The deal's name in Partner Center after this plan's patch, where names are marked.
fn name(case: &Case<'_>, plan: &Plan, progress: &Progress) -> Option<Value> {
    let rule = case.mapping.marked_name()?;
    let field = Field::rule(&rule.name);
    let ends = plan.effects.iter().zip(&progress.ends);
    let sent = ends.into_iter().find(|(effect, end)| {
        effect.field == field && effect.side == Side::PartnerCenter && is_done(end)
    });
    match sent {
        Some((effect, End::Stored)) => Some(last_synced::as_stored(case, effect, progress)),
        Some((effect, _)) => Some(effect.after.clone()),
        None => case.observed.get(&field).map(|now| now.partner_center.clone()),
    }
}

/// Whether this notice is not known from before.
pub(crate) fn is_new(case: &Case<'_>, notice: &Notice) -> bool {
    !is_known(notice, &case.link.notified) && !is_known(notice, &case.link.audited)
}

/// Whether this notice stands since the seller was notified of it.
pub(crate) fn is_known(notice: &Notice, notified: &BTreeSet<String>) -> bool {
    notice.stands() && notified.contains(&notice.key())
}

#[cfg(test)]
mod tests;
