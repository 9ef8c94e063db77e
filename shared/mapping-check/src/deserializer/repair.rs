//! What is read otherwise than it stands in the file, so that reading goes on behind an error.

use std::collections::BTreeMap;

/// From the root to a value.
pub(crate) type Path = Vec<Step>;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// An entry of a table.
    Key(String),
    /// An item of a list.
    Item(usize),
}

/// What is read otherwise than it stands there, by path.
pub(crate) type Repairs = BTreeMap<Path, Repair>;

/// How a value is read that has an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repair {
    /// As if it were not there.
    Ignored,
    /// As some value that fits.
    StandIn,
}
