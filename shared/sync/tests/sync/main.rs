//! The engine, its batches and its poller on in-memory ports: they know the engine's operations and
//! the ports only.

#![expect(clippy::unwrap_used, reason = "test code")]
#![expect(clippy::similar_names, reason = "a stage has a state")]

mod batch;
mod poll;
mod reconcile;
