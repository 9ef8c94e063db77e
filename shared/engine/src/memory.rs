//! In-memory ports: the engine's own view of the outside, with faults to order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use async_trait::async_trait;
use cosell_core::audit::AuditEntry;
use cosell_core::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_core::id::{ETag, EngagementId, ReferralId};
use cosell_core::link::Link;
use cosell_core::message::SyncMessage;
use cosell_core::patch::PatchOperation;
use cosell_core::referral::Referral;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::failure::{Failure, FailureKind, Outside};
use crate::port::{AuditTrail, Claim, Claims, Crm, CrmChange, Cursors, Links, PartnerCenter, Queue, ReferralChange};

/// What a call does instead of succeeding.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Fails without effect.
    Before(FailureKind),
    /// Takes effect, then fails.
    After(FailureKind),
}

/// The whole outside.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) referrals: Mutex<BTreeMap<ReferralId, Json>>,
    pub(crate) records: Mutex<BTreeMap<String, CrmRecord>>,
    links: Mutex<BTreeMap<ReferralId, Link>>,
    claims: Mutex<BTreeMap<String, (String, Timestamp)>>,
    pub(crate) trail: Mutex<Vec<AuditEntry>>,
    /// Calls made, by name.
    pub(crate) calls: Mutex<Vec<&'static str>>,
    /// Faults, by call name, first come first served.
    pub(crate) faults: Mutex<VecDeque<(&'static str, Fault)>>,
    /// Messages put on the queue.
    pub(crate) queued: Mutex<Vec<SyncMessage>>,
    pub(crate) cursors: Mutex<BTreeMap<String, Timestamp>>,
    /// Whether a search by external reference finds what is there.
    pub(crate) blind: Mutex<bool>,
    /// Whether the CRM refuses to close records.
    pub(crate) refuse_closing: Mutex<bool>,
    counter: Mutex<u32>,
}

impl World {
    fn next(&self) -> u32 {
        let mut counter = self.counter.lock().unwrap();
        *counter += 1;
        *counter
    }

    fn guid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.next()) | 0x0a00_0000_0000_4000_8000_0000_0000_0000)
    }

    fn called(&self, name: &'static str) -> Option<Fault> {
        self.calls.lock().unwrap().push(name);
        let mut faults = self.faults.lock().unwrap();
        let at = faults.iter().position(|(call, _)| *call == name)?;
        faults.remove(at).map(|(_, fault)| fault)
    }

    fn run<T>(&self, name: &'static str, outside: Outside, effect: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        match self.called(name) {
            None => effect(),
            Some(Fault::Before(kind)) => Err(Failure::new(outside, kind, "ordered by the test")),
            Some(Fault::After(kind)) => effect().and(Err(Failure::new(outside, kind, "ordered by the test"))),
        }
    }

    pub(crate) fn take_calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// A referral as a person makes or edits it: a new eTag, no call counted.
    pub(crate) fn put_referral(&self, id: ReferralId, body: Json) {
        let mut body = body;
        body["id"] = json!(id);
        body["eTag"] = json!(format!("\"{}\"", self.next()));
        self.referrals.lock().unwrap().insert(id, body);
    }

    pub(crate) fn edit_record(&self, id: &str, edit: impl FnOnce(&mut CrmRecord)) {
        let version = format!("W/\"{}\"", self.next());
        let mut records = self.records.lock().unwrap();
        let record = records.get_mut(id).unwrap();
        edit(record);
        record.version = version;
    }

    fn all(&self, keep: impl Fn(&Referral) -> bool) -> Vec<Referral> {
        self.referrals
            .lock()
            .unwrap()
            .values()
            .map(read)
            .filter(|referral| keep(referral))
            .collect()
    }

    fn store(&self, record: &mut CrmRecord, write: &CrmWrite) {
        record.fields.extend(write.fields.clone());
        record.phase = write.phase.unwrap_or(record.phase);
        record.version = format!("W/\"{}\"", self.next());
    }
}

/// An open opportunity with these columns.
pub(crate) fn record(id: &str, fields: Json) -> CrmRecord {
    CrmRecord {
        key: CrmKey {
            system: "dynamics".into(),
            entity: "opportunity".into(),
            id: id.into(),
        },
        version: "W/\"0\"".into(),
        modified: "2026-11-21T09:00:00Z".parse().unwrap(),
        phase: Phase::Open,
        fields: serde_json::from_value(fields).unwrap(),
        request_id: None,
    }
}

fn read(body: &Json) -> Referral {
    Referral::parse(body.clone(), None, None).unwrap()
}

fn stale(outside: Outside) -> Failure {
    Failure::new(outside, FailureKind::Stale, "it changed since it was read")
}

#[async_trait]
impl PartnerCenter for World {
    async fn get(&self, id: ReferralId) -> Result<Option<Referral>, Failure> {
        tokio::task::yield_now().await;
        self.run("pc.get", Outside::PartnerCenter, || {
            Ok(self.referrals.lock().unwrap().get(&id).map(read))
        })
    }

    async fn in_engagement(&self, id: EngagementId) -> Result<Vec<Referral>, Failure> {
        tokio::task::yield_now().await;
        self.run("pc.in_engagement", Outside::PartnerCenter, || {
            Ok(self.all(|referral| referral.engagement == Some(id)))
        })
    }

    async fn by_external_reference(&self, reference: &str) -> Result<Vec<Referral>, Failure> {
        tokio::task::yield_now().await;
        let blind = *self.blind.lock().unwrap();
        self.run("pc.search", Outside::PartnerCenter, || {
            Ok(self.all(|referral| !blind && referral.external_reference.as_deref() == Some(reference)))
        })
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<ReferralChange>, Failure> {
        tokio::task::yield_now().await;
        self.run("pc.changed", Outside::PartnerCenter, || {
            let changed = self.all(|referral| referral.updated >= since).into_iter();
            Ok(changed
                .map(|referral| ReferralChange {
                    id: referral.id,
                    updated: referral.updated,
                })
                .collect())
        })
    }

    async fn create(&self, body: &Json) -> Result<Referral, Failure> {
        tokio::task::yield_now().await;
        self.run("pc.create", Outside::PartnerCenter, || {
            let mut body = body.clone();
            let half = body["engagementId"].is_string();
            (body["status"], body["substatus"]) = if half {
                (json!("New"), json!("Pending"))
            } else {
                (json!("Active"), json!("Accepted"))
            };
            body["direction"] = json!("Outgoing");
            body["updatedDateTime"] = json!("2026-11-21T10:00:00Z");
            if !half {
                body["engagementId"] = json!(self.guid());
            }
            let id = ReferralId::new(self.guid());
            self.put_referral(id, body);
            Ok(read(&self.referrals.lock().unwrap()[&id]))
        })
    }

    async fn patch(&self, id: ReferralId, etag: &ETag, operations: &[PatchOperation]) -> Result<Referral, Failure> {
        tokio::task::yield_now().await;
        self.run("pc.patch", Outside::PartnerCenter, || {
            let mut body = self.referrals.lock().unwrap()[&id].clone();
            if body["eTag"] != json!(etag.as_str()) {
                return Err(stale(Outside::PartnerCenter));
            }
            for operation in operations {
                let parts: Vec<&str> = operation.path.trim_start_matches('/').split('/').collect();
                let property = parts.iter().fold(&mut body, |at, part| &mut at[*part]);
                *property = operation.value.clone();
            }
            self.put_referral(id, body);
            Ok(read(&self.referrals.lock().unwrap()[&id]))
        })
    }
}

#[async_trait]
impl Crm for World {
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure> {
        tokio::task::yield_now().await;
        self.run("crm.get", Outside::Crm, || Ok(self.records.lock().unwrap().get(&key.id).cloned()))
    }

    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure> {
        tokio::task::yield_now().await;
        let id = json!(id.to_string());
        self.run("crm.find", Outside::Crm, || {
            Ok(self
                .records
                .lock()
                .unwrap()
                .values()
                .find(|record| *record.get("nwcs_referralid") == id)
                .cloned())
        })
    }

    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        tokio::task::yield_now().await;
        self.run("crm.upsert", Outside::Crm, || {
            let referral_id = json!(id.to_string());
            let mut records = self.records.lock().unwrap();
            let known = records
                .values()
                .find(|record| *record.get("nwcs_referralid") == referral_id)
                .cloned();
            let mut record = known.unwrap_or_else(|| record(&self.guid().to_string(), json!({ "nwcs_referralid": referral_id })));
            self.store(&mut record, write);
            records.insert(record.key.id.clone(), record.clone());
            Ok(record)
        })
    }

    async fn update(&self, key: &CrmKey, version: &str, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        tokio::task::yield_now().await;
        self.run("crm.update", Outside::Crm, || {
            let mut records = self.records.lock().unwrap();
            let record = records.get_mut(&key.id).unwrap();
            assert!(
                !record.phase.is_closed() || write.phase == Some(Phase::Open),
                "a closed record is read-only"
            );
            if record.version != version {
                return Err(stale(Outside::Crm));
            }
            if *self.refuse_closing.lock().unwrap() && write.phase.is_some_and(Phase::is_closed) {
                return Err(Failure::new(Outside::Crm, FailureKind::Rejected, "close its open activities first"));
            }
            self.store(record, write);
            Ok(record.clone())
        })
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        tokio::task::yield_now().await;
        self.run("crm.changed", Outside::Crm, || {
            let records = self.records.lock().unwrap();
            let changed = records
                .values()
                .filter(|record| record.modified >= since && *record.get("nwcs_syncwithpartnercenter") == json!(true));
            Ok(changed
                .map(|record| CrmChange {
                    key: record.key.clone(),
                    version: record.version.clone(),
                    modified: record.modified,
                })
                .collect())
        })
    }
}

#[async_trait]
impl Links for World {
    async fn by_referral(&self, id: ReferralId) -> Result<Option<Link>, Failure> {
        tokio::task::yield_now().await;
        Ok(self.links.lock().unwrap().get(&id).cloned())
    }

    async fn by_crm(&self, key: &CrmKey) -> Result<Option<Link>, Failure> {
        tokio::task::yield_now().await;
        Ok(self.links.lock().unwrap().values().find(|link| link.crm == *key).cloned())
    }

    async fn by_engagement(&self, id: EngagementId) -> Result<Option<Link>, Failure> {
        tokio::task::yield_now().await;
        Ok(self
            .links
            .lock()
            .unwrap()
            .values()
            .find(|link| link.engagement == Some(id))
            .cloned())
    }

    async fn create(&self, link: &Link) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        self.run("links.create", Outside::Store, || {
            let mut links = self.links.lock().unwrap();
            if links.contains_key(&link.referral) || links.values().any(|known| known.crm == link.crm) {
                return Err(stale(Outside::Store));
            }
            links.insert(
                link.referral,
                Link {
                    version: 1,
                    ..link.clone()
                },
            );
            Ok(())
        })
    }

    async fn save(&self, link: &Link) -> Result<Link, Failure> {
        tokio::task::yield_now().await;
        self.run("links.save", Outside::Store, || {
            let mut links = self.links.lock().unwrap();
            if links.get(&link.referral).is_none_or(|known| known.version != link.version) {
                return Err(stale(Outside::Store));
            }
            let saved = Link {
                version: link.version + 1,
                ..link.clone()
            };
            links.insert(link.referral, saved.clone());
            Ok(saved)
        })
    }
}

#[async_trait]
impl Claims for World {
    async fn claim(&self, name: &str, holder: &str, now: Timestamp, lasts: SignedDuration) -> Result<Claim, Failure> {
        tokio::task::yield_now().await;
        let mut claims = self.claims.lock().unwrap();
        let before = claims.get(name).cloned();
        if let Some((other, until)) = &before
            && *until > now
            && other != holder
        {
            return Ok(Claim::Held { until: *until });
        }
        claims.insert(name.into(), (holder.into(), now + lasts));
        Ok(if before.is_some() { Claim::TakenOver } else { Claim::Fresh })
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        let mut claims = self.claims.lock().unwrap();
        if claims.get(name).is_some_and(|(held_by, _)| held_by == holder) {
            claims.remove(name);
        }
        Ok(())
    }

    async fn is_claimed(&self, name: &str, now: Timestamp) -> Result<bool, Failure> {
        tokio::task::yield_now().await;
        Ok(self.claims.lock().unwrap().get(name).is_some_and(|(_, until)| *until > now))
    }
}

#[async_trait]
impl AuditTrail for World {
    async fn append(&self, entry: &AuditEntry) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        self.trail.lock().unwrap().push(entry.clone());
        Ok(())
    }

    async fn of_pair(&self, pair: &str) -> Result<Vec<AuditEntry>, Failure> {
        tokio::task::yield_now().await;
        Ok(self
            .trail
            .lock()
            .unwrap()
            .iter()
            .filter(|entry| entry.pair == pair)
            .cloned()
            .collect())
    }
}

#[async_trait]
impl Cursors for World {
    async fn load(&self, name: &str) -> Result<Option<Timestamp>, Failure> {
        tokio::task::yield_now().await;
        Ok(self.cursors.lock().unwrap().get(name).copied())
    }

    async fn save(&self, name: &str, at: Timestamp) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        self.cursors.lock().unwrap().insert(name.into(), at);
        Ok(())
    }
}

#[async_trait]
impl Queue for World {
    async fn send(&self, messages: &[SyncMessage]) -> Result<(), Failure> {
        tokio::task::yield_now().await;
        self.run("queue.send", Outside::Store, || {
            self.queued.lock().unwrap().extend_from_slice(messages);
            Ok(())
        })
    }
}
