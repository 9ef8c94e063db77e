//! Tables, columns, choices, lookups and alternate keys as data (contract dynamics365 2).

use std::sync::Arc;

/// Whether the Web API may set a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Always,
    /// Only while the row is created; silently ignored afterwards.
    OnCreate,
    /// Kept by the platform; silently ignored in a body.
    Never,
}

/// What a whole-number choice column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChoiceRole {
    Picklist,
    State,
    Status,
}

#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) value: i64,
    pub(crate) label: String,
    /// For status reasons: the state they belong to.
    pub(crate) state: Option<i64>,
}

/// One table a lookup may point to, with the navigation property that writes it.
#[derive(Clone, Debug)]
pub(crate) struct LookupTarget {
    pub(crate) navigation: String,
    pub(crate) table: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// `max` counts UTF-16 code units; `format` is the metadata's FormatName.
    Text {
        max: usize,
        format: &'static str,
    },
    Memo {
        max: usize,
    },
    Int {
        min: i64,
        max: i64,
    },
    BigInt,
    Money {
        min: f64,
        max: f64,
    },
    Decimal {
        min: f64,
        max: f64,
    },
    Double {
        min: f64,
        max: f64,
    },
    Bool,
    /// DateOnly behaviour: Edm.Date.
    Date,
    /// UserLocal behaviour: Edm.DateTimeOffset.
    Moment,
    Guid,
    Choice {
        role: ChoiceRole,
        options: Vec<Choice>,
    },
    Lookup {
        targets: Vec<LookupTarget>,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Logical name, lower case.
    pub(crate) name: String,
    /// SchemaName; for the standard columns simply the logical name.
    pub(crate) schema_name: String,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) write: Write,
    /// Default on create, as JSON text would give it.
    pub(crate) default: Option<Preset>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Preset {
    Bool(bool),
    Choice(i64),
}

impl Column {
    /// The name under which the Web API shows the column.
    pub(crate) fn property(&self) -> String {
        match self.kind {
            Kind::Lookup { .. } => format!("_{}_value", self.name),
            _ => self.name.clone(),
        }
    }

    pub(crate) fn options(&self) -> &[Choice] {
        match &self.kind {
            Kind::Choice { options, .. } => options,
            _ => &[],
        }
    }
}

/// An alternate key over columns of one table.
#[derive(Clone, Debug)]
pub(crate) struct AlternateKey {
    pub(crate) schema_name: String,
    pub(crate) label: String,
    pub(crate) columns: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) set: String,
    pub(crate) id_column: String,
    pub(crate) name_column: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) keys: Vec<AlternateKey>,
    /// `If-Match` with a version needs this (contract dynamics365 3.4).
    pub(crate) optimistic: bool,
    pub(crate) change_tracking: bool,
    pub(crate) type_code: u32,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The column behind a property name of `$select`, `$filter` or `$orderby`: lookups only as
    /// `_name_value`.
    pub(crate) fn property(&self, property: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.property() == property)
    }

    /// The lookup column and target table behind a navigation property; capitals count.
    pub(crate) fn navigation(&self, navigation: &str) -> Option<(&Column, &LookupTarget)> {
        self.columns.iter().find_map(|column| match &column.kind {
            Kind::Lookup { targets } => targets
                .iter()
                .find(|target| target.navigation == navigation)
                .map(|target| (column, target)),
            _ => None,
        })
    }

    pub(crate) fn has_money(&self) -> bool {
        self.columns.iter().any(|column| matches!(column.kind, Kind::Money { .. }))
    }

    /// The status reasons of `statuscode`, with their states.
    pub(crate) fn statuses(&self) -> &[Choice] {
        self.column("statuscode").map_or(&[], Column::options)
    }
}

/// All tables of the environment.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    tables: Vec<Arc<Table>>,
}

impl Schema {
    pub(crate) fn new(tables: Vec<Table>) -> Self {
        Self { tables: tables.into_iter().map(Arc::new).collect() }
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.iter()
    }

    pub(crate) fn by_set(&self, set: &str) -> Option<Arc<Table>> {
        self.tables.iter().find(|table| table.set == set).cloned()
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<Arc<Table>> {
        self.tables.iter().find(|table| table.name == name).cloned()
    }

    /// Changes one table's definition, as a metadata call does.
    pub(crate) fn customise(&mut self, name: &str, change: impl FnOnce(&mut Table)) {
        if let Some(table) = self.tables.iter_mut().find(|table| table.name == name) {
            change(Arc::make_mut(table));
        }
    }
}
