//! The integration tests, in two layers.
//!
//! [`behind_lambda`]: one real function binary behind a simulated Lambda Runtime API, DynamoDB inside the test process, both
//! simulators over HTTP. [`end_to_end`]: the whole stack, from the template on.

#![expect(clippy::unwrap_used, reason = "test code")]

mod behind_lambda;
mod end_to_end;
