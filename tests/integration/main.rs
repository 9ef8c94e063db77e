//! The integration tests.
//!
//! [`conformance`]: what every CRM adapter must do alike, each against its simulated service.
//! [`behind_lambda`]: one real function binary behind a simulated Lambda Runtime API, DynamoDB
//! inside the test process, the simulators over HTTP. [`end_to_end`]: the whole stack, from the
//! template on.

#![expect(clippy::unwrap_used, reason = "test code")]

mod behind_lambda;
mod conformance;
mod end_to_end;
