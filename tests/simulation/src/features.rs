//! What a storm plays beside what every storm does; each can be left out, to find which of them a
//! failure needs.

/// Something that some storms play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Feature {
    /// The shipped mapping of Salesforce, and a CRM whose versions tell seconds and whose leads
    /// nobody converts from outside.
    Salesforce,
    /// Services that refuse fields, records, creations and closings, for a time or until the value
    /// changes.
    Refusals,
    /// Days that pass, won deals that are registered, wins that wait.
    Registration,
    /// Days that pass, and invitations that expire; what tells of that may be late or lost.
    Expiry,
    /// People who empty fields that may be empty.
    Clearing,
    /// People who empty fields that a referral cannot do without.
    ClearingRequired,
    /// Sellers who reopen what was closed.
    Reopening,
    /// Sellers who edit leads, and the opportunities that they become, before the pair goes on with
    /// those.
    LeadEdits,
    /// A CRM that refuses any change of some records.
    ShutRecords,
    /// Sellers who clear or rewrite Audit and Sync status.
    Rewriting,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Salesforce,
        Self::Refusals,
        Self::Registration,
        Self::Expiry,
        Self::Clearing,
        Self::ClearingRequired,
        Self::Reopening,
        Self::LeadEdits,
        Self::ShutRecords,
        Self::Rewriting,
    ];
}
