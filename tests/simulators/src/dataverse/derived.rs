//! Columns the platform keeps by itself: currency and base twins, composites, full names, owner,
//! stamps (contract dynamics365 2.1 to 2.6).

use uuid::Uuid;

use super::cell::Cell;
use super::organisation::{BASE_CURRENCY, BUSINESS_UNIT, Organisation, currency_id};
use super::rows::{Cells, cell};
use super::schema::{Kind, Preset, Table};

impl Organisation {
    /// Brings all columns the platform keeps up to date with the others.
    pub(crate) fn derive(&self, table: &Table, actor: Uuid, creating: bool, cells: &mut Cells) {
        if table.has_money() {
            self.derive_money(table, cells);
        }
        if table.column("fullname").is_some() {
            let parts = ["firstname", "middlename", "lastname"];
            cells.insert("fullname".into(), joined(cells, &parts, " "));
        }
        for prefix in ["address1", "address2"] {
            if table.column(&format!("{prefix}_composite")).is_some() {
                derive_address(prefix, cells);
            }
        }
        self.derive_stamps(table, actor, creating, cells);
    }

    fn derive_money(&self, table: &Table, cells: &mut Cells) {
        if cell(cells, "transactioncurrencyid").is_null() {
            let base = Cell::lookup("transactioncurrency", currency_id(BASE_CURRENCY));
            cells.insert("transactioncurrencyid".into(), base);
        }
        let currency = self.follow(cell(cells, "transactioncurrencyid"));
        let rate = currency.and_then(|row| row.get("exchangerate").as_number()).unwrap_or(1.0);
        let precision = currency.and_then(|row| row.get("currencyprecision").as_int()).unwrap_or(2);
        cells.insert("exchangerate".into(), Cell::Number(rate));
        for column in &table.columns {
            if !matches!(column.kind, Kind::Money { .. }) || column.name.ends_with("_base") {
                continue;
            }
            let base = match cell(cells, &column.name).as_number() {
                Some(amount) => {
                    let amount = rounded(amount, precision);
                    cells.insert(column.name.clone(), Cell::Number(amount));
                    Cell::Number(rounded(amount / rate, 4))
                }
                None => Cell::Null,
            };
            cells.insert(format!("{}_base", column.name), base);
        }
    }

    fn derive_stamps(&self, table: &Table, actor: Uuid, creating: bool, cells: &mut Cells) {
        let (now, user) = (Cell::moment(self.now()), Cell::lookup("systemuser", actor));
        if creating {
            cells.insert("createdon".into(), now.clone());
            cells.insert("createdby".into(), user.clone());
        }
        cells.insert("modifiedon".into(), now);
        cells.insert("modifiedby".into(), user.clone());
        if table.column("ownerid").is_some() {
            let owner = match cell(cells, "ownerid") {
                Cell::Null => user,
                owner => owner.clone(),
            };
            cells.insert("ownerid".into(), owner.clone());
            cells.insert("owninguser".into(), owner);
            cells.insert("owningbusinessunit".into(), Cell::Guid(BUSINESS_UNIT));
        }
    }
}

/// The values a new row has in columns its body does not name.
pub(crate) fn presets(table: &Table) -> Cells {
    let preset = table.columns.iter().filter_map(|column| {
        let value = match column.default? {
            Preset::Bool(flag) => Cell::Bool(flag),
            Preset::Choice(value) => Cell::Int(value),
        };
        Some((column.name.clone(), value))
    });
    preset.collect()
}

fn derive_address(prefix: &str, cells: &mut Cells) {
    let parts = ["line1", "line2", "line3", "city", "stateorprovince", "postalcode", "country"]
        .map(|part| format!("{prefix}_{part}"));
    let composite = joined(cells, &parts.each_ref().map(String::as_str), "\r\n");
    cells.insert(format!("{prefix}_composite"), composite);
}

fn joined(cells: &Cells, columns: &[&str], separator: &str) -> Cell {
    let parts: Vec<&str> =
        columns.iter().filter_map(|column| cell(cells, column).as_text()).collect();
    if parts.is_empty() {
        return Cell::Null;
    }
    Cell::Text(parts.join(separator))
}

fn rounded(amount: f64, places: i64) -> f64 {
    let scale = 10_f64.powi(i32::try_from(places).unwrap_or(2));
    (amount * scale).round() / scale
}
