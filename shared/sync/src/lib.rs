//! Reconciling one pair: read both sides as they are now, decide, write the smallest change, remember.
//!
//! The engine knows no AWS and no HTTP. Everything system is a [`port`], so the same code runs in a function,
//! in a test on in-memory types, and in a dry run.

pub mod batch;
mod built_in_fields;
#[cfg(test)]
#[path = "../../mapping/src/fixtures.rs"]
mod deal;
pub mod failure;
#[cfg(test)]
mod fixtures;
pub mod gate;
pub mod installation;
#[cfg(test)]
pub(crate) mod memory;
pub mod merge;
pub mod plan;
pub mod poll;
pub mod port;
pub mod reconcile;
pub mod schema;

pub use failure::{Failure, FailureKind, System};
pub use poll::{Polled, Poller};
pub use reconcile::{Engine, LeadTable, Look, Order, Outcome};
