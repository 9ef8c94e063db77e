//! Rows as JSON: selected columns, what comes along with them, expanded rows, annotations
//! (contract dynamics365 2.2, 3.2, 3.8).

use std::sync::Arc;

use serde_json::{Map, Value};

use super::cell::Cell;
use super::organisation::Organisation;
use super::query::{Expand, Preferences, Query};
use super::refusal::{Outcome, Refusal};
use super::rows::Row;
use super::schema::{Column, Kind, Table};

const FORMATTED: &str = "OData.Community.Display.V1.FormattedValue";
const NAVIGATION: &str = "Microsoft.Dynamics.CRM.associatednavigationproperty";
const LOGICAL_NAME: &str = "Microsoft.Dynamics.CRM.lookuplogicalname";

/// What a request wants to see of a table, checked against the schema.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    table: Arc<Table>,
    /// Properties asked for; all when `None`.
    select: Option<Vec<String>>,
    expands: Vec<(String, Shape)>,
}

impl Organisation {
    /// Checks `$select` and `$expand`.
    pub(crate) fn shape(&self, table: &Arc<Table>, query: &Query) -> Outcome<Shape> {
        let mut shape = selected(table, query.select.clone())?;
        for Expand { navigation, select } in &query.expand {
            let (_, target) = table
                .navigation(navigation)
                .ok_or_else(|| Refusal::unknown_in_query(&table.name, navigation))?;
            let target = self
                .schema
                .by_name(&target.table)
                .ok_or_else(|| Refusal::no_segment(&target.table))?;
            shape.expands.push((navigation.clone(), selected(&target, select.clone())?));
        }
        Ok(shape)
    }

    /// One row with its ETag, as the shape wants it.
    pub(crate) fn render(
        &self,
        row: &Row,
        shape: &Shape,
        preferences: &Preferences,
    ) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("@odata.etag".into(), row.etag().into());
        for column in shape.columns() {
            let (property, cell) = (column.property(), row.get(&column.name));
            for (annotation, value) in self.annotations(column, row, preferences) {
                object.insert(format!("{property}@{annotation}"), value.into());
            }
            object.insert(property, cell.to_json());
        }
        for (navigation, inner) in &shape.expands {
            let target =
                shape.table.navigation(navigation).map(|(column, _)| row.get(&column.name));
            let followed = target.and_then(|cell| match cell {
                Cell::Lookup { table, .. } if *table == inner.table.name => self.follow(cell),
                _ => None,
            });
            let value =
                followed.map_or(Value::Null, |row| self.render(row, inner, preferences).into());
            object.insert(navigation.clone(), value);
        }
        object
    }

    /// All readable columns of a row.
    pub(crate) fn render_whole(&self, table: &Arc<Table>, row: &Row) -> Value {
        let shape = Shape { table: table.clone(), select: None, expands: Vec::new() };
        self.render(row, &shape, &Preferences::default()).into()
    }

    fn annotations(
        &self,
        column: &Column,
        row: &Row,
        preferences: &Preferences,
    ) -> Vec<(&'static str, String)> {
        let cell = row.get(&column.name);
        if cell.is_null() || preferences.annotations.is_none() {
            return Vec::new();
        }
        let mut found = Vec::new();
        if let (Kind::Lookup { targets }, Cell::Lookup { table, .. }) = (&column.kind, cell) {
            if let Some(target) = targets.iter().find(|target| target.table == *table) {
                found.push((NAVIGATION, target.navigation.clone()));
            }
            found.push((LOGICAL_NAME, table.clone()));
        }
        if let Some(text) = self.formatted(column, row, cell) {
            found.push((FORMATTED, text));
        }
        found.retain(|(name, _)| preferences.annotates(name));
        found
    }

    /// The display text of a value, English and in UTC; text columns have none.
    fn formatted(&self, column: &Column, row: &Row, cell: &Cell) -> Option<String> {
        match (&column.kind, cell) {
            (Kind::Choice { options, .. }, Cell::Int(value)) => options
                .iter()
                .find(|option| option.value == *value)
                .map(|option| option.label.clone()),
            (Kind::Lookup { .. }, Cell::Lookup { table, .. }) => {
                let name = self.schema.by_name(table)?.name_column.clone();
                self.follow(cell)?.get(&name).as_text().map(str::to_owned)
            }
            (Kind::Bool, Cell::Bool(flag)) => Some(if *flag { "Yes" } else { "No" }.into()),
            (Kind::Money { .. }, Cell::Number(amount)) => {
                let currency = self.follow(row.get("transactioncurrencyid"));
                let symbol =
                    currency.and_then(|row| row.get("currencysymbol").as_text()).unwrap_or("$");
                Some(format!("{symbol}{}", grouped(*amount)))
            }
            (Kind::Date, Cell::Date(date)) => Some(date.strftime("%-m/%-d/%Y").to_string()),
            (Kind::Moment, Cell::Moment(at)) => {
                Some(at.strftime("%-m/%-d/%Y %-I:%M %p").to_string())
            }
            (Kind::Int { .. } | Kind::BigInt, Cell::Int(number)) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl Shape {
    /// The columns to show: those asked for, the key, and what comes along.
    fn columns(&self) -> impl Iterator<Item = &Column> {
        self.table.columns.iter().filter(|column| {
            let Some(select) = &self.select else {
                return true;
            };
            let asked = |property: &str| select.iter().any(|wanted| wanted == property);
            asked(&column.property())
                || column.name == self.table.id_column
                || self.comes_along(column, select)
        })
    }

    /// Money brings its currency, an address column its composite.
    fn comes_along(&self, column: &Column, select: &[String]) -> bool {
        let mut asked = select.iter().filter_map(|property| self.table.property(property));
        match column.name.strip_suffix("_composite") {
            Some(prefix) => asked.any(|column| column.name.starts_with(prefix)),
            None => {
                column.name == "transactioncurrencyid"
                    && asked.any(|column| matches!(column.kind, Kind::Money { .. }))
            }
        }
    }

    /// The list in an `@odata.context`: `(name,customerid_account(name))`, or nothing.
    pub(crate) fn context(&self) -> String {
        let own = self.select.clone().unwrap_or_default();
        let expanded = self.expands.iter().map(|(navigation, inner)| {
            format!(
                "{navigation}{}",
                match inner.context() {
                    empty if empty.is_empty() => "()".into(),
                    list => list,
                }
            )
        });
        let list: Vec<String> = own.into_iter().chain(expanded).collect();
        if list.is_empty() { String::new() } else { format!("({})", list.join(",")) }
    }
}

fn selected(table: &Arc<Table>, select: Option<Vec<String>>) -> Outcome<Shape> {
    for property in select.iter().flatten() {
        if table.property(property).is_none() {
            return Err(Refusal::unknown_in_query(&table.name, property));
        }
    }
    Ok(Shape { table: table.clone(), select, expands: Vec::new() })
}

/// `250,000.00`
fn grouped(amount: f64) -> String {
    let text = format!("{:.2}", amount.abs());
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if amount < 0.0 { "-" } else { "" };
    format!("{sign}{grouped}.{decimals}")
}
