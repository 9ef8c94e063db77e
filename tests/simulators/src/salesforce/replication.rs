//! `/updated` and `/deleted` (contract salesforce 3.3).

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::answer::{Answer, Call};
use super::cell::shown;
use super::organisation::Organisation;
use super::records::Record;
use super::refusal::{Outcome, Refusal};
use super::schema::Object;
use super::values::moment;

/// How far back the two calls reach, days.
const UPDATED_DAYS: i64 = 30;
const DELETED_DAYS: i64 = 15;

impl Organisation {
    pub(crate) fn updated(&self, call: &Call, object: &Object) -> Outcome<Answer> {
        let (start, end) = self.range(call, UPDATED_DAYS)?;
        let found = self.changed_between(object, start, end);
        let ids: Vec<String> =
            found.filter(|record| !record.is_deleted()).map(|record| record.id).collect();
        Ok(Answer::ok(json!({"ids": ids, "latestDateCovered": shown(self.covered(end))})))
    }

    pub(crate) fn deleted(&self, call: &Call, object: &Object) -> Outcome<Answer> {
        let (start, end) = self.range(call, DELETED_DAYS)?;
        let found = self.changed_between(object, start, end).filter(Record::is_deleted);
        let records: Value = found
            .map(|record| {
                json!({
                    "id": record.id, "deletedDate": shown(record.moment("SystemModstamp"))
                })
            })
            .collect();
        let earliest = days_before(self.now(), DELETED_DAYS);
        Ok(Answer::ok(json!({
            "deletedRecords": records,
            "earliestDateAvailable": shown(earliest),
            "latestDateCovered": shown(self.covered(end)),
        })))
    }

    fn changed_between(
        &self,
        object: &Object,
        start: Timestamp,
        end: Timestamp,
    ) -> impl Iterator<Item = Record> {
        let now = self.now();
        let seen = self.records.all(object.name).filter_map(move |record| record.seen(now));
        seen.filter(move |record| (start..end).contains(&record.moment("SystemModstamp")))
    }

    /// Both bounds cut to the minute; less than a minute, or too far back, is no range.
    fn range(&self, call: &Call, days: i64) -> Outcome<(Timestamp, Timestamp)> {
        let invalid =
            |text: &str| Refusal::new(StatusCode::BAD_REQUEST, "INVALID_REPLICATION_DATE", text);
        let bound = |name: &str| call.parameter(name).and_then(moment).map(whole_minute);
        let (start, end) = bound("start")
            .zip(bound("end"))
            .ok_or_else(|| invalid("startDate and endDate have to be moments"))?;
        if start >= end {
            return Err(invalid("endDate has to be at least one minute after startDate"));
        }
        if start < days_before(self.now(), days) {
            return Err(invalid("startDate before org replication enabled date"));
        }
        Ok((start, end))
    }

    fn covered(&self, end: Timestamp) -> Timestamp {
        let lag = SignedDuration::from_secs(self.switches.replication_lag_seconds);
        end.min(self.now().saturating_sub(lag).unwrap_or(end))
    }
}

fn whole_minute(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(at)
}

fn days_before(now: Timestamp, days: i64) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN)
}
