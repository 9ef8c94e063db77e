//! The link after a plan.

use std::collections::{BTreeMap, BTreeSet};

use cosell_model::field::Field;
use cosell_model::link::{LastSynced, Link, OpenConflict, Registering, Step};
use cosell_model::microsoft::{Microsoft, RefusedRequest, requested_help};
use cosell_model::notice::{Notice, Refusal};
use jiff::Timestamp;

use super::case::Case;
use super::fields;
use super::fold::{self, Folded};
use super::last_synced;
use super::progress::{End, Progress};
use crate::decide::landed;
use crate::plan::{Action, HelpRequest, Plan};

/// The link of a plan that was carried out.
pub(crate) fn after(case: &Case<'_>, plan: &Plan, progress: &Progress, folded: &Folded) -> Link {
    let stored = &progress.link;
    let synced = synced(case, plan, progress);
    let write_ahead = last_synced::still_ahead(plan, progress, stored, &synced, case.now);
    let in_doubt = last_synced::still_in_doubt(case, &synced);
    let wrote = !folded.changes.is_empty() || landed(case).next().is_some();
    let activity = if wrote { &plan.memory.activity } else { &case.link.activity };
    let microsoft_referral = progress.microsoft.as_ref().or(case.pair.microsoft.as_ref());
    let link = Link {
        activity: activity.clone(),
        write_ahead,
        in_doubt,
        last_synced: synced,
        microsoft_referral: microsoft_referral
            .map(|referral| referral.id)
            .or(stored.microsoft_referral),
        microsoft: microsoft(case, plan, progress),
        steps: steps(case, plan, progress),
        dropped_writes: folded.dropped_writes.clone(),
        conflicts: conflicts(case, plan, progress),
        win_deferred_until: plan.memory.win_deferred_until,
        warned: plan.memory.warned.clone(),
        registering: registering(plan, progress),
        notified: notified(case, progress, folded),
        audited: standing(folded).collect(),
        disconnected: None,
        phase_refused: phase_refused(folded),
        ..stored.clone()
    };
    link.in_state(folded.state.clone(), case.now)
}

/// The conflicts that wait: for a decision, or for a service that refused what was decided.
fn conflicts(case: &Case<'_>, plan: &Plan, progress: &Progress) -> BTreeMap<Field, OpenConflict> {
    let ends = plan.effects.iter().zip(&progress.ends);
    let refused = ends.filter(|(_, end)| matches!(end, End::Refused(_)));
    let decided = refused
        .filter_map(|(effect, _)| Some((effect.field.clone(), fields::decided(case, effect)?)));
    plan.conflicts.clone().into_iter().chain(decided).collect()
}

/// A phase that the CRM refused stays refused until the sides change: only a person can fix that.
fn phase_refused(folded: &Folded) -> Option<Notice> {
    let refused = |notice: &&Notice| matches!(notice, Notice::PhaseRefused { .. });
    folded.notices.iter().find(refused).cloned()
}

/// The link of a plan that failed half-way: what landed counts as written, and the rest is as it
/// was.
pub(crate) fn after_failure(
    case: &Case<'_>,
    plan: &Plan,
    progress: &Progress,
    folded: &Folded,
) -> Link {
    let stored = &progress.link;
    let mut link = stored.clone();
    let read = standing(folded).filter(|key| progress.delivered.contains(key));
    link.notified.extend(read);
    if progress.referral.is_some() || progress.record.is_some() {
        link.last_synced = synced(case, plan, progress);
        link.in_doubt = last_synced::still_in_doubt(case, &link.last_synced);
        link.write_ahead =
            last_synced::still_ahead(plan, progress, stored, &link.last_synced, case.now);
        link.activity.clone_from(&plan.memory.activity);
        link.dropped_writes.clone_from(&folded.dropped_writes);
    }
    last_synced::take_back(case, plan, progress, &mut link);
    link
}

/// The link as another run saved it, with what this plan stored of fields of which that one knows
/// nothing newer; `None` where that is nothing.
pub(crate) fn with_stored(
    plan: &Plan,
    progress: &Progress,
    ours: &Link,
    now: &Link,
) -> Option<Link> {
    let ends = plan.effects.iter().zip(&progress.ends);
    let stored = ends.filter(|(effect, end)| effect.is_field_change() && **end == End::Stored);
    let mut kept = now.clone();
    for (effect, _) in stored {
        let (field, before) = (&effect.field, &progress.link);
        if now.last_synced.get(field) != before.last_synced.get(field) {
            continue;
        }
        if let Some(values) = ours.last_synced.get(field) {
            kept.last_synced.insert(field.clone(), values.clone());
        }
        if now.write_ahead.get(field) == before.write_ahead.get(field) {
            kept.write_ahead.remove(field);
        }
    }
    (kept != *now).then_some(kept)
}

/// The link with the versions that were stored.
pub(crate) fn stamped(link: Link, progress: &Progress, now: Timestamp) -> Link {
    let (referral, record) = (progress.referral.as_ref(), progress.record.as_ref());
    Link {
        crm_version: record.map_or(link.crm_version, |record| record.version.clone()),
        referral_etag: referral
            .map_or(link.referral_etag, |referral| referral.etag.as_str().to_owned()),
        updated: now,
        ..link
    }
}

fn synced(case: &Case<'_>, plan: &Plan, progress: &Progress) -> BTreeMap<Field, LastSynced> {
    if !progress.is_creation {
        return last_synced::after(case, plan, progress);
    }
    let mut synced = progress.link.last_synced.clone();
    let record = progress.record.as_ref().unwrap_or(case.record);
    let shown = case.mapping.seen_visibility(case.referral, record);
    let shown = shown.into_iter().map(|(name, values)| (name.as_str().into(), values));
    synced.extend(shown);
    synced
}

/// What is kept of Microsoft's part. `stage` is what the seller was notified of.
fn microsoft(case: &Case<'_>, plan: &Plan, progress: &Progress) -> Microsoft {
    let mut microsoft = progress.link.microsoft.clone();
    if let Some(referral) = &case.pair.microsoft {
        let is_notified = !progress.cannot_notify && !case.record.is_read_only();
        if is_notified {
            microsoft.stage = Some(referral.stage);
        }
        if microsoft.requested.is_none() || case.link.microsoft_referral != Some(referral.id) {
            microsoft.requested = requested_help(referral).map(str::to_owned);
        }
    }
    microsoft.refused = match &plan.help {
        HelpRequest::None => None,
        HelpRequest::Waiting | HelpRequest::Sent => microsoft.refused,
        HelpRequest::Blocked(refused) => Some(refused.clone()),
        HelpRequest::Ready => refused_request(plan, progress),
    };
    microsoft
}

fn refused_request(plan: &Plan, progress: &Progress) -> Option<RefusedRequest> {
    plan.effects.iter().zip(&progress.ends).find_map(|(effect, end)| match (&effect.action, end) {
        (Action::RequestHelp(invitation), End::Refused(refusal)) => {
            let mut reasons = vec![Notice::HelpRefused { refusal: refusal.clone() }];
            reasons.extend(fold::refused_for_help(plan, progress));
            Some(RefusedRequest { tried: invitation.digest.clone(), reasons })
        }
        _ => None,
    })
}

fn steps(case: &Case<'_>, plan: &Plan, progress: &Progress) -> BTreeSet<Step> {
    let mut steps = progress.link.steps.clone();
    let found = progress.microsoft.is_some() || case.pair.microsoft.is_some();
    let searched = plan.effects.iter().any(|effect| matches!(effect.action, Action::FindHelp));
    if searched && !found {
        // Looked for, and not there: the seller took the choice back.
        steps.remove(&Step::MicrosoftInvitationStarted);
    }
    if found && steps.contains(&Step::MicrosoftInvitationStarted) {
        steps.insert(Step::MicrosoftInvited);
    }
    steps
}

fn registering(plan: &Plan, progress: &Progress) -> Option<Registering> {
    let registration =
        plan.effects.iter().zip(&progress.ends).find_map(|(effect, end)| match &effect.action {
            Action::Register(operation) => Some((operation, end)),
            _ => None,
        });
    match registration {
        None => plan.memory.registering.clone(),
        Some((_, End::Stored | End::Planned)) => Some(Registering::Done),
        Some((operation, End::Refused(refusal))) => {
            Some(refused_registration(operation.value.clone(), refusal))
        }
        Some((_, End::Unknown | End::Skipped)) => Some(Registering::Started),
    }
}

fn refused_registration(sent: serde_json::Value, refusal: &Refusal) -> Registering {
    let reasons = vec![Notice::RegistrationRefused { refusal: refusal.clone() }];
    Registering::Refused { reasons, sent: Some(sent) }
}

/// The standing notices that the seller has read. A closed record that takes no notices is not
/// asked again.
fn notified(case: &Case<'_>, progress: &Progress, folded: &Folded) -> BTreeSet<String> {
    let unread: BTreeSet<String> = fold::unread(case, progress, &folded.notices)
        .into_iter()
        .filter(|notice| crate::render::is_line(notice))
        .map(Notice::key)
        .collect();
    let is_read_only = case.record.is_read_only();
    standing(folded).filter(|key| is_read_only || !unread.contains(key)).collect()
}

fn standing(folded: &Folded) -> impl Iterator<Item = String> {
    folded.notices.iter().filter(|notice| notice.stands()).map(Notice::key)
}
