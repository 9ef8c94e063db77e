//! Creating columns and alternate keys, as an installer does in a test environment (contract
//! dynamics365 5.2, 5.4).

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

use super::answer::{empty, set_header};
use super::customisation::{Home, invalid};
use super::http::Call;
use super::metadata::metadata_id;
use super::organisation::Organisation;
use super::refusal::Outcome;
use super::schema::{AlternateKey, Choice, ChoiceRole, Column, Kind, Preset, Table, Write};

/// Keys a table may have (contract dynamics365 3.5).
const KEY_LIMIT: usize = 10;

impl Organisation {
    pub(crate) fn add_column(&mut self, call: &Call<'_>, table: &Table) -> Outcome<Response> {
        let body = call.json_object()?;
        let home = self.home(call, schema_name(&body))?;
        let column = column_of(&body, &home)?;
        if table.column(&column.name).is_some() {
            return Err(invalid(&format!(
                "An attribute with the specified name {} already exists",
                column.name
            )));
        }
        let id = metadata_id(&format!("{}.{}", table.name, column.name));
        self.keep_in(home, format!("{}.{}", table.name, column.schema_name));
        self.schema.customise(&table.name, |table| table.columns.push(column));
        // A customisation makes older delta tokens worthless (contract dynamics365 3.9).
        self.expire_delta_tokens();
        Ok(self.created(table, &format!("Attributes({id})")))
    }

    pub(crate) fn add_key(&mut self, call: &Call<'_>, table: &Table) -> Outcome<Response> {
        let body = call.json_object()?;
        let schema_name = schema_name(&body).to_owned();
        let home = self.home(call, &schema_name)?;
        home.admits(&schema_name)?;
        let columns: Vec<String> = body
            .get("KeyAttributes")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            .unwrap_or_default();
        if columns.is_empty() || columns.iter().any(|column| table.column(column).is_none()) {
            return Err(invalid("KeyAttributes must name columns of the table"));
        }
        let known =
            table.keys.iter().any(|key| key.schema_name == schema_name || key.columns == columns);
        if known || table.keys.len() >= KEY_LIMIT {
            return Err(invalid("The key exists already, or the table has as many keys as it may"));
        }
        let id = metadata_id(&format!("{}#{schema_name}", table.name));
        let label = label_of(body.get("DisplayName")).unwrap_or_else(|| schema_name.clone());
        self.keep_in(home, format!("{}.{schema_name}", table.name));
        self.schema.customise(&table.name, |table| {
            table.keys.push(AlternateKey { schema_name, label, columns });
        });
        Ok(self.created(table, &format!("Keys({id})")))
    }

    fn created(&self, table: &Table, part: &str) -> Response {
        let mut response = empty(StatusCode::NO_CONTENT);
        let url =
            format!("{}EntityDefinitions({})/{part}", self.api_root(), metadata_id(&table.name));
        set_header(&mut response, "odata-entityid", &url);
        response
    }
}

fn schema_name(body: &Map<String, Value>) -> &str {
    body.get("SchemaName").and_then(Value::as_str).unwrap_or_default()
}

fn column_of(body: &Map<String, Value>, home: &Home) -> Outcome<Column> {
    let schema_name = schema_name(body);
    home.admits(schema_name)?;
    let default = match body.get("DefaultValue") {
        Some(Value::Bool(flag)) => Some(Preset::Bool(*flag)),
        _ => body
            .get("DefaultFormValue")
            .and_then(Value::as_i64)
            .filter(|value| *value >= 0)
            .map(Preset::Choice),
    };
    let kind = kind_of(body)?;
    if let Kind::Choice { options, .. } = &kind {
        options.iter().try_for_each(|option| home.admits_option(option.value))?;
    }
    Ok(Column {
        name: schema_name.to_lowercase(),
        schema_name: schema_name.to_owned(),
        label: label_of(body.get("DisplayName"))
            .ok_or_else(|| invalid("DisplayName is required"))?,
        kind,
        write: Write::Always,
        default,
    })
}

fn kind_of(body: &Map<String, Value>) -> Outcome<Kind> {
    let class = body.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    let class = class.trim_start_matches('#').trim_start_matches("Microsoft.Dynamics.CRM.");
    let whole = |name: &str, or: i64| body.get(name).and_then(Value::as_i64).unwrap_or(or);
    let number = |name: &str, or: f64| body.get(name).and_then(Value::as_f64).unwrap_or(or);
    let max = usize::try_from(whole("MaxLength", 100)).unwrap_or(100);
    match class {
        "StringAttributeMetadata" if max <= 4000 => Ok(Kind::Text { max, format: format_of(body) }),
        "MemoAttributeMetadata" if max <= 1_048_576 => Ok(Kind::Memo { max }),
        "BooleanAttributeMetadata" => Ok(Kind::Bool),
        "IntegerAttributeMetadata" => Ok(Kind::Int {
            min: whole("MinValue", i32::MIN.into()),
            max: whole("MaxValue", i32::MAX.into()),
        }),
        "DecimalAttributeMetadata" => {
            Ok(Kind::Decimal { min: number("MinValue", -1e11), max: number("MaxValue", 1e11) })
        }
        "MoneyAttributeMetadata" => {
            Ok(Kind::Money { min: number("MinValue", -1e12), max: number("MaxValue", 1e12) })
        }
        "DateTimeAttributeMetadata" => {
            let behaviour = body
                .get("DateTimeBehavior")
                .and_then(|value| value.get("Value"))
                .and_then(Value::as_str);
            Ok(if behaviour == Some("DateOnly") { Kind::Date } else { Kind::Moment })
        }
        "PicklistAttributeMetadata" => {
            Ok(Kind::Choice { role: ChoiceRole::Picklist, options: options_of(body)? })
        }
        other => Err(invalid(&format!("The column definition '{other}' is not valid here"))),
    }
}

fn format_of(body: &Map<String, Value>) -> &'static str {
    let format =
        body.get("FormatName").and_then(|value| value.get("Value")).and_then(Value::as_str);
    match format {
        Some("Url") => "Url",
        Some("Email") => "Email",
        _ => "Text",
    }
}

fn options_of(body: &Map<String, Value>) -> Outcome<Vec<Choice>> {
    let options =
        body.get("OptionSet").and_then(|set| set.get("Options")).and_then(Value::as_array);
    let options = options.ok_or_else(|| invalid("OptionSet.Options is missing"))?;
    options
        .iter()
        .map(|option| {
            let value = option
                .get("Value")
                .and_then(Value::as_i64)
                .ok_or_else(|| invalid("An option has no Value"))?;
            let label = label_of(option.get("Label")).unwrap_or_default();
            Ok(Choice { value, label, state: None })
        })
        .collect()
}

fn label_of(label: Option<&Value>) -> Option<String> {
    label?.get("LocalizedLabels")?.get(0)?.get("Label")?.as_str().map(str::to_owned)
}
