//! `/composite/sobjects`: up to 200 records in one request (contract salesforce 3.9). Errors have
//! `statusCode` here.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Call};
use super::composite::flag;
use super::organisation::Organisation;
use super::record_requests::saved;
use super::refusal::{Outcome, Problem, Refusal};
use super::rules::equal;
use super::schema::Field;

const MOST_RECORDS: usize = 200;
const MOST_READS: usize = 2000;

impl Organisation {
    pub(super) fn collection(&mut self, call: &Call, rest: &[&str]) -> Outcome<Answer> {
        match (rest, &call.method) {
            ([], &Method::POST) => self.write_all(call, |organisation, call, row| {
                organisation.collection_create(call, &row)
            }),
            ([], &Method::PATCH) => self.write_all(call, Organisation::collection_update),
            ([], &Method::DELETE) => Ok(self.delete_all(call)),
            ([object, field], &Method::PATCH) => {
                let (object, field) = ((*object).to_owned(), (*field).to_owned());
                self.write_all(call, |organisation, call, row| {
                    organisation.collection_upsert(call, row, &object, &field)
                })
            }
            ([object], &Method::GET | &Method::POST) => self.read_all(call, object),
            _ => Err(Refusal::wrong_method(call.method.as_str())),
        }
    }

    /// Writes each record; with `allOrNone` a failure undoes all.
    fn write_all(
        &mut self,
        call: &Call,
        mut write: impl FnMut(&mut Self, &Call, Map<String, Value>) -> Outcome<Value>,
    ) -> Outcome<Answer> {
        let body = call.object()?;
        let rows = body.get("records").and_then(Value::as_array);
        let rows = rows.ok_or_else(|| Refusal::json("records is missing"))?;
        if rows.len() > MOST_RECORDS {
            return Err(Refusal::bad(
                "EXCEEDED_MAX_SIZE_REQUEST",
                format!("record limit reached. cannot submit more than {MOST_RECORDS} records"),
            ));
        }
        let before = self.records.clone();
        let results: Vec<Outcome<Value>> = rows
            .iter()
            .map(|row| write(self, call, row.as_object().cloned().unwrap_or_default()))
            .collect();
        Ok(self.results(results, flag(&body, "allOrNone"), before))
    }

    fn results(
        &mut self,
        results: Vec<Outcome<Value>>,
        all_or_none: bool,
        before: super::records::Records,
    ) -> Answer {
        let is_undone = all_or_none && results.iter().any(Result::is_err);
        if is_undone {
            self.records = before;
        }
        let rolled_back = || {
            let text = "Record rolled back because not all records were valid and the request was \
                        using AllOrNone header";
            failed(&Problem::new("ALL_OR_NONE_OPERATION_ROLLED_BACK", text).into())
        };
        let shown = results.into_iter().map(|result| match result {
            Ok(_) if is_undone => rolled_back(),
            Ok(saved) => saved,
            Err(refusal) => failed(&refusal),
        });
        Answer::ok(shown.collect())
    }

    fn collection_create(&mut self, call: &Call, row: &Map<String, Value>) -> Outcome<Value> {
        let object = self.object(type_of(row))?;
        let id = self.create(&object, &self.as_client(call), row)?;
        Ok(saved(&id).into())
    }

    fn collection_update(&mut self, call: &Call, mut row: Map<String, Value>) -> Outcome<Value> {
        let object = self.object(type_of(&row))?;
        let id = row.remove("id").or_else(|| row.remove("Id")).unwrap_or_default();
        let record = self.existing(&object, id.as_str().unwrap_or_default())?;
        self.update(&object, &self.as_client(call), &record.id, &row)?;
        Ok(saved(&record.id).into())
    }

    fn collection_upsert(
        &mut self,
        call: &Call,
        mut row: Map<String, Value>,
        object: &str,
        field: &str,
    ) -> Outcome<Value> {
        let object = self.object(object)?;
        let is_key = |field: &&Field| field.external_id || field.id_lookup;
        let key = self
            .field(&object, field)
            .filter(is_key)
            .ok_or_else(|| Refusal::no_external_id(field))?;
        let value = row.remove(&key.name).unwrap_or_default();
        let wanted = self.value(key, &value)?;
        let living = self.records.living(object.name);
        let matching = living.filter(|record| equal(record.get(&key.name), &wanted));
        let found: Vec<String> = matching.map(|record| record.id.clone()).collect();
        if found.len() > 1 {
            return Err(Refusal::bad(
                "DUPLICATE_EXTERNAL_ID",
                "more than one record found for external id field",
            ));
        }
        let writer = self.as_client(call);
        let id = if let Some(id) = found.first() {
            self.update(&object, &writer, id, &row)?;
            id.clone()
        } else {
            row.insert(key.name.clone(), value);
            self.create(&object, &writer, &row)?
        };
        let mut result = saved(&id);
        result.insert("created".into(), found.is_empty().into());
        Ok(result.into())
    }

    fn delete_all(&mut self, call: &Call) -> Answer {
        let ids: Vec<String> =
            call.parameter("ids").unwrap_or_default().split(',').map(str::to_owned).collect();
        let before = self.records.clone();
        let results = ids.iter().map(|id| {
            let object = self.objects.iter().find(|object| id.starts_with(object.prefix)).cloned();
            let object =
                object.ok_or_else(|| Refusal::bad("MALFORMED_ID", format!("malformed id {id}")))?;
            let record = self.existing(&object, id)?;
            self.delete(&object, &self.as_client(call), &record.id)?;
            Ok(saved(&record.id).into())
        });
        let results = results.collect();
        self.results(results, call.parameter("allOrNone") == Some("true"), before)
    }

    fn read_all(&self, call: &Call, object: &str) -> Outcome<Answer> {
        let object = self.object(object)?;
        let list = |value: &Value| {
            value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(",")
        };
        let (ids, fields) = if call.method == Method::GET {
            let parameter = |name| call.parameter(name).unwrap_or_default().to_owned();
            (parameter("ids"), parameter("fields"))
        } else {
            let body = call.object()?;
            let member = |name: &str| body.get(name).map(list).unwrap_or_default();
            (member("ids"), member("fields"))
        };
        let fields = self.wanted_fields(&object, &fields)?;
        if ids.split(',').count() > MOST_READS {
            return Err(Refusal::bad(
                "EXCEEDED_MAX_SIZE_REQUEST",
                format!("at most {MOST_READS} ids"),
            ));
        }
        let read = |id: &str| {
            self.existing(&object, id)
                .map_or(Value::Null, |record| self.full(call, &object, &record, &fields))
        };
        Ok(Answer::ok(ids.split(',').map(read).collect()))
    }
}

fn type_of(row: &Map<String, Value>) -> &str {
    row.get("attributes").and_then(|attributes| attributes["type"].as_str()).unwrap_or_default()
}

fn failed(refusal: &Refusal) -> Value {
    let errors: Vec<Value> = refusal.problems.iter().map(Problem::in_collection).collect();
    json!({"success": false, "errors": errors})
}
