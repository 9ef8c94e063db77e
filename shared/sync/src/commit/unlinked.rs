//! Deals that are not linked, or not any more: their state is kept, and said once.

use std::collections::BTreeSet;

use cosell_model::audit::AuditKind;
use cosell_model::crm::CrmRecord;
use cosell_model::link::{DisconnectReason, Disconnected, Link};
use cosell_model::notice::Notice;
use cosell_model::state::{DealState, UnlinkedDeal, WaitingFor};

use super::until_due;
use crate::decide::{is_known, status_of};
use crate::failure::Failure;
use crate::journal::Draft;
use crate::pair::{Pair, Standing};
use crate::plan::Plan;
use crate::reconciliation::{Outcome, Reconciliation};

impl Reconciliation<'_> {
    /// A linked deal that takes no part now.
    pub(super) async fn commit_resting(
        &mut self,
        pair: &Pair,
        plan: &Plan,
        (record, delivered): (Option<CrmRecord>, bool),
    ) -> Result<Outcome, Failure> {
        let Some(link) = &pair.link else {
            return self.commit_unlinked(pair, plan, delivered).await;
        };
        let delivered = delivered || pair.is_read_only();
        let state = plan.state.clone().unwrap_or_default();
        if let DealState::Paused { until } = &state {
            let message = "the deal is flapping and is left alone for a while";
            return Err(Failure::postponed(pair.now, *until, message));
        }
        let message = crate::render::sentences(self.engine.mapping_of(pair.table), &plan.notices);
        let after = resting((pair, link), plan, (&state, delivered));
        let kind = Standing::kind(&state);
        self.append_recovered(pair, &state).await?;
        if after != *link {
            let stamped = Link {
                crm_version: record.map_or(link.crm_version.clone(), |record| record.version),
                updated: pair.now,
                ..after
            };
            self.engine.links.save(&stamped).await?;
        }
        let is_new = is_news(link, &state);
        let outcome = if is_new
            && (kind != AuditKind::Skipped || !matches!(pair.standing, Standing::AtRest(_)))
        {
            let new = plan.notices.iter().filter(|notice| !is_known(notice, &link.notified));
            self.journal.note_new(new);
            self.append_all(pair, plan, kind, &message).await?;
            self.quiet(kind, message, state)
        } else {
            self.append_known(kind, &message).await?;
            self.quiet(AuditKind::Skipped, message, state)
        };
        Ok(until_due(outcome, plan.next, pair.now))
    }

    /// What was written has an outcome, though everything that was said is known.
    async fn append_known(&mut self, kind: AuditKind, message: &str) -> Result<(), Failure> {
        if self.journal.is_ahead {
            self.journal.append(kind, Draft::of(message)).await?;
        }
        Ok(())
    }

    async fn append_all(
        &mut self,
        pair: &Pair,
        plan: &Plan,
        kind: AuditKind,
        message: &str,
    ) -> Result<(), Failure> {
        let restored = plan.notices.iter().find(|notice| matches!(notice, Notice::Restored { .. }));
        if let Some(notice) = restored {
            let text = crate::render::sentence(self.engine.mapping_of(pair.table), notice);
            let draft = Draft { notices: vec![notice.clone()], ..Draft::of(text) };
            self.journal.append(AuditKind::Restored, draft).await?;
        }
        let notices = plan.notices.clone();
        self.journal.append(kind, Draft { notices, ..Draft::of(message) }).await
    }

    /// A deal that is not linked.
    pub(super) async fn commit_unlinked(
        &mut self,
        pair: &Pair,
        plan: &Plan,
        delivered: bool,
    ) -> Result<Outcome, Failure> {
        let state = plan.state.clone().unwrap_or_default();
        let message = crate::render::sentences(self.engine.mapping_of(pair.table), &plan.notices);
        let kind = Standing::kind(&state);
        let before = pair.unlinked.clone().unwrap_or_default();
        let notified = if delivered || pair.is_read_only() {
            plan.notices.iter().filter(|notice| notice.stands()).map(Notice::key).collect()
        } else {
            before.notified.clone()
        };
        let after = UnlinkedDeal { notified, ..before.clone() }.in_state(state.clone(), pair.now);
        if after == before {
            self.append_known(kind, &message).await?;
            return Ok(self.quiet(kind, message, state));
        }
        self.append_recovered(pair, &state).await?;
        let subject = self.request.message.subject.clone();
        let after = UnlinkedDeal { updated: Some(pair.now), ..after };
        self.keep_unlinked(&subject, &after).await?;
        let new = plan.notices.iter().filter(|notice| !is_known(notice, &before.notified));
        self.journal.note_new(new);
        let notices = plan.notices.clone();
        self.journal.append(kind, Draft { notices, ..Draft::of(message.clone()) }).await?;
        Ok(self.quiet(kind, message, state))
    }

    /// Something contradicts a plan that only showed on the way; its seller was notified there.
    pub(super) async fn commit_contradiction(
        &mut self,
        pair: &Pair,
        plan: &Plan,
    ) -> Result<Outcome, Failure> {
        match (&pair.link, plan.notices.first()) {
            // The lead's own seller is notified on the lead.
            (Some(_), Some(Notice::LeadNotConverted { .. })) => self.reject(pair, plan).await,
            (Some(_), _) => self.commit_resting(pair, plan, (None, true)).await,
            (None, _) => self.commit_unlinked(pair, plan, true).await,
        }
    }

    /// A service refused: the seller is notified of what and why, and the message is done; a later
    /// edit tries again.
    pub(super) async fn reject(&mut self, pair: &Pair, plan: &Plan) -> Result<Outcome, Failure> {
        let plan = status_of(self.engine.rules(), pair, plan.clone());
        let columns = plan.effects.first().cloned();
        let mut delivered = true;
        let mut written = None;
        if let (Some(record), Some(effect)) = (&pair.record, columns)
            && let crate::plan::Action::Notify(mut fields) = effect.action
        {
            if let Some(id) = self.claim.made {
                // No link knows of it: the record's own identifier finds it again.
                let columns = &self.engine.mapping_of(pair.table).columns;
                fields.insert(columns.referral_id.to_string(), id.to_string().into());
            }
            written = self.notify_on(record, fields).await?;
            delivered = written.is_some();
        }
        if pair.is_linked() {
            self.commit_resting(pair, &plan, (written, delivered)).await
        } else {
            self.commit_unlinked(pair, &plan, delivered).await
        }
    }
}

/// The link of a deal that takes no part now.
fn resting(
    (pair, link): (&Pair, &Link),
    plan: &Plan,
    (state, delivered): (&DealState, bool),
) -> Link {
    if matches!(pair.standing, Standing::AtRest(_)) {
        return link.clone().in_state(state.clone(), pair.now);
    }
    let reason = match state {
        DealState::Disconnected { reason } => Some(reason.clone()),
        DealState::Waiting { for_what: WaitingFor::Referral, .. } => {
            Some(DisconnectReason::ReferralInvisible)
        }
        _ => None,
    };
    let known = link.disconnected.as_ref().filter(|known| Some(&known.reason) == reason.as_ref());
    let since = known.map_or(pair.now, |known| known.since);
    let known = link.notified.clone();
    let notified = if delivered { notified(known, plan) } else { known };
    let link = Link {
        disconnected: reason.map(|reason| Disconnected { reason, since }),
        notified,
        ..link.clone()
    };
    link.in_state(state.clone(), pair.now)
}

/// The notices that the seller of a deal has read that takes no part now. What stood before still
/// does when it comes back; of the same kind only the latest does.
fn notified(known: BTreeSet<String>, plan: &Plan) -> BTreeSet<String> {
    let is_of = |key: &str, notice: &Notice| {
        key.strip_prefix(notice.code()).is_some_and(|digest| digest.starts_with(':'))
    };
    let standing = |notice: &&Notice| notice.stands() && crate::render::is_line(notice);
    let before =
        known.into_iter().filter(|key| !plan.notices.iter().any(|notice| is_of(key, notice)));
    before.chain(plan.notices.iter().filter(standing).map(Notice::key)).collect()
}

/// Whether the deal was in another state, or in this one for another reason. One that is
/// disconnected stays so once nobody waits for its referral any more.
fn is_news(link: &Link, state: &DealState) -> bool {
    match state {
        DealState::Disconnected { reason } => {
            link.disconnected.as_ref().is_none_or(|known| known.reason != *reason)
        }
        DealState::Waiting { for_what: WaitingFor::Referral, .. } => link.disconnected.is_none(),
        DealState::Refused { .. } => link.state.before_failing() != state,
        _ => link.state.before_failing().name() != state.name(),
    }
}
