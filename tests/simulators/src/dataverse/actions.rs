//! WinOpportunity and LoseOpportunity (contract dynamics365 2.8).

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::address::{self, Key};
use super::cell::Cell;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};
use super::rows::{Cells, cell};
use super::schema::Table;
use super::states::{self, OPEN, WON};

/// State and status reason of the close row an action makes: Completed.
const COMPLETED: (i64, i64) = (1, 2);

impl Organisation {
    /// Closes an open opportunity as won or lost and keeps the close row.
    pub(crate) fn close(
        &mut self,
        actor: Uuid,
        body: &Map<String, Value>,
        state: i64,
    ) -> Outcome<()> {
        let action = if state == WON { "WinOpportunity" } else { "LoseOpportunity" };
        let (status, close) = parameters(action, body)?;
        let opportunities = self.set("opportunities")?;
        let closes = self.set("opportunitycloses")?;
        let id = self.opportunity_of(action, &opportunities, close)?;

        let opportunity = self.row("opportunity", id)?;
        if opportunity.get("statecode").as_int() != Some(OPEN) {
            return Err(Refusal::bad("0x80040515", "The opportunity has already been closed."));
        }
        let mut changes = Cells::from([("statuscode".into(), Cell::Int(status))]);
        states::settle(&opportunities, state, &mut changes)?;

        let mut record = self.read_payload(&closes, close, true)?;
        let currency = opportunity.get("transactioncurrencyid").clone();
        if !matches!(cell(&record, "transactioncurrencyid"), Cell::Null)
            && record["transactioncurrencyid"] != currency
        {
            let text = "The currency of the record does not match the currency of the opportunity.";
            return Err(Refusal::bad("0x80048cef", text));
        }
        record.insert("transactioncurrencyid".into(), currency);
        if state == WON && cell(&record, "actualrevenue").is_null() {
            record.insert("actualrevenue".into(), opportunity.get("estimatedvalue").clone());
        }
        if cell(&record, "actualend").is_null() {
            record.insert("actualend".into(), Cell::moment(self.now()));
        }
        record.insert("statecode".into(), Cell::Int(COMPLETED.0));
        record.insert("statuscode".into(), Cell::Int(COMPLETED.1));
        changes.insert("actualvalue".into(), cell(&record, "actualrevenue").clone());
        changes.insert("actualclosedate".into(), date_of(cell(&record, "actualend")));

        self.insert(&closes, actor, record)?;
        self.amend(&opportunities, actor, id, changes)
    }

    /// The opportunity the close row is bound to.
    fn opportunity_of(
        &self,
        action: &str,
        table: &Arc<Table>,
        close: &Map<String, Value>,
    ) -> Outcome<Uuid> {
        let bound = close
            .get("opportunityid@odata.bind")
            .and_then(Value::as_str)
            .and_then(address::reference);
        let segment = bound
            .ok_or_else(|| invalid(action, "OpportunityClose has no opportunityid@odata.bind"))??;
        let key = segment.key.filter(|_| segment.name == table.set);
        match key.ok_or_else(|| {
            invalid(action, "opportunityid@odata.bind does not name an opportunity")
        })? {
            Key::Id(id) if self.rows.get(&table.name, id).is_none() => Err(Refusal::bad(
                "0x80100006",
                format!("The opportunity with Id = {id} does not exist."),
            )),
            key => self.existing(table, &key),
        }
    }
}

fn parameters<'a>(
    action: &str,
    body: &'a Map<String, Value>,
) -> Outcome<(i64, &'a Map<String, Value>)> {
    let unknown = body
        .keys()
        .find(|name| !name.starts_with('@') && *name != "Status" && *name != "OpportunityClose");
    if let Some(name) = unknown {
        return Err(Refusal::bad(
            "0x80048d19",
            format!(
                "The parameter '{name}' in the request payload is not a valid parameter for the \
                 operation '{action}'."
            ),
        ));
    }
    let status = body.get("Status").and_then(Value::as_i64);
    let close = body.get("OpportunityClose").and_then(Value::as_object);
    Ok((
        status.ok_or_else(|| invalid(action, "Status is missing or not a whole number"))?,
        close.ok_or_else(|| invalid(action, "OpportunityClose is missing or not an object"))?,
    ))
}

fn invalid(action: &str, what: &str) -> Refusal {
    Refusal::bad("0x80040203", format!("Invalid argument of {action}: {what}."))
}

/// The date a moment falls on, in UTC.
fn date_of(moment: &Cell) -> Cell {
    match moment {
        Cell::Moment(at) => Cell::Date(at.to_zoned(TimeZone::UTC).date()),
        _ => Cell::Null,
    }
}
