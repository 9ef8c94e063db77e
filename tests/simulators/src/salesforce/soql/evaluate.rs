//! Which records a query finds, and in which order.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::literals::days;
use super::pattern::like;
use super::refusals::{invalid_field, malformed};
use super::{Column, Comparison, Condition, Literal, Name, Query, Selection, Test};
use crate::salesforce::cell::{Cell, fold};
use crate::salesforce::ids::normal;
use crate::salesforce::organisation::Organisation;
use crate::salesforce::records::Record;
use crate::salesforce::refusal::Outcome;
use crate::salesforce::schema::{Field, Kind, Object};

/// Whether one record fits a condition.
type Fits<'a> = Box<dyn Fn(&Record) -> bool + 'a>;

impl Organisation {
    /// The records a query finds in its order, before limit and offset. `with_deleted` is
    /// `queryAll`.
    pub(crate) fn found(
        &self,
        object: &Object,
        query: &Query,
        with_deleted: bool,
    ) -> Outcome<Vec<Record>> {
        let fits = match &query.condition {
            Some(condition) => self.fits(object, query, condition)?,
            None => Box::new(|_: &Record| true),
        };
        let orders = query.order.iter().map(|order| {
            let column = self.column(object, query, &order.name)?;
            if !column.field.sortable() {
                let reason =
                    format!("field '{}' can not be sorted in a query call", column.field.name);
                return Err(invalid_field(&query.text, order.name.at, &reason));
            }
            Ok((column, order.descending, order.nulls_last))
        });
        let orders = orders.collect::<Outcome<Vec<_>>>()?;
        let now = self.now();
        let mut records: Vec<Record> = self
            .records
            .all(object.name)
            .filter_map(|record| record.seen(now))
            .filter(|record| (with_deleted || !record.is_deleted()) && fits(record))
            .collect();
        records.sort_by(|a, b| {
            let by = |(column, descending, nulls_last): &(Column, bool, bool)| {
                order(&self.cell(a, column), &self.cell(b, column), *descending, *nulls_last)
            };
            orders.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
        Ok(records)
    }

    /// The value of a column; null where a parent is missing.
    pub(crate) fn cell(&self, record: &Record, column: &Column) -> Cell {
        let cell = self.holder(record, column).map(|holder| holder.get(&column.field.name).clone());
        match cell {
            // A checkbox added later is not checked.
            Some(Cell::Null) if column.field.kind == Kind::Bool => Cell::Bool(false),
            cell => cell.unwrap_or(Cell::Null),
        }
    }

    /// The record at the end of a column's path.
    fn holder(&self, record: &Record, column: &Column) -> Option<Record> {
        column
            .steps
            .iter()
            .try_fold(record.clone(), |record, step| self.parent_of(&record, &step.field))
    }

    pub(crate) fn parent_of(&self, record: &Record, field: &str) -> Option<Record> {
        let id = record.text(field)?;
        let object = self.objects.iter().find(|object| id.starts_with(object.prefix))?;
        self.records.get(object.name, id)?.seen(self.now())
    }

    fn fits<'a>(
        &'a self,
        object: &Object,
        query: &Query,
        condition: &'a Condition,
    ) -> Outcome<Fits<'a>> {
        let all = |conditions: &'a [Condition]| {
            let fits = conditions.iter().map(|condition| self.fits(object, query, condition));
            fits.collect::<Outcome<Vec<Fits<'a>>>>()
        };
        Ok(match condition {
            Condition::And(conditions) => {
                let conditions = all(conditions)?;
                Box::new(move |record| conditions.iter().all(|fits| fits(record)))
            }
            Condition::Or(conditions) => {
                let conditions = all(conditions)?;
                Box::new(move |record| conditions.iter().any(|fits| fits(record)))
            }
            Condition::Not(condition) => {
                let fits = self.fits(object, query, condition)?;
                Box::new(move |record| !fits(record))
            }
            Condition::Test { name, test } => self.test(object, query, name, test)?,
        })
    }

    fn test<'a>(
        &'a self,
        object: &Object,
        query: &Query,
        name: &Name,
        test: &'a Test,
    ) -> Outcome<Fits<'a>> {
        let column = self.column(object, query, name)?;
        let refused = |reason: String| Err(invalid_field(&query.text, name.at, &reason));
        if !column.field.filterable() {
            return refused(format!(
                "field '{}' can not be filtered in a query call",
                column.field.name
            ));
        }
        Ok(match test {
            Test::Compare(comparison, literal) => {
                let wanted = self.wanted(query, name, &column.field, literal)?;
                Box::new(move |record| compare(&self.cell(record, &column), *comparison, &wanted))
            }
            Test::Like(pattern) => Box::new(move |record| {
                self.cell(record, &column).as_text().is_some_and(|text| like(text, pattern))
            }),
            Test::In { negated, values } => {
                let values =
                    values.iter().map(|value| self.wanted(query, name, &column.field, value));
                let values = values.collect::<Outcome<Vec<Wanted>>>()?;
                Box::new(move |record| {
                    let cell = self.cell(record, &column);
                    values.iter().any(|value| compare(&cell, Comparison::Equal, value)) != *negated
                })
            }
            Test::InQuery { negated, query } => {
                let values = self.inner(query)?;
                Box::new(move |record| values.contains(&self.cell(record, &column)) != *negated)
            }
            Test::Includes { negated, values } => {
                if !matches!(column.field.kind, Kind::Multi { .. }) {
                    return refused(format!(
                        "includes or excludes operator only valid on multipicklist field {}",
                        name.text
                    ));
                }
                Box::new(move |record| {
                    let cell = self.cell(record, &column);
                    let chosen: Vec<String> =
                        cell.as_text().unwrap_or_default().split(';').map(fold).collect();
                    let has =
                        |value: &String| value.split(';').all(|part| chosen.contains(&fold(part)));
                    values.iter().any(has) != *negated
                })
            }
        })
    }

    /// The values a semi-join selects.
    fn inner(&self, query: &Query) -> Outcome<Vec<Cell>> {
        let object: Arc<Object> = self.queried_object(query)?;
        let is_one = matches!(&query.selection, Selection::Fields(names) if names.len() == 1);
        let columns = self.selected(&object, query)?;
        let Some(column) = columns.first().filter(|_| is_one) else {
            return Err(malformed(
                &query.text,
                query.object.at,
                "a nested query selects exactly one field",
            ));
        };
        let records = self.found(&object, query, false)?;
        Ok(records.iter().map(|record| self.cell(record, column)).collect())
    }

    /// A literal as the field's type has it; 400 when it cannot be.
    fn wanted(
        &self,
        query: &Query,
        name: &Name,
        field: &Field,
        literal: &Literal,
    ) -> Outcome<Wanted> {
        let cell = match (&field.kind, literal) {
            (_, Literal::Null) => Cell::Null,
            (Kind::Bool, Literal::Bool(value)) => Cell::Bool(*value),
            (
                Kind::Currency(_) | Kind::Double(_) | Kind::Percent | Kind::Int,
                Literal::Number(number),
            ) => Cell::Number(*number),
            (Kind::Date, Literal::Date(date)) => Cell::Date(*date),
            (Kind::Moment, Literal::Moment(at)) => Cell::Moment(*at),
            (Kind::Date | Kind::Moment, Literal::Days(word)) => {
                let (first, end) = days(word, self.now()).unwrap_or_default();
                return Ok(Wanted::Days(first, end));
            }
            (Kind::Id | Kind::Reference(_), Literal::Text(text)) => match normal(text) {
                Some(id) => Cell::Text(id),
                None if text.is_empty() => Cell::Null,
                None => {
                    let problem = crate::salesforce::refusal::Problem::new(
                        "INVALID_QUERY_FILTER_OPERATOR",
                        format!("invalid ID field: {text}"),
                    );
                    return Err(problem.into());
                }
            },
            (kind, Literal::Text(text)) if kind.length().is_some() => {
                if text.is_empty() {
                    Cell::Null
                } else {
                    Cell::Text(text.clone())
                }
            }
            (kind, literal) => {
                let kind = crate::salesforce::describe::type_name(kind);
                let quotes = if literal.is_quoted() { "should not" } else { "should" };
                let reason = format!(
                    "value of filter criterion for field '{}' must be of type {kind} and {quotes} \
                     be enclosed in quotes",
                    field.name
                );
                return Err(invalid_field(&query.text, name.at, &reason));
            }
        };
        Ok(Wanted::One(cell))
    }
}

enum Wanted {
    One(Cell),
    /// From the first day to before the last.
    Days(Date, Date),
}

fn compare(cell: &Cell, comparison: Comparison, wanted: &Wanted) -> bool {
    let order = match wanted {
        Wanted::One(Cell::Null) => return cell.is_null() == (comparison == Comparison::Equal),
        Wanted::One(wanted) => cell.compare(wanted),
        Wanted::Days(first, end) => day_of(cell).map(|day| match day {
            day if day < *first => Ordering::Less,
            day if day < *end => Ordering::Equal,
            _ => Ordering::Greater,
        }),
    };
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
    }
}

fn day_of(cell: &Cell) -> Option<Date> {
    match cell {
        Cell::Date(date) => Some(*date),
        Cell::Moment(at) => Some(at.to_zoned(TimeZone::UTC).date()),
        _ => None,
    }
}

/// Null comes first unless it is asked for last, in either direction.
fn order(a: &Cell, b: &Cell, descending: bool, nulls_last: bool) -> Ordering {
    match (a.is_null(), b.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => {
            if nulls_last {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (false, true) => {
            if nulls_last {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        _ => {
            let order = match (a, b) {
                // Ids sort by their characters, and two ids that differ in case only are two.
                (Cell::Text(a), Cell::Text(b)) if fold(a) == fold(b) => a.cmp(b),
                _ => a.compare(b).unwrap_or(Ordering::Equal),
            };
            if descending { order.reverse() } else { order }
        }
    }
}
