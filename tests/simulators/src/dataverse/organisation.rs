//! One environment: its schema, rows, users, currencies and switches.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::Options;
use super::cell::Cell;
use super::refusal::{Outcome, Refusal};
use super::rows::{Cells, Row, Rows};
use super::schema::{Schema, Table};
use super::switches::Switches;
use super::tables;
use super::tokens::Tokens;
use crate::clock::Clock;

pub(crate) const BUSINESS_UNIT: Uuid = Uuid::from_u128(0x0b1c_2d3e_0000_4a00_9000_0000_0000_0001);
/// The systemuser behind the client id.
pub(crate) const APPLICATION_USER: Uuid =
    Uuid::from_u128(0x0b1c_2d3e_0000_4a00_9000_0000_0000_0002);
pub(crate) const ORGANISATION: Uuid = Uuid::from_u128(0x0b1c_2d3e_0000_4a00_9000_0000_0000_0003);
/// The systemuser who works in the user interface, played by the control port.
pub(crate) const SELLER: Uuid = Uuid::from_u128(0x0b1c_2d3e_0000_4a00_9000_0000_0000_0004);

pub(crate) const BASE_CURRENCY: &str = "USD";

#[derive(Debug)]
pub(crate) struct Organisation {
    pub(crate) options: Options,
    pub(crate) clock: Clock,
    /// Scheme, host and port, without a slash at the end.
    pub(crate) origin: String,
    pub(crate) schema: Schema,
    pub(crate) rows: Rows,
    pub(crate) switches: Switches,
    pub(crate) tokens: Tokens,
    /// Delta tokens of an older row version are refused as expired.
    pub(crate) oldest_delta: u64,
    /// Schema names of the columns and keys made for each solution, as `table.name`.
    pub(crate) components: BTreeMap<String, Vec<String>>,
}

impl Organisation {
    pub(crate) fn new(clock: Clock, options: Options) -> Self {
        let prefix = options.install_columns.then_some(options.publisher_prefix.as_str());
        let mut organisation = Self {
            origin: "http://127.0.0.1".into(),
            schema: tables::schema(prefix),
            rows: Rows::default(),
            switches: Switches::of(&options),
            tokens: Tokens::default(),
            oldest_delta: 0,
            components: BTreeMap::new(),
            clock,
            options,
        };
        organisation.seed_users();
        organisation.seed_publishers();
        organisation.settle_currencies();
        organisation
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The root of the Web API, with a slash at the end.
    pub(crate) fn api_root(&self) -> String {
        format!("{}/api/data/v9.2/", self.origin)
    }

    pub(crate) fn set(&self, set: &str) -> Outcome<std::sync::Arc<Table>> {
        self.schema.by_set(set).ok_or_else(|| Refusal::no_segment(set))
    }

    pub(crate) fn row(&self, table: &str, id: Uuid) -> Outcome<&Row> {
        self.rows.get(table, id).ok_or_else(|| Refusal::no_row(table, id))
    }

    /// The row a lookup column points to.
    pub(crate) fn follow(&self, target: &Cell) -> Option<&Row> {
        match target {
            Cell::Lookup { table, id } => self.rows.get(table, *id),
            _ => None,
        }
    }

    fn seed_users(&mut self) {
        let client = Uuid::parse_str(&self.options.client_id).unwrap_or(APPLICATION_USER);
        let people = [
            (APPLICATION_USER, "#", "Co-sell sync", None, Some(client), 4),
            (SELLER, "Sam", "Seller", Some("sam.seller@halcyon.example"), None, 0),
        ];
        for (id, first, last, email, application, mode) in people {
            let mut cells = Cells::from([
                ("systemuserid".into(), Cell::Guid(id)),
                ("firstname".into(), Cell::Text(first.into())),
                ("lastname".into(), Cell::Text(last.into())),
                ("fullname".into(), Cell::Text(format!("{first} {last}"))),
                ("isdisabled".into(), Cell::Bool(false)),
                ("accessmode".into(), Cell::Int(mode)),
                ("businessunitid".into(), Cell::Guid(BUSINESS_UNIT)),
                ("createdon".into(), Cell::moment(self.now())),
                ("modifiedon".into(), Cell::moment(self.now())),
            ]);
            if let Some(email) = email {
                cells.insert("internalemailaddress".into(), Cell::Text(email.into()));
            }
            if let Some(application) = application {
                cells.insert("applicationid".into(), Cell::Guid(application));
            }
            self.rows.put("systemuser", id, cells);
        }
    }

    /// Makes the stored currencies those of the switches; one keeps its id when it comes back.
    pub(crate) fn settle_currencies(&mut self) {
        self.switches.currencies.insert(BASE_CURRENCY.into());
        let gone: Vec<Uuid> = self
            .rows
            .all("transactioncurrency")
            .filter(|row| {
                let code = row.get("isocurrencycode").as_text();
                !code.is_some_and(|code| self.switches.currencies.contains(code))
            })
            .map(|row| row.id)
            .collect();
        for id in gone {
            self.rows.remove("transactioncurrency", id);
        }
        for code in self.switches.currencies.clone() {
            let id = currency_id(&code);
            if self.rows.get("transactioncurrency", id).is_none() {
                let cells = currency(id, &code, self.now());
                self.rows.put("transactioncurrency", id, cells);
            }
        }
    }
}

/// The id of the currency row with this ISO code.
pub(crate) fn currency_id(code: &str) -> Uuid {
    let number = code.bytes().fold(0_u128, |number, byte| number << 8 | u128::from(byte));
    Uuid::from_u128(0x5e2b_7a90_1111_4d2c_9b00_0000_0000_0000 | number & 0xffff_ffff_ffff)
}

fn currency(id: Uuid, code: &str, now: Timestamp) -> Cells {
    // Invented rates: units of the currency for one US dollar.
    let (name, symbol, precision, rate) = match code {
        "USD" => ("US Dollar", "$", 2, 1.0),
        "EUR" => ("Euro", "€", 2, 0.92),
        "GBP" => ("Pound Sterling", "£", 2, 0.79),
        "SEK" => ("Swedish Krona", "kr", 2, 10.5),
        "JPY" => ("Yen", "¥", 0, 150.0),
        other => (other, other, 2, 1.0),
    };
    Cells::from([
        ("transactioncurrencyid".into(), Cell::Guid(id)),
        ("isocurrencycode".into(), Cell::Text(code.into())),
        ("currencyname".into(), Cell::Text(name.into())),
        ("currencysymbol".into(), Cell::Text(symbol.into())),
        ("currencyprecision".into(), Cell::Int(precision)),
        ("exchangerate".into(), Cell::Number(rate)),
        ("statecode".into(), Cell::Int(0)),
        ("statuscode".into(), Cell::Int(1)),
        ("createdon".into(), Cell::moment(now)),
        ("modifiedon".into(), Cell::moment(now)),
    ])
}
