//! The records of all objects, with those in the recycle bin and what others cannot see yet.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::cell::Cell;

/// Field values by API name; an absent field is null.
pub(crate) type Cells = BTreeMap<String, Cell>;

static NULL: Cell = Cell::Null;

#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) object: &'static str,
    pub(crate) cells: Cells,
    /// The values before the last write; `None` when that created the record.
    pub(crate) before: Option<Cells>,
    /// Until then others see what was before: the transaction has not ended.
    pub(crate) hidden_until: Option<Timestamp>,
}

impl Record {
    pub(crate) fn get(&self, field: &str) -> &Cell {
        self.cells.get(field).unwrap_or(&NULL)
    }

    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.get(field).as_text()
    }

    pub(crate) fn moment(&self, field: &str) -> Timestamp {
        self.get(field).as_moment().unwrap_or(Timestamp::UNIX_EPOCH)
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.get("IsDeleted").as_bool() == Some(true)
    }

    /// The record as others see it now; `None` when it was born in a transaction that has not
    /// ended.
    pub(crate) fn seen(&self, now: Timestamp) -> Option<Self> {
        if self.hidden_until.is_none_or(|until| until <= now) {
            return Some(self.clone());
        }
        let cells = self.before.clone()?;
        Some(Self { cells, ..self.clone() })
    }

    fn dump(&self) -> Value {
        let cells = self.cells.iter().filter(|(_, cell)| !cell.is_null());
        cells.map(|(field, cell)| (field.clone(), cell.to_json())).collect::<Map<_, _>>().into()
    }
}

/// All records; cloning takes a copy to roll back to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    objects: HashMap<&'static str, BTreeMap<String, Record>>,
}

impl Records {
    pub(crate) fn get(&self, object: &str, id: &str) -> Option<&Record> {
        self.objects.get(object)?.get(id)
    }

    pub(crate) fn get_mut(&mut self, object: &str, id: &str) -> Option<&mut Record> {
        self.objects.get_mut(object)?.get_mut(id)
    }

    /// The records of an object in the order of their ids, with those in the recycle bin.
    pub(crate) fn all(&self, object: &str) -> impl Iterator<Item = &Record> {
        self.objects.get(object).into_iter().flat_map(BTreeMap::values)
    }

    /// The records of an object that are not deleted.
    pub(crate) fn living(&self, object: &str) -> impl Iterator<Item = &Record> {
        self.all(object).filter(|record| !record.is_deleted())
    }

    pub(crate) fn put(&mut self, record: Record) {
        self.objects.entry(record.object).or_default().insert(record.id.clone(), record);
    }

    /// Forgets the records in the recycle bin.
    pub(crate) fn empty_bin(&mut self) {
        for records in self.objects.values_mut() {
            records.retain(|_, record| !record.is_deleted());
        }
    }

    pub(crate) fn clear(&mut self, object: &str) {
        self.objects.remove(object);
    }

    /// Everything stored, for the control port.
    pub(crate) fn dump(&self) -> Value {
        let list = |records: &BTreeMap<String, Record>| {
            records.values().map(Record::dump).collect::<Value>()
        };
        self.objects
            .iter()
            .map(|(name, records)| ((*name).to_owned(), list(records)))
            .collect::<Map<_, _>>()
            .into()
    }
}
