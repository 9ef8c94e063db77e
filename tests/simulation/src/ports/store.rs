//! The store and the queue: every read strongly consistent, every write conditional where the real one is.

use async_trait::async_trait;
use cosell_model::audit::{AuditEntry, AuditKind};
use cosell_model::crm::CrmKey;
use cosell_model::id::{EngagementId, ReferralId};
use cosell_model::link::{LastSynced, Link};
use cosell_model::message::SyncMessage;
use cosell_sync::port::{AuditLog, Claim, Claims, Cursors, Links, Queue, Schedule};
use cosell_sync::{Failure, FailureKind, System};
use jiff::{SignedDuration, Timestamp};

use super::refused;
use crate::seat::Seat;
use crate::world::{Protection, State, World};

fn stale(why: &str) -> Failure {
    refused(System::Aws, FailureKind::Stale, why)
}

#[async_trait]
impl Links for Seat {
    async fn by_referral(&self, id: ReferralId) -> Result<Option<Link>, Failure> {
        self.look_up(|state| state.links.get(&id).cloned()).await
    }

    async fn by_crm(&self, key: &CrmKey) -> Result<Option<Link>, Failure> {
        self.look_up(|state| state.links.values().find(|link| link.crm == *key).cloned()).await
    }

    async fn by_engagement(&self, id: EngagementId) -> Result<Option<Link>, Failure> {
        self.look_up(|state| state.links.values().find(|link| link.engagement == Some(id)).cloned())
            .await
    }

    async fn create(&self, link: &Link) -> Result<(), Failure> {
        self.call("links the pair", System::Aws, FailureKind::Transient, |state| {
            let taken = state.links.contains_key(&link.referral)
                || state.links.values().any(|known| known.crm == link.crm);
            if taken && !self.world.lacks(Protection::ConditionalLink) {
                return Err(stale("one side is linked already"));
            }
            put(&self.world, state, link, 1);
            Ok(())
        })
        .await
    }

    async fn replace(&self, old: &[Link], new: &Link) -> Result<(), Failure> {
        self.call("replaces links", System::Aws, FailureKind::Transient, |state| {
            let unchanged = |link: &Link| {
                state.links.get(&link.referral).is_some_and(|known| known.version == link.version)
            };
            let is_old = |known: &Link| old.iter().any(|link| link.referral == known.referral);
            let in_the_way = |known: &&Link| {
                (known.referral == new.referral || known.crm == new.crm) && !is_old(known)
            };
            if !old.iter().all(unchanged) || state.links.values().any(|known| in_the_way(&known)) {
                return Err(stale("a link changed since it was read"));
            }
            for link in old {
                state.links.remove(&link.referral);
            }
            put(&self.world, state, new, 1);
            Ok(())
        })
        .await
    }

    async fn save(&self, link: &Link) -> Result<Link, Failure> {
        self.call("saves the link", System::Aws, FailureKind::Transient, |state| {
            let current =
                state.links.get(&link.referral).is_some_and(|known| known.version == link.version);
            if !current && !self.world.lacks(Protection::ConditionalLink) {
                return Err(stale("the link changed since it was read"));
            }
            Ok(put(&self.world, state, link, link.version + 1))
        })
        .await
    }
}

impl Seat {
    async fn look_up(
        &self,
        find: impl FnOnce(&State) -> Option<Link>,
    ) -> Result<Option<Link>, Failure> {
        self.call("looks up the link", System::Aws, FailureKind::Transient, |state| Ok(find(state)))
            .await
    }
}

/// Without the protection a field is remembered once, as the CRM had it, not for each side.
fn put(world: &World, state: &mut State, link: &Link, version: u64) -> Link {
    let mut link = Link { version, ..link.clone() };
    if world.lacks(Protection::SeenPerSide) {
        for last_synced in link.last_synced.values_mut() {
            *last_synced = LastSynced {
                partner_center: last_synced.crm.clone(),
                crm: last_synced.crm.clone(),
            };
        }
    }
    state.links.insert(link.referral, link.clone());
    link
}

#[async_trait]
impl Claims for Seat {
    async fn claim(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        lasts: SignedDuration,
    ) -> Result<Claim, Failure> {
        if self.world.lacks(Protection::Claim) {
            return Ok(Claim::Fresh);
        }
        self.call("claims", System::Aws, FailureKind::Transient, |state| {
            let before = state.claims.get(name).cloned();
            if let Some((other, until)) = &before
                && *until > now
                && other != holder
            {
                return Ok(Claim::Held { until: *until });
            }
            state.claims.insert(name.into(), (holder.into(), now + lasts));
            Ok(if before.is_some() { Claim::TakenOver } else { Claim::Fresh })
        })
        .await
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), Failure> {
        self.call("gives the claim back", System::Aws, FailureKind::Transient, |state| {
            if state.claims.get(name).is_some_and(|(held_by, _)| held_by == holder) {
                state.claims.remove(name);
            }
            Ok(())
        })
        .await
    }

    async fn is_claimed(&self, name: &str, now: Timestamp) -> Result<bool, Failure> {
        self.call("asks for a claim", System::Aws, FailureKind::Transient, |state| {
            Ok(state.claims.get(name).is_some_and(|(_, until)| *until > now))
        })
        .await
    }
}

#[async_trait]
impl Cursors for Seat {
    async fn load(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        self.call("loads a cursor", System::Aws, FailureKind::Transient, |state| {
            Ok(state.cursors.get(name).copied())
        })
        .await
    }

    async fn save(&self, name: &str, at: Timestamp) -> Result<(), Failure> {
        self.call("saves a cursor", System::Aws, FailureKind::Transient, |state| {
            let cursor = state.cursors.entry(name.into()).or_insert(at);
            *cursor = at.max(*cursor);
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Schedule for Seat {
    async fn note(&self, referral: ReferralId, at: Timestamp) -> Result<(), Failure> {
        self.call("notes on the schedule", System::Aws, FailureKind::Transient, |state| {
            state.schedule.insert((at, referral));
            Ok(())
        })
        .await
    }

    async fn due(
        &self,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(ReferralId, Timestamp)>, Failure> {
        self.call("reads the schedule", System::Aws, FailureKind::Transient, |state| {
            let due = state.schedule.iter().filter(|(at, _)| *at > after && *at <= until);
            Ok(due.map(|(at, referral)| (*referral, *at)).collect())
        })
        .await
    }
}

#[async_trait]
impl AuditLog for Seat {
    async fn append(&self, entry: &AuditEntry) -> Result<(), Failure> {
        let appended = self
            .call("audits", System::Aws, FailureKind::Transient, |state| {
                state.tell(|| told(entry));
                state.audit.push(entry.clone());
                Ok(())
            })
            .await;
        if appended.is_err() && entry.kind != AuditKind::WriteAhead {
            self.state().speechless.insert(self.invocation.clone());
        }
        appended
    }

    async fn of_pair(&self, pair: &str) -> Result<Vec<AuditEntry>, Failure> {
        Ok(self.state().audit.iter().filter(|entry| entry.pair == pair).cloned().collect())
    }
}

fn told(entry: &AuditEntry) -> String {
    let changed: Vec<String> = entry
        .changes
        .iter()
        .map(|change| {
            format!("{} {}: {:?}→{:?}", change.field, change.side, change.before, change.after)
        })
        .collect();
    format!("      → {} {}: {} [{}]", entry.pair, entry.kind, entry.message, changed.join(", "))
}

#[async_trait]
impl Queue for Seat {
    async fn send(&self, messages: &[SyncMessage]) -> Result<(), Failure> {
        self.call("queues", System::Aws, FailureKind::Transient, |_| Ok(())).await?;
        for message in messages {
            self.world.enqueue(message);
        }
        Ok(())
    }
}
