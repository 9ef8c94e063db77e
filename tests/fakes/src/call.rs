//! One call of a port, and who decides what becomes of it.

use cosell_sync::{Failure, FailureKind, System};
use jiff::{SignedDuration, Timestamp};

/// A call of a port.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Such as `pc.get`, `crm.update`, `leads.qualify`, `links.save`.
    pub name: &'static str,
    /// Who is called.
    pub system: System,
    /// The CRM record that is read or written, [`WRITE_AHEAD`] where such an entry is appended;
    /// empty elsewhere.
    pub about: &'a str,
    /// How it fails when its answer is lost.
    pub lost: FailureKind,
    /// Whether it is a write that may hang: its caller gives up, and it takes effect later.
    pub can_hang: bool,
}

/// What an appended write-ahead entry is about.
pub const WRITE_AHEAD: &str = "write-ahead";

/// Decides what becomes of each call.
pub trait Conditions: Send + Sync {
    /// The caller begins; says how long it takes until the call reaches its system.
    fn begins(&self, call: &Call<'_>) -> Wait;

    /// The call reaches its system.
    fn fate(&self, call: &Call<'_>) -> Fate;

    /// The call took effect, or was refused; says how long its answer takes.
    fn ends(&self, call: &Call<'_>, accepted: bool) -> Wait;

    /// How far searches and lists are behind. Reads by id never are.
    fn lag(&self) -> SignedDuration;
}

/// How long a caller waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Others go first so often.
    Rounds(u32),
    /// For ever.
    Forever,
}

/// What becomes of a call.
#[derive(Debug)]
pub enum Fate {
    /// It takes effect and is answered.
    Passes,
    /// It fails without effect.
    FailsBefore(Failure),
    /// It takes effect, and its answer is lost.
    FailsAfter(Failure),
    /// Its caller gives up; it takes effect at this time, if it still can.
    Hangs(Timestamp, Failure),
}
