//! Bodies of creates and updates, checked column by column against the schema (contract dynamics365
//! 2.1, 2.2, 4.3).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::address;
use super::cell::Cell;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};
use super::rows::Cells;
use super::schema::{Column, Kind, LookupTarget, Table, Write};

/// The service's lowest date (contract dynamics365 2.1).
const LOWEST_YEAR: i16 = 1753;

impl Organisation {
    /// Reads a body into column values; read-only columns are left out without a word.
    pub(crate) fn read_payload(
        &self,
        table: &Table,
        body: &Map<String, Value>,
        creating: bool,
    ) -> Outcome<Cells> {
        let mut cells = Cells::new();
        for (property, value) in body {
            let Some((column, cell)) = self.read_property(table, property, value)? else {
                continue;
            };
            let writable = match column.write {
                Write::Always => true,
                Write::OnCreate => creating,
                Write::Never => false,
            };
            let name = format!("{}.{}", table.name, column.name);
            if writable && !self.switches.ignore.contains(&name) {
                cells.insert(column.name.clone(), cell);
            }
        }
        Ok(cells)
    }

    /// One property of a body; `None` for an annotation that says nothing about a column.
    fn read_property<'t>(
        &self,
        table: &'t Table,
        property: &str,
        value: &Value,
    ) -> Outcome<Option<(&'t Column, Cell)>> {
        if let Some((name, annotation)) = property.split_once('@') {
            if annotation != "odata.bind" {
                return Ok(None);
            }
            let (column, target) = table.navigation(name).ok_or_else(|| undeclared(table, name))?;
            return Ok(Some((column, self.read_bind(table, name, target, value)?)));
        }
        if let Some((column, _)) = table.navigation(property) {
            return match value {
                Value::Null => Ok(Some((column, Cell::Null))),
                Value::Object(_) => {
                    Err(Refusal::not_simulated("Creating related rows inside a body"))
                }
                _ => Err(Refusal::payload(
                    table,
                    &format!(
                        "A 'PrimitiveValue' node was found when reading the navigation property \
                         '{property}'; use '{property}@odata.bind'."
                    ),
                )),
            };
        }
        match table.property(property) {
            Some(Column { kind: Kind::Lookup { .. }, .. }) => Err(Refusal::payload(
                table,
                "CRM do not support direct update of Entity Reference properties, Use Navigation \
                 properties instead.",
            )),
            Some(column) => Ok(Some((column, self.read_value(table, column, value)?))),
            None => Err(Refusal::unknown_in_payload(table, property)),
        }
    }

    fn read_bind(
        &self,
        table: &Table,
        navigation: &str,
        target: &LookupTarget,
        value: &Value,
    ) -> Outcome<Cell> {
        let text = match value {
            Value::Null => return Ok(Cell::Null),
            Value::String(text) => text,
            _ => return Err(undeclared(table, navigation)),
        };
        let wrong = || {
            Refusal::payload(
                table,
                &format!("The reference in '{navigation}@odata.bind' is not valid."),
            )
        };
        let segment = address::reference(text).ok_or_else(wrong)??;
        let aimed = self.schema.by_name(&target.table).ok_or_else(wrong)?;
        if segment.name != aimed.set {
            return Err(wrong());
        }
        let id = self.existing(&aimed, &segment.key.ok_or_else(wrong)?)?;
        Ok(Cell::lookup(&target.table, id))
    }

    fn read_value(&self, table: &Table, column: &Column, value: &Value) -> Outcome<Cell> {
        if value.is_null() {
            return Ok(Cell::Null);
        }
        let wrong = |expected: &str| {
            Refusal::payload(
                table,
                &format!(
                    "Cannot convert the value of '{}' to the expected type '{expected}'.",
                    column.name
                ),
            )
        };
        match &column.kind {
            Kind::Text { max, .. } | Kind::Memo { max } => {
                let text = value.as_str().ok_or_else(|| wrong("Edm.String"))?;
                self.read_text(table, column, text, *max)
            }
            Kind::Int { min, max } => {
                let number = value.as_i64().ok_or_else(|| wrong("Edm.Int32"))?;
                if number < *min || number > *max {
                    return Err(out_of_range(table, column, &format!("{min} to {max}")));
                }
                Ok(Cell::Int(number))
            }
            Kind::BigInt => value.as_i64().map(Cell::Int).ok_or_else(|| wrong("Edm.Int64")),
            Kind::Money { min, max } | Kind::Decimal { min, max } | Kind::Double { min, max } => {
                let number = value.as_f64().ok_or_else(|| wrong("Edm.Decimal"))?;
                if number < *min || number > *max {
                    return Err(out_of_range(table, column, &format!("{min} to {max}")));
                }
                Ok(Cell::Number(number))
            }
            Kind::Bool => value.as_bool().map(Cell::Bool).ok_or_else(|| wrong("Edm.Boolean")),
            Kind::Date => value
                .as_str()
                .and_then(date)
                .ok_or_else(|| wrong("Edm.Date"))
                .and_then(not_too_early),
            Kind::Moment => {
                value.as_str().and_then(moment).ok_or_else(|| wrong("Edm.DateTimeOffset"))
            }
            Kind::Guid => {
                let id = value
                    .as_str()
                    .filter(|text| text.len() == 36)
                    .and_then(|text| Uuid::parse_str(text).ok());
                id.map(Cell::Guid).ok_or_else(|| wrong("Edm.Guid"))
            }
            Kind::Choice { options, .. } => {
                let number = value.as_i64().ok_or_else(|| wrong("Edm.Int32"))?;
                if options.iter().any(|option| option.value == number) {
                    return Ok(Cell::Int(number));
                }
                Err(bad_choice(table, column, number))
            }
            Kind::Lookup { .. } => Err(wrong("Edm.Guid")),
        }
    }

    /// Text within its length, counted in UTF-16 units as the database counts; empty text is null.
    fn read_text(&self, table: &Table, column: &Column, text: &str, max: usize) -> Outcome<Cell> {
        let mut units: Vec<u16> = text.encode_utf16().collect();
        if let Some(&cut) = self.switches.truncate.get(&format!("{}.{}", table.name, column.name)) {
            units.truncate(cut);
        }
        if units.len() > max {
            // Two spaces after "occurred." as in the service's own text.
            return Err(Refusal::bad(
                "0x80044331",
                format!(
                    "A validation error occurred.  The length of the '{}' attribute of the '{}' \
                     entity exceeded the maximum allowed length of '{max}'.",
                    column.name, table.name
                ),
            ));
        }
        if units.is_empty() {
            return Ok(Cell::Null);
        }
        Ok(Cell::Text(String::from_utf16_lossy(&units)))
    }
}

fn undeclared(table: &Table, name: &str) -> Refusal {
    Refusal::payload(
        table,
        &format!(
            "An undeclared property '{name}' which only has property annotations in the payload \
             but no property value was found in the payload. In OData, only declared navigation \
             properties and declared named streams can be represented as properties without \
             values."
        ),
    )
}

fn out_of_range(table: &Table, column: &Column, accepted: &str) -> Refusal {
    Refusal::bad(
        "0x80044330",
        format!(
            "A validation error occurred.  The value of '{}' on record of type '{}' is outside the \
             valid range. Accepted Values: {accepted}",
            column.name, table.name
        ),
    )
}

fn bad_choice(table: &Table, column: &Column, value: i64) -> Refusal {
    let accepted: Vec<String> =
        column.options().iter().map(|option| option.value.to_string()).collect();
    Refusal::bad(
        "0x8004431A",
        format!(
            "A validation error occurred.  The value {value} of '{}' on record of type '{}' is \
             outside the valid range. Accepted Values: {}",
            column.name,
            table.name,
            accepted.join(",")
        ),
    )
}

/// `2026-11-30` and nothing else.
pub(crate) fn date(text: &str) -> Option<Cell> {
    (text.len() == 10).then(|| text.parse::<Date>().ok().map(Cell::Date)).flatten()
}

/// A date and time; without an offset it is read as UTC.
pub(crate) fn moment(text: &str) -> Option<Cell> {
    if !text.contains('T') {
        return None;
    }
    let at = text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    Some(Cell::moment(at))
}

fn not_too_early(cell: Cell) -> Outcome<Cell> {
    match cell {
        Cell::Date(date) if date.year() < LOWEST_YEAR => Err(Refusal::bad(
            "0x80040239",
            "DateTime is less than minumum value supported by CrmDateTime. Minimum value \
             supported: 01/01/1753.",
        )),
        _ => Ok(cell),
    }
}
