//! The store and the queue: every read strongly consistent, every write conditional where the real
//! one is.

use async_trait::async_trait;
use cosell_model::audit::{AuditEntry, AuditKind};
use cosell_model::crm::CrmKey;
use cosell_model::field::Field;
use cosell_model::id::{EngagementId, ReferralId};
use cosell_model::link::{LastSynced, Link};
use cosell_model::message::{Subject, SyncMessage};
use cosell_model::state::UnlinkedDeal;
use cosell_sync::port::{
    Attention, AuditLog, Claim, Claims, Cursors, Known, Links, NeedsPerson, Queue, Schedule,
};
use cosell_sync::{Failure, FailureKind, System};
use jiff::{SignedDuration, Timestamp};

use crate::call::{Call, WRITE_AHEAD};
use crate::ports::{Ports, to_store};
use crate::world::State;

fn stale(why: &str) -> Failure {
    Failure::new(System::Aws, FailureKind::Stale, why)
}

#[async_trait]
impl Links for Ports {
    async fn by_referral(&self, id: ReferralId) -> Result<Known, Failure> {
        self.call(to_store("links.read"), |state| {
            let link = state.links.get(&id).cloned();
            Ok(known(state, link, &Subject::Referral(id)))
        })
        .await
    }

    async fn by_crm(&self, key: &CrmKey) -> Result<Known, Failure> {
        self.call(to_store("links.read_by_record"), |state| {
            let link = state.links.values().find(|link| link.crm == *key).cloned();
            Ok(known(state, link, &Subject::Crm(key.clone())))
        })
        .await
    }

    async fn by_engagement(&self, id: EngagementId) -> Result<Option<Link>, Failure> {
        self.call(to_store("links.read_by_engagement"), |state| {
            Ok(state.links.values().find(|link| link.engagement == Some(id)).cloned())
        })
        .await
    }

    async fn create(&self, link: &Link) -> Result<(), Failure> {
        self.call(to_store("links.create"), |state| {
            let taken = state.links.contains_key(&link.referral)
                || state.links.values().any(|known| known.crm == link.crm);
            if taken && !state.defects.links_are_unconditional {
                return Err(stale("one side is linked already"));
            }
            put(state, link, 1);
            Ok(())
        })
        .await
    }

    async fn replace(&self, old: &[Link], new: &Link) -> Result<(), Failure> {
        self.call(to_store("links.replace"), |state| {
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
            state.known.remove(&new.referral);
            put(state, new, 1);
            Ok(())
        })
        .await
    }

    async fn save(&self, link: &Link) -> Result<Link, Failure> {
        self.call(to_store("links.save"), |state| {
            let current =
                state.links.get(&link.referral).is_some_and(|known| known.version == link.version);
            if !current && !state.defects.links_are_unconditional {
                return Err(stale("the link changed since it was read"));
            }
            Ok(put(state, link, link.version + 1))
        })
        .await
    }

    async fn save_unlinked(&self, subject: &Subject, deal: &UnlinkedDeal) -> Result<(), Failure> {
        self.call(to_store("links.save_unlinked"), |state| {
            let is_linked = match subject {
                Subject::Referral(id) => state.links.contains_key(id),
                Subject::Crm(key) => state.links.values().any(|link| link.crm == *key),
            };
            if !is_linked {
                state.unlinked.insert(subject.clone(), deal.clone());
            }
            Ok(())
        })
        .await
    }
}

fn known(state: &State, link: Option<Link>, subject: &Subject) -> Known {
    match (link, state.unlinked.get(subject)) {
        (Some(link), _) => Known::Linked(Box::new(link)),
        (None, Some(deal)) => Known::Unlinked(deal.clone()),
        (None, None) => Known::Nothing,
    }
}

fn put(state: &mut State, link: &Link, version: u64) -> Link {
    let mut link = Link { version, ..link.clone() };
    let known = state.known.entry(link.referral).or_default();
    let new: Vec<&Field> =
        link.last_synced.keys().filter(|field| !known.contains_key(field.as_str())).collect();
    for field in new {
        known.insert(field.to_string(), state.moment);
    }
    if state.defects.one_value_for_both_sides {
        for last_synced in link.last_synced.values_mut() {
            *last_synced = LastSynced {
                partner_center: last_synced.crm.clone(),
                crm: last_synced.crm.clone(),
            };
        }
    }
    state.unlinked.remove(&Subject::Referral(link.referral));
    state.unlinked.remove(&Subject::Crm(link.crm.clone()));
    if state.defects.registrations_are_forgotten {
        link.registering = None;
    }
    if state.defects.warnings_are_forgotten {
        link.warned.clear();
    }
    if state.defects.writes_ahead_are_forgotten {
        link.write_ahead.clear();
    }
    state.links.insert(link.referral, link.clone());
    link
}

/// Small, so that a test meets several pages.
const PAGE: usize = 2;

#[async_trait]
impl Attention for Ports {
    async fn needing_a_person(
        &self,
        state: &str,
        after: Option<&NeedsPerson>,
    ) -> Result<Vec<NeedsPerson>, Failure> {
        let position = |deal: &NeedsPerson| (deal.since, deal.subject.clone());
        self.call(to_store("attention.list"), |stored| {
            let mut deals = needing_a_person(stored);
            deals.retain(|deal| deal.state.name() == state);
            deals.retain(|deal| after.is_none_or(|after| position(deal) > position(after)));
            deals.sort_by_key(position);
            deals.truncate(PAGE);
            Ok(deals)
        })
        .await
    }
}

fn needing_a_person(stored: &State) -> Vec<NeedsPerson> {
    let linked = stored.links.values().map(|link| NeedsPerson {
        subject: Subject::Referral(link.referral),
        crm: Some(link.crm.clone()),
        state: link.state.clone(),
        since: link.state_since.unwrap_or_default(),
    });
    let unlinked = stored.unlinked.iter().map(|(subject, deal)| NeedsPerson {
        subject: subject.clone(),
        crm: None,
        state: deal.state.clone(),
        since: deal.state_since.unwrap_or_default(),
    });
    linked.chain(unlinked).filter(|deal| deal.state.needs_a_person()).collect()
}

#[async_trait]
impl Claims for Ports {
    async fn claim(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        lasts: SignedDuration,
    ) -> Result<Claim, Failure> {
        self.call(to_store("claims.take"), |state| {
            if state.defects.claims_exclude_nobody {
                return Ok(Claim::Fresh);
            }
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
        self.call(to_store("claims.give"), |state| {
            if state.claims.get(name).is_some_and(|(held_by, _)| held_by == holder) {
                state.claims.remove(name);
            }
            Ok(())
        })
        .await
    }

    async fn is_claimed(&self, name: &str, now: Timestamp) -> Result<bool, Failure> {
        self.call(to_store("claims.read"), |state| {
            Ok(state.claims.get(name).is_some_and(|(_, until)| *until > now))
        })
        .await
    }
}

#[async_trait]
impl Cursors for Ports {
    async fn load(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        self.call(to_store("cursors.load"), |state| Ok(state.cursors.get(name).copied())).await
    }

    async fn save(&self, name: &str, at: Timestamp) -> Result<(), Failure> {
        self.call(to_store("cursors.save"), |state| {
            let cursor = state.cursors.entry(name.into()).or_insert(at);
            *cursor = at.max(*cursor);
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Schedule for Ports {
    async fn note(&self, referral: ReferralId, at: Timestamp) -> Result<(), Failure> {
        self.call(to_store("schedule.note"), |state| {
            if !state.defects.schedule_is_forgotten {
                state.schedule.insert((at, referral));
            }
            Ok(())
        })
        .await
    }

    async fn due(
        &self,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(ReferralId, Timestamp)>, Failure> {
        self.call(to_store("schedule.due"), |state| {
            let due = state.schedule.iter().filter(|(at, _)| *at > after && *at <= until);
            Ok(due.map(|(at, referral)| (*referral, *at)).collect())
        })
        .await
    }
}

#[async_trait]
impl AuditLog for Ports {
    async fn append(&self, entry: &AuditEntry) -> Result<(), Failure> {
        let about = if entry.kind == AuditKind::WriteAhead { WRITE_AHEAD } else { "" };
        let call = Call { about, ..to_store("audit") };
        self.call(call, |state| {
            state.note(|| line(entry));
            state.audit.push(entry.clone());
            Ok(())
        })
        .await
    }

    async fn of_pair(&self, pair: &str) -> Result<Vec<AuditEntry>, Failure> {
        self.call(to_store("audit.read"), |state| {
            Ok(state.audit.iter().filter(|entry| entry.pair == pair).cloned().collect())
        })
        .await
    }
}

fn line(entry: &AuditEntry) -> String {
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
impl Queue for Ports {
    async fn send(&self, messages: &[SyncMessage]) -> Result<(), Failure> {
        self.call(to_store("queue.send"), |state| {
            for message in messages {
                state.enqueue(message);
            }
            Ok(())
        })
        .await
    }
}
