//! Collections: filter, order, page (contract dynamics365 3.3, 3.7).

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::form_urlencoded;
use uuid::Uuid;

use super::cell::Cell;
use super::organisation::Organisation;
use super::query::{Preferences, Query};
use super::refusal::{Outcome, Refusal};
use super::rows::Row;
use super::schema::{Column, Table};

/// `@odata.count` stops here (contract dynamics365 3.3).
const COUNT_LIMIT: usize = 5000;

/// Where a page ended: the last row's sort values and id.
#[derive(Debug, Serialize, Deserialize)]
struct Cookie {
    order: Vec<Cell>,
    id: Uuid,
}

impl Organisation {
    /// One page of a table.
    pub(crate) fn list(
        &self,
        table: &Arc<Table>,
        query: &Query,
        preferences: &Preferences,
    ) -> Outcome<Value> {
        let shape = self.shape(table, query)?;
        let orders = orders(table, query)?;
        let mut rows = self.filtered(table, query)?;
        let total = rows.len();
        rows.sort_by(|a, b| {
            compare(&orders, &sort_values(&orders, a), a.id, &sort_values(&orders, b), b.id)
        });
        if let Some(token) = &query.skiptoken {
            let cookie: Cookie = read_token(token)?;
            rows.retain(|row| {
                compare(&orders, &sort_values(&orders, row), row.id, &cookie.order, cookie.id)
                    == Ordering::Greater
            });
        }
        let size = self.page_size(query, preferences);
        let paged = query.top.is_none() || preferences.page_size.is_some();
        let more = paged && rows.len() > size;
        rows.truncate(size);

        let mut body = self.envelope(table, &shape.context(), preferences);
        if query.count {
            body.insert("@odata.count".into(), total.min(COUNT_LIMIT).into());
        }
        if let (true, Some(last)) = (more, rows.last()) {
            let cookie = Cookie {
                order: sort_values(&orders, last).into_iter().cloned().collect(),
                id: last.id,
            };
            let link =
                self.link(table, query, &format!("$skiptoken={}", write_token(&cookie, false)));
            body.insert("@odata.nextLink".into(), link.into());
        }
        let value: Vec<Value> =
            rows.iter().map(|row| self.render(row, &shape, preferences).into()).collect();
        body.insert("value".into(), value.into());
        Ok(body.into())
    }

    /// How many rows a filter finds, for `/$count`.
    pub(crate) fn count(&self, table: &Arc<Table>, query: &Query) -> Outcome<usize> {
        Ok(self.filtered(table, query)?.len().min(COUNT_LIMIT))
    }

    /// `@odata.context` and the annotations of a collection.
    pub(crate) fn envelope(
        &self,
        table: &Table,
        context: &str,
        preferences: &Preferences,
    ) -> Map<String, Value> {
        let mut body = Map::new();
        let context = format!("{}$metadata#{}{context}", self.api_root(), table.set);
        body.insert("@odata.context".into(), context.into());
        let facts: [(&str, Value); 3] = [
            ("Microsoft.Dynamics.CRM.totalrecordcount", (-1).into()),
            ("Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded", false.into()),
            ("Microsoft.Dynamics.CRM.globalmetadataversion", "68012345".into()),
        ];
        for (name, value) in facts {
            if preferences.annotates(name) {
                body.insert(format!("@{name}"), value);
            }
        }
        body
    }

    /// The collection's URL with the client's own options and one more.
    pub(crate) fn link(&self, table: &Table, query: &Query, option: &str) -> String {
        let mut link = format!("{}{}?", self.api_root(), table.set);
        if !query.as_written.is_empty() {
            let _ = write!(link, "{}&", query.as_written);
        }
        link + option
    }

    /// Rows of a page: `$top` counts only without `odata.maxpagesize`.
    pub(crate) fn page_size(&self, query: &Query, preferences: &Preferences) -> usize {
        let limit = self.options.page_size.max(1);
        match preferences.page_size {
            Some(size) => size.clamp(1, limit),
            None => query.top.map_or(limit, |top| top.min(limit)),
        }
    }

    fn filtered(&self, table: &Arc<Table>, query: &Query) -> Outcome<Vec<&Row>> {
        if let Some(filter) = &query.filter {
            self.check_filter(table, filter)?;
        }
        let rows = self.rows.all(&table.name);
        Ok(rows
            .filter(|row| {
                query.filter.as_ref().is_none_or(|filter| self.matches(table, row, filter))
            })
            .collect())
    }
}

fn orders<'t>(table: &'t Table, query: &Query) -> Outcome<Vec<(&'t Column, bool)>> {
    let orders = query.orderby.iter().map(|(property, descending)| {
        let column = table
            .property(property)
            .ok_or_else(|| Refusal::unknown_in_query(&table.name, property))?;
        Ok((column, *descending))
    });
    orders.collect()
}

fn sort_values<'r>(orders: &[(&Column, bool)], row: &'r Row) -> Vec<&'r Cell> {
    orders.iter().map(|(column, _)| row.get(&column.name)).collect()
}

/// Sort order of two rows, the id last so that it is total.
fn compare<A, B>(orders: &[(&Column, bool)], a: &[A], a_id: Uuid, b: &[B], b_id: Uuid) -> Ordering
where
    A: std::borrow::Borrow<Cell>,
    B: std::borrow::Borrow<Cell>,
{
    for (((column, descending), a), b) in orders.iter().zip(a).zip(b) {
        let order = ordered(column, a.borrow(), b.borrow());
        let order = if *descending { order.reverse() } else { order };
        if order != Ordering::Equal {
            return order;
        }
    }
    a_id.cmp(&b_id)
}

/// Choices sort by their labels (contract dynamics365 3.3).
fn ordered(column: &Column, a: &Cell, b: &Cell) -> Ordering {
    let label = |cell: &Cell| {
        let option = column.options().iter().find(|option| Some(option.value) == cell.as_int())?;
        Some(Cell::Text(option.label.clone()))
    };
    match (label(a), label(b)) {
        (Some(a), Some(b)) => a.order(&b),
        _ => a.order(b),
    }
}

/// A paging cookie in the service's wrapping, percent-encoded.
pub(crate) fn write_token(cookie: &impl Serialize, tracking: bool) -> String {
    let cookie = URL_SAFE_NO_PAD.encode(serde_json::to_vec(cookie).unwrap_or_default());
    let tracking = if tracking { "True" } else { "False" };
    let text =
        format!("<cookie pagenumber=\"2\" pagingcookie=\"{cookie}\" istracking=\"{tracking}\" />");
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The cookie of a decoded `$skiptoken`.
pub(crate) fn read_token<T: DeserializeOwned>(token: &str) -> Outcome<T> {
    let cookie = token.split("pagingcookie=\"").nth(1).and_then(|rest| rest.split('"').next());
    cookie
        .and_then(|cookie| URL_SAFE_NO_PAD.decode(cookie).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| Refusal::bad("0x80040203", "Malformed XML in the Paging Cookie"))
}
