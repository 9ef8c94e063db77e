//! Reconciling one deal: read both sides as they are now, decide, write the smallest change, remember.
//!
//! The engine knows no AWS and no HTTP. Everything outside is a [`port`], so the same code runs in a function, in a test on in-memory
//! types, and in a dry run.
//!
//! | module | holds |
//! | --- | --- |
//! | [`reconcile`] | the pipeline `find → observe → decide → apply → commit` |
//! | [`observe`] | a deal as it was found and read |
//! | [`decide`] | the rules of the domain, one file each |
//! | [`plan`] | what is to be done, as data |
//! | [`render`] | the sentences |
//! | [`orders`] | what an operator may order |
//! | [`batch`], [`poll`] | a queue's messages; what changed on both sides |
//! | [`port`], [`failure`], [`circuit_breaker`] | the outside |

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

pub use engine::{Engine, LeadTable};
pub use failure::{Failure, FailureKind, System};
pub use orders::Order;
pub use policy::{Policy, Rules, Table};
pub use poll::{Polled, Poller};
pub use reconcile::{Outcome, Request};
