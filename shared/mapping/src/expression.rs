//! Computed values: `from_partner_center = "{{ name }}: {{ details.notes }}"`, in the language of
//! minijinja.
//!
//! An expression sees the paths or columns that it names, and nothing else: no files, no clock, no
//! other templates. It is compiled when the mapping is read.

mod slice;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value as Json};

use crate::conversion_error::ConversionError;
use crate::mark;
use cosell_model::crm::CrmRecord;
use cosell_model::path::ColumnPath;
use cosell_model::referral::Referral;
use cosell_model::value::{Kind, Value};

/// Some thousand steps are a page of text; a loop that does not end is stopped within a
/// millisecond.
const FUEL: u64 = 20_000;
const NAME: &str = "expression";

/// A compiled expression.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Expression {
    source: String,
    #[cfg_attr(feature = "schema", schemars(skip))]
    compiled: Arc<Environment<'static>>,
    /// What it names, dotted: paths of a referral, or columns of a record.
    names: BTreeSet<String>,
    columns: Vec<ColumnPath>,
}

/// A text that is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be read{}: {what}", line.filter(|line| *line > 1).map(|line| format!(" (in its line {line})")).unwrap_or_default())]
pub struct ExpressionError {
    what: String,
    line: Option<usize>,
}

impl Expression {
    /// The paths of a referral that it names, where it is computed from one.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The columns that it names, where it is computed from a record: `Account.Name` is
    /// `Account/Name`.
    pub fn columns(&self) -> impl Iterator<Item = &ColumnPath> {
        self.columns.iter()
    }

    /// What it makes of a referral.
    pub fn of_referral(&self, referral: &Referral) -> Result<String, ConversionError> {
        let blocks = self.names().filter_map(|name| name.split_once('.'));
        for (block, _) in blocks {
            // Services leave out what is null, but a whole block is never null: without it the
            // answer was shortened.
            if !referral.has(block) {
                return Err(ConversionError::BlockMissing { block: block.to_owned() });
            }
        }
        self.rendered(|name| referral.get(name).cloned().unwrap_or_default())
    }

    /// What it makes of a record.
    pub fn of_record(&self, record: &CrmRecord) -> Result<String, ConversionError> {
        self.rendered(|name| match record.get(name.replace('.', "/")) {
            Json::String(text) => Json::from(mark::unmarked(text)),
            other => other.clone(),
        })
    }

    fn rendered(&self, value: impl Fn(&str) -> Json) -> Result<String, ConversionError> {
        self.render(value).map_err(|error| ConversionError::Expression {
            reason: match error.kind() {
                ErrorKind::UndefinedError => "it uses something that this deal does not have",
                ErrorKind::OutOfFuel => "it takes too many steps",
                _ => "it cannot be computed from what this deal has",
            },
        })
    }

    fn render(&self, value: impl Fn(&str) -> Json) -> Result<String, Error> {
        let mut context = Map::new();
        // A block comes before what stands in it.
        for name in &self.names {
            put(&mut context, name, value(name));
        }
        let template = self.compiled.get_template(NAME)?;
        template.render(context_value(Json::Object(context))).map(|text| text.trim().to_owned())
    }
}

/// Puts a value at a dotted name; one that stands in nothing is left out.
fn put(context: &mut Map<String, Json>, name: &str, value: Json) {
    match name.split_once('.') {
        None => drop(context.insert(name.to_owned(), value)),
        Some((block, rest)) => {
            let block = context.entry(block).or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(block) = block {
                put(block, rest, value);
            }
        }
    }
}

/// As expressions have it; a whole number without the fraction that services write as they like.
fn context_value(json: Json) -> minijinja::Value {
    match json {
        Json::Null => minijinja::Value::from(()),
        Json::Bool(yes) => yes.into(),
        Json::Number(number) => match (whole(&number), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(fraction)) => fraction.into(),
            (None, None) => number.to_string().into(),
        },
        Json::String(text) => text.into(),
        Json::Array(items) => items.into_iter().map(context_value).collect(),
        Json::Object(properties) => minijinja::Value::from_pairs(
            properties.into_iter().map(|(name, value)| (name, context_value(value))),
        ),
    }
}

fn whole(number: &Number) -> Option<i64> {
    let value = Value::from_json(Kind::Money, &Json::Number(number.clone())).ok()?;
    value.to_json().as_i64()
}

impl TryFrom<String> for Expression {
    type Error = ExpressionError;

    fn try_from(source: String) -> Result<Self, Self::Error> {
        if slice::is_in(&source) {
            return Err(ExpressionError {
                what: "`[from:to]` is not understood here; the first characters are `name|cut(7)`"
                    .to_owned(),
                line: None,
            });
        }
        let mut compiled = Environment::new();
        compiled.add_filter("cut", |text: String, length: usize| {
            text.chars().take(length).collect::<String>()
        });
        compiled.set_undefined_behavior(UndefinedBehavior::Strict);
        compiled.set_fuel(Some(FUEL));
        // Null is what a side does not have.
        compiled.set_formatter(|out, state, value| {
            if value.is_none() { Ok(()) } else { minijinja::escape_formatter(out, state, value) }
        });
        let fault = |error: &Error| ExpressionError {
            what: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
            line: error.line(),
        };
        compiled.add_template_owned(NAME, source.clone()).map_err(|error| fault(&error))?;
        let template = compiled.get_template(NAME).map_err(|error| fault(&error))?;
        let mut names: BTreeSet<String> = template.undeclared_variables(true).into_iter().collect();
        for (global, _) in compiled.globals() {
            names.remove(global);
        }
        let expression = Self {
            source,
            columns: names.iter().map(|name| name.replace('.', "/").into()).collect(),
            names,
            compiled: Arc::new(compiled),
        };
        // What a filter, test or function is called shows only when it is used.
        for sample in [Json::Null, Json::from("1"), Json::from(1)] {
            if let Err(error) = expression.render(|_| sample.clone())
                && is_unknown(error.kind())
            {
                return Err(fault(&error));
            }
        }
        Ok(expression)
    }
}

fn is_unknown(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction)
}

impl From<Expression> for String {
    fn from(expression: Expression) -> Self {
        expression.source
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

#[cfg(test)]
#[path = "expression_tests.rs"]
mod tests;
