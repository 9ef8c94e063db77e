//! Create, update and delete: validation first, then one change with one new row version.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::cell::Cell;
use super::derived;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};
use super::rows::{Cells, cell};
use super::schema::Table;
use super::states;

impl Organisation {
    /// Creates a row from a body; `place` holds what the URL says of it (its id, its alternate
    /// key).
    pub(crate) fn create(
        &mut self,
        table: &Table,
        actor: Uuid,
        body: &Map<String, Value>,
        place: Cells,
    ) -> Outcome<Uuid> {
        let mut changes = self.read_payload(table, body, true)?;
        changes.extend(place);
        self.refuse_incomplete(table, &changes)?;
        states::settle_new(table, &mut changes)?;
        self.insert(table, actor, changes)
    }

    /// Stores a new row whose columns are already checked.
    pub(crate) fn insert(&mut self, table: &Table, actor: Uuid, changes: Cells) -> Outcome<Uuid> {
        let id = cell(&changes, &table.id_column).as_id().unwrap_or_else(Uuid::new_v4);
        if self.rows.get(&table.name, id).is_some() {
            return Err(Refusal::duplicate_record());
        }
        let mut cells = derived::presets(table);
        cells.extend(changes);
        cells.insert(table.id_column.clone(), Cell::Guid(id));
        if is_system_calculated(&cells) {
            cells.remove("estimatedvalue");
        }
        self.refuse_shared_keys(table, id, &cells)?;
        self.derive(table, actor, true, &mut cells);
        self.rows.put(&table.name, id, cells);
        Ok(id)
    }

    /// Updates an existing row from a body; also a body that changes nothing moves version and
    /// `modifiedon`.
    pub(crate) fn update(
        &mut self,
        table: &Table,
        actor: Uuid,
        id: Uuid,
        body: &Map<String, Value>,
    ) -> Outcome<()> {
        let mut changes = self.read_payload(table, body, false)?;
        let row = self.row(&table.name, id)?;
        states::settle_change(table, row, &mut changes)?;
        if self.switches.lock_closed_opportunities {
            states::refuse_closed(table, row, &changes)?;
        }
        self.amend(table, actor, id, changes)
    }

    /// Stores changes that are already checked.
    pub(crate) fn amend(
        &mut self,
        table: &Table,
        actor: Uuid,
        id: Uuid,
        changes: Cells,
    ) -> Outcome<()> {
        let mut cells = self.row(&table.name, id)?.cells.clone();
        let estimate = cell(&cells, "estimatedvalue").clone();
        cells.extend(changes);
        if is_system_calculated(&cells) {
            cells.insert("estimatedvalue".into(), estimate);
        }
        self.refuse_shared_keys(table, id, &cells)?;
        self.derive(table, actor, false, &mut cells);
        self.rows.put(&table.name, id, cells);
        Ok(())
    }

    /// Deletes a row.
    pub(crate) fn delete(&mut self, table: &Table, id: Uuid) -> Outcome<()> {
        if self.rows.remove(&table.name, id) {
            Ok(())
        } else {
            Err(Refusal::no_row(&table.name, id))
        }
    }
}

/// A system-calculated estimate does not take what is written to it.
fn is_system_calculated(cells: &Cells) -> bool {
    cell(cells, "isrevenuesystemcalculated") == &Cell::Bool(true)
}
