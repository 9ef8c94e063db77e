//! Alternate keys: which are declared, what a key in a URL means, and that no two rows share one
//! (contract dynamics365 3.5).

use uuid::Uuid;

use super::address::Key;
use super::cell::Cell;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};
use super::rows::{Cells, cell};
use super::schema::{Kind, Table};

/// Characters that break reading and writing by a key.
const BREAKING: &str = "/<>*%&:\\?+";

/// A row a URL names.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Id(Uuid),
    /// The alternate key's values, and the row that has them, if there is one.
    Alternate {
        values: Vec<(String, Cell)>,
        found: Option<Uuid>,
    },
}

impl Organisation {
    /// Finds out which row a URL's key means; for a primary key the row need not exist.
    pub(crate) fn place(&self, table: &Table, key: &Key) -> Outcome<Place> {
        match key {
            Key::Id(id) => Ok(Place::Id(*id)),
            Key::Empty => Err(Refusal::query("Bad Request - Error in query syntax.")),
            Key::Alternate(pairs) => {
                let values = key_values(table, pairs)?;
                let found = (!self.switches.key_index_pending)
                    .then(|| self.rows.find(&table.name, &values).map(|row| row.id))
                    .flatten();
                Ok(Place::Alternate { values, found })
            }
        }
    }

    /// The row a URL or a bind names, which must exist.
    pub(crate) fn existing(&self, table: &Table, key: &Key) -> Outcome<Uuid> {
        match self.place(table, key)? {
            Place::Id(id) => self.row(&table.name, id).map(|row| row.id),
            Place::Alternate { found, .. } => {
                found.ok_or_else(|| Refusal::no_row_with_key(&table.name))
            }
        }
    }

    /// Refuses values that another row than `own` already has under an alternate key.
    pub(crate) fn refuse_shared_keys(
        &self,
        table: &Table,
        own: Uuid,
        cells: &Cells,
    ) -> Outcome<()> {
        for key in &table.keys {
            let values: Vec<(String, Cell)> = key
                .columns
                .iter()
                .map(|column| (column.clone(), cell(cells, column).clone()))
                .collect();
            // A null in a key column takes the row out of the uniqueness.
            if values.iter().any(|(_, value)| value.is_null()) {
                continue;
            }
            if self.rows.find(&table.name, &values).is_some_and(|row| row.id != own) {
                return Err(Refusal::duplicate_key(&key.label, &key.columns));
            }
        }
        Ok(())
    }
}

fn key_values(table: &Table, pairs: &[(String, String)]) -> Outcome<Vec<(String, Cell)>> {
    let declared = table.keys.iter().any(|key| {
        key.columns.len() == pairs.len()
            && key.columns.iter().all(|column| pairs.iter().any(|(name, _)| name == column))
    });
    if !declared {
        return Err(Refusal::query(format!(
            "The specified key attributes are not a defined key for the {} entity",
            table.name
        )));
    }
    pairs
        .iter()
        .map(|(column, literal)| {
            let value = table.column(column).and_then(|column| key_value(&column.kind, literal));
            let value =
                value.ok_or_else(|| Refusal::query("Bad Request - Error in query syntax."))?;
            Ok((column.clone(), value))
        })
        .collect()
}

fn key_value(kind: &Kind, literal: &str) -> Option<Cell> {
    match kind {
        Kind::Text { .. } => {
            let text = literal.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
            (!text.chars().any(|character| BREAKING.contains(character)))
                .then_some(Cell::Text(text))
        }
        Kind::Int { .. } | Kind::Choice { .. } => literal.parse().ok().map(Cell::Int),
        Kind::Decimal { .. } => literal.parse().ok().map(Cell::Number),
        _ => None,
    }
}
