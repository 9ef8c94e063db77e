//! The tables this environment has (contract dynamics365 2.3 to 2.7) and the short words they are
//! written in.

mod cosell;
mod customers;
mod customisation;
mod directory;
mod lead;
mod opportunity;

use super::schema::{Choice, ChoiceRole, Column, Kind, LookupTarget, Preset, Schema, Table, Write};

const MONEY_LIMIT: f64 = 1e12;
const REVENUE_LIMIT: f64 = 1e14;

/// The whole schema; custom columns are there when `prefix` is given.
pub(crate) fn schema(prefix: Option<&str>) -> Schema {
    let mut opportunity = opportunity::opportunity();
    let mut lead = lead::lead();
    if let Some(prefix) = prefix {
        opportunity = cosell::with_columns(opportunity, prefix);
        lead = cosell::with_columns(lead, prefix);
    }
    Schema::new(vec![
        opportunity,
        opportunity::opportunityclose(),
        lead,
        customers::account(),
        customers::contact(),
        directory::transactioncurrency(),
        directory::systemuser(),
        customisation::publisher(),
        customisation::solution(),
    ])
}

/// A table with what every table has.
fn table(name: &str, set: &str, id_column: &str, name_column: &str, type_code: u32) -> Table {
    let empty = Table {
        name: name.into(),
        set: set.into(),
        id_column: id_column.into(),
        name_column: name_column.into(),
        columns: Vec::new(),
        keys: Vec::new(),
        optimistic: true,
        change_tracking: true,
        type_code,
    };
    empty
        .add(id_column, Kind::Guid, Write::OnCreate)
        .add("createdon", Kind::Moment, Write::Never)
        .add("modifiedon", Kind::Moment, Write::Never)
        .add("versionnumber", Kind::BigInt, Write::Never)
        .lookup("createdby", &[("createdby", "systemuser")], Write::Never)
        .lookup("modifiedby", &[("modifiedby", "systemuser")], Write::Never)
        .lookup("createdonbehalfby", &[("createdonbehalfby", "systemuser")], Write::Never)
        .lookup("modifiedonbehalfby", &[("modifiedonbehalfby", "systemuser")], Write::Never)
        .add("overriddencreatedon", Kind::Moment, Write::OnCreate)
        .add(
            "importsequencenumber",
            Kind::Int { min: i32::MIN.into(), max: i32::MAX.into() },
            Write::OnCreate,
        )
}

impl Table {
    pub(crate) fn add(mut self, name: &str, kind: Kind, write: Write) -> Self {
        self.columns.push(Column {
            name: name.into(),
            schema_name: name.into(),
            label: name.into(),
            kind,
            write,
            default: None,
        });
        self
    }

    fn default_to(mut self, default: Preset) -> Self {
        if let Some(column) = self.columns.last_mut() {
            column.default = Some(default);
        }
        self
    }

    fn text(self, name: &str, max: usize) -> Self {
        self.add(name, Kind::Text { max, format: "Text" }, Write::Always)
    }

    fn texts(self, names: &[&str], max: usize) -> Self {
        names.iter().fold(self, |table, name| table.text(name, max))
    }

    fn url(self, name: &str, max: usize) -> Self {
        self.add(name, Kind::Text { max, format: "Url" }, Write::Always)
    }

    fn emails(self, names: &[&str]) -> Self {
        names.iter().fold(self, |table, name| {
            table.add(name, Kind::Text { max: 100, format: "Email" }, Write::Always)
        })
    }

    fn memos(self, names: &[&str], max: usize) -> Self {
        names.iter().fold(self, |table, name| table.add(name, Kind::Memo { max }, Write::Always))
    }

    fn int(self, name: &str, min: i64, max: i64) -> Self {
        self.add(name, Kind::Int { min, max }, Write::Always)
    }

    fn dates(self, names: &[&str]) -> Self {
        names.iter().fold(self, |table, name| table.add(name, Kind::Date, Write::Always))
    }

    fn bool(self, name: &str, default: bool) -> Self {
        self.add(name, Kind::Bool, Write::Always).default_to(Preset::Bool(default))
    }

    /// A money column and its read-only twin in the base currency.
    fn money(self, name: &str, min: f64, max: f64) -> Self {
        self.money_written(name, min, max, Write::Always)
    }

    fn money_written(self, name: &str, min: f64, max: f64, write: Write) -> Self {
        self.add(name, Kind::Money { min, max }, write).add(
            &format!("{name}_base"),
            Kind::Money { min, max },
            Write::Never,
        )
    }

    /// The one currency all money columns of a row share.
    fn currency(self) -> Self {
        self.lookup(
            "transactioncurrencyid",
            &[("transactioncurrencyid", "transactioncurrency")],
            Write::Always,
        )
        .add("exchangerate", Kind::Decimal { min: 1e-10, max: 1e11 }, Write::Never)
    }

    fn choice(self, name: &str, options: &[(i64, &str)]) -> Self {
        self.choices(
            name,
            ChoiceRole::Picklist,
            options.iter().map(|&(value, label)| (value, label, None)),
        )
    }

    fn choice_defaulting(self, name: &str, options: &[(i64, &str)], default: i64) -> Self {
        self.choice(name, options).default_to(Preset::Choice(default))
    }

    /// `statecode` and `statuscode`; status reasons carry their state, each state's first is its
    /// default.
    fn states(self, states: &[(i64, &str)], statuses: &[(i64, &str, i64)]) -> Self {
        self.choices(
            "statecode",
            ChoiceRole::State,
            states.iter().map(|&(value, label)| (value, label, None)),
        )
        .choices(
            "statuscode",
            ChoiceRole::Status,
            statuses.iter().map(|&(value, label, state)| (value, label, Some(state))),
        )
    }

    fn choices<'a>(
        self,
        name: &str,
        role: ChoiceRole,
        options: impl Iterator<Item = (i64, &'a str, Option<i64>)>,
    ) -> Self {
        let options = options
            .map(|(value, label, state)| Choice { value, label: label.into(), state })
            .collect();
        self.add(name, Kind::Choice { role, options }, Write::Always)
    }

    fn lookup(self, name: &str, targets: &[(&str, &str)], write: Write) -> Self {
        let targets = targets
            .iter()
            .map(|&(navigation, table)| LookupTarget {
                navigation: navigation.into(),
                table: table.into(),
            })
            .collect();
        self.add(name, Kind::Lookup { targets }, write)
    }

    fn account_and_contact(self) -> Self {
        self.lookup("parentaccountid", &[("parentaccountid", "account")], Write::Always).lookup(
            "parentcontactid",
            &[("parentcontactid", "contact")],
            Write::Always,
        )
    }

    fn owned(self) -> Self {
        self.lookup("ownerid", &[("ownerid", "systemuser")], Write::Always)
            .lookup("owninguser", &[("owninguser", "systemuser")], Write::Never)
            .add("owningbusinessunit", Kind::Guid, Write::Never)
    }

    /// The address columns of one prefix (`address1`), with the composite the platform computes.
    fn address(self, prefix: &str, name_max: usize) -> Self {
        let sized = [
            ("name", name_max),
            ("line1", 250),
            ("line2", 250),
            ("line3", 250),
            ("city", 80),
            ("stateorprovince", 50),
            ("county", 50),
            ("postalcode", 20),
            ("country", 80),
            ("postofficebox", 20),
            ("telephone1", 50),
            ("telephone2", 50),
            ("telephone3", 50),
            ("fax", 50),
        ];
        sized
            .iter()
            .fold(self, |table, (part, max)| table.text(&format!("{prefix}_{part}"), *max))
            .add(&format!("{prefix}_composite"), Kind::Memo { max: 1000 }, Write::Never)
            .add(
                &format!("{prefix}_latitude"),
                Kind::Double { min: -90.0, max: 90.0 },
                Write::Always,
            )
            .add(
                &format!("{prefix}_longitude"),
                Kind::Double { min: -180.0, max: 180.0 },
                Write::Always,
            )
    }
}
