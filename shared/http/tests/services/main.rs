//! The client against a server of a few lines.

#![expect(clippy::unwrap_used, reason = "tests")]

mod call;
mod failure;
mod server;
mod sign_in;
