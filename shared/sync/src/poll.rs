//! One run of the poller: what changed in the CRM, what changed in Partner Center, put on the
//! queue.
//!
//! Webhook deliveries get lost, and the CRM notifies nobody by itself. Both lists overlap with the
//! run before, so that a row that became visible late is still found; the queue and the reconcile
//! make repetition harmless.

mod due;

use std::sync::Arc;

use cosell_model::deadline::Deadlines;
use cosell_model::message::{Cause, Subject, SyncMessage};
use jiff::{SignedDuration, Timestamp};

use crate::failure::{Failure, FailureKind};
use crate::port::{Attention, Claim, Claims, Crm, Cursors, Links, PartnerCenter, Queue, Schedule};

/// The claim that keeps two runs apart.
const LEASE: &str = "poller";
/// Longer than the poller may run (300 s), so that a run that was cut off is over before the next
/// one starts.
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
    /// What is to be reconciled at a certain time.
    pub schedule: Arc<dyn Schedule>,
    /// By it we know which invitations are synced.
    pub links: Arc<dyn Links>,
    /// Which deals were refused.
    pub attention: Arc<dyn Attention>,
    /// When the seller is warned of an invitation that expires.
    pub deadlines: Deadlines,
    /// How far each run reaches back behind the start of the one before: for clocks that differ and
    /// rows committed late.
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
    /// Lists what changed and enqueues it. A cursor moves only after its messages are on the queue,
    /// so a run that fails is made good by the next. What fails does not keep the others from being
    /// read: opportunities, leads, Partner Center.
    pub async fn poll(&self, now: Timestamp, invocation: &str) -> Result<Polled, Failure> {
        if let Claim::Held { .. } = self.claims.claim(LEASE, invocation, now, LEASE_LASTS).await? {
            return Ok(Polled { skipped: true, ..Polled::default() });
        }
        let (records, (referrals, deadlines), schedule, refused) = futures::join!(
            self.poll_tables(now),
            self.poll_partner_center(now),
            self.poll_schedule(now),
            self.poll_refused(now)
        );
        self.claims.release(LEASE, invocation).await?;
        Ok(Polled {
            records: records?,
            referrals: referrals?,
            due: schedule? + deadlines? + refused?,
            skipped: false,
        })
    }

    /// Changed referrals, then invitations that expire soon; a service that asked us to wait is
    /// left alone.
    async fn poll_partner_center(
        &self,
        now: Timestamp,
    ) -> (Result<usize, Failure>, Result<usize, Failure>) {
        let referrals = self.sweep(now).await;
        let deadlines = if referrals.as_ref().is_err_and(asks_to_wait) {
            Ok(0)
        } else {
            self.poll_deadlines(now).await
        };
        (referrals, deadlines)
    }

    /// Opportunities, then leads; a CRM that asked us to wait is left alone.
    async fn poll_tables(&self, now: Timestamp) -> Result<usize, Failure> {
        let records = self.poll_crm(self.crm.as_ref(), CRM_CURSOR, now).await;
        let leads = match &self.leads {
            Some(leads) if !records.as_ref().is_err_and(asks_to_wait) => {
                self.poll_crm(leads.as_ref(), LEAD_CURSOR, now).await
            }
            _ => Ok(0),
        };
        Ok(records? + leads?)
    }

    /// The first run finds every flagged record, however old: that is how a partner starts with
    /// deals already flagged.
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

    /// The first sweep starts now: referrals from before the installation are brought over by an
    /// operator, not by surprise.
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

/// Whether a service must not be called again by this run.
fn asks_to_wait(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Throttled { .. } | FailureKind::Credentials)
}
