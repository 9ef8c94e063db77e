//! The engine's ports on the model, as strict as the real services and stores are.

use async_trait::async_trait;
use cosell_core::audit::AuditEntry;
use cosell_core::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_core::id::{ETag, EngagementId, ReferralId};
use cosell_core::link::{Link, Seen};
use cosell_core::patch::PatchOperation;
use cosell_core::referral::Referral;
use cosell_engine::port::{AuditTrail, Claim, Claims, Crm, CrmChange, Cursors, Links, PartnerCenter, Queue, ReferralChange};
use cosell_engine::{Failure, FailureKind, Outside};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::world::{Protection, State, Weather, World, key};

fn refused(outside: Outside, kind: FailureKind, why: &str) -> Failure {
    Failure::new(outside, kind, why)
}

/// A stored body always parses; one that does not is a fault of the simulation.
fn referral(body: &Json) -> Result<Referral, Failure> {
    Referral::parse(body.clone(), None, None).map_err(|error| refused(Outside::PartnerCenter, FailureKind::Rejected, &error.to_string()))
}

#[async_trait]
impl PartnerCenter for World {
    async fn get(&self, id: ReferralId) -> Result<Option<Referral>, Failure> {
        self.call("reads the referral", Outside::PartnerCenter, FailureKind::Transient, |state| {
            state.referrals.get(&id).map(referral).transpose()
        })
        .await
    }

    async fn in_engagement(&self, id: EngagementId) -> Result<Vec<Referral>, Failure> {
        self.call("reads the engagement", Outside::PartnerCenter, FailureKind::Transient, |state| {
            let all: Result<Vec<_>, _> = state.referrals.values().map(referral).collect();
            Ok(all?.into_iter().filter(|referral| referral.engagement == Some(id)).collect())
        })
        .await
    }

    async fn by_external_reference(&self, reference: &str) -> Result<Vec<Referral>, Failure> {
        let blind = self.lacks(Protection::Search);
        self.call("searches Partner Center", Outside::PartnerCenter, FailureKind::Transient, |state| {
            let all: Result<Vec<_>, _> = state.referrals.values().map(referral).collect();
            Ok(all?
                .into_iter()
                .filter(|referral| !blind && referral.external_reference.as_deref() == Some(reference))
                .collect())
        })
        .await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<ReferralChange>, Failure> {
        self.call("lists changed referrals", Outside::PartnerCenter, FailureKind::Transient, |state| {
            let all: Result<Vec<_>, _> = state.referrals.values().map(referral).collect();
            let changed = all?.into_iter().filter(|referral| referral.updated >= since);
            Ok(changed
                .map(|referral| ReferralChange {
                    id: referral.id,
                    updated: referral.updated,
                })
                .collect())
        })
        .await
    }

    async fn create(&self, body: &Json) -> Result<Referral, Failure> {
        if self.hangs(body) {
            return Err(refused(Outside::PartnerCenter, FailureKind::OutcomeUnknown, "the creation hangs"));
        }
        self.call("creates a referral", Outside::PartnerCenter, FailureKind::OutcomeUnknown, |state| {
            let id = create(state, body.clone());
            referral(&state.referrals[&id])
        })
        .await
    }

    async fn patch(&self, id: ReferralId, etag: &ETag, operations: &[PatchOperation]) -> Result<Referral, Failure> {
        self.call("patches the referral", Outside::PartnerCenter, FailureKind::Transient, |state| {
            let mut body = state.referrals.get(&id).cloned().unwrap_or_default();
            if body["eTag"] != json!(etag.as_str()) {
                return Err(refused(Outside::PartnerCenter, FailureKind::Stale, "the eTag does not match"));
            }
            if body["status"] == "Closed" {
                state.violations.push(format!("the closed referral {id} was patched"));
                return Err(refused(
                    Outside::PartnerCenter,
                    FailureKind::Rejected,
                    "a closed referral was patched",
                ));
            }
            for operation in operations {
                let parts: Vec<&str> = operation.path.trim_start_matches('/').split('/').collect();
                *parts.iter().fold(&mut body, |at, part| &mut at[*part]) = operation.value.clone();
            }
            state.writes += 1;
            state.put_referral(id, body);
            referral(&state.referrals[&id])
        })
        .await
    }
}

/// Creates a referral as the service does: the partner's own is born accepted, Microsoft's half waits.
pub(crate) fn create(state: &mut State, mut body: Json) -> ReferralId {
    let half = body["engagementId"].is_string();
    (body["status"], body["substatus"]) = if half {
        (json!("New"), json!("Pending"))
    } else {
        (json!("Active"), json!("Accepted"))
    };
    body["direction"] = json!("Outgoing");
    if !half {
        body["engagementId"] = json!(state.guid());
    }
    let id = ReferralId::new(state.guid());
    state.writes += 1;
    state.put_referral(id, body);
    id
}

/// Stores columns as a CRM does that cuts, rounds or ignores what it is given.
fn store(state: &mut State, weather: &Weather, id: &str, write: &CrmWrite) -> Result<CrmRecord, Failure> {
    state.touch(id);
    state.writes += 1;
    let record = state
        .records
        .get_mut(id)
        .ok_or_else(|| refused(Outside::Crm, FailureKind::Stale, "the record is gone"))?;
    for (column, value) in &write.fields {
        if column == "estimatedclosedate" && weather.ignores_date {
            continue;
        }
        record.fields.insert(column.clone(), kept(weather, column, value));
    }
    record.phase = write.phase.unwrap_or(record.phase);
    Ok(record.clone())
}

pub(crate) fn kept(weather: &Weather, column: &str, value: &Json) -> Json {
    match (column, value) {
        ("description", Json::String(text)) => Json::from(text.chars().take(weather.description_length).collect::<String>()),
        ("estimatedvalue", Json::Number(_)) if weather.rounds => Json::from(value.as_f64().unwrap_or_default().round()),
        _ => value.clone(),
    }
}

#[async_trait]
impl Crm for World {
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure> {
        self.call("reads the record", Outside::Crm, FailureKind::Transient, |state| {
            Ok(state.records.get(&key.id).cloned())
        })
        .await
    }

    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure> {
        let id = json!(id.to_string());
        self.call("looks for the record", Outside::Crm, FailureKind::Transient, |state| {
            Ok(state.records.values().find(|record| *record.get("nwcs_referralid") == id).cloned())
        })
        .await
    }

    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.call("upserts the record", Outside::Crm, FailureKind::OutcomeUnknown, |state| {
            let referral = json!(id.to_string());
            let known = state
                .records
                .values()
                .find(|record| *record.get("nwcs_referralid") == referral)
                .map(|record| record.key.id.clone());
            let record = known.unwrap_or_else(|| {
                let id = state.guid().to_string();
                state.records.insert(id.clone(), blank(&id, json!({ "nwcs_referralid": referral })));
                id
            });
            store(state, &self.weather, &record, write)
        })
        .await
    }

    async fn update(&self, key: &CrmKey, version: &str, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.call("writes the record", Outside::Crm, FailureKind::Transient, |state| {
            let record = state
                .records
                .get(&key.id)
                .ok_or_else(|| refused(Outside::Crm, FailureKind::Stale, "the record is gone"))?;
            if record.version != version {
                return Err(refused(Outside::Crm, FailureKind::Stale, "the version does not match"));
            }
            if record.phase.is_closed() {
                state.violations.push(format!("the closed record {} was written", key.id));
                return Err(refused(Outside::Crm, FailureKind::Rejected, "a closed record was written"));
            }
            store(state, &self.weather, &key.id, write)
        })
        .await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        self.call("lists changed records", Outside::Crm, FailureKind::Transient, |state| {
            let flagged = |record: &&CrmRecord| *record.get("nwcs_syncwithpartnercenter") == json!(true) && record.modified >= since;
            let change = |record: &CrmRecord| CrmChange {
                key: record.key.clone(),
                version: record.version.clone(),
                modified: record.modified,
            };
            Ok(state.records.values().filter(flagged).map(change).collect())
        })
        .await
    }
}

/// An open opportunity with these columns.
pub(crate) fn blank(id: &str, fields: Json) -> CrmRecord {
    CrmRecord {
        key: key(id),
        version: "W/\"0\"".into(),
        modified: Timestamp::UNIX_EPOCH,
        phase: Phase::Open,
        fields: serde_json::from_value(fields).unwrap_or_default(),
        request_id: None,
    }
}

#[async_trait]
impl Links for World {
    async fn by_referral(&self, id: ReferralId) -> Result<Option<Link>, Failure> {
        self.call("looks up the link", Outside::Store, FailureKind::Transient, |state| {
            Ok(state.links.get(&id).cloned())
        })
        .await
    }

    async fn by_crm(&self, key: &CrmKey) -> Result<Option<Link>, Failure> {
        self.call("looks up the link", Outside::Store, FailureKind::Transient, |state| {
            Ok(state.links.values().find(|link| link.crm == *key).cloned())
        })
        .await
    }

    async fn by_engagement(&self, id: EngagementId) -> Result<Option<Link>, Failure> {
        self.call("looks up the link", Outside::Store, FailureKind::Transient, |state| {
            Ok(state.links.values().find(|link| link.engagement == Some(id)).cloned())
        })
        .await
    }

    async fn create(&self, link: &Link) -> Result<(), Failure> {
        self.call("links the pair", Outside::Store, FailureKind::Transient, |state| {
            let taken = state.links.contains_key(&link.referral) || state.links.values().any(|known| known.crm == link.crm);
            if taken {
                return Err(refused(Outside::Store, FailureKind::Stale, "one side is linked already"));
            }
            state.links.insert(
                link.referral,
                remembered(
                    self,
                    Link {
                        version: 1,
                        ..link.clone()
                    },
                ),
            );
            Ok(())
        })
        .await
    }

    async fn save(&self, link: &Link) -> Result<Link, Failure> {
        self.call("saves the link", Outside::Store, FailureKind::Transient, |state| {
            let current = state.links.get(&link.referral).is_some_and(|known| known.version == link.version);
            if !current {
                return Err(refused(Outside::Store, FailureKind::Stale, "the link changed since it was read"));
            }
            let saved = remembered(
                self,
                Link {
                    version: link.version + 1,
                    ..link.clone()
                },
            );
            state.links.insert(link.referral, saved.clone());
            Ok(saved)
        })
        .await
    }
}

/// Without the protection a field is remembered once, as the CRM had it, not for each side.
fn remembered(world: &World, mut link: Link) -> Link {
    if world.lacks(Protection::SeenPerSide) {
        for seen in link.seen.values_mut() {
            *seen = Seen {
                partner_center: seen.crm.clone(),
                crm: seen.crm.clone(),
            };
        }
    }
    link
}

#[async_trait]
impl Claims for World {
    async fn claim(&self, name: &str, holder: &str, now: Timestamp, lasts: SignedDuration) -> Result<Claim, Failure> {
        if self.lacks(Protection::Claim) {
            return Ok(Claim::Fresh);
        }
        self.call("claims", Outside::Store, FailureKind::Transient, |state| {
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
        self.call("gives the claim back", Outside::Store, FailureKind::Transient, |state| {
            if state.claims.get(name).is_some_and(|(held_by, _)| held_by == holder) {
                state.claims.remove(name);
            }
            Ok(())
        })
        .await
    }

    async fn is_claimed(&self, name: &str, now: Timestamp) -> Result<bool, Failure> {
        self.call("asks for a claim", Outside::Store, FailureKind::Transient, |state| {
            Ok(state.claims.get(name).is_some_and(|(_, until)| *until > now))
        })
        .await
    }
}

#[async_trait]
impl Cursors for World {
    async fn load(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        self.call("loads a cursor", Outside::Store, FailureKind::Transient, |state| {
            Ok(state.cursors.get(name).copied())
        })
        .await
    }

    async fn save(&self, name: &str, at: Timestamp) -> Result<(), Failure> {
        self.call("saves a cursor", Outside::Store, FailureKind::Transient, |state| {
            let cursor = state.cursors.entry(name.into()).or_insert(at);
            *cursor = at.max(*cursor);
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl AuditTrail for World {
    async fn append(&self, entry: &AuditEntry) -> Result<(), Failure> {
        self.call("audits", Outside::Store, FailureKind::Transient, |state| {
            let changed: Vec<String> = entry
                .changes
                .iter()
                .map(|change| format!("{} {:?}→{:?}", change.field, change.before, change.after))
                .collect();
            state.tell(|| format!("      → {} {}: {} [{}]", entry.pair, entry.kind, entry.message, changed.join(", ")));
            state.audit.push(entry.clone());
            Ok(())
        })
        .await
    }

    async fn of_pair(&self, pair: &str) -> Result<Vec<AuditEntry>, Failure> {
        Ok(self.state().audit.iter().filter(|entry| entry.pair == pair).cloned().collect())
    }
}

#[async_trait]
impl Queue for World {
    async fn send(&self, messages: &[cosell_core::message::SyncMessage]) -> Result<(), Failure> {
        self.call("queues", Outside::Store, FailureKind::Transient, |_| Ok(())).await?;
        messages.iter().cloned().for_each(|message| self.enqueue(message));
        Ok(())
    }
}
