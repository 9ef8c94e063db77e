//! The subset of SOQL in contract salesforce 3.1: what a query says, before its names are looked
//! up.

mod columns;
mod evaluate;
mod literals;
mod parse;
mod pattern;
mod refusals;
mod tokens;

pub(crate) use columns::Column;
pub(crate) use literals::Literal;
pub(crate) use parse::parse;

/// A name as written, and where: for the service's markers under the query.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: String,
    /// Characters before it.
    pub(crate) at: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Selection {
    /// `COUNT()`.
    Count,
    Fields(Vec<Name>),
    /// `FIELDS(ALL)`, `FIELDS(STANDARD)`, `FIELDS(CUSTOM)`.
    All(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The query as written.
    pub(crate) text: String,
    pub(crate) selection: Selection,
    pub(crate) object: Name,
    pub(crate) condition: Option<Condition>,
    pub(crate) order: Vec<Order>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) name: Name,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Test { name: Name, test: Test },
}

#[derive(Clone, Debug)]
pub(crate) enum Test {
    Compare(Comparison, Literal),
    Like(String),
    In { negated: bool, values: Vec<Literal> },
    InQuery { negated: bool, query: Box<Query> },
    Includes { negated: bool, values: Vec<String> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
