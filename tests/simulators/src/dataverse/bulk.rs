//! `CreateMultiple`, `UpdateMultiple` and `UpsertMultiple`: many rows of one table, all or none
//! (contract dynamics365 3.11).

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::address::{self, Key};
use super::answer::{self, empty};
use super::cell::Cell;
use super::http::Call;
use super::keys::Place;
use super::organisation::{APPLICATION_USER, Organisation};
use super::refusal::{Outcome, Refusal};
use super::rows::Cells;
use super::schema::Table;

const NAMESPACE: &str = "Microsoft.Dynamics.CRM.";

type Target = Map<String, Value>;

impl Organisation {
    /// An action bound to a set; `None` when it is none of the three.
    pub(crate) fn bulk(
        &mut self,
        call: &Call<'_>,
        table: &Table,
        name: &str,
    ) -> Option<Outcome<Response>> {
        let work = match name.strip_prefix(NAMESPACE)? {
            "CreateMultiple" => Self::create_multiple,
            "UpdateMultiple" => Self::update_multiple,
            "UpsertMultiple" => Self::upsert_multiple,
            _ => return None,
        };
        if *call.method != Method::POST {
            return Some(Err(Refusal::wrong_method(call.method.as_str())));
        }
        let targets = match targets(call, table) {
            Ok(targets) => targets,
            Err(refusal) => return Some(Err(refusal)),
        };
        let before = self.rows.clone();
        let ended = work(self, table, targets);
        if ended.is_err() {
            self.rows = before;
        }
        Some(ended)
    }

    fn create_multiple(&mut self, table: &Table, targets: Vec<Target>) -> Outcome<Response> {
        let create = |target: Target| self.create(table, APPLICATION_USER, &target, Cells::new());
        let ids: Vec<Uuid> = targets.into_iter().map(create).collect::<Outcome<_>>()?;
        let context = format!("{}$metadata#{NAMESPACE}CreateMultipleResponse", self.api_root());
        let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        Ok(answer::json(StatusCode::OK, &json!({"@odata.context": context, "Ids": ids})))
    }

    fn update_multiple(&mut self, table: &Table, targets: Vec<Target>) -> Outcome<Response> {
        for mut target in targets {
            let key = key_of(table, &mut target)?;
            let id = self.existing(table, &key)?;
            self.update(table, APPLICATION_USER, id, &target)?;
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }

    fn upsert_multiple(&mut self, table: &Table, targets: Vec<Target>) -> Outcome<Response> {
        for mut target in targets {
            let key = key_of(table, &mut target)?;
            let (found, place): (_, Cells) = match self.place(table, &key)? {
                Place::Id(id) => {
                    let found = self.rows.get(&table.name, id).map(|row| row.id);
                    (found, Cells::from([(table.id_column.clone(), Cell::Guid(id))]))
                }
                Place::Alternate { values, found } => (found, values.into_iter().collect()),
            };
            if let Some(id) = found {
                target.retain(|property, _| !place.contains_key(property));
                self.update(table, APPLICATION_USER, id, &target)?;
            } else if target.keys().any(|property| place.contains_key(property)) {
                let text = "An unexpected error occurred: a key attribute stands both in the key \
                            and in the target.";
                return Err(Refusal::bad("0x80040216", text));
            } else {
                self.create(table, APPLICATION_USER, &target, place)?;
            }
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }
}

/// The rows of the body, each of this table by its `@odata.type`.
fn targets(call: &Call<'_>, table: &Table) -> Outcome<Vec<Target>> {
    let mut body = call.json_object()?;
    let Some(Value::Array(targets)) = body.remove("Targets") else {
        return Err(Refusal::payload(table, "The parameter 'Targets' is missing."));
    };
    let target = |target: Value| match target {
        Value::Object(target) if is_of(table, &target) => Ok(target),
        _ => Err(Refusal::payload(table, "Each target needs the '@odata.type' of the entity.")),
    };
    targets.into_iter().map(target).collect()
}

fn is_of(table: &Table, target: &Target) -> bool {
    let kind = target.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    kind.trim_start_matches('#').strip_prefix(NAMESPACE) == Some(&table.name)
}

/// The row that a target means, by `@odata.id` or by its primary key.
fn key_of(table: &Table, target: &mut Target) -> Outcome<Key> {
    let wrong = || {
        Refusal::payload(table, "A target names no row: '@odata.id' or its primary key is missing.")
    };
    if let Some(reference) = target.remove("@odata.id") {
        let segment =
            address::reference(reference.as_str().unwrap_or_default()).ok_or_else(wrong)??;
        return segment.key.filter(|_| segment.name == table.set).ok_or_else(wrong);
    }
    let id = target.remove(&table.id_column);
    let id = id.as_ref().and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
    id.map(Key::Id).ok_or_else(wrong)
}
