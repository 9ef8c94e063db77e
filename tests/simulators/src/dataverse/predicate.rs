//! A filter expression against the schema and against rows.

use std::cmp::Ordering;

use super::cell::{Cell, fold};
use super::filter::{Comparison, Expr, Path, TextTest, literal};
use super::organisation::Organisation;
use super::payload::moment;
use super::refusal::{Outcome, Refusal};
use super::rows::Row;
use super::schema::{Column, Kind, Table};

impl Organisation {
    /// Refuses a filter that names unknown columns or compares a column with a literal of another
    /// type.
    pub(crate) fn check_filter(&self, table: &Table, expr: &Expr) -> Outcome<()> {
        match expr {
            Expr::And(left, right) | Expr::Or(left, right) => {
                self.check_filter(table, left)?;
                self.check_filter(table, right)
            }
            Expr::Not(inner) => self.check_filter(table, inner),
            Expr::Compare { path, literal, .. } => {
                let kind = self.kind_of(table, path)?;
                if literal.is_null() || coerced(&kind, literal).is_some() {
                    return Ok(());
                }
                Err(incompatible(&path.property))
            }
            Expr::Text { path, pattern, .. } => {
                let kind = self.kind_of(table, path)?;
                if !matches!(kind, Kind::Text { .. } | Kind::Memo { .. }) {
                    return Err(incompatible(&path.property));
                }
                if pattern.starts_with('%') || pattern.starts_with('_') {
                    return Err(Refusal::query(
                        "A pattern that begins with a wildcard is not supported.",
                    ));
                }
                Ok(())
            }
            Expr::In { path, values } => {
                let kind = self.kind_of(table, path)?;
                let fits = |value: &String| coerced(&kind, &member(&kind, value)).is_some();
                if values.iter().all(fits) { Ok(()) } else { Err(incompatible(&path.property)) }
            }
        }
    }

    /// Whether a row meets a checked filter; unlike in SQL, `ne` and `not` include nulls.
    pub(crate) fn matches(&self, table: &Table, row: &Row, expr: &Expr) -> bool {
        match expr {
            Expr::And(left, right) => {
                self.matches(table, row, left) && self.matches(table, row, right)
            }
            Expr::Or(left, right) => {
                self.matches(table, row, left) || self.matches(table, row, right)
            }
            Expr::Not(inner) => !self.matches(table, row, inner),
            Expr::Compare { path, comparison, literal } => {
                let Ok(kind) = self.kind_of(table, path) else {
                    return false;
                };
                let wanted = coerced(&kind, literal).unwrap_or(Cell::Null);
                compares(self.value_at(table, row, path), *comparison, &wanted)
            }
            Expr::Text { test, path, pattern } => {
                let text = self.value_at(table, row, path).and_then(Cell::as_text);
                text.is_some_and(|text| text_meets(*test, &fold(text), &fold(pattern)))
            }
            Expr::In { path, values } => {
                let Ok(kind) = self.kind_of(table, path) else {
                    return false;
                };
                let value = self.value_at(table, row, path);
                values.iter().any(|wanted| {
                    let wanted = coerced(&kind, &member(&kind, wanted));
                    wanted.is_some_and(|wanted| compares(value, Comparison::Eq, &wanted))
                })
            }
        }
    }

    fn kind_of(&self, table: &Table, path: &Path) -> Outcome<Kind> {
        let found =
            |table: &Table| table.property(&path.property).map(|column| column.kind.clone());
        let Some(navigation) = &path.navigation else {
            return found(table)
                .ok_or_else(|| Refusal::unknown_in_query(&table.name, &path.property));
        };
        let (_, target) = table
            .navigation(navigation)
            .ok_or_else(|| Refusal::unknown_in_query(&table.name, navigation))?;
        self.schema
            .by_name(&target.table)
            .and_then(|target| found(&target))
            .ok_or_else(|| Refusal::unknown_in_query(&target.table, &path.property))
    }

    fn value_at<'a>(&'a self, table: &Table, row: &'a Row, path: &Path) -> Option<&'a Cell> {
        let column_name = |table: &Table| {
            table.property(&path.property).map(|column: &Column| column.name.clone())
        };
        let Some(navigation) = &path.navigation else {
            return Some(row.get(&column_name(table)?));
        };
        let (lookup, target) = table.navigation(navigation)?;
        let name = column_name(&*self.schema.by_name(&target.table)?)?;
        match row.get(&lookup.name) {
            Cell::Lookup { table, id } if *table == target.table => {
                Some(self.rows.get(table, *id)?.get(&name))
            }
            _ => None,
        }
    }
}

fn incompatible(property: &str) -> Refusal {
    Refusal::query(format!(
        "A binary operator with incompatible types was detected. The literal does not fit the \
         property '{property}'."
    ))
}

/// The literal as a value of the column's type; `None` when it is not one.
fn coerced(kind: &Kind, literal: &Cell) -> Option<Cell> {
    let fits = match (kind, literal) {
        (_, Cell::Null)
        | (Kind::Text { .. } | Kind::Memo { .. }, Cell::Text(_))
        | (Kind::Int { .. } | Kind::BigInt | Kind::Choice { .. }, Cell::Int(_))
        | (
            Kind::Money { .. } | Kind::Decimal { .. } | Kind::Double { .. },
            Cell::Int(_) | Cell::Number(_),
        )
        | (Kind::Bool, Cell::Bool(_))
        | (Kind::Date, Cell::Date(_))
        | (Kind::Moment, Cell::Moment(_))
        | (Kind::Guid | Kind::Lookup { .. }, Cell::Guid(_)) => true,
        (Kind::Moment, Cell::Date(date)) => return moment(&format!("{date}T00:00:00Z")),
        _ => false,
    };
    fits.then(|| literal.clone())
}

/// A member of a query function's array: the quotes say nothing about the type.
fn member(kind: &Kind, value: &str) -> Cell {
    match kind {
        Kind::Text { .. } | Kind::Memo { .. } => Cell::Text(value.into()),
        _ => literal(value).unwrap_or_else(|| Cell::Text(value.into())),
    }
}

fn compares(value: Option<&Cell>, comparison: Comparison, wanted: &Cell) -> bool {
    let value = value.unwrap_or(&Cell::Null);
    let order = if value.is_null() && wanted.is_null() {
        Some(Ordering::Equal)
    } else {
        value.compare(wanted)
    };
    match comparison {
        Comparison::Eq => order == Some(Ordering::Equal),
        Comparison::Ne => order != Some(Ordering::Equal),
        Comparison::Gt => order == Some(Ordering::Greater),
        Comparison::Lt => order == Some(Ordering::Less),
        Comparison::Ge => {
            !wanted.is_null() && matches!(order, Some(Ordering::Greater | Ordering::Equal))
        }
        Comparison::Le => {
            !wanted.is_null() && matches!(order, Some(Ordering::Less | Ordering::Equal))
        }
    }
}

fn text_meets(test: TextTest, value: &str, pattern: &str) -> bool {
    match test {
        TextTest::Contains => value.contains(pattern),
        TextTest::StartsWith => value.starts_with(pattern),
        TextTest::EndsWith => value.ends_with(pattern),
    }
}
