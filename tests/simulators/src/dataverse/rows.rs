//! The rows of all tables under one rising row version, and what is remembered of deleted ones.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::cell::{Cell, fold};

/// Column values by logical name; an absent column is null.
pub(crate) type Cells = BTreeMap<String, Cell>;

static NULL: Cell = Cell::Null;

pub(crate) fn cell<'a>(cells: &'a Cells, column: &str) -> &'a Cell {
    cells.get(column).unwrap_or(&NULL)
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    /// `versionnumber`, the number in the ETag.
    pub(crate) version: u64,
    pub(crate) cells: Cells,
}

impl Row {
    pub(crate) fn get(&self, column: &str) -> &Cell {
        cell(&self.cells, column)
    }

    pub(crate) fn etag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Tombstone {
    pub(crate) table: String,
    pub(crate) id: Uuid,
    pub(crate) version: u64,
}

/// Cloning takes a copy to roll back to.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    tables: HashMap<String, BTreeMap<Uuid, Row>>,
    tombstones: Vec<Tombstone>,
    version: u64,
}

impl Default for Rows {
    fn default() -> Self {
        Self { tables: HashMap::new(), tombstones: Vec::new(), version: 48_000_000 }
    }
}

impl Rows {
    pub(crate) fn get(&self, table: &str, id: Uuid) -> Option<&Row> {
        self.tables.get(table)?.get(&id)
    }

    /// The rows of a table in the order of their keys.
    pub(crate) fn all(&self, table: &str) -> impl Iterator<Item = &Row> {
        self.tables.get(table).into_iter().flat_map(BTreeMap::values)
    }

    /// The newest row version given out.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Stores a row and gives it the next version.
    pub(crate) fn put(&mut self, table: &str, id: Uuid, mut cells: Cells) {
        let version = self.next_version();
        let shown = i64::try_from(version).unwrap_or(i64::MAX);
        cells.insert("versionnumber".into(), Cell::Int(shown));
        cells.retain(|_, cell| !cell.is_null());
        self.tables.entry(table.into()).or_default().insert(id, Row { id, version, cells });
    }

    /// Deletes a row and remembers it for change tracking; false when there was none.
    pub(crate) fn remove(&mut self, table: &str, id: Uuid) -> bool {
        let found = self.tables.get_mut(table).and_then(|rows| rows.remove(&id)).is_some();
        if found {
            let version = self.next_version();
            self.tombstones.push(Tombstone { table: table.into(), id, version });
        }
        found
    }

    /// Deleted rows of a table, oldest first.
    pub(crate) fn tombstones(&self, table: &str) -> impl Iterator<Item = &Tombstone> {
        self.tombstones.iter().filter(move |tombstone| tombstone.table == table)
    }

    /// The row whose columns all hold these values; a null never matches (contract dynamics365
    /// 3.5).
    pub(crate) fn find(&self, table: &str, key: &[(String, Cell)]) -> Option<&Row> {
        self.all(table).find(|row| key.iter().all(|(column, value)| same(row.get(column), value)))
    }

    /// Everything stored, for the control port.
    pub(crate) fn dump(&self) -> Value {
        let mut tables = Map::new();
        for (name, rows) in &self.tables {
            let rows: Vec<Value> = rows.values().map(dump_row).collect();
            tables.insert(name.clone(), rows.into());
        }
        tables.into()
    }

    /// Versions rise across all tables and not by one (contract dynamics365 3.4).
    pub(crate) fn next_version(&mut self) -> u64 {
        self.version += 1 + self.version % 5;
        self.version
    }
}

fn dump_row(row: &Row) -> Value {
    let cells = row.cells.iter().map(|(column, cell)| (column.clone(), cell.to_json()));
    cells.collect::<Map<_, _>>().into()
}

fn same(stored: &Cell, wanted: &Cell) -> bool {
    match (stored, wanted) {
        (Cell::Text(a), Cell::Text(b)) => fold(a) == fold(b),
        (Cell::Null, _) => false,
        _ => stored.compare(wanted) == Some(std::cmp::Ordering::Equal),
    }
}
