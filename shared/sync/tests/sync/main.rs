//! The engine, its batches and its poller on in-memory ports: they know the engine's operations and the ports only.

#![expect(clippy::unwrap_used, reason = "test code")]

mod batch;
mod poll;
mod reconcile;
