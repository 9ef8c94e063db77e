//! What the organisation tells about its objects and fields (contract salesforce 3.12).

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::answer::{Answer, Call};
use super::conditions::unchanged_since;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};
use super::schema::{Field, Kind, Object, Write};

impl Organisation {
    pub(crate) fn describe_global(&self, call: &Call) -> Answer {
        if unchanged_since(call, self.objects_changed) {
            return Answer::empty(StatusCode::NOT_MODIFIED);
        }
        let objects: Vec<Value> =
            self.objects.iter().map(|object| summary(call, object).into()).collect();
        Answer::ok(json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}))
    }

    pub(crate) fn describe(&self, call: &Call, object: &Object) -> Outcome<Answer> {
        if call.method != Method::GET {
            return Err(Refusal::wrong_method(call.method.as_str()));
        }
        if unchanged_since(call, self.objects_changed) {
            return Ok(Answer::empty(StatusCode::NOT_MODIFIED));
        }
        let fields = object.fields.iter().filter(|field| self.is_visible(object, field));
        let fields: Vec<Value> = fields.map(|field| self.describe_field(object, field)).collect();
        let mut body = summary(call, object);
        body.insert("fields".into(), fields.into());
        body.insert("childRelationships".into(), json!([]));
        let master = json!({
            "active": true, "available": true, "defaultRecordTypeMapping": true,
            "developerName": "Master",
            "master": true, "name": "Master", "recordTypeId": "012000000000000AAA", "urls": {},
        });
        body.insert("recordTypeInfos".into(), json!([master]));
        Ok(Answer::ok(body.into()))
    }

    fn describe_field(&self, object: &Object, field: &Field) -> Value {
        let references: &[String] = match &field.kind {
            Kind::Reference(to) => to,
            _ => &[],
        };
        let text_length = field.kind.length().unwrap_or_default();
        let (precision, scale, digits) = numbers(&field.kind);
        let restricted = match &field.kind {
            Kind::Picklist { .. } if field.name == "StageName" => self.switches.restricted_stages,
            Kind::Picklist { restricted, .. } | Kind::Multi { restricted, .. } => *restricted,
            _ => false,
        };
        let required =
            self.switches.required_fields.contains(&format!("{}.{}", object.name, field.name));
        let is_editable = self.is_editable(object, field);
        json!({
            "name": field.name,
            "label": field.label,
            "type": type_name(&field.kind),
            "length": text_length,
            "byteLength": text_length * 3,
            "precision": precision,
            "scale": scale,
            "digits": digits,
            "nillable": field.nillable && !required,
            "defaultedOnCreate": field.default.is_some(),
            "createable": object.writable && field.write != Write::Never && is_editable,
            "updateable": object.writable && field.write == Write::Always && is_editable,
            "filterable": field.filterable(),
            "sortable": field.sortable(),
            "groupable": field.sortable(),
            "unique": field.unique,
            "externalId": field.external_id,
            "idLookup": field.id_lookup,
            "caseSensitive": false,
            "restrictedPicklist": restricted,
            "custom": field.is_custom(),
            "calculated": false,
            "autoNumber": false,
            "defaultValue": field.default.as_ref().and_then(super::cell::Cell::as_bool),
            "referenceTo": references,
            "relationshipName": field.relationship(),
            "picklistValues": self.choices(field),
        })
    }

    fn choices(&self, field: &Field) -> Vec<Value> {
        let choice = |value: &str, active: bool| {
            json!({
                "active": active, "defaultValue": false, "label": value, "validFor": null,
                "value": value
            })
        };
        match &field.kind {
            Kind::Picklist { .. } if field.name == "StageName" => {
                self.stages.iter().map(|stage| choice(&stage.name, stage.active)).collect()
            }
            Kind::Picklist { values, .. } | Kind::Multi { values, .. } => {
                values.iter().map(|value| choice(value, true)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// `/sobjects/{Object}`: the summary and the records last used, which are not kept here.
pub(crate) fn basic_information(call: &Call, object: &Object) -> Answer {
    Answer::ok(json!({"objectDescribe": summary(call, object), "recentItems": []}))
}

fn summary(call: &Call, object: &Object) -> Map<String, Value> {
    let url = format!("{}/sobjects/{}", call.root(), object.name);
    let body = json!({
        "name": object.name,
        "label": object.name,
        "labelPlural": object.plural,
        "keyPrefix": object.prefix,
        "createable": object.writable,
        "updateable": object.writable,
        "deletable": object.writable,
        "undeletable": object.writable,
        "queryable": true,
        "retrieveable": true,
        "replicateable": true,
        "searchable": true,
        "custom": false,
        "urls": {
            "sobject": url, "describe": format!("{url}/describe"),
            "rowTemplate": format!("{url}/{{ID}}")
        },
    });
    match body {
        Value::Object(body) => body,
        _ => Map::new(),
    }
}

/// Precision, scale and digits.
fn numbers(kind: &Kind) -> (u32, u32, u32) {
    match kind {
        Kind::Currency(scale) | Kind::Double(scale) => (18, *scale, 0),
        Kind::Percent => (3, 0, 0),
        Kind::Int => (0, 0, 8),
        _ => (0, 0, 0),
    }
}

/// The `type` of contract salesforce 3.12.
pub(crate) fn type_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Id => "id",
        Kind::Text(_) => "string",
        Kind::Area(_) => "textarea",
        Kind::Picklist { .. } => "picklist",
        Kind::Multi { .. } => "multipicklist",
        Kind::Bool => "boolean",
        Kind::Currency(_) => "currency",
        Kind::Percent => "percent",
        Kind::Double(_) => "double",
        Kind::Int => "int",
        Kind::Date => "date",
        Kind::Moment => "datetime",
        Kind::Email => "email",
        Kind::Phone => "phone",
        Kind::Url => "url",
        Kind::Reference(_) => "reference",
        Kind::Address(_) => "address",
    }
}
