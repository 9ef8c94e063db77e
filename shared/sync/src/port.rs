//! The ports: what the engine needs of the system.
//!
//! Trait objects, because the CRM is chosen at run time. Every method returns [`Failure`], whose
//! kind decides what happens to the message.

use async_trait::async_trait;
use cosell_model::audit::AuditEntry;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite};
use cosell_model::id::{ETag, EngagementId, ReferralId};
use cosell_model::link::Link;
use cosell_model::message::{Subject, SyncMessage};
pub use cosell_model::patch::{PatchOperation, PatchVerb};
use cosell_model::referral::Referral;
use cosell_model::state::{DealState, UnlinkedDeal};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use crate::failure::Failure;

/// Partner Center's referrals (contract partner-center 3).
#[async_trait]
pub trait PartnerCenter: Send + Sync {
    /// One referral; `None` when it does not exist or is not visible to us (403 and 404 alike).
    async fn get(&self, id: ReferralId) -> Result<Option<Referral>, Failure>;

    /// All referrals of an engagement: the partner's and Microsoft's.
    async fn in_engagement(&self, id: EngagementId) -> Result<Vec<Referral>, Failure>;

    /// All referrals whose `externalReferenceId` is `reference`, whole, however old they are: a
    /// referral that is overlooked here is made a second time. Ids are compared whatever their
    /// spelling, as [`cosell_model::record_id::RecordIds::same`] does.
    async fn by_external_reference(&self, reference: &str) -> Result<Vec<Referral>, Failure>;

    /// Referrals changed at or after `since`, oldest change first.
    async fn changed_since(&self, since: Timestamp) -> Result<Vec<ReferralChange>, Failure>;

    /// All referrals that wait for an answer, whole: invitations to us, and the Microsoft referrals
    /// of our own deals.
    async fn pending(&self) -> Result<Vec<Referral>, Failure>;

    /// Creates a referral. Not idempotent: after [`crate::FailureKind::OutcomeUnknown`] search
    /// before repeating.
    async fn create(&self, body: &Json) -> Result<Referral, Failure>;

    /// Applies a JSON Patch if the referral still has `etag`, and returns it as stored.
    async fn patch(
        &self,
        id: ReferralId,
        etag: &ETag,
        operations: &[PatchOperation],
    ) -> Result<Referral, Failure>;
}

/// A referral that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferralChange {
    /// Which.
    pub id: ReferralId,
    /// When, by the service's clock.
    pub updated: Timestamp,
}

/// The partner's CRM. The adapter is built with the mapping's columns, so a read returns them all.
#[async_trait]
pub trait Crm: Send + Sync {
    /// One record; `None` when it does not exist.
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure>;

    /// The record that carries this referral id in its Referral Identifier.
    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure>;

    /// Creates or updates the record with this Referral Identifier, and returns it as stored.
    /// Repeating it is harmless.
    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure>;

    /// Changes a record if it still is as `record`, which was read or stored before, and returns it
    /// as stored.
    async fn update(&self, record: &CrmRecord, write: &CrmWrite) -> Result<CrmRecord, Failure>;

    /// Records flagged "Sync with Partner Center" and changed at or after `since`, oldest change
    /// first.
    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure>;
}

/// The partner's leads: a table of the CRM's beside the opportunities, with the same operations,
/// and the way from one to the other.
#[async_trait]
pub trait Leads: Crm {
    /// Makes an opportunity of a lead, or finds the one that was made of it already, writes `write`
    /// into it, its Referral Identifier included, and returns it as [`Crm::get`] of the
    /// opportunities' port would. Repeating it is harmless.
    ///
    /// `write` has the opportunity's columns, those of account and contact included, which are
    /// looked for and made as [`Crm::upsert`] does. `lead` is as it was read;
    /// [`crate::FailureKind::Stale`] when it is gone meanwhile, or somebody else qualified it: what
    /// they entered in the opportunity is theirs.
    async fn qualify(
        &self,
        lead: &CrmRecord,
        referral: ReferralId,
        write: &CrmWrite,
    ) -> Result<CrmRecord, Failure>;

    /// The lead that became this opportunity, by whoever's hand; `None` when it was no lead. Asked
    /// before a referral is made for an opportunity: its lead may be paired already.
    async fn origin(&self, opportunity: &CrmKey) -> Result<Option<CrmKey>, Failure>;
}

/// A flagged CRM record that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmChange {
    /// Which.
    pub key: CrmKey,
    /// Its version, opaque.
    pub version: String,
    /// When, by the CRM's clock.
    pub modified: Timestamp,
}

/// The pairs we know. Every read is strongly consistent.
#[async_trait]
pub trait Links: Send + Sync {
    /// The deal of this referral.
    async fn by_referral(&self, id: ReferralId) -> Result<Known, Failure>;

    /// The deal of this CRM record.
    async fn by_crm(&self, key: &CrmKey) -> Result<Known, Failure>;

    /// The linked deal of this engagement: finds ours from the Microsoft referral.
    async fn by_engagement(&self, id: EngagementId) -> Result<Option<Link>, Failure>;

    /// Links a pair that neither side is linked yet, all items or none;
    /// [`crate::FailureKind::Stale`] when one is.
    async fn create(&self, link: &Link) -> Result<(), Failure>;

    /// Takes `old` away and links `new` in their place, all or nothing;
    /// [`crate::FailureKind::Stale`] when one of `old` changed since it was read, or a side of
    /// `new` is linked by a pair that is not in `old`.
    async fn replace(&self, old: &[Link], new: &Link) -> Result<(), Failure>;

    /// Saves a link if its stored version is still `link.version`, and returns it with the next
    /// version; [`crate::FailureKind::Stale`] otherwise.
    async fn save(&self, link: &Link) -> Result<Link, Failure>;

    /// Keeps the state of a deal that is not linked, under its referral or its record. Does nothing
    /// where that is linked by now.
    async fn save_unlinked(&self, subject: &Subject, deal: &UnlinkedDeal) -> Result<(), Failure>;
}

/// What is known of a referral or a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// It is linked.
    Linked(Box<Link>),
    /// It is not linked, and this is its state.
    Unlinked(UnlinkedDeal),
    /// Nothing.
    Nothing,
}

impl Known {
    /// The link, if there is one.
    pub fn link(self) -> Option<Link> {
        match self {
            Self::Linked(link) => Some(*link),
            Self::Unlinked(_) | Self::Nothing => None,
        }
    }
}

/// The deals that need a person, for operators, and for the poller those that were refused.
#[async_trait]
pub trait Attention: Send + Sync {
    /// A page of the deals that are in the state of this name and need a person, the one that does
    /// so longest first. `after` is the last deal of the page before; an empty page is the end.
    ///
    /// Eventually consistent: what was saved within the last second may be missing, or listed
    /// though it needs nobody any more.
    async fn needing_a_person(
        &self,
        state: &str,
        after: Option<&NeedsPerson>,
    ) -> Result<Vec<NeedsPerson>, Failure>;
}

/// A deal that needs a person.
#[derive(Clone, Debug, PartialEq)]
pub struct NeedsPerson {
    /// The deal: its referral, or of one that is not linked, whatever its state is kept under.
    pub subject: Subject,
    /// The record that it is linked with.
    pub crm: Option<CrmKey>,
    /// Where it stands.
    pub state: DealState,
    /// Since when.
    pub since: Timestamp,
}

/// Exclusive, expiring claims: on a CRM record before its referral is created, and on the poller's
/// run.
#[async_trait]
pub trait Claims: Send + Sync {
    /// Claims `name` for `holder` until `now + lasts`. A claim of the same holder is renewed.
    async fn claim(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        lasts: SignedDuration,
    ) -> Result<Claim, Failure>;

    /// Gives a claim back, if `holder` still has it.
    async fn release(&self, name: &str, holder: &str) -> Result<(), Failure>;

    /// Whether somebody holds `name` now.
    async fn is_claimed(&self, name: &str, now: Timestamp) -> Result<bool, Failure>;
}

/// What claiming gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody had claimed it.
    Fresh,
    /// An earlier holder's claim had expired, or was our own: its work may be half done: search
    /// first.
    TakenOver,
    /// Somebody holds it.
    Held {
        /// Until when.
        until: Timestamp,
    },
}

/// How far the poller has read each system.
#[async_trait]
pub trait Cursors: Send + Sync {
    /// The cursor `name`, if it was ever saved.
    async fn load(&self, name: &str) -> Result<Option<Timestamp>, Failure>;

    /// Moves the cursor `name`.
    async fn save(&self, name: &str, at: Timestamp) -> Result<(), Failure>;
}

/// What is to be reconciled again at a certain time, though nothing else causes it then.
#[async_trait]
pub trait Schedule: Send + Sync {
    /// Puts a pair on the schedule. Repeating it is harmless.
    async fn note(&self, referral: ReferralId, at: Timestamp) -> Result<(), Failure>;

    /// The pairs whose time came after `after`, up to `until`, and their times.
    async fn due(
        &self,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(ReferralId, Timestamp)>, Failure>;
}

/// The audit log.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Appends one entry.
    async fn append(&self, entry: &AuditEntry) -> Result<(), Failure>;

    /// A pair's entries, oldest first. `pair` as in [`AuditEntry::pair`].
    async fn of_pair(&self, pair: &str) -> Result<Vec<AuditEntry>, Failure>;
}

/// The sync queue.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Puts messages on the queue; all are accepted, or the call fails (some may be queued then:
    /// repeating is harmless).
    async fn send(&self, messages: &[SyncMessage]) -> Result<(), Failure>;
}
