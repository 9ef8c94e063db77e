//! The CRM: opportunities, and what both tables have in common.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use async_trait::async_trait;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::id::ReferralId;
use cosell_sync::port::{Crm, CrmChange};
use cosell_sync::{Failure, FailureKind, System};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::ports::{Ports, reading, writing};
use crate::services::{Part, Versions};
use crate::world::{Request, State, Write, Written};

pub(crate) const SYSTEM: System = System::Crm;
pub(crate) const OPPORTUNITY: &str = "opportunity";

/// What the calls of a table are called.
pub(crate) struct Names {
    pub(crate) entity: &'static str,
    get: &'static str,
    find: &'static str,
    upsert: &'static str,
    update: &'static str,
    changed: &'static str,
}

const OPPORTUNITIES: Names = Names {
    entity: OPPORTUNITY,
    get: "crm.get",
    find: "crm.find",
    upsert: "crm.upsert",
    update: "crm.update",
    changed: "crm.changed",
};

pub(crate) const LEADS: Names = Names {
    entity: "lead",
    get: "leads.get",
    find: "leads.find",
    upsert: "leads.upsert",
    update: "leads.update",
    changed: "leads.changed",
};

#[async_trait]
impl Crm for Ports {
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure> {
        self.get_record(&OPPORTUNITIES, key).await
    }

    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure> {
        self.find_record(&OPPORTUNITIES, id).await
    }

    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.upsert_record(&OPPORTUNITIES, id, write).await
    }

    async fn update(&self, record: &CrmRecord, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.update_record(&OPPORTUNITIES, &record.key, &record.version, write).await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        self.changed_records(&OPPORTUNITIES, since).await
    }
}

impl Ports {
    pub(crate) async fn get_record(
        &self,
        table: &Names,
        key: &CrmKey,
    ) -> Result<Option<CrmRecord>, Failure> {
        self.call(reading(table.get, SYSTEM, &key.id), |state| {
            if key.entity != table.entity {
                state.violations.push(format!("{key} was asked of the other table"));
            }
            Ok(state.records.get(&key.id).filter(|record| record.key == *key).map(as_read(state)))
        })
        .await
    }

    pub(crate) async fn find_record(
        &self,
        table: &Names,
        id: ReferralId,
    ) -> Result<Option<CrmRecord>, Failure> {
        self.call(reading(table.find, SYSTEM, ""), |state| {
            let record = carrier(state, table.entity, id);
            Ok(record.and_then(|record| state.records.get(&record)).map(as_read(state)))
        })
        .await
    }

    pub(crate) async fn upsert_record(
        &self,
        table: &Names,
        id: ReferralId,
        write: &CrmWrite,
    ) -> Result<CrmRecord, Failure> {
        let request = || Request::Upsert(table.entity, id, write.clone());
        let call = writing(table.upsert, SYSTEM, "", FailureKind::OutcomeUnknown);
        self.write(call, Some(request), |state| {
            upsert(state, &self.invocation, (table.entity, id), write)
        })
        .await
    }

    pub(crate) async fn update_record(
        &self,
        table: &Names,
        key: &CrmKey,
        version: &str,
        write: &CrmWrite,
    ) -> Result<CrmRecord, Failure> {
        let request = || Request::Update(key.clone(), version.to_owned(), write.clone());
        let call = writing(table.update, SYSTEM, &key.id, FailureKind::Transient);
        self.write(call, Some(request), |state| {
            if key.entity != table.entity {
                state.violations.push(format!("{key} was written in the other table"));
            }
            update(state, &self.invocation, &key.id, version, write)
        })
        .await
    }

    pub(crate) async fn changed_records(
        &self,
        table: &Names,
        since: Timestamp,
    ) -> Result<Vec<CrmChange>, Failure> {
        let known_until = self.known_until();
        self.call(reading(table.changed, SYSTEM, ""), |state| {
            let sync = &state.columns.sync;
            let listed = |record: &&CrmRecord| {
                *record.get(sync) == json!(true)
                    && record.key.entity == table.entity
                    && record.modified >= since
                    && record.modified <= known_until
            };
            let change = |record: &CrmRecord| CrmChange {
                key: record.key.clone(),
                // A list shows the stamp alone.
                version: match state.crm.versions {
                    Versions::Counted => record.version.clone(),
                    Versions::Seconds => record.modified.to_string(),
                },
                modified: record.modified,
            };
            Ok(state.records.values().filter(listed).map(change).collect())
        })
        .await
    }
}

/// A record as it is read now. A version with seconds also says when that was.
fn as_read(state: &State) -> impl Fn(&CrmRecord) -> CrmRecord {
    let (versions, now) = (state.crm.versions, state.now);
    move |record| {
        let mut record = record.clone();
        if versions == Versions::Seconds {
            record.version = format!("{}.{}", record.version, now.as_second());
        }
        record
    }
}

/// A version with seconds: of the change, and of the values.
pub(crate) fn version_of(record: &CrmRecord) -> String {
    let mut hasher = DefaultHasher::new();
    for (name, value) in &record.fields {
        (name, value.to_string()).hash(&mut hasher);
    }
    let modified = record.modified.as_second();
    format!("{modified}.{:?}.{:x}", record.phase, hasher.finish())
}

/// Whether a record still has the version that was read of it.
fn is_current(state: &State, record: &CrmRecord, version: &str) -> bool {
    match state.crm.versions {
        Versions::Counted => record.version == version,
        Versions::Seconds => {
            let (stored, _) = version.rsplit_once('.').unwrap_or((version, ""));
            let seconds = |version: &str| version.split('.').next().map(str::to_owned);
            stored == record.version
                || state.defects.versions_ignore_values
                    && seconds(stored) == seconds(&record.version)
        }
    }
}

/// The record that carries this Referral Identifier.
fn carrier(state: &State, entity: &str, id: ReferralId) -> Option<String> {
    let (id, column) = (json!(id.to_string()), &state.columns.referral_id);
    let mut records = state.records.values();
    let record = records.find(|record| record.key.entity == entity && *record.get(column) == id);
    record.map(|record| record.key.id.clone())
}

pub(crate) fn gone() -> Failure {
    Failure::new(SYSTEM, FailureKind::Stale, "the record is gone")
}

pub(crate) fn upsert(
    state: &mut State,
    invocation: &str,
    (entity, id): (&'static str, ReferralId),
    write: &CrmWrite,
) -> Result<CrmRecord, Failure> {
    let known = carrier(state, entity, id);
    let part = if known.is_some() { Part::Update } else { Part::Create };
    accept(state, part, known.as_deref().unwrap_or_default(), write)?;
    let record = known.unwrap_or_else(|| {
        let key = state.new_key(entity);
        let column = state.columns.referral_id.as_str();
        let new = record(key, json!({ column: id.to_string() }));
        let id = new.key.id.clone();
        state.records.insert(id.clone(), new);
        id
    });
    store(state, invocation, (&record, Request::Upsert(entity, id, write.clone())), write)
}

pub(crate) fn update(
    state: &mut State,
    invocation: &str,
    id: &str,
    version: &str,
    write: &CrmWrite,
) -> Result<CrmRecord, Failure> {
    let record = state.records.get(id).ok_or_else(gone)?;
    if !is_current(state, record, version) {
        let why = "the version does not match";
        return Err(Failure::new(SYSTEM, FailureKind::Stale, why));
    }
    update_present(state, invocation, id, write)
}

/// Changes a record whatever its version.
pub(crate) fn update_present(
    state: &mut State,
    invocation: &str,
    id: &str,
    write: &CrmWrite,
) -> Result<CrmRecord, Failure> {
    let record = state.records.get(id).ok_or_else(gone)?;
    if record.is_read_only() {
        let notes = [&state.columns.audit, &state.columns.sync_status];
        let only_notes = record.merged_into.is_none()
            && write.phase.is_none()
            && write.fields.keys().all(|column| notes.iter().any(|note| *note == column.as_str()));
        if !only_notes {
            state.violations.push(format!("the closed or merged record {id} was written"));
        }
        if !only_notes || !state.crm.closed_takes_notes {
            let why = "the record is closed";
            return Err(Failure::new(SYSTEM, FailureKind::Rejected, why));
        }
    }
    let request = Request::Update(record.key.clone(), record.version.clone(), write.clone());
    accept(state, Part::Update, id, write)?;
    store(state, invocation, (id, request), write)
}

/// Refuses what this CRM refuses, and texts that are longer than their column.
fn accept(state: &mut State, part: Part, id: &str, write: &CrmWrite) -> Result<(), Failure> {
    state.crm.accept(part, id, write, state.now)?;
    for (column, value) in &write.fields {
        let length = value.as_str().map_or(0, |text| text.chars().count());
        if state.crm.limits.get(column).is_some_and(|limit| length > *limit) {
            state.violations.push(format!("{column} was given more than it takes: {value}"));
            return Err(Failure::new(SYSTEM, FailureKind::Rejected, "the text is too long"));
        }
    }
    Ok(())
}

/// Stores columns as a CRM does that cuts, rounds or ignores what it is given.
fn store(
    state: &mut State,
    invocation: &str,
    (id, request): (&str, Request),
    write: &CrmWrite,
) -> Result<CrmRecord, Failure> {
    let before = state.records.get(id).cloned().map(|record| Written::Record(Box::new(record)));
    let crm = &state.crm;
    let record = state.records.get_mut(id).ok_or_else(gone)?;
    for (column, value) in &write.fields {
        if !crm.ignores.contains(column) {
            record.fields.insert(column.clone(), crm.kept(column, value));
        }
    }
    record.phase = match write.phase {
        Some(Phase::OnHold) if crm.lacks_on_hold => Phase::Open,
        phase => phase.unwrap_or(record.phase),
    };
    state.touch(id);
    state.note(|| {
        let phase = write.phase.map(|phase| format!(", phase {phase}")).unwrap_or_default();
        format!("        {id} gets {}{phase}", json!(write.fields))
    });
    let stored = state.records.get(id).ok_or_else(gone)?;
    let write = Write {
        invocation: invocation.to_owned(),
        at: state.now,
        moment: state.moment,
        audited: state.audit.len(),
        subject: id.to_owned(),
        request,
        before,
        after: Written::Record(Box::new(stored.clone())),
    };
    let answer = as_read(state)(stored);
    state.writes.push(write);
    Ok(answer)
}

/// An open record with these columns that nobody has changed yet.
pub fn record(key: CrmKey, fields: Json) -> CrmRecord {
    CrmRecord {
        key,
        version: "W/\"0\"".into(),
        modified: Timestamp::UNIX_EPOCH,
        phase: Phase::Open,
        fields: serde_json::from_value(fields).unwrap_or_default(),
        merged_into: None,
        converted_into: None,
        request_id: None,
    }
}
