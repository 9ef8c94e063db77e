//! The adapter against the simulated Dataverse, over real HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod change;
mod create;
mod environment;
mod fault;
mod installation;
mod leads;
mod phase;
mod qualification;
mod tokens;
mod update;
