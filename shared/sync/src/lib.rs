#![doc = include_str!("../README.md")]

mod apply;
pub mod batch;
pub mod circuit_breaker;
mod commit;
#[cfg(test)]
#[path = "../../mapping/src/fixtures.rs"]
mod deal;
pub mod decide;
pub mod engine;
pub mod failure;
mod find;
#[cfg(test)]
mod fixtures;
mod identity;
mod journal;
pub mod observe;
pub mod orders;
pub mod pair;
pub mod plan;
pub mod policy;
pub mod poll;
pub mod port;
pub mod reconcile;
mod reconciliation;
pub mod render;
mod retry;

pub use engine::{Engine, LeadTable};
pub use failure::{Failure, FailureKind, System};
pub use orders::Order;
pub use policy::{Policy, Rules, Table};
pub use poll::{Polled, Poller};
pub use reconcile::{Outcome, Request};
