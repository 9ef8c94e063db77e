//! One run of the poller: what changed in the CRM, what changed in Partner Center, put on the queue.
//!
//! Webhook deliveries get lost, and the CRM tells us nothing by itself. Both lists overlap with the run before, so that
//! a row that became visible late is still found; the queue and the reconcile make repetition harmless.

mod due;

use std::sync::Arc;

use cosell_model::deadline::Deadlines;
use cosell_model::message::{Cause, Subject, SyncMessage};
use jiff::{SignedDuration, Timestamp};

use crate::failure::{Failure, FailureKind};
use crate::port::{Claim, Claims, Crm, Cursors, Links, PartnerCenter, Queue, Schedule};

/// The claim that keeps two runs apart.
const LEASE: &str = "poller";
/// Longer than the poller may run (300 s), so that a run that was cut off is over before the next one starts.
const LEASE_LASTS: SignedDuration = SignedDuration::from_secs(330);
const CRM_CURSOR: &str = "crm";
const LEAD_CURSOR: &str = "crm-leads";
const SWEEP_CURSOR: &str = "partner-center";

/// Everything a poll needs; built once per process.
#[derive(Clone)]
pub struct Poller {
    /// Partner Center.
    pub partner_center: Arc<dyn PartnerCenter>,
    /// The CRM's opportunities.
    pub crm: Arc<dyn Crm>,
    /// The CRM's leads, where leads are synced.
    pub leads: Option<Arc<dyn Crm>>,
    /// The sync queue.
    pub queue: Arc<dyn Queue>,
    /// For the lease.
    pub claims: Arc<dyn Claims>,
    /// How far each list was read.
    pub cursors: Arc<dyn Cursors>,
    /// What is to be looked at at a certain time.
    pub schedule: Arc<dyn Schedule>,
    /// For telling which invitations are synced.
    pub links: Arc<dyn Links>,
    /// When the seller is warned of an invitation that expires.
    pub deadlines: Deadlines,
    /// How far each run reaches back behind the start of the one before: for clocks that differ and rows committed late.
    pub overlap: SignedDuration,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    /// Changed, flagged CRM records put on the queue.
    pub records: usize,
    /// Changed referrals put on the queue.
    pub referrals: usize,
    /// Pairs put on the queue because a time has come.
    pub due: usize,
    /// Another run was under way: nothing was done.
    pub skipped: bool,
}

impl Poller {
    /// Lists what changed and enqueues it. A cursor moves only after its messages are on the queue, so a run that fails
    /// is made good by the next. What fails does not keep the others from being read: opportunities, leads, Partner Center.
    pub async fn poll(&self, now: Timestamp, invocation: &str) -> Result<Polled, Failure> {
        if let Claim::Held { .. } = self.claims.claim(LEASE, invocation, now, LEASE_LASTS).await? {
            return Ok(Polled { skipped: true, ..Polled::default() });
        }
        let (records, referrals, schedule, deadlines) = futures::join!(
            self.poll_tables(now),
            self.sweep(now),
            self.poll_schedule(now),
            self.poll_deadlines(now)
        );
        self.claims.release(LEASE, invocation).await?;
        Ok(Polled {
            records: records?,
            referrals: referrals?,
            due: schedule? + deadlines?,
            skipped: false,
        })
    }

    /// Opportunities, then leads; a CRM that asked for peace gets it.
    async fn poll_tables(&self, now: Timestamp) -> Result<usize, Failure> {
        let records = self.poll_crm(self.crm.as_ref(), CRM_CURSOR, now).await;
        let leave_alone = |failure: &Failure| {
            matches!(failure.kind, FailureKind::Throttled { .. } | FailureKind::Credentials)
        };
        let leads = match &self.leads {
            Some(leads) if !records.as_ref().is_err_and(leave_alone) => {
                self.poll_crm(leads.as_ref(), LEAD_CURSOR, now).await
            }
            _ => Ok(0),
        };
        Ok(records? + leads?)
    }

    /// The first run finds every flagged record, however old: that is how a partner starts with deals already flagged.
    async fn poll_crm(
        &self,
        table: &dyn Crm,
        cursor_name: &str,
        now: Timestamp,
    ) -> Result<usize, Failure> {
        let cursor = self.cursors.load(cursor_name).await?;
        let since = cursor.map_or(Timestamp::UNIX_EPOCH, |cursor| self.reach_back(cursor));
        let changes = table.changed_since(since).await?;
        let messages: Vec<SyncMessage> = changes
            .into_iter()
            .map(|change| SyncMessage {
                subject: Subject::Crm(change.key),
                cause: Cause::CrmPoll,
                observed: change.version,
            })
            .collect();
        self.enqueue(cursor_name, now, &messages).await
    }

    /// The first sweep starts now: referrals from before the installation are brought over by an operator, not by surprise.
    async fn sweep(&self, now: Timestamp) -> Result<usize, Failure> {
        let known = self.cursors.load(SWEEP_CURSOR).await?;
        if known.is_none() {
            // Set before anything is listed: should this run fail, the next one still starts here.
            self.cursors.save(SWEEP_CURSOR, now).await?;
        }
        let from = known.unwrap_or(now);
        let changes = self.partner_center.changed_since(self.reach_back(from)).await?;
        let messages: Vec<SyncMessage> = changes
            .into_iter()
            .map(|change| SyncMessage {
                subject: Subject::Referral(change.id),
                cause: Cause::Sweep,
                observed: change.updated.to_string(),
            })
            .collect();
        self.enqueue(SWEEP_CURSOR, now, &messages).await
    }

    async fn enqueue(
        &self,
        cursor: &str,
        now: Timestamp,
        messages: &[SyncMessage],
    ) -> Result<usize, Failure> {
        if !messages.is_empty() {
            self.queue.send(messages).await?;
        }
        self.cursors.save(cursor, now).await?;
        Ok(messages.len())
    }

    fn reach_back(&self, cursor: Timestamp) -> Timestamp {
        cursor.saturating_sub(self.overlap).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::memory::{Fault, World, record};

    pub(super) const REFERRAL: &str = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa";

    pub(super) fn at(time: &str) -> Timestamp {
        format!("2026-11-21T{time}Z").parse().unwrap()
    }

    /// A flagged record changed at 09:00 and a referral changed at 09:59.
    pub(super) fn stage() -> (Arc<World>, Poller) {
        let world = Arc::new(World::default());
        world
            .records
            .lock()
            .unwrap()
            .insert("1".into(), record("1", json!({ "nwcs_syncwithpartnercenter": true })));
        world
            .records
            .lock()
            .unwrap()
            .insert("2".into(), record("2", json!({ "nwcs_syncwithpartnercenter": false })));
        let referral = json!({ "status": "Active", "substatus": "Accepted", "updatedDateTime": "2026-11-21T09:59:00Z" });
        world.put_referral(REFERRAL.parse().unwrap(), referral);
        let poller = Poller {
            partner_center: world.clone(),
            crm: world.clone(),
            leads: None,
            queue: world.clone(),
            claims: world.clone(),
            cursors: world.clone(),
            schedule: world.clone(),
            links: world.clone(),
            deadlines: Deadlines::default(),
            overlap: SignedDuration::from_mins(5),
        };
        (world, poller)
    }

    #[tokio::test]
    async fn the_first_run_finds_every_flagged_record_and_recent_referrals() {
        let (world, poller) = stage();
        assert_eq!(
            poller.poll(at("10:00:00"), "run").await.unwrap(),
            Polled { records: 1, referrals: 1, due: 0, skipped: false }
        );
        let causes: Vec<Cause> =
            world.queued.lock().unwrap().iter().map(|message| message.cause).collect();
        assert_eq!(causes, [Cause::CrmPoll, Cause::Sweep]);
    }

    #[tokio::test]
    async fn later_runs_reach_back_by_the_overlap_and_no_further() {
        let (_world, poller) = stage();
        poller.poll(at("10:00:00"), "first").await.unwrap();
        let second = poller.poll(at("10:02:00"), "second").await.unwrap();
        assert_eq!(
            (second.records, second.referrals),
            (0, 1),
            "the referral lies in the overlap, the record does not"
        );
        let third = poller.poll(at("10:07:00"), "third").await.unwrap();
        assert_eq!(
            (third.records, third.referrals),
            (0, 1),
            "reaches back from the start of the second run"
        );
        let fourth = poller.poll(at("10:12:00"), "fourth").await.unwrap();
        assert_eq!(fourth.referrals, 0);
    }

    #[tokio::test]
    async fn a_cursor_waits_for_the_queue() {
        let (world, poller) = stage();
        world
            .faults
            .lock()
            .unwrap()
            .push_back(("queue.send", Fault::Before(FailureKind::Transient)));
        poller.poll(at("10:00:00"), "fails").await.unwrap_err();
        assert!(!world.cursors.lock().unwrap().contains_key(CRM_CURSOR));
        assert_eq!(poller.poll(at("11:00:00"), "makes good").await.unwrap().records, 1);
    }

    #[tokio::test]
    async fn a_failing_crm_does_not_stop_the_sweep_and_the_lease_is_given_back() {
        let (world, poller) = stage();
        world
            .faults
            .lock()
            .unwrap()
            .push_back(("crm.changed", Fault::Before(FailureKind::Transient)));
        poller.poll(at("10:00:00"), "fails").await.unwrap_err();
        assert_eq!(world.queued.lock().unwrap().len(), 1);
        assert!(!poller.poll(at("10:00:01"), "next").await.unwrap().skipped);
    }

    #[tokio::test]
    async fn a_first_sweep_that_fails_still_sets_where_the_next_one_starts() {
        let (world, poller) = stage();
        world
            .faults
            .lock()
            .unwrap()
            .push_back(("pc.changed", Fault::Before(FailureKind::Transient)));
        poller.poll(at("10:00:00"), "fails").await.unwrap_err();
        assert_eq!(poller.poll(at("11:00:00"), "makes good").await.unwrap().referrals, 1);
    }

    #[tokio::test]
    async fn two_runs_do_not_overlap() {
        let (world, poller) = stage();
        world.claim(LEASE, "other", at("09:59:59"), LEASE_LASTS).await.unwrap();
        assert!(poller.poll(at("10:00:00"), "second").await.unwrap().skipped);
        assert!(!poller.poll(at("10:06:00"), "after it was cut off").await.unwrap().skipped);
    }
}
