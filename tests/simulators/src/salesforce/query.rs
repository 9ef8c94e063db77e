//! `/query` and `/queryAll`, and records as the service shows them (contract salesforce 3.1 and
//! 3.2).

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Call};
use super::cell::Cell;
use super::organisation::Organisation;
use super::records::Record;
use super::refusal::{Outcome, Refusal};
use super::schema::{Field, Kind, Object};
use super::soql::{Column, Query, Selection, parse};

/// Largest offset of a query (memory).
const MOST_OFFSET: usize = 2000;

impl Organisation {
    pub(crate) fn query_request(
        &mut self,
        call: &Call,
        rest: &[String],
        with_deleted: bool,
    ) -> Outcome<Answer> {
        if call.method != Method::GET {
            return Err(Refusal::wrong_method(call.method.as_str()));
        }
        if let [locator] = rest {
            return self.next_page(call, locator);
        }
        if call.parameter("explain").is_some() {
            return Err(Refusal::not_simulated("explain"));
        }
        let text = call
            .parameter("q")
            .ok_or_else(|| Refusal::bad("MALFORMED_QUERY", "A query string has to be specified"))?;
        let query = parse(text)?;
        if call.parameter("columns") == Some("true") {
            return Ok(Answer::ok(self.column_metadata(&query)?));
        }
        let rows = self.rows(call, &query, with_deleted)?;
        if matches!(query.selection, Selection::Count) {
            return Ok(Answer::ok(json!({"totalSize": rows.len(), "done": true, "records": []})));
        }
        Ok(Answer::ok(self.first_page(call, rows)))
    }

    fn rows(&self, call: &Call, query: &Query, with_deleted: bool) -> Outcome<Vec<Value>> {
        if query.offset > MOST_OFFSET {
            let text = format!("Maximum SOQL offset allowed is {MOST_OFFSET}");
            return Err(Refusal::bad("NUMBER_OUTSIDE_VALID_RANGE", text));
        }
        let object = self.queried_object(query)?;
        let columns = self.selected(&object, query)?;
        let found = self.found(&object, query, with_deleted)?;
        let wanted = found.iter().skip(query.offset).take(query.limit.unwrap_or(usize::MAX));
        Ok(wanted.map(|record| self.row(call, record, &columns)).collect())
    }

    /// The selected columns of a record, those of parents inside them.
    pub(crate) fn row(&self, call: &Call, record: &Record, columns: &[Column]) -> Value {
        let mut row = attributes(call, record);
        for column in columns {
            self.put(call, &mut row, record, column, 0);
        }
        row.into()
    }

    fn put(
        &self,
        call: &Call,
        row: &mut Map<String, Value>,
        record: &Record,
        column: &Column,
        depth: usize,
    ) {
        let Some(step) = column.steps.get(depth) else {
            row.insert(column.field.name.clone(), shown(record, &column.field));
            return;
        };
        let parent = self.parent_of(record, &step.field);
        let inner = row.entry(step.relationship.clone()).or_insert_with(|| match &parent {
            Some(parent) => attributes(call, parent).into(),
            None => Value::Null,
        });
        if let (Some(parent), Value::Object(inner)) = (parent, inner) {
            self.put(call, inner, &parent, column, depth + 1);
        }
    }

    /// A record with these fields, or with all a caller may see.
    pub(crate) fn full(
        &self,
        call: &Call,
        object: &Object,
        record: &Record,
        fields: &[&Field],
    ) -> Value {
        let mut row = attributes(call, record);
        let all = object.fields.iter().filter(|field| self.is_visible(object, field));
        let chosen: Vec<&Field> = if fields.is_empty() { all.collect() } else { fields.to_vec() };
        for field in chosen {
            row.insert(field.name.clone(), shown(record, field));
        }
        row.insert("Id".into(), record.id.clone().into());
        row.into()
    }
}

fn attributes(call: &Call, record: &Record) -> Map<String, Value> {
    let url = format!("{}/sobjects/{}/{}", call.root(), record.object, record.id);
    Map::from_iter([("attributes".into(), json!({"type": record.object, "url": url}))])
}

/// A value as it is read; an empty checkbox is false, an address is put together.
fn shown(record: &Record, field: &Field) -> Value {
    match (&field.kind, record.get(&field.name)) {
        (Kind::Bool, Cell::Null) => false.into(),
        (Kind::Currency(_) | Kind::Double(_) | Kind::Percent, Cell::Int(number)) => {
            json!(Cell::Int(*number).as_number())
        }
        (Kind::Address(prefix), _) => address(record, prefix),
        (_, cell) => cell.to_json(),
    }
}

fn address(record: &Record, prefix: &str) -> Value {
    let parts = [
        ("street", "Street"),
        ("city", "City"),
        ("state", "State"),
        ("postalCode", "PostalCode"),
        ("country", "Country"),
    ];
    let values =
        parts.map(|(key, part)| (key.to_owned(), record.get(&format!("{prefix}{part}")).to_json()));
    if values.iter().all(|(_, value)| value.is_null()) {
        return Value::Null;
    }
    let mut address = Map::from_iter(values);
    for key in ["latitude", "longitude", "geocodeAccuracy"] {
        address.insert(key.into(), Value::Null);
    }
    address.into()
}
