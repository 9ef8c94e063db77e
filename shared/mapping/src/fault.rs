//! What is wrong with a mapping: each fault with its place and its remedy, all of them at once.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whether the mapping can be used nevertheless.
    pub severity: Severity,
    /// The file, as its [`super::Layer`] is named.
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

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The mapping cannot be used.
    Error,
    /// The mapping can be used, but does not do what one would expect.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// `FILE:LINE:COLUMN: error: what; remedy`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, file, line, column, what, remedy } = self;
        write!(f, "{file}:{line}:{column}: {severity}: {what}; {remedy}")
    }
}

/// A mapping that cannot be used, and all that is wrong with it.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub struct MappingError {
    /// Errors and warnings, in the order of the files.
    pub faults: Vec<Fault>,
}

/// On one line.
impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mapping cannot be used: ")?;
        for (at, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if at == 0 { "" } else { " | " })?;
        }
        Ok(())
    }
}

/// As `Display`: it is what a function that does not start leaves in the log.
impl fmt::Debug for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where something stands: which of the files, line and column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) layer: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    /// The start of a file: the place of what is nowhere.
    pub(super) fn start_of(layer: usize) -> Self {
        Self { layer, line: 1, column: 1 }
    }
}

/// The faults found so far.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Noted>);

#[derive(Debug)]
struct Noted {
    place: Place,
    severity: Severity,
    what: String,
    remedy: String,
}

impl Faults {
    pub(super) fn error(
        &mut self,
        place: Place,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.note(Severity::Error, place, what.into(), remedy.into());
    }

    pub(super) fn warning(
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

    pub(super) fn errors(&self) -> usize {
        self.0.iter().filter(|noted| noted.severity == Severity::Error).count()
    }

    /// The faults in the order of the files, whose names are given.
    pub(super) fn reported(mut self, files: &[&str]) -> Vec<Fault> {
        self.0.sort_by_key(|noted| (noted.place, noted.severity));
        let reported = self.0.into_iter().map(|noted| Fault {
            severity: noted.severity,
            file: files.get(noted.place.layer).copied().unwrap_or("mapping").to_owned(),
            line: noted.place.line,
            column: noted.place.column,
            what: noted.what,
            remedy: noted.remedy,
        });
        reported.collect()
    }
}
