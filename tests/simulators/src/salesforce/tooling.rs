//! The Tooling API, as far as it makes and finds custom fields (contract salesforce 5.5).

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::answer::{Answer, Call};
use super::cell::Cell;
use super::definition;
use super::ids::normal;
use super::objects::custom_field;
use super::organisation::Organisation;
use super::records::Record;
use super::refusal::{Outcome, Refusal};
use super::soql::parse;

impl Organisation {
    /// `/tooling/…`.
    pub(crate) fn tooling_request(&mut self, call: &Call, rest: &[String]) -> Outcome<Answer> {
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        match (rest.as_slice(), &call.method) {
            (["sobjects", "CustomField"], &Method::POST) => self.make_field(call),
            (["sobjects", "CustomField", id], &Method::GET) => self.read_definition(call, id),
            (["query"], &Method::GET) => self.tooling_query(call),
            _ => Err(Refusal::not_simulated("This part of the Tooling API")),
        }
    }

    fn make_field(&mut self, call: &Call) -> Outcome<Answer> {
        self.refuse_customising("CustomField")?;
        let mut wanted = definition::read(&call.object()?)?;
        wanted.field.by_grant = true;
        let id = self.install_field(&wanted.object, &wanted.field)?;
        let body = json!({"id": id, "success": true, "errors": [], "warnings": [], "infos": []});
        let location = format!("{}/tooling/sobjects/CustomField/{id}", call.root());
        Ok(Answer::json(StatusCode::CREATED, body).with("location", location))
    }

    fn read_definition(&self, call: &Call, id: &str) -> Outcome<Answer> {
        let record = normal(id)
            .and_then(|id| self.records.get("CustomField", &id))
            .ok_or_else(Refusal::not_found)?;
        let text = |name: &str| record.text(name).unwrap_or_default();
        let name = format!("{}__c", text("DeveloperName"));
        let object = self.object(text("TableEnumOrId"))?;
        let field = object.field(&name).ok_or_else(Refusal::not_found)?;
        let url = format!("{}/tooling/sobjects/CustomField/{}", call.root(), record.id);
        Ok(Answer::ok(json!({
            "attributes": {"type": "CustomField", "url": url},
            "Id": record.id,
            "DeveloperName": text("DeveloperName"),
            "TableEnumOrId": object.name,
            "FullName": format!("{}.{name}", object.name),
            "Metadata": definition::metadata(field),
        })))
    }

    fn tooling_query(&self, call: &Call) -> Outcome<Answer> {
        let text = call
            .parameter("q")
            .ok_or_else(|| Refusal::bad("MALFORMED_QUERY", "A query string has to be specified"))?;
        let query = parse(text)?;
        let object = custom_field();
        if !query.object.text.eq_ignore_ascii_case(object.name) {
            return Err(Refusal::not_simulated("Tooling queries for anything but CustomField"));
        }
        let columns = self.selected(&object, &query)?;
        let found = self.found(&object, &query, false)?;
        let rows: Vec<Value> =
            found.iter().map(|record| self.row(call, record, &columns)).collect();
        Ok(Answer::ok(
            json!({"size": rows.len(), "totalSize": rows.len(), "done": true, "records": rows}),
        ))
    }

    /// Writes down the custom fields that the organisation has from the start.
    pub(crate) fn note_custom_fields(&mut self) {
        let all = self.objects.iter().flat_map(|object| {
            let custom = object.fields.iter().filter(|field| field.is_custom());
            custom.map(|field| (object.name, field.name.clone()))
        });
        for (object, name) in all.collect::<Vec<_>>() {
            self.note_custom_field(object, &name);
        }
    }

    /// The row that a Tooling query finds for a field; its id.
    pub(crate) fn note_custom_field(&mut self, object: &'static str, name: &str) -> String {
        let id = self.ids.next("00N");
        let cells = [
            ("Id", Cell::Text(id.clone())),
            ("DeveloperName", Cell::Text(name.trim_end_matches("__c").to_owned())),
            ("TableEnumOrId", Cell::Text(object.to_owned())),
        ];
        self.records.put(Record {
            id: id.clone(),
            object: "CustomField",
            cells: cells.map(|(name, cell)| (name.to_owned(), cell)).into(),
            before: None,
            hidden_until: None,
        });
        id
    }
}
