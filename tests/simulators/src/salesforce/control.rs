//! Hooks for tests and players: what people and automation do, and what differs between
//! organisations.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post, put};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Salesforce;
use super::answer::{Answer, Call};
use super::conversion::Conversion;
use super::custom_fields::CustomField;
use super::ids::normal;
use super::lead_statuses::LeadStatus;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};
use super::stages::Stage;
use super::switches::Switches;

type Body = Json<Map<String, Value>>;
type Row = Path<(String, String)>;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        Answer::from(self).into_response()
    }
}

pub(crate) fn router(salesforce: Salesforce) -> Router {
    Router::new()
        .route("/switches", get(read_switches).put(put_switches))
        .route("/rows/{object}", get(rows).post(create))
        .route("/rows/{object}/many", post(create_many))
        .route("/rows/{object}/{id}", get(row).patch(update).delete(delete))
        .route("/rows/{object}/{id}/undelete", post(undelete))
        .route("/rows/{object}/{id}/automation", post(automation))
        .route("/rows/{object}/{id}/delay", post(delay))
        .route("/rows/{object}/{id}/lock", post(lock))
        .route("/leads/{id}/convert", post(convert))
        .route("/lead-statuses", put(put_lead_statuses))
        .route("/recycle-bin/empty", post(empty_bin))
        .route("/stages", get(read_stages).put(put_stages))
        .route("/fields", post(add_field))
        .route("/certificate", put(put_certificate))
        .route("/sessions/revoke", post(revoke))
        .route("/cursors/expire", post(expire))
        .with_state(salesforce)
}

async fn read_switches(State(salesforce): State<Salesforce>) -> Json<Switches> {
    Json(salesforce.lock().switches.clone())
}

/// Replaces all switches; those left out go back to their defaults.
async fn put_switches(
    State(salesforce): State<Salesforce>,
    Json(wanted): Body,
) -> Outcome<Json<Switches>> {
    let mut organisation = salesforce.lock();
    let invalid = |error: serde_json::Error| Refusal::json(format!("switches: {error}"));
    let mut all = serde_json::to_value(Switches::of(&organisation.options)).map_err(invalid)?;
    if let Value::Object(all) = &mut all {
        all.extend(wanted);
    }
    organisation.switches = serde_json::from_value(all).map_err(invalid)?;
    organisation.objects_changed = organisation.now();
    Ok(Json(organisation.switches.clone()))
}

async fn rows(
    State(salesforce): State<Salesforce>,
    Path(object): Path<String>,
) -> Outcome<Json<Value>> {
    let organisation = salesforce.lock();
    let object = organisation.object(&object)?;
    let call = Call::of_control();
    let records = organisation.records.living(object.name);
    let rows: Vec<Value> =
        records.map(|record| organisation.full(&call, &object, record, &[])).collect();
    Ok(Json(json!({"records": rows})))
}

async fn row(
    State(salesforce): State<Salesforce>,
    Path((object, id)): Row,
) -> Outcome<Json<Value>> {
    Ok(Json(salesforce.lock().whole(&object, &id)?))
}

async fn create(
    State(salesforce): State<Salesforce>,
    Path(object): Path<String>,
    Json(body): Body,
) -> Outcome<(StatusCode, Json<Value>)> {
    let mut organisation = salesforce.lock();
    let (object, seller) = (organisation.object(&object)?, organisation.as_seller());
    let id = organisation.create(&object, &seller, &body)?;
    Ok((StatusCode::CREATED, Json(organisation.whole(object.name, &id)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Many {
    count: usize,
    fields: Map<String, Value>,
}

/// Many records of one second, as a data load leaves them; `{n}` in a text is the record's number.
async fn create_many(
    State(salesforce): State<Salesforce>,
    Path(object): Path<String>,
    Json(many): Json<Many>,
) -> Outcome<Json<Value>> {
    let mut organisation = salesforce.lock();
    let (object, seller) = (organisation.object(&object)?, organisation.as_seller());
    let stamp = organisation.now();
    let mut ids = Vec::new();
    for number in 1..=many.count {
        let numbered = |value: &Value| match value {
            Value::String(text) => text.replace("{n}", &number.to_string()).into(),
            other => other.clone(),
        };
        let body =
            many.fields.iter().map(|(name, value)| (name.clone(), numbered(value))).collect();
        let id = organisation.create(&object, &seller, &body)?;
        organisation.stamp(object.name, &id, stamp);
        ids.push(id);
    }
    Ok(Json(json!({"ids": ids})))
}

async fn update(
    State(salesforce): State<Salesforce>,
    Path((object, id)): Row,
    Json(body): Body,
) -> Outcome<Json<Value>> {
    let mut organisation = salesforce.lock();
    let (object, seller) = (organisation.object(&object)?, organisation.as_seller());
    let record = organisation.existing(&object, &id)?;
    organisation.update(&object, &seller, &record.id, &body)?;
    Ok(Json(organisation.whole(object.name, &record.id)?))
}

async fn delete(
    State(salesforce): State<Salesforce>,
    Path((object, id)): Row,
) -> Outcome<StatusCode> {
    let mut organisation = salesforce.lock();
    let (object, seller) = (organisation.object(&object)?, organisation.as_seller());
    let record = organisation.existing(&object, &id)?;
    organisation.delete(&object, &seller, &record.id)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn undelete(
    State(salesforce): State<Salesforce>,
    Path((object, id)): Row,
) -> Outcome<Json<Value>> {
    let mut organisation = salesforce.lock();
    let (object, seller) = (organisation.object(&object)?, organisation.as_seller());
    organisation.undelete(&object, &seller, &normal(&id).unwrap_or_default())?;
    Ok(Json(organisation.whole(object.name, &id)?))
}

/// An automated process moves `SystemModstamp` and nothing else.
async fn automation(
    State(salesforce): State<Salesforce>,
    Path((object, id)): Row,
) -> Outcome<Json<Value>> {
    let mut organisation = salesforce.lock();
    let (object, now) = (organisation.object(&object)?, organisation.now());
    let record = organisation.existing(&object, &id)?;
    organisation.touch(&object, &record.id, now)?;
    Ok(Json(organisation.whole(object.name, &record.id)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    seconds: i64,
}

/// The record's last write becomes visible to others only so much later, under the stamp it has.
async fn delay(
    State(salesforce): State<Salesforce>,
    Path((object, id)): Row,
    Json(wanted): Json<Delay>,
) -> Outcome<StatusCode> {
    let mut organisation = salesforce.lock();
    let object = organisation.object(&object)?;
    let record = organisation.existing(&object, &id)?;
    let until = organisation.now().saturating_add(SignedDuration::from_secs(wanted.seconds));
    if let Some(record) = organisation.records.get_mut(object.name, &record.id) {
        record.hidden_until = until.ok();
    }
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

/// The next writes to the record, or to children of it, meet another transaction's lock.
async fn lock(
    State(salesforce): State<Salesforce>,
    Path((object, id)): Row,
    Json(wanted): Json<Lock>,
) -> Outcome<StatusCode> {
    let mut organisation = salesforce.lock();
    let object = organisation.object(&object)?;
    let record = organisation.existing(&object, &id)?;
    organisation.locks.insert(record.id, wanted.times.max(1));
    Ok(StatusCode::NO_CONTENT)
}

async fn empty_bin(State(salesforce): State<Salesforce>) -> StatusCode {
    salesforce.lock().records.empty_bin();
    StatusCode::NO_CONTENT
}

async fn read_stages(State(salesforce): State<Salesforce>) -> Json<Vec<Stage>> {
    Json(salesforce.lock().stages.clone())
}

/// Replaces all stages, as an administrator does; deals keep what they are until they are written.
async fn put_stages(
    State(salesforce): State<Salesforce>,
    Json(stages): Json<Vec<Stage>>,
) -> StatusCode {
    let mut organisation = salesforce.lock();
    organisation.stages = stages;
    organisation.plant_stages();
    organisation.objects_changed = organisation.now();
    StatusCode::NO_CONTENT
}

/// The person gets the lead back; the body may be empty.
async fn convert(
    State(salesforce): State<Salesforce>,
    Path(id): Path<String>,
    body: Option<Json<Conversion>>,
) -> Outcome<Json<Value>> {
    let mut organisation = salesforce.lock();
    organisation.convert(&id, &body.map(|Json(wanted)| wanted).unwrap_or_default())?;
    Ok(Json(organisation.whole("Lead", &id)?))
}

async fn put_lead_statuses(
    State(salesforce): State<Salesforce>,
    Json(statuses): Json<Vec<LeadStatus>>,
) -> Outcome<StatusCode> {
    salesforce.lock().set_lead_statuses(statuses)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn add_field(
    State(salesforce): State<Salesforce>,
    Json(field): Json<CustomField>,
) -> Outcome<StatusCode> {
    salesforce.lock().add_field(field)?;
    Ok(StatusCode::CREATED)
}

/// The PEM whose key the JWT flow's assertions are signed with.
async fn put_certificate(State(salesforce): State<Salesforce>, pem: String) -> StatusCode {
    salesforce.lock().options.certificate = Some(pem);
    StatusCode::NO_CONTENT
}

async fn revoke(State(salesforce): State<Salesforce>) -> StatusCode {
    salesforce.lock().sessions.revoke_all();
    StatusCode::NO_CONTENT
}

async fn expire(State(salesforce): State<Salesforce>) -> StatusCode {
    salesforce.lock().cursors.clear();
    StatusCode::NO_CONTENT
}

impl Organisation {
    fn whole(&self, object: &str, id: &str) -> Outcome<Value> {
        let object = self.object(object)?;
        let record = self.existing(&object, id)?;
        Ok(self.full(&Call::of_control(), &object, &record, &[]))
    }

    /// Gives a record's stamps this second.
    fn stamp(&mut self, object: &str, id: &str, at: Timestamp) {
        let Some(record) = self.records.get_mut(object, id) else {
            return;
        };
        for stamp in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
            record.cells.insert(stamp.into(), super::cell::Cell::moment(at));
        }
    }
}
