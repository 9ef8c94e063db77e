//! What is only a matter of time, and of which neither side notifies us: wins that waited, and
//! invitations that expire soon.

use cosell_model::message::{Cause, Subject, SyncMessage};
use cosell_model::referral::Referral;
use jiff::{SignedDuration, Timestamp};

use super::Poller;
use crate::failure::Failure;

const SCHEDULE_CURSOR: &str = "schedule";
const DEADLINE_CURSOR: &str = "deadlines";
/// How often invitations are listed: a warning of one day comes at least 18 hours before the end.
const LIST_EVERY: SignedDuration = SignedDuration::from_hours(6);

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
        let last = self.cursors.load(DEADLINE_CURSOR).await?;
        if last.is_some_and(|last| now.duration_since(last) < LIST_EVERY) {
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
