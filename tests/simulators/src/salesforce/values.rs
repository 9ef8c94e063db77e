//! A JSON object of fields read into cells: names, rights, types, lengths and choices (contract
//! salesforce 3.4, 4.3).

use axum::http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::cell::Cell;
use super::ids::normal;
use super::organisation::Organisation;
use super::records::Cells;
use super::refusal::{Outcome, Problem, Refusal};
use super::schema::{Field, Kind, Object, Write};

impl Organisation {
    /// Reads the fields a write gives. Unknown and read-only fields are refused before any value is
    /// looked at.
    pub(crate) fn payload(
        &self,
        object: &Object,
        body: &Map<String, Value>,
        is_new: bool,
    ) -> Outcome<Cells> {
        let mut cells = Cells::new();
        let (mut problems, mut locked) = (Vec::new(), Vec::new());
        for (name, value) in body.iter().filter(|(name, _)| *name != "attributes") {
            if name.eq_ignore_ascii_case("Id") {
                let text = "The Id field should not be specified in the sobject data.";
                return Err(Refusal::bad("INVALID_FIELD", text));
            }
            if let (Some(field), Value::Object(key)) = (self.by_relationship(object, name), value) {
                cells.insert(field.name.clone(), Cell::Text(self.parent(field, key)?));
                continue;
            }
            let field = self.field(object, name).ok_or_else(|| no_column(object, name))?;
            let is_locked =
                field.write == Write::Never || (field.write == Write::OnCreate && !is_new);
            if is_locked || !self.is_editable(object, field) {
                locked.push(field.name.as_str());
                continue;
            }
            match self.value(field, value) {
                Ok(cell) => drop(cells.insert(field.name.clone(), cell)),
                Err(problem) => problems.push(problem),
            }
        }
        if !locked.is_empty() {
            return Err(read_only(&locked));
        }
        if problems.is_empty() {
            return Ok(cells);
        }
        Err(Refusal { status: StatusCode::BAD_REQUEST, problems })
    }

    fn by_relationship<'a>(&self, object: &'a Object, name: &str) -> Option<&'a Field> {
        let called = |field: &&Field| {
            field.relationship().is_some_and(|relationship| relationship.eq_ignore_ascii_case(name))
        };
        object.fields.iter().find(called).filter(|field| self.is_visible(object, field))
    }

    /// The parent that an external id names: `"Account": { "Erp_Key__c": "C-1042" }`.
    fn parent(&self, field: &Field, key: &Map<String, Value>) -> Outcome<String> {
        let Kind::Reference(to) = &field.kind else {
            return Err(Refusal::not_found());
        };
        let mut keys = key.iter().filter(|(name, _)| *name != "attributes");
        let (Some((name, value)), None) = (keys.next(), keys.next()) else {
            return Err(Refusal::bad("INVALID_FIELD", "Exactly one external id names a parent."));
        };
        for object in to {
            let object = self.object(object)?;
            let Some(key) =
                self.field(&object, name).filter(|key| key.external_id || key.id_lookup)
            else {
                continue;
            };
            let wanted = self.value(key, value)?;
            let mut found =
                self.records.living(object.name).filter(|record| *record.get(&key.name) == wanted);
            if let Some(record) = found.next() {
                return Ok(record.id.clone());
            }
        }
        let text = format!(
            "Foreign key external ID: {} not found for field {name}",
            value.as_str().unwrap_or_default()
        );
        Err(Refusal::bad("INVALID_FIELD", text))
    }

    /// One value as the field's type has it.
    pub(crate) fn value(&self, field: &Field, value: &Value) -> Result<Cell, Problem> {
        if value.is_null() || value.as_str() == Some("") {
            return match field.kind {
                Kind::Bool => Err(cannot_read(field, value)),
                _ => Ok(Cell::Null),
            };
        }
        let cannot = || cannot_read(field, value);
        match &field.kind {
            Kind::Bool => match value.as_str().map(str::to_lowercase).as_deref() {
                Some("true") => Some(Cell::Bool(true)),
                Some("false") => Some(Cell::Bool(false)),
                _ => value.as_bool().map(Cell::Bool),
            }
            .ok_or_else(cannot),
            Kind::Currency(scale) | Kind::Double(scale) => number(field, value, *scale),
            Kind::Percent => number(field, value, 0),
            Kind::Int => value
                .as_i64()
                .or_else(|| value.as_str()?.parse().ok())
                .map(Cell::Int)
                .ok_or_else(cannot),
            Kind::Date => value.as_str().and_then(date).map(Cell::Date).ok_or_else(cannot),
            Kind::Moment => value.as_str().and_then(moment).map(Cell::moment).ok_or_else(cannot),
            Kind::Reference(to) => self.reference(field, to, value.as_str().ok_or_else(cannot)?),
            Kind::Id | Kind::Address(_) => Err(cannot()),
            _ => self.text(field, value.as_str().ok_or_else(cannot)?),
        }
    }

    fn reference(&self, field: &Field, to: &[String], text: &str) -> Result<Cell, Problem> {
        let fits =
            |name: &&String| self.object(name).is_ok_and(|object| text.starts_with(object.prefix));
        let (Some(id), Some(target)) = (normal(text), to.iter().find(fits)) else {
            let message = format!("{}: id value of incorrect type: {text}", field.label);
            return Err(Problem::new("MALFORMED_ID", message).about(&[&field.name]));
        };
        let target = self.records.get(target, &id).filter(|record| !record.is_deleted());
        match target {
            Some(_) => Ok(Cell::Text(id)),
            None => Err(Problem::new("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
                .about(&[])),
        }
    }

    fn text(&self, field: &Field, text: &str) -> Result<Cell, Problem> {
        let text = if self.switches.trim_text { text.trim() } else { text };
        let limit = field.kind.length().unwrap_or(usize::MAX);
        if text.chars().count() > limit {
            let message =
                format!("{}: data value too large: {text} (max length={limit})", field.label);
            return Err(Problem::new("STRING_TOO_LONG", message).about(&[&field.name]));
        }
        if field.kind == Kind::Email && !is_email(text) {
            let message = format!("{}: invalid email address: {text}", field.label);
            return Err(Problem::new("INVALID_EMAIL_ADDRESS", message).about(&[&field.name]));
        }
        if let Some(wrong) = self.unknown_choice(field, text) {
            let message =
                format!("{}: bad value for restricted picklist field: {wrong}", field.label);
            return Err(Problem::new("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message)
                .about(&[&field.name]));
        }
        Ok(if text.is_empty() { Cell::Null } else { Cell::Text(text.into()) })
    }

    fn unknown_choice<'a>(&self, field: &Field, text: &'a str) -> Option<&'a str> {
        match &field.kind {
            Kind::Picklist { .. } if field.name == "StageName" => {
                (self.switches.restricted_stages && self.stage(text).is_none()).then_some(text)
            }
            Kind::Picklist { restricted: true, values, .. } => {
                (!values.iter().any(|value| value == text)).then_some(text)
            }
            Kind::Multi { restricted: true, values } => {
                text.split(';').find(|part| !values.iter().any(|value| value == part))
            }
            _ => None,
        }
    }
}

pub(crate) fn no_column(object: &Object, name: &str) -> Problem {
    Problem::new(
        "INVALID_FIELD",
        format!("No such column '{name}' on sobject of type {}", object.name),
    )
}

fn read_only(fields: &[&str]) -> Refusal {
    let text = format!(
        "Unable to create/update fields: {}. Please check the security settings of this field and \
         verify that it is read/write for your profile or permission set.",
        fields.join(", ")
    );
    Problem::new("INVALID_FIELD_FOR_INSERT_UPDATE", text).about(fields).into()
}

fn cannot_read(field: &Field, value: &Value) -> Problem {
    let (token, shown) = match value {
        Value::String(text) => ("VALUE_STRING", text.clone()),
        Value::Number(number) if number.is_i64() => ("VALUE_NUMBER_INT", number.to_string()),
        Value::Number(number) => ("VALUE_NUMBER_FLOAT", number.to_string()),
        Value::Bool(value) => ("VALUE_BOOLEAN", value.to_string()),
        Value::Null => ("VALUE_NULL", "null".into()),
        Value::Array(_) => ("START_ARRAY", "[".into()),
        Value::Object(_) => ("START_OBJECT", "{".into()),
    };
    let kind = super::describe::type_name(&field.kind);
    let text = format!(
        "Cannot deserialize instance of {kind} from {token} value {shown} or request may be \
         missing a required field"
    );
    Problem::new("JSON_PARSER_ERROR", text)
}

fn number(field: &Field, value: &Value, scale: u32) -> Result<Cell, Problem> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    let number =
        number.filter(|number| number.is_finite()).ok_or_else(|| cannot_read(field, value))?;
    // 18 digits before and after the point together; a percentage has three.
    let digits =
        if field.kind == Kind::Percent { 3 } else { 18_i32.saturating_sub_unsigned(scale) };
    if number.abs() >= 10_f64.powi(digits) {
        let text =
            format!("{}: value outside of valid range on numeric field: {number}", field.label);
        return Err(Problem::new("NUMBER_OUTSIDE_VALID_RANGE", text).about(&[&field.name]));
    }
    let factor = 10_f64.powi(i32::try_from(scale).unwrap_or_default());
    Ok(Cell::Number((number * factor).round() / factor))
}

fn date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

/// With `Z`, `+02:00` or `+0200`.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%z"]
        .iter()
        .find_map(|format| Timestamp::strptime(format, text).ok())
}

fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else {
        return false;
    };
    let is_plain = |part: &str| !part.is_empty() && !part.contains([' ', '@', ',']);
    is_plain(name)
        && is_plain(host)
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
}
