//! Change tracking: first load, deltas, deletions, expiry (contract dynamics365 3.9).

use std::sync::Arc;

use axum::http::StatusCode;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::listing::{read_token, write_token};
use super::organisation::Organisation;
use super::projection::Shape;
use super::query::{Preferences, Query};
use super::refusal::{Outcome, Refusal};
use super::schema::Table;

/// Days a delta token lives: the organisation setting `ExpireChangeTrackingInDays`.
const LIFETIME_DAYS: i64 = 7;
const TOKEN_TIME: &str = "%m/%d/%Y %H:%M:%S";

/// Where a tracked page ended.
#[derive(Debug, Serialize, Deserialize)]
struct Cookie {
    /// Changes after this version are wanted; `None` for a first load.
    since: Option<u64>,
    /// Version at which the reading began.
    upto: u64,
    after: Place,
}

/// Order of a tracked answer: rows (by key or by version), then deletions by version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Place {
    Row(u64, Uuid),
    Deleted(u64, Uuid),
}

impl Organisation {
    /// One page of a first load or of a delta.
    pub(crate) fn changes(
        &self,
        table: &Arc<Table>,
        query: &Query,
        preferences: &Preferences,
    ) -> Outcome<Value> {
        refuse_options(table, query)?;
        let shape = self.shape(table, query)?;
        let (since, upto, after) = self.position(query)?;
        let mut items = self.items(table, since, upto, &shape, preferences);
        items.retain(|(place, _)| after.is_none_or(|after| *place > after));
        let size = self.page_size(query, preferences);
        let more = items.len() > size;
        items.truncate(size);

        let delta = if since.is_some() { "/$delta" } else { "" };
        let mut body = self.envelope(table, &format!("{}{delta}", shape.context()), preferences);
        if let (true, Some((last, _))) = (more, items.last()) {
            let cookie = Cookie { since, upto, after: *last };
            let link =
                self.link(table, query, &format!("$skiptoken={}", write_token(&cookie, true)));
            body.insert("@odata.nextLink".into(), link.into());
        } else {
            let version =
                if self.switches.delta_token_from_last_page { self.rows.version() } else { upto };
            let link = self.link(
                table,
                query,
                &format!("$deltatoken={}", delta_token(version, self.now())),
            );
            body.insert("@odata.deltaLink".into(), link.into());
        }
        body.insert("value".into(), items.into_iter().map(|(_, item)| item).collect());
        Ok(body.into())
    }

    /// Since when, up to which version and after which item the request reads.
    fn position(&self, query: &Query) -> Outcome<(Option<u64>, u64, Option<Place>)> {
        if let Some(token) = &query.skiptoken {
            let cookie: Cookie = read_token(token)?;
            return Ok((cookie.since, cookie.upto, Some(cookie.after)));
        }
        let Some(token) = &query.deltatoken else {
            return Ok((None, self.rows.version(), None));
        };
        let malformed = || Refusal::bad("0x80040203", "The delta token is not valid.");
        let (version, given) = token.split_once('!').ok_or_else(malformed)?;
        let version: u64 = version.parse().map_err(|_| malformed())?;
        let given = DateTime::strptime(TOKEN_TIME, given).ok();
        let given = given
            .and_then(|civil| civil.to_zoned(TimeZone::UTC).ok())
            .ok_or_else(malformed)?
            .timestamp();
        let expired =
            self.now().duration_since(given) > SignedDuration::from_hours(24 * LIFETIME_DAYS);
        if expired || version < self.oldest_delta {
            return Err(self.expired());
        }
        Ok((Some(version), self.rows.version(), None))
    }

    fn expired(&self) -> Refusal {
        Refusal::new(
            StatusCode::from_u16(self.switches.expired_delta_status)
                .unwrap_or(StatusCode::BAD_REQUEST),
            "0x80044352",
            "Version stamp associated with the client has expired. Please perform a full sync.",
        )
    }

    fn items(
        &self,
        table: &Arc<Table>,
        since: Option<u64>,
        upto: u64,
        shape: &Shape,
        preferences: &Preferences,
    ) -> Vec<(Place, Value)> {
        let rows =
            self.rows.all(&table.name).filter(|row| since.is_none_or(|since| row.version > since));
        let mut items: Vec<(Place, Value)> = rows
            .map(|row| {
                // A first load goes by key, so that a row changed meanwhile keeps its place.
                let rank = since.map_or(0, |_| row.version);
                (Place::Row(rank, row.id), self.render(row, shape, preferences).into())
            })
            .collect();
        if let Some(since) = since {
            let context = format!("{}$metadata#{}/$deletedEntity", self.api_root(), table.set);
            items.extend(
                self.rows.tombstones(&table.name).filter(|gone| gone.version > since).map(|gone| {
                    let item = json!({
                        "@odata.context": context, "id": gone.id.to_string(), "reason": "deleted"
                    });
                    (Place::Deleted(gone.version, gone.id), item)
                }),
            );
            // What changes while pages are read belongs to the next delta, which begins at `upto`.
            items.retain(|(Place::Row(version, _) | Place::Deleted(version, _), _)| {
                *version <= upto
            });
        }
        items.sort_by_key(|(place, _)| *place);
        items
    }
}

fn refuse_options(table: &Table, query: &Query) -> Outcome<()> {
    if !table.change_tracking {
        return Err(Refusal::bad(
            "0x80044354",
            format!("Change tracking is not enabled for the entity {}.", table.name),
        ));
    }
    let given = [
        ("$filter", query.filter.is_some()),
        ("$orderby", !query.orderby.is_empty()),
        ("$expand", !query.expand.is_empty()),
        ("$top", query.top.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(Refusal::query(format!(
            "The \"{name}\" query parameter isn't supported when Change Tracking is enabled."
        ))),
        None => Ok(()),
    }
}

/// `48213999!10/05/2026 14:03:27`, encoded as the service does it.
fn delta_token(version: u64, at: Timestamp) -> String {
    let time = at.strftime(TOKEN_TIME).to_string();
    let encoded = time.replace('/', "%2f").replace(' ', "%20").replace(':', "%3a");
    format!("{version}%21{encoded}")
}
