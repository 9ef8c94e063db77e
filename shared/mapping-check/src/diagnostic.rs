//! Diagnostics: what is wrong with a mapping, each with its place and its remedy, all of them at
//! once.

use std::fmt;

use strum::Display;

use crate::source::{Place, Sources};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the mapping can be used nevertheless.
    pub severity: Severity,
    /// The file, as its [`crate::MappingFile`] is named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display)]
#[strum(serialize_all = "snake_case")]
pub enum Severity {
    /// The mapping cannot be used.
    Error,
    /// The mapping can be used, but does not do what one would expect.
    Warning,
}

/// `FILE:LINE:COLUMN: error: what; remedy`.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, file, line, column, what, remedy } = self;
        write!(f, "{file}:{line}:{column}: {severity}: {what}; {remedy}")
    }
}

/// A mapping that cannot be used, and all that is wrong with it.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub struct CheckError {
    /// Errors and warnings, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
}

/// On one line.
impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mapping cannot be used: ")?;
        for (at, diagnostic) in self.diagnostics.iter().enumerate() {
            write!(f, "{}{diagnostic}", if at == 0 { "" } else { " | " })?;
        }
        Ok(())
    }
}

/// As `Display`: it is what somebody sees who unwraps it.
impl fmt::Debug for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The diagnostics found so far.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics(Vec<Noted>);

#[derive(Debug)]
struct Noted {
    place: Place,
    severity: Severity,
    what: String,
    remedy: String,
}

impl Diagnostics {
    pub(crate) fn error(
        &mut self,
        place: Place,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.note(Severity::Error, place, what.into(), remedy.into());
    }

    pub(crate) fn warning(
        &mut self,
        place: Place,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.note(Severity::Warning, place, what.into(), remedy.into());
    }

    fn note(&mut self, severity: Severity, place: Place, what: String, remedy: String) {
        self.0.push(Noted { place, severity, what, remedy });
    }

    fn errors(&self) -> impl Iterator<Item = &Noted> {
        self.0.iter().filter(|noted| noted.severity == Severity::Error)
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    pub(crate) fn has_error_at(&self, place: Place) -> bool {
        self.errors().any(|noted| noted.place == place)
    }

    /// The diagnostics in the order of the files.
    pub(crate) fn located(mut self, sources: &Sources<'_>) -> Vec<Diagnostic> {
        self.0.sort_by_key(|noted| (noted.place, noted.severity));
        let located = self.0.into_iter().map(|noted| {
            let (file, line, column) = sources.locate(noted.place);
            let Noted { severity, what, remedy, .. } = noted;
            Diagnostic { severity, file: file.to_owned(), line, column, what, remedy }
        });
        located.collect()
    }
}
