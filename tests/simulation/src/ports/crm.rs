//! The CRM.

use async_trait::async_trait;
use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::id::ReferralId;
use cosell_sync::port::{Crm, CrmChange};
use cosell_sync::{Failure, FailureKind, System};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::refused;
use crate::seat::Seat;
use crate::weather::Weather;
use crate::world::{OPPORTUNITY, Request, State, Write, Written, key, key_of};

/// What may stand beside a deal's name.
pub(crate) const MARKS: [char; 2] = ['✔', '✘'];

#[async_trait]
impl Crm for Seat {
    async fn get(&self, key: &CrmKey) -> Result<Option<CrmRecord>, Failure> {
        self.call("reads the record", System::Crm, FailureKind::Transient, |state| {
            let found = state.records.get(&key.id).filter(|record| record.key == *key);
            Ok(found.cloned())
        })
        .await
    }

    async fn find_by_referral(&self, id: ReferralId) -> Result<Option<CrmRecord>, Failure> {
        self.find_record(OPPORTUNITY, id).await
    }

    async fn upsert(&self, id: ReferralId, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        self.upsert_record(OPPORTUNITY, id, write).await
    }

    async fn update(&self, record: &CrmRecord, write: &CrmWrite) -> Result<CrmRecord, Failure> {
        let request = || Request::Update(record.key.clone(), record.version.clone(), write.clone());
        self.hang("writes the record", System::Crm, FailureKind::Transient, request)?;
        self.call("writes the record", System::Crm, FailureKind::Transient, |state| {
            update(
                state,
                &self.world.weather,
                &self.invocation,
                &record.key.id,
                &record.version,
                write,
            )
        })
        .await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<CrmChange>, Failure> {
        self.changed_records(OPPORTUNITY, since).await
    }
}

impl Seat {
    pub(super) async fn find_record(
        &self,
        entity: &str,
        id: ReferralId,
    ) -> Result<Option<CrmRecord>, Failure> {
        self.call("looks for the record", System::Crm, FailureKind::Transient, |state| {
            Ok(carrier(state, entity, id).and_then(|record| state.records.get(&record).cloned()))
        })
        .await
    }

    pub(super) async fn upsert_record(
        &self,
        entity: &'static str,
        id: ReferralId,
        write: &CrmWrite,
    ) -> Result<CrmRecord, Failure> {
        let unknown = FailureKind::OutcomeUnknown;
        self.hang("upserts the record", System::Crm, unknown, || {
            Request::Upsert(entity, id, write.clone())
        })?;
        self.call("upserts the record", System::Crm, unknown, |state| {
            upsert(state, &self.world.weather, &self.invocation, (entity, id), write)
        })
        .await
    }

    pub(super) async fn changed_records(
        &self,
        entity: &str,
        since: Timestamp,
    ) -> Result<Vec<CrmChange>, Failure> {
        let known_until = self.known_until();
        self.call("lists changed records", System::Crm, FailureKind::Transient, |state| {
            let listed = |record: &&CrmRecord| {
                let flagged = *record.get("nwcs_syncwithpartnercenter") == json!(true);
                flagged
                    && record.key.entity == entity
                    && record.modified >= since
                    && record.modified <= known_until
            };
            let change = |record: &CrmRecord| CrmChange {
                key: record.key.clone(),
                version: record.version.clone(),
                modified: record.modified,
            };
            Ok(state.records.values().filter(listed).map(change).collect())
        })
        .await
    }
}

/// The record that carries this Referral Identifier.
fn carrier(state: &State, entity: &str, id: ReferralId) -> Option<String> {
    let id = json!(id.to_string());
    let mut records = state.records.values();
    let record =
        records.find(|record| record.key.entity == entity && *record.get("nwcs_referralid") == id);
    record.map(|record| record.key.id.clone())
}

pub(crate) fn upsert(
    state: &mut State,
    weather: &Weather,
    invocation: &str,
    (entity, id): (&str, ReferralId),
    write: &CrmWrite,
) -> Result<CrmRecord, Failure> {
    let record = carrier(state, entity, id).unwrap_or_else(|| {
        let record = state.guid().to_string();
        let fields = json!({ "nwcs_referralid": id.to_string() });
        let new = CrmRecord { key: key_of(entity, &record), ..blank(&record, fields) };
        state.records.insert(record.clone(), new);
        record
    });
    store(state, weather, invocation, &record, write)
}

pub(crate) fn update(
    state: &mut State,
    weather: &Weather,
    invocation: &str,
    id: &str,
    version: &str,
    write: &CrmWrite,
) -> Result<CrmRecord, Failure> {
    let record = state
        .records
        .get(id)
        .ok_or_else(|| refused(System::Crm, FailureKind::Stale, "the record is gone"))?;
    if record.version != version {
        return Err(refused(System::Crm, FailureKind::Stale, "the version does not match"));
    }
    if record.is_read_only() {
        state.violations.push(format!("the closed or merged record {id} was written"));
        return Err(refused(System::Crm, FailureKind::Rejected, "a closed record was written"));
    }
    store(state, weather, invocation, id, write)
}

/// Stores columns as a CRM does that cuts, rounds or ignores what it is given.
fn store(
    state: &mut State,
    weather: &Weather,
    invocation: &str,
    id: &str,
    write: &CrmWrite,
) -> Result<CrmRecord, Failure> {
    let before = state.records.get(id).cloned().map(|record| Written::Record(Box::new(record)));
    state.touch(id);
    if let Some(name) = write.fields.get("name").and_then(Json::as_str) {
        name_is_sound(state, weather, id, name)?;
    }
    let record = state
        .records
        .get_mut(id)
        .ok_or_else(|| refused(System::Crm, FailureKind::Stale, "the record is gone"))?;
    for (column, value) in &write.fields {
        if column == "estimatedclosedate" && weather.ignores_date {
            continue;
        }
        record.fields.insert(column.clone(), kept(weather, column, value));
    }
    record.phase = write.phase.unwrap_or(record.phase);
    let record = record.clone();
    let write = Write {
        invocation: invocation.to_owned(),
        at: state.now,
        moment: state.moment,
        subject: id.to_owned(),
        before,
        after: Written::Record(Box::new(record.clone())),
    };
    state.writes.push(write);
    Ok(record)
}

/// A name that the engine writes fits its column, and carries one mark where names are marked, else none.
fn name_is_sound(
    state: &mut State,
    weather: &Weather,
    id: &str,
    name: &str,
) -> Result<(), Failure> {
    let marks = name.matches(MARKS).count();
    if marks > usize::from(weather.marks) {
        state.violations.push(format!("{id} was given {marks} marks"));
    }
    if name.chars().count() > weather.name_length {
        state.violations.push(format!("{id} was given a name that is longer than its column"));
        return Err(refused(System::Crm, FailureKind::Rejected, "the name is too long"));
    }
    Ok(())
}

pub(crate) fn kept(weather: &Weather, column: &str, value: &Json) -> Json {
    match (column, value) {
        ("name", Json::String(text)) => {
            Json::from(text.chars().take(weather.name_length).collect::<String>())
        }
        ("description", Json::String(text)) => {
            Json::from(text.chars().take(weather.description_length).collect::<String>())
        }
        ("estimatedvalue", Json::Number(_)) if weather.rounds => {
            Json::from(value.as_f64().unwrap_or_default().round())
        }
        _ => value.clone(),
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
        merged_into: None,
        converted_into: None,
        request_id: None,
    }
}
