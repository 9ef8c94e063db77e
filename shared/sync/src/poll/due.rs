//! What is only a matter of time, and of which neither side tells us: wins that waited, and invitations that expire soon.

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
    /// Pairs whose time on the schedule has come. It reaches back by the overlap, as the other lists do: clocks differ.
    pub(super) async fn poll_schedule(&self, now: Timestamp) -> Result<usize, Failure> {
        let after = self.cursors.load(SCHEDULE_CURSOR).await?.unwrap_or(now);
        let due = self.schedule.due(self.reach_back(after), now).await?;
        let messages: Vec<SyncMessage> = due
            .into_iter()
            .map(|(referral, at)| message(Subject::Referral(referral), at))
            .collect();
        self.enqueue(SCHEDULE_CURSOR, now, &messages).await
    }

    /// Invitations that expire soon, our own and Microsoft's halves. Each is looked at every few hours until it is answered: the link
    /// knows what the seller was warned of.
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
        if self.links.by_referral(referral.id).await?.is_some() {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{REFERRAL, at, stage};
    use super::*;
    use crate::memory::{World, record};
    use crate::port::Schedule;
    use cosell_model::id::ReferralId;
    use cosell_model::link::Link;

    const HALF: &str = "8d3f9b10-5b9f-4a2c-9c61-1d6a0be7f002";
    const ENGAGEMENT: &str = "e1a5c1d2-3344-4c55-8d66-7788990011aa";

    fn due(world: &World) -> Vec<String> {
        let queued = world.queued.lock().unwrap();
        let due = queued.iter().filter(|message| message.cause == Cause::Due);
        due.map(|message| message.subject.to_string()).collect()
    }

    fn invite(world: &World, id: &str, days: i64) {
        let expires = at("10:00:00") + SignedDuration::from_hours(24 * days);
        let body = json!({
            "status": "New", "substatus": "Pending", "updatedDateTime": "2026-11-01T09:00:00Z", "engagementId": ENGAGEMENT,
            "expirationDateTime": expires.to_string()
        });
        world.put_referral(id.parse().unwrap(), body);
    }

    fn link(world: &World) {
        let id: ReferralId = REFERRAL.parse().unwrap();
        let body = world.referrals.lock().unwrap()[&id].clone();
        let referral = Referral::parse(body, None, None).unwrap();
        let link = Link::new(&referral, &record("1", json!({})), at("09:00:00"));
        world.links.lock().unwrap().insert(id, link);
    }

    #[tokio::test]
    async fn invitations_that_expire_soon_are_looked_at_every_few_hours_until_they_are_answered() {
        let (world, poller) = stage();
        invite(&world, REFERRAL, 4);
        invite(&world, HALF, 4);
        link(&world);
        poller.poll(at("10:00:00"), "first").await.unwrap();
        let both = [format!("referral#{HALF}"), format!("referral#{REFERRAL}")];
        let mut found = due(&world);
        found.sort();
        assert_eq!(found, both);
        poller.poll(at("12:00:00"), "too soon").await.unwrap();
        assert_eq!(due(&world).len(), 2);
        poller.poll(at("16:00:00"), "again").await.unwrap();
        assert_eq!(due(&world).len(), 4);
    }

    #[tokio::test]
    async fn neither_a_far_deadline_nor_an_invitation_from_before_the_installation_is_enqueued() {
        let (world, poller) = stage();
        invite(&world, REFERRAL, 6);
        link(&world);
        poller.poll(at("10:00:00"), "far").await.unwrap();
        assert_eq!(due(&world), [""; 0]);
        world.links.lock().unwrap().clear();
        invite(&world, REFERRAL, 4);
        poller.poll(at("17:00:00"), "unknown").await.unwrap();
        assert_eq!(due(&world), [""; 0]);
    }

    #[tokio::test]
    async fn what_is_on_the_agenda_is_enqueued_once_its_time_has_come() {
        let (world, poller) = stage();
        poller.poll(at("10:00:00"), "first").await.unwrap();
        world.note(REFERRAL.parse().unwrap(), at("12:30:00")).await.unwrap();
        poller.poll(at("12:29:00"), "before").await.unwrap();
        assert_eq!(due(&world), [""; 0]);
        poller.poll(at("12:36:00"), "then").await.unwrap();
        assert_eq!(due(&world), [format!("referral#{REFERRAL}")]);
        poller.poll(at("12:41:00"), "later").await.unwrap();
        assert_eq!(due(&world).len(), 1);
    }
}
