//! Requests for one record, by id and by external id (contract salesforce 3.4 to 3.7).

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::answer::{Answer, Call};
use super::conditions;
use super::organisation::Organisation;
use super::records::Record;
use super::refusal::{Outcome, Refusal};
use super::rules::equal;
use super::schema::{Field, Object};
use super::values::no_column;
use super::writes::Writer;

/// `200` or `201` of a write, with the id.
pub(crate) fn saved(id: &str) -> Map<String, Value> {
    Map::from_iter([
        ("id".into(), id.into()),
        ("success".into(), true.into()),
        ("errors".into(), json!([])),
    ])
}

impl Organisation {
    pub(crate) fn as_client(&self, call: &Call) -> Writer {
        let allow = call.clause("sforce-duplicate-rule-header", "allowSave");
        let assign = call.header("sforce-auto-assign");
        Writer {
            user: self.api_user.clone(),
            allow_save: allow.is_some_and(|value| value.eq_ignore_ascii_case("true")),
            assigns: !assign.is_some_and(|value| value.eq_ignore_ascii_case("false")),
        }
    }

    /// `POST /sobjects/{Object}`.
    pub(crate) fn post(&mut self, call: &Call, object: &Arc<Object>) -> Outcome<Answer> {
        let id = self.create(object, &self.as_client(call), &call.object()?)?;
        Ok(created(call, object, &id, saved(&id)))
    }

    /// `/sobjects/{Object}/{id}`.
    pub(crate) fn by_id(&mut self, call: &Call, object: &Arc<Object>, id: &str) -> Outcome<Answer> {
        let record = self.existing(object, id)?;
        match call.method {
            Method::GET | Method::HEAD => self.read(call, object, &record),
            Method::PATCH => {
                self.admit(call, &record)?;
                self.update(object, &self.as_client(call), &record.id, &call.object()?)?;
                Ok(Answer::empty(StatusCode::NO_CONTENT))
            }
            Method::DELETE => {
                if self.switches.conditional_deletes {
                    self.admit(call, &record)?;
                }
                self.delete(object, &self.as_client(call), &record.id)?;
                Ok(Answer::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Refusal::wrong_method(call.method.as_str())),
        }
    }

    fn read(&self, call: &Call, object: &Object, record: &Record) -> Outcome<Answer> {
        let fields = self.wanted_fields(object, call.parameter("fields").unwrap_or_default())?;
        if let Some(answer) = conditions::not_modified(call, record) {
            return Ok(answer);
        }
        let answer = Answer::ok(self.full(call, object, record, &fields));
        Ok(conditions::validators(answer, record))
    }

    /// The fields of a comma-separated list; one that does not exist or is hidden is refused.
    pub(crate) fn wanted_fields<'a>(
        &self,
        object: &'a Object,
        list: &str,
    ) -> Outcome<Vec<&'a Field>> {
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        let field = |name| self.field(object, name).ok_or_else(|| no_column(object, name).into());
        names.map(field).collect()
    }

    /// `/sobjects/{Object}/{Field}/{value}`: the table of contract salesforce 3.6. No conditional
    /// headers here.
    pub(crate) fn by_external_id(
        &mut self,
        call: &Call,
        object: &Arc<Object>,
        field: &str,
        value: &str,
    ) -> Outcome<Answer> {
        let no_field = || Refusal::no_external_id(field);
        let key = self
            .field(object, field)
            .filter(|field| field.external_id || field.id_lookup)
            .ok_or_else(no_field)?
            .clone();
        if key.name == "Id" {
            return self.by_id(call, object, value);
        }
        let wanted = self.value(&key, &Value::from(value))?;
        let now = self.now();
        let found = self.records.living(object.name).filter_map(|record| record.seen(now));
        let found: Vec<Record> =
            found.filter(|record| equal(record.get(&key.name), &wanted)).collect();
        match (found.as_slice(), &call.method) {
            ([_, _, ..], _) => Ok(several(call, &found)),
            ([record], &Method::PATCH) => {
                let body = upsert_body(call, &key)?;
                self.update(object, &self.as_client(call), &record.id, &body)?;
                Ok(upserted(call, &record.id))
            }
            ([], &Method::PATCH) if call.parameter("updateOnly") != Some("true") => {
                let mut body = upsert_body(call, &key)?;
                body.insert(key.name.clone(), value.into());
                let id = self.create(object, &self.as_client(call), &body)?;
                let mut answer = saved(&id);
                if call.since(46) {
                    answer.insert("created".into(), true.into());
                }
                Ok(created(call, object, &id, answer))
            }
            ([record], _) => self.by_id(call, object, &record.id.clone()),
            ([], _) => Err(Refusal::not_found()),
        }
    }
}

fn upsert_body(call: &Call, key: &Field) -> Outcome<Map<String, Value>> {
    let body = call.object()?;
    if body.keys().any(|name| name.eq_ignore_ascii_case(&key.name)) {
        let text = format!("The {} field should not be specified in the sobject data.", key.name);
        return Err(Refusal::bad("INVALID_FIELD", text));
    }
    Ok(body)
}

fn created(call: &Call, object: &Object, id: &str, body: Map<String, Value>) -> Answer {
    let location = format!("{}/sobjects/{}/{id}", call.root(), object.name);
    Answer::json(StatusCode::CREATED, body.into()).with("location", location)
}

fn upserted(call: &Call, id: &str) -> Answer {
    if !call.since(46) {
        return Answer::empty(StatusCode::NO_CONTENT);
    }
    let mut body = saved(id);
    body.insert("created".into(), false.into());
    Answer::ok(body.into())
}

fn several(call: &Call, found: &[Record]) -> Answer {
    let url = |record: &Record| format!("{}/sobjects/{}/{}", call.root(), record.object, record.id);
    Answer::json(StatusCode::MULTIPLE_CHOICES, found.iter().map(url).collect())
}
