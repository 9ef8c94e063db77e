//! The mark beside a deal's name in the CRM, as Microsoft's connectors put one there (contract
//! partner-center 5.4).
//!
//! It belongs to the CRM's column, not to the name: it is taken off on reading, whoever put it
//! there, and set by writes that are made anyway.

/// What stands beside a deal's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// In sync.
    Synced,
    /// Something the seller must fix.
    Failed,
}

impl Mark {
    /// The sign itself.
    pub(crate) fn sign(self) -> char {
        match self {
            Self::Synced => '✔',
            Self::Failed => '✘',
        }
    }
}

/// The characters that a mark takes up: the sign and a blank.
pub(crate) const ROOM: usize = 2;

/// The name alone: without the marks and blanks in front of it. Some keyboards put a selector
/// behind a sign that asks for its emoji.
pub(crate) fn bare(name: &str) -> &str {
    let signs = [Mark::Synced.sign(), Mark::Failed.sign(), '\u{fe0e}', '\u{fe0f}'];
    name.trim_start_matches(|c: char| c.is_whitespace() || signs.contains(&c))
}

/// A text of any column without the marks in front, where it has some.
pub(crate) fn unmarked(text: &str) -> &str {
    let is_marked = text.trim_start().starts_with([Mark::Synced.sign(), Mark::Failed.sign()]);
    if is_marked { bare(text) } else { text }
}
