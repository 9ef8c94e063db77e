//! What a value does not have of the form that the grammar asks for.

use std::fmt;

use serde::de::{Expected, Unexpected};

use super::repair::Path;

/// An error and the path of the value that has it.
#[derive(Debug)]
pub(crate) struct SchemaError {
    /// `None` until the error has left the value.
    pub(crate) path: Option<Path>,
    pub(crate) problem: Problem,
}

#[derive(Debug)]
pub(crate) enum Problem {
    /// A table's key that the table cannot have; the path is the table's.
    UnknownKey { key: String, known: &'static [&'static str] },
    /// A key of a table whose keys are words; the path is the table's.
    UnknownEntry { key: String, known: &'static [&'static str] },
    /// A key that the table lacks; the path is the table's.
    Missing(&'static str),
    /// Text that is none of the words.
    UnknownWord { word: String, known: &'static [&'static str] },
    /// Text that names something that does not exist.
    UnknownName { name: String, known: &'static [&'static str] },
    /// Something else than is wanted.
    Misfit(Wanted),
    /// A number that no type holds.
    TooLarge,
    /// What the type itself has against it.
    Refused(String),
}

/// What is wanted in a place.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Text,
    Count,
    Table,
    OneOf(&'static [&'static str]),
    List(Box<Wanted>),
    /// In the type's own words.
    Other(String),
}

impl SchemaError {
    fn new(problem: Problem) -> Self {
        Self { path: None, problem }
    }

    /// The error with this path, unless it has one that leads further in.
    pub(super) fn at(mut self, path: &Path) -> Self {
        self.path.get_or_insert_with(|| path.clone());
        self
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text in quotation marks"),
            Self::Count => f.write_str("a whole number from 1"),
            Self::Table => f.write_str("a table"),
            Self::OneOf(words) => write!(f, "one of {}", words.join(", ")),
            Self::List(items) => match items.as_ref() {
                Self::Text => f.write_str("a list of texts"),
                Self::Table => f.write_str("a list of tables"),
                Self::OneOf(words) => write!(f, "a list of {}", words.join(", ")),
                other => write!(f, "a list, each of it {other}"),
            },
            Self::Other(words) => f.write_str(words),
        }
    }
}

impl serde::de::Error for SchemaError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Problem::Refused(message.to_string()))
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self::new(Problem::UnknownKey { key: field.to_owned(), known })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Problem::Missing(field))
    }

    fn unknown_variant(name: &str, known: &'static [&'static str]) -> Self {
        Self::new(Problem::UnknownName { name: name.to_owned(), known })
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Problem::Misfit(Wanted::Other(expected.to_string())))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Problem::Misfit(Wanted::Other(expected.to_string())))
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.problem)
    }
}

impl std::error::Error for SchemaError {}
