//! Which state and status reason a plain create or update may set (contract dynamics365 2.8).

use super::cell::Cell;
use super::refusal::{Outcome, Refusal};
use super::rows::{Cells, Row, cell};
use super::schema::Table;

/// The state every opportunity, lead, account and contact begins in.
pub(crate) const OPEN: i64 = 0;
pub(crate) const WON: i64 = 1;
pub(crate) const LOST: i64 = 2;

/// Settles `statecode` and `statuscode` of a create.
pub(crate) fn settle_new(table: &Table, cells: &mut Cells) -> Outcome<()> {
    if table.statuses().is_empty() {
        return Ok(());
    }
    let state = cell(cells, "statecode").as_int().unwrap_or(OPEN);
    if state != OPEN && table.name == "opportunity" {
        return Err(cannot_close_here());
    }
    settle(table, state, cells)
}

/// Settles `statecode` and `statuscode` of an update, when it names one of them.
pub(crate) fn settle_change(table: &Table, row: &Row, changes: &mut Cells) -> Outcome<()> {
    if !changes.contains_key("statecode") && !changes.contains_key("statuscode") {
        return Ok(());
    }
    let current = row.get("statecode").as_int().unwrap_or(OPEN);
    let wanted = cell(changes, "statecode").as_int().unwrap_or(current);
    if table.name == "opportunity" && changes.contains_key("statecode") && wanted != OPEN {
        return Err(cannot_close_here());
    }
    if table.name == "lead" && current != wanted && current != OPEN && wanted != OPEN {
        return Err(Refusal::bad(
            "0x80048408",
            "A qualified or disqualified lead has to be reopened before its state can change.",
        ));
    }
    settle(table, wanted, changes)
}

/// Refuses an update of a won or lost opportunity that does more than reopen it.
pub(crate) fn refuse_closed(table: &Table, row: &Row, changes: &Cells) -> Outcome<()> {
    let closed = table.name == "opportunity" && row.get("statecode").as_int() != Some(OPEN);
    let only_state = changes.keys().all(|column| column == "statecode" || column == "statuscode");
    let reopens = only_state && cell(changes, "statecode").as_int() == Some(OPEN);
    if closed && !reopens && !changes.is_empty() {
        return Err(Refusal::bad(
            "0x8004022e",
            "The opportunity is won or lost and therefore read-only; reopen it first.",
        ));
    }
    Ok(())
}

/// Puts the state with a status reason that belongs to it: the one asked for, or the state's first.
pub(crate) fn settle(table: &Table, state: i64, cells: &mut Cells) -> Outcome<()> {
    let of_state = || table.statuses().iter().filter(|status| status.state == Some(state));
    let status = match cell(cells, "statuscode").as_int() {
        Some(status) if of_state().any(|known| known.value == status) => status,
        Some(status) => {
            return Err(Refusal::bad(
                "0x80048408",
                format!(
                    "{status} is not a valid status code for state code {state} on {}.",
                    table.name
                ),
            ));
        }
        None => of_state().next().map(|status| status.value).ok_or_else(|| {
            Refusal::bad(
                "0x80048408",
                format!("{state} is not a valid state code on {}.", table.name),
            )
        })?,
    };
    cells.insert("statecode".into(), Cell::Int(state));
    cells.insert("statuscode".into(), Cell::Int(status));
    Ok(())
}

fn cannot_close_here() -> Refusal {
    Refusal::bad(
        "0x80100005",
        "This message can not be used to set the state of opportunity to Won or Lost. In order to \
         set state of opportunity to Won, use the Win message instead; to Lost, the Lose message.",
    )
}
