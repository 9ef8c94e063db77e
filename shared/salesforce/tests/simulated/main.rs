//! The adapter against a simulated organisation, over HTTP. What both CRMs must do alike is in
//! `tests/conformance`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod create;
mod environment;
mod fault;
mod installation;
mod lead;
mod list;
mod mapping;
mod organisation;
mod qualify;
mod session;
mod update;
