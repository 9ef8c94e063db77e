//! Hooks for tests and players: switches, rows as a seller edits them, closing, tokens.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::{get, post};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Dataverse;
use super::cell::Cell;
use super::organisation::{Organisation, SELLER};
use super::refusal::{Outcome, Refusal};
use super::rows::Cells;
use super::states::{LOST, WON};
use super::switches::Switches;

/// Status reason of a lead that became an opportunity.
const QUALIFIED_STATUS: i64 = 3;
/// State of a disqualified lead, and the status reason that the dialog offers here; a merged one
/// has them, too (contract dynamics365 2.5).
const DISQUALIFIED: i64 = 2;
const CANCELED_LEAD: i64 = 7;

type Body = Json<Map<String, Value>>;

pub(crate) fn router(dataverse: Dataverse) -> Router {
    Router::new()
        .route("/switches", get(read_switches).put(put_switches))
        .route("/rows/{set}", get(rows).post(create))
        .route("/rows/{set}/{id}", get(row).patch(update).delete(delete))
        .route("/opportunities/{id}/win", post(win))
        .route("/opportunities/{id}/lose", post(lose))
        .route("/leads/{id}/qualify", post(qualify))
        .route("/leads/{id}/disqualify", post(disqualify))
        .route("/leads/{id}/merge", post(merge))
        .route("/tokens/revoke", post(revoke))
        .route("/delta/expire", post(expire))
        .with_state(dataverse)
}

async fn read_switches(State(dataverse): State<Dataverse>) -> Json<Switches> {
    Json(dataverse.lock().switches.clone())
}

/// Replaces all switches; those left out go back to their defaults.
async fn put_switches(
    State(dataverse): State<Dataverse>,
    Json(wanted): Body,
) -> Outcome<Json<Switches>> {
    let mut organisation = dataverse.lock();
    let invalid =
        |error: serde_json::Error| Refusal::bad("0x80040203", format!("switches: {error}"));
    let mut all = serde_json::to_value(Switches::of(&organisation.options)).map_err(invalid)?;
    if let Value::Object(all) = &mut all {
        all.extend(wanted);
    }
    organisation.switches = serde_json::from_value(all).map_err(invalid)?;
    organisation.settle_currencies();
    Ok(Json(organisation.switches.clone()))
}

async fn rows(State(dataverse): State<Dataverse>, Path(set): Path<String>) -> Outcome<Json<Value>> {
    let organisation = dataverse.lock();
    let table = organisation.set(&set)?;
    let rows = organisation.rows.all(&table.name);
    let value: Vec<Value> = rows.map(|row| organisation.render_whole(&table, row)).collect();
    Ok(Json(json!({"value": value})))
}

async fn row(
    State(dataverse): State<Dataverse>,
    Path((set, id)): Path<(String, Uuid)>,
) -> Outcome<Json<Value>> {
    Ok(Json(dataverse.lock().shown(&set, id)?))
}

async fn create(
    State(dataverse): State<Dataverse>,
    Path(set): Path<String>,
    Json(body): Body,
) -> Outcome<(StatusCode, Json<Value>)> {
    let mut organisation = dataverse.lock();
    let table = organisation.set(&set)?;
    let id = organisation.create(&table, SELLER, &body, Cells::new())?;
    Ok((StatusCode::CREATED, Json(organisation.shown(&set, id)?)))
}

async fn update(
    State(dataverse): State<Dataverse>,
    Path((set, id)): Path<(String, Uuid)>,
    Json(body): Body,
) -> Outcome<Json<Value>> {
    let mut organisation = dataverse.lock();
    let table = organisation.set(&set)?;
    organisation.update(&table, SELLER, id, &body)?;
    Ok(Json(organisation.shown(&set, id)?))
}

async fn delete(
    State(dataverse): State<Dataverse>,
    Path((set, id)): Path<(String, Uuid)>,
) -> Outcome<StatusCode> {
    let mut organisation = dataverse.lock();
    let table = organisation.set(&set)?;
    organisation.delete(&table, id)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn win(state: State<Dataverse>, id: Path<Uuid>, body: Option<Body>) -> Outcome<Json<Value>> {
    close(&state.0, id.0, body, WON, 3)
}

async fn lose(state: State<Dataverse>, id: Path<Uuid>, body: Option<Body>) -> Outcome<Json<Value>> {
    close(&state.0, id.0, body, LOST, 4)
}

/// The seller's close dialog: the body holds columns of the close row and may hold `status`.
fn close(
    dataverse: &Dataverse,
    id: Uuid,
    body: Option<Body>,
    state: i64,
    status: i64,
) -> Outcome<Json<Value>> {
    let mut close = body.map(|Json(body)| body).unwrap_or_default();
    let status = close.remove("status").unwrap_or_else(|| status.into());
    close.insert("opportunityid@odata.bind".into(), format!("/opportunities({id})").into());
    close.entry("subject").or_insert_with(|| "Closed by the seller".into());
    let parameters =
        Map::from_iter([("Status".into(), status), ("OpportunityClose".into(), close.into())]);
    let mut organisation = dataverse.lock();
    organisation.close(SELLER, &parameters, state)?;
    Ok(Json(organisation.shown("opportunities", id)?))
}

/// The seller's Qualify button: the body may hold parameters of `QualifyLead` that differ from
/// making everything.
async fn qualify(
    State(dataverse): State<Dataverse>,
    Path(id): Path<Uuid>,
    body: Option<Body>,
) -> Outcome<Json<Value>> {
    let everything = ["CreateAccount", "CreateContact", "CreateOpportunity"]
        .map(|flag| (flag.to_owned(), true.into()));
    let mut parameters = Map::from_iter(everything);
    parameters.insert("Status".into(), QUALIFIED_STATUS.into());
    parameters.extend(body.map(|Json(body)| body).unwrap_or_default());
    let mut organisation = dataverse.lock();
    organisation.qualify(SELLER, id, &parameters)?;
    Ok(Json(organisation.shown("leads", id)?))
}

/// The seller's Disqualify button: the body may hold `status`.
async fn disqualify(
    State(dataverse): State<Dataverse>,
    Path(id): Path<Uuid>,
    body: Option<Body>,
) -> Outcome<Json<Value>> {
    let status = body
        .and_then(|Json(mut body)| body.remove("status"))
        .unwrap_or_else(|| CANCELED_LEAD.into());
    let change =
        Map::from_iter([("statecode".into(), DISQUALIFIED.into()), ("statuscode".into(), status)]);
    let mut organisation = dataverse.lock();
    let table = organisation.set("leads")?;
    organisation.update(&table, SELLER, id, &change)?;
    Ok(Json(organisation.shown("leads", id)?))
}

/// The seller merges this lead into another: the body's `into`.
async fn merge(
    State(dataverse): State<Dataverse>,
    Path(id): Path<Uuid>,
    Json(body): Body,
) -> Outcome<Json<Value>> {
    let mut organisation = dataverse.lock();
    let table = organisation.set("leads")?;
    let named =
        body.get("into").and_then(Value::as_str).and_then(|text| Uuid::parse_str(text).ok());
    let master = organisation.row("lead", named.unwrap_or_default())?.id;
    let changes = [
        ("statecode", Cell::Int(DISQUALIFIED)),
        ("statuscode", Cell::Int(CANCELED_LEAD)),
        ("merged", Cell::Bool(true)),
        ("masterid", Cell::lookup("lead", master)),
    ];
    let changes = changes.into_iter().map(|(column, cell)| (column.to_owned(), cell)).collect();
    organisation.amend(&table, SELLER, id, changes)?;
    Ok(Json(organisation.shown("leads", id)?))
}

async fn revoke(State(dataverse): State<Dataverse>) -> StatusCode {
    dataverse.lock().tokens.revoke_all();
    StatusCode::NO_CONTENT
}

async fn expire(State(dataverse): State<Dataverse>) -> StatusCode {
    dataverse.lock().expire_delta_tokens();
    StatusCode::NO_CONTENT
}

impl Organisation {
    fn shown(&self, set: &str, id: Uuid) -> Outcome<Value> {
        let table = self.set(set)?;
        Ok(self.render_whole(&table, self.row(&table.name, id)?))
    }

    /// Refuses all delta tokens given out so far, as a table customisation does (contract
    /// dynamics365 3.9).
    pub(crate) fn expire_delta_tokens(&mut self) {
        self.oldest_delta = self.rows.next_version();
    }
}
