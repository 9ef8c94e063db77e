//! What is only a matter of time, and of which neither side notifies us: wins that waited,
//! invitations that expire soon, and deals that were refused.

use cosell_model::message::{Cause, Subject, SyncMessage};
use cosell_model::referral::Referral;
use cosell_model::state::DealState;
use jiff::{SignedDuration, Timestamp};

use super::Poller;
use crate::failure::Failure;

const SCHEDULE_CURSOR: &str = "schedule";
const DEADLINE_CURSOR: &str = "deadlines";
/// How often invitations are listed: a warning of one day comes at least 18 hours before the end.
const LIST_EVERY: SignedDuration = SignedDuration::from_hours(6);
const REFUSED_CURSOR: &str = "refused";
/// How often deals that were refused are listed.
const RECONCILE_REFUSED_EVERY: SignedDuration = SignedDuration::from_hours(6);

impl Poller {
    /// Pairs whose time on the schedule has come. It reaches back by the overlap, as the other
    /// lists do: clocks differ.
    pub(super) async fn poll_schedule(&self, now: Timestamp) -> Result<usize, Failure> {
        let after = self.cursors.load(SCHEDULE_CURSOR).await?.unwrap_or(now);
        let due = self.schedule.due(self.reach_back(after), now).await?;
        let messages: Vec<SyncMessage> = due
            .into_iter()
            .map(|(referral, at)| message(Subject::Referral(referral), at))
            .collect();
        self.enqueue(SCHEDULE_CURSOR, now, &messages).await
    }

    /// Invitations that expire soon, our own and Microsoft's referrals. Each is reconciled every
    /// few hours until it is answered: the link knows what the seller was warned of.
    pub(super) async fn poll_deadlines(&self, now: Timestamp) -> Result<usize, Failure> {
        let Some(first) = self.deadlines.first() else {
            return Ok(0);
        };
        if !self.is_due(DEADLINE_CURSOR, LIST_EVERY, now).await? {
            return Ok(0);
        }
        let mut messages = Vec::new();
        for referral in self.partner_center.pending().await? {
            let Some(expires) = referral.expires() else {
                continue;
            };
            let left = expires.duration_since(now);
            // What was never synced is brought over by an operator, not by its deadline.
            if left > SignedDuration::ZERO && left <= first && self.is_linked(&referral).await? {
                messages.push(message(Subject::Referral(referral.id), now));
            }
        }
        self.enqueue(DEADLINE_CURSOR, now, &messages).await
    }

    /// Deals that were refused. The CRM lists flagged records alone: nobody else finds one whose
    /// seller took the flag off, or whose record was deleted, and it would need a person for ever.
    pub(super) async fn poll_refused(&self, now: Timestamp) -> Result<usize, Failure> {
        if !self.is_due(REFUSED_CURSOR, RECONCILE_REFUSED_EVERY, now).await? {
            return Ok(0);
        }
        let refused = DealState::Refused { reasons: Vec::new() };
        let (mut messages, mut page) = (Vec::new(), Vec::new());
        loop {
            page = self.attention.needing_a_person(refused.name(), page.last()).await?;
            if page.is_empty() {
                return self.enqueue(REFUSED_CURSOR, now, &messages).await;
            }
            messages.extend(page.iter().map(|deal| message(deal.subject.clone(), now)));
        }
    }

    async fn is_due(
        &self,
        cursor: &str,
        every: SignedDuration,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let last = self.cursors.load(cursor).await?;
        Ok(last.is_none_or(|last| now.duration_since(last) >= every))
    }

    async fn is_linked(&self, referral: &Referral) -> Result<bool, Failure> {
        if self.links.by_referral(referral.id).await?.link().is_some() {
            return Ok(true);
        }
        match referral.engagement {
            Some(engagement) => Ok(self.links.by_engagement(engagement).await?.is_some()),
            None => Ok(false),
        }
    }
}

fn message(subject: Subject, at: Timestamp) -> SyncMessage {
    SyncMessage { subject, cause: Cause::Due, observed: at.to_string() }
}
