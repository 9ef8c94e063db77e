//! What a storm plays beside what every storm does; each can be left out, to find which of them a failure needs.

use std::collections::BTreeSet;

/// Something that some storms play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Feature {
    /// The shipped mapping of Salesforce, and a CRM whose versions tell seconds and whose leads nobody converts from outside.
    Salesforce,
    /// Services that refuse fields, records, creations and closings, for a time or until the value changes.
    Refusals,
    /// Days that pass, won deals that are registered, wins that wait.
    Registration,
    /// Days that pass, and invitations that expire; what tells of that may be late or lost.
    Expiry,
    /// People who empty fields, those that are required among them.
    Clearing,
    /// Sellers who reopen what was closed.
    Reopening,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Salesforce,
        Self::Refusals,
        Self::Registration,
        Self::Expiry,
        Self::Clearing,
        Self::Reopening,
    ];

    /// Those that `make simulate` plays: what the sync is known to weather (KNOWN.md).
    pub fn usual() -> BTreeSet<Self> {
        Self::ALL.into()
    }
}
