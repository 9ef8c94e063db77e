//! Reading definitions: tables, columns, choices, keys (contract dynamics365 5.3, 5.4).

use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::address::{Key, Segment};
use super::answer::json;
use super::cell::Cell;
use super::filter::{Comparison, Expr};
use super::http::Call;
use super::organisation::Organisation;
use super::query::Query;
use super::refusal::{Outcome, Refusal};
use super::schema::{AlternateKey, ChoiceRole, Column, Kind, Table};

impl Organisation {
    /// Answers `EntityDefinitions…`.
    pub(crate) fn metadata(
        &mut self,
        call: &Call<'_>,
        first: &Segment,
        rest: &[Segment],
    ) -> Outcome<Response> {
        let Some(key) = &first.key else {
            let all = self.schema.tables().map(|table| self.definition(table)).collect();
            return answer_all(call, all);
        };
        let table = self
            .schema
            .tables()
            .find(|table| names(key, &table.name, &table.name))
            .cloned()
            .ok_or_else(|| no_definition("Entity"))?;
        match (call.method, rest) {
            (&Method::GET, []) => answer_one(call, self.definition(&table)),
            (&Method::GET, [part]) if part.name == "Keys" => {
                let pending = self.switches.key_index_pending;
                answer_all(
                    call,
                    table.keys.iter().map(|key| key_definition(&table, key, pending)).collect(),
                )
            }
            (&Method::POST, [part]) if part.name == "Attributes" => self.add_column(call, &table),
            (&Method::POST, [part]) if part.name == "Keys" => self.add_key(call, &table),
            (&Method::GET, [part, cast @ ..]) if part.name == "Attributes" && cast.len() <= 1 => {
                read_columns(call, &table, part, cast.first())
            }
            (_, [part, ..]) => Err(Refusal::no_segment(&part.name)),
            (method, []) => Err(Refusal::wrong_method(method.as_str())),
        }
    }

    fn definition(&self, table: &Table) -> Value {
        json!({
            "MetadataId": metadata_id(&table.name).to_string(),
            "LogicalName": table.name,
            "SchemaName": table.name,
            "EntitySetName": table.set,
            "PrimaryIdAttribute": table.id_column,
            "PrimaryNameAttribute": table.name_column,
            "ObjectTypeCode": table.type_code,
            "IsCustomEntity": false,
            "ChangeTrackingEnabled": table.change_tracking,
            "IsOptimisticConcurrencyEnabled": table.optimistic,
            "Attributes": table.columns.iter().map(|column| column_definition(table, column)).collect::<Vec<_>>(),
            "Keys": table.keys.iter().map(|key| key_definition(table, key, self.switches.key_index_pending)).collect::<Vec<_>>(),
        })
    }
}

fn read_columns(
    call: &Call<'_>,
    table: &Table,
    part: &Segment,
    cast: Option<&Segment>,
) -> Outcome<Response> {
    let kind = cast.map(|cast| cast.name.as_str());
    let fits = |column: &&Column| {
        kind.is_none_or(|kind| kind == format!("Microsoft.Dynamics.CRM.{}", type_name(column)))
    };
    if let Some(key) = &part.key {
        let scope = format!("{}.", table.name);
        let column = table
            .columns
            .iter()
            .filter(fits)
            .find(|column| names(key, &column.name, &(scope.clone() + &column.name)));
        let column = column.ok_or_else(|| no_definition("Attribute"))?;
        return answer_one(call, column_definition(table, column));
    }
    answer_all(
        call,
        table.columns.iter().filter(fits).map(|column| column_definition(table, column)).collect(),
    )
}

fn no_definition(what: &str) -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "0x80040217",
        format!("Could not find the {what} with the specified key."),
    )
}

/// Whether a metadata key (`LogicalName='x'` or a MetadataId) means this name.
fn names(key: &Key, name: &str, scoped: &str) -> bool {
    match key {
        Key::Id(id) => *id == metadata_id(scoped),
        Key::Alternate(pairs) => matches!(pairs.as_slice(), [(property, literal)]
            if property == "LogicalName" && literal.trim_matches('\'') == name),
        Key::Empty => false,
    }
}

fn answer_one(call: &Call<'_>, definition: Value) -> Outcome<Response> {
    let query = Query::parse(call.query)?;
    Ok(json(StatusCode::OK, &chosen(definition, &query)))
}

fn answer_all(call: &Call<'_>, definitions: Vec<Value>) -> Outcome<Response> {
    let query = Query::parse(call.query)?;
    let mut found = Vec::new();
    for definition in definitions {
        let keep = query.filter.as_ref().map_or(Ok(true), |filter| meets(&definition, filter))?;
        if keep {
            found.push(chosen(definition, &query));
        }
    }
    Ok(json(StatusCode::OK, &json!({"value": found})))
}

/// `$select` and `$expand`; nested definitions show only when expanded.
fn chosen(definition: Value, query: &Query) -> Value {
    let Value::Object(all) = definition else {
        return definition;
    };
    let nested = ["Attributes", "Keys", "OptionSet"];
    let chosen = all.into_iter().filter(|(name, _)| {
        if nested.contains(&name.as_str()) {
            return query.expand.iter().any(|expand| expand.navigation == *name);
        }
        let selected = query.select.as_ref().is_none_or(|select| select.contains(name));
        selected || name == "MetadataId" || name == "@odata.type"
    });
    chosen.collect::<Map<_, _>>().into()
}

/// Metadata filters compare properties with literals; functions are not to be relied on.
fn meets(definition: &Value, expr: &Expr) -> Outcome<bool> {
    match expr {
        Expr::And(left, right) => Ok(meets(definition, left)? && meets(definition, right)?),
        Expr::Or(left, right) => Ok(meets(definition, left)? || meets(definition, right)?),
        Expr::Not(inner) => Ok(!meets(definition, inner)?),
        Expr::Compare { path, comparison, literal } => {
            let value = definition.get(&path.property);
            let value =
                value.ok_or_else(|| Refusal::unknown_in_query("EntityMetadata", &path.property))?;
            let equal = match literal {
                // AttributeType is an enum: its literal carries the type name or stands alone.
                Cell::Text(text) => value.as_str() == Some(text),
                other => *value == other.to_json(),
            };
            match comparison {
                Comparison::Eq => Ok(equal),
                Comparison::Ne => Ok(!equal),
                _ => Err(Refusal::not_simulated("This metadata filter")),
            }
        }
        _ => Err(Refusal::not_simulated("This metadata filter")),
    }
}

pub(crate) fn label(text: &str) -> Value {
    let label = json!({"Label": text, "LanguageCode": 1033});
    json!({"LocalizedLabels": [label], "UserLocalizedLabel": label})
}

fn column_definition(table: &Table, column: &Column) -> Value {
    let (attribute_type, type_name_value) = attribute_type(column);
    let mut definition = json!({
        "@odata.type": format!("#Microsoft.Dynamics.CRM.{}", type_name(column)),
        "MetadataId": metadata_id(&format!("{}.{}", table.name, column.name)).to_string(),
        "EntityLogicalName": table.name,
        "LogicalName": column.name,
        "SchemaName": column.schema_name,
        "AttributeType": attribute_type,
        "AttributeTypeName": {"Value": type_name_value},
        "DisplayName": label(&column.label),
        "IsCustomAttribute": column.name.contains('_') && !column.name.starts_with("address") && !column.name.ends_with("_base"),
        "RequiredLevel": {"Value": "None"},
    });
    let details = match &column.kind {
        Kind::Text { max, format } => {
            json!({"MaxLength": max, "Format": format, "FormatName": {"Value": format}})
        }
        Kind::Memo { max } => json!({"MaxLength": max, "Format": "TextArea"}),
        Kind::Int { min, max } => json!({"MinValue": min, "MaxValue": max}),
        Kind::Money { min, max } | Kind::Decimal { min, max } | Kind::Double { min, max } => {
            json!({"MinValue": min, "MaxValue": max})
        }
        Kind::Date => json!({"Format": "DateOnly", "DateTimeBehavior": {"Value": "DateOnly"}}),
        Kind::Moment => {
            json!({"Format": "DateAndTime", "DateTimeBehavior": {"Value": "UserLocal"}})
        }
        Kind::Lookup { targets } => {
            json!({"Targets": targets.iter().map(|target| &target.table).collect::<Vec<_>>()})
        }
        Kind::Choice { options, .. } => {
            let options: Vec<Value> = options
                .iter()
                .map(|option| match option.state {
                    Some(state) => json!({
                        "Value": option.value, "Label": label(&option.label), "State": state
                    }),
                    None => json!({"Value": option.value, "Label": label(&option.label)}),
                })
                .collect();
            json!({"OptionSet": {"Options": options}})
        }
        Kind::Bool | Kind::BigInt | Kind::Guid => json!({}),
    };
    if let (Value::Object(definition), Value::Object(details)) = (&mut definition, details) {
        definition.extend(details);
    }
    definition
}

/// AttributeType and AttributeTypeName of a column.
fn attribute_type(column: &Column) -> (&'static str, &'static str) {
    match &column.kind {
        Kind::Text { .. } => ("String", "StringType"),
        Kind::Memo { .. } => ("Memo", "MemoType"),
        Kind::Int { .. } => ("Integer", "IntegerType"),
        Kind::BigInt => ("BigInt", "BigIntType"),
        Kind::Money { .. } => ("Money", "MoneyType"),
        Kind::Decimal { .. } => ("Decimal", "DecimalType"),
        Kind::Double { .. } => ("Double", "DoubleType"),
        Kind::Bool => ("Boolean", "BooleanType"),
        Kind::Date | Kind::Moment => ("DateTime", "DateTimeType"),
        Kind::Guid => ("Uniqueidentifier", "UniqueidentifierType"),
        Kind::Choice { role: ChoiceRole::Picklist, .. } => ("Picklist", "PicklistType"),
        Kind::Choice { role: ChoiceRole::State, .. } => ("State", "StateType"),
        Kind::Choice { role: ChoiceRole::Status, .. } => ("Status", "StatusType"),
        Kind::Lookup { .. } if column.name == "ownerid" => ("Owner", "OwnerType"),
        Kind::Lookup { targets } if targets.len() > 1 => ("Customer", "CustomerType"),
        Kind::Lookup { .. } => ("Lookup", "LookupType"),
    }
}

/// The metadata class a column reads as.
fn type_name(column: &Column) -> String {
    match attribute_type(column).0 {
        "Owner" | "Customer" => "LookupAttributeMetadata".into(),
        "Uniqueidentifier" => "UniqueIdentifierAttributeMetadata".into(),
        name => format!("{name}AttributeMetadata"),
    }
}

fn key_definition(table: &Table, key: &AlternateKey, pending: bool) -> Value {
    json!({
        "MetadataId": metadata_id(&format!("{}#{}", table.name, key.schema_name)).to_string(),
        "EntityLogicalName": table.name,
        "SchemaName": key.schema_name,
        "LogicalName": key.schema_name.to_lowercase(),
        "DisplayName": label(&key.label),
        "KeyAttributes": key.columns,
        "EntityKeyIndexStatus": if pending { "Pending" } else { "Active" },
    })
}

/// A stable id for a definition: FNV-1a over its name.
pub(crate) fn metadata_id(name: &str) -> Uuid {
    let start = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    let hash = name.bytes().fold(start, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    Uuid::from_u128(hash)
}
