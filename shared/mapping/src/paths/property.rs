//! What is known of a path.

/// One path.
#[derive(Clone, Copy, Debug)]
pub struct Property {
    /// Such as `customerProfile.team.*.email`.
    pub path: &'static str,
    /// What stands there.
    pub holds: Holds,
    /// Who may write it, and when.
    pub access: Access,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Text.
    Text,
    /// An ISO 4217 code: always three characters.
    Currency,
    /// An ISO 3166-1 alpha-2 code.
    Country,
    /// One of a list.
    Code(Codes),
    /// A number.
    Number,
    /// A date-time.
    DateTime,
    /// True or false.
    Flag,
    /// An object with paths of its own.
    Block,
    /// A list with paths of its own.
    List,
    /// The list of solutions.
    Solutions,
    /// Something the contract does not describe further, or calls free-form: anything may stand
    /// below it.
    Open,
}

/// Who may write a path, and when (contract partner-center 2.1, 2.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// On creation and by patch.
    Free,
    /// On creation only.
    Locked,
    /// Partner Center alone.
    ReadOnly,
    /// The sync itself, which would overwrite whatever a rule writes.
    Governed,
    /// The contract does not say.
    Unstated,
}

/// A list of codes (contract partner-center 2.10, 2.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codes {
    /// Those that Microsoft uses now.
    pub current: &'static [&'static str],
    /// Those that old referrals carry, or that mean nothing.
    pub old: &'static [&'static str],
    /// Whether there are no others. Where the documents disagree with what was seen, or the list
    /// grows every year, there may be.
    pub closed: bool,
}
