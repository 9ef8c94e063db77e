//! Requests for rows and collections of rows (contract dynamics365 3.1 to 3.5).

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::address::Key;
use super::answer::{empty, json, set_header};
use super::cell::Cell;
use super::conditions::{self, Condition};
use super::http::Call;
use super::keys::Place;
use super::organisation::{APPLICATION_USER, Organisation};
use super::query::{Preferences, Query};
use super::refusal::{Outcome, Refusal};
use super::rows::Cells;
use super::schema::Table;

impl Organisation {
    pub(crate) fn collection(&mut self, call: &Call<'_>, table: &Arc<Table>) -> Outcome<Response> {
        match *call.method {
            Method::GET => self.read_collection(call, table),
            Method::POST => self.post(call, table),
            _ => Err(Refusal::wrong_method(call.method.as_str())),
        }
    }

    fn read_collection(&self, call: &Call<'_>, table: &Arc<Table>) -> Outcome<Response> {
        let query = Query::parse(call.query)?;
        let preferences = Preferences::of(call.headers);
        let tracked_page =
            query.skiptoken.as_ref().is_some_and(|token| token.contains("istracking=\"True\""));
        let body = if preferences.track_changes || query.deltatoken.is_some() || tracked_page {
            self.changes(table, &query, &preferences)?
        } else {
            self.list(table, &query, &preferences)?
        };
        let mut response = json(StatusCode::OK, &body);
        if let Some(applied) = preferences.applied(false) {
            set_header(&mut response, "preference-applied", &applied);
        }
        Ok(response)
    }

    /// `/$count`: text with a byte order mark.
    pub(crate) fn count_answer(&self, call: &Call<'_>, table: &Arc<Table>) -> Outcome<Response> {
        let count = self.count(table, &Query::parse(call.query)?)?;
        let mut response = Response::new(Body::from(format!("\u{feff}{count}")));
        set_header(&mut response, "content-type", "text/plain");
        Ok(response)
    }

    fn post(&mut self, call: &Call<'_>, table: &Arc<Table>) -> Outcome<Response> {
        let query = Query::parse(call.query)?;
        self.shape(table, &query)?;
        let id = self.create(table, APPLICATION_USER, &call.json_object()?, Cells::new())?;
        self.written(call, table, id, &query, &Key::Id(id), StatusCode::CREATED)
    }

    pub(crate) fn row_request(
        &mut self,
        call: &Call<'_>,
        table: &Arc<Table>,
        key: &Key,
    ) -> Outcome<Response> {
        match *call.method {
            Method::GET => self.read_row(call, table, key),
            Method::PATCH => self.patch(call, table, key),
            Method::DELETE => {
                let id = self.existing(table, key)?;
                Condition::of(call.headers, table)?.admits(self.row(&table.name, id)?)?;
                self.delete(table, id)?;
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Refusal::wrong_method(call.method.as_str())),
        }
    }

    fn read_row(&self, call: &Call<'_>, table: &Arc<Table>, key: &Key) -> Outcome<Response> {
        let query = Query::parse(call.query)?;
        let preferences = Preferences::of(call.headers);
        let row = self.row(&table.name, self.existing(table, key)?)?;
        let plain = query.expand.is_empty() && preferences.annotations.is_none();
        if plain && table.optimistic && conditions::unchanged(call.headers, row) {
            return Ok(empty(StatusCode::NOT_MODIFIED));
        }
        let mut response = json(StatusCode::OK, &self.entity(table, row.id, &query, &preferences)?);
        set_header(&mut response, "etag", &row.etag());
        if let Some(applied) = preferences.applied(false) {
            set_header(&mut response, "preference-applied", &applied);
        }
        Ok(response)
    }

    /// The tables of contract dynamics365 3.4 (by id) and 3.5 (by alternate key).
    fn patch(&mut self, call: &Call<'_>, table: &Arc<Table>, key: &Key) -> Outcome<Response> {
        let mut query = Query::parse(call.query)?;
        // `$expand` is ignored on update.
        query.expand.clear();
        self.shape(table, &query)?;
        let condition = Condition::of(call.headers, table)?;
        let mut body = call.json_object()?;
        let (found, place) = match self.place(table, key)? {
            Place::Id(id) => {
                let found = self.rows.get(&table.name, id).map(|row| row.id);
                if found.is_none() && matches!(condition, Condition::Exists | Condition::Version(_))
                {
                    return Err(Refusal::no_row(&table.name, id));
                }
                (found, Cells::from([(table.id_column.clone(), Cell::Guid(id))]))
            }
            Place::Alternate { values, found } => {
                // Not even `If-None-Match: *` creates by alternate key.
                let creates = condition == Condition::None && !self.switches.key_index_pending;
                if found.is_none() && !creates {
                    return Err(Refusal::no_row_with_key(&table.name));
                }
                (found, values.into_iter().collect())
            }
        };
        let Some(id) = found else {
            let id = self.create(table, APPLICATION_USER, &body, place)?;
            return self.written(call, table, id, &query, key, StatusCode::CREATED);
        };
        condition.admits(self.row(&table.name, id)?)?;
        body.retain(|property, _| !place.contains_key(property));
        self.update(table, APPLICATION_USER, id, &body)?;
        self.written(call, table, id, &query, key, StatusCode::OK)
    }

    /// The answer to a write: 204 and the address that was used, or the row when it is wanted.
    fn written(
        &self,
        call: &Call<'_>,
        table: &Arc<Table>,
        id: Uuid,
        query: &Query,
        key: &Key,
        status: StatusCode,
    ) -> Outcome<Response> {
        let preferences = Preferences::of(call.headers);
        let mut response = if preferences.representation {
            json(status, &self.entity(table, id, query, &preferences)?)
        } else {
            let mut response = empty(StatusCode::NO_CONTENT);
            set_header(&mut response, "odata-entityid", &self.entity_id(table, key));
            response
        };
        if let Some(applied) = preferences.applied(true) {
            set_header(&mut response, "preference-applied", &applied);
        }
        Ok(response)
    }

    fn entity(
        &self,
        table: &Arc<Table>,
        id: Uuid,
        query: &Query,
        preferences: &Preferences,
    ) -> Outcome<Value> {
        let shape = self.shape(table, query)?;
        let mut body = Map::new();
        let context =
            format!("{}$metadata#{}{}/$entity", self.api_root(), table.set, shape.context());
        body.insert("@odata.context".into(), context.into());
        body.extend(self.render(self.row(&table.name, id)?, &shape, preferences));
        Ok(body.into())
    }

    /// The row's URL in the form the client used: an upsert by alternate key does not tell the id.
    fn entity_id(&self, table: &Table, key: &Key) -> String {
        let mut url = format!("{}{}(", self.api_root(), table.set);
        match key {
            Key::Id(id) => {
                let _ = write!(url, "{id}");
            }
            Key::Alternate(pairs) => {
                let pairs: Vec<String> =
                    pairs.iter().map(|(column, literal)| format!("{column}={literal}")).collect();
                url += &pairs.join(",");
            }
            Key::Empty => {}
        }
        url + ")"
    }
}
