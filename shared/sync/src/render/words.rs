//! The words that sellers read. Nothing is ever decided by them.

use std::fmt;

use cosell_mapping::Mapping;
use cosell_model::notice::Notice;
use cosell_model::state::DealState;

/// How notices and states become text.
#[derive(Clone, Copy)]
pub struct Words {
    /// A notice's sentence.
    pub sentence: fn(&Mapping, &Notice) -> String,
    /// A state as Sync status.
    pub status: fn(&Mapping, &DealState) -> String,
}

/// The English ones.
impl Default for Words {
    fn default() -> Self {
        Self { sentence: super::sentence, status: super::status }
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words")
    }
}
