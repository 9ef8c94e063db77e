//! The kinds of the audit log's entries.

use serde::{Deserialize, Serialize};

/// What happened to a deal.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display, strum::EnumIter,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum AuditKind {
    /// Before a write: the changes are what is asked for. The entry that follows says what came of
    /// it; without one the function died, and the writes may or may not have happened.
    WriteAhead,
    /// A record was made in the other system.
    Created,
    /// One or both sides were changed.
    Updated,
    /// Nothing to do.
    Unchanged,
    /// Both sides had changed the same field differently; resolved by its rule.
    Conflict,
    /// An existing counterpart was found and linked.
    Adopted,
    /// The CRM did not keep a field that was written to it: the seller is notified, once.
    DroppedWrite,
    /// A rule of ours or of a service refused; a later edit tries again.
    Rejected,
    /// The attempt failed and will be repeated. Repeated failures of one cause are this one entry;
    /// the deal's state counts them.
    Failed,
    /// What had failed more than once went through: how often, from when to when.
    Recovered,
    /// Not for us: settings or the deal's kind exclude it.
    Skipped,
    /// Both sides had changed the same field differently, and its rule is to ask: both values wait
    /// for an operator.
    AwaitingDecision,
    /// An operator decided a conflict.
    Resolved,
    /// The deal keeps changing back and forth: it is left alone for a while.
    Flapping,
    /// One side is gone: nothing is synced any more, and nothing is made anew.
    Disconnected,
    /// The side that was gone is back: the deal goes on.
    Restored,
    /// An operator unlinked the deal.
    Unlinked,
    /// An operator linked the deal.
    Relinked,
    /// The lead became an opportunity, and the deal goes on with that.
    Qualified,
    /// A win of the CRM waits until Microsoft takes the deal's registration.
    WinDeferred,
    /// An invitation expires soon, and the seller was warned.
    DeadlineNear,
    /// The won deal was registered with Microsoft.
    Registered,
    /// A queue message that no version of ours wrote.
    Poison,
}
