//! The simulated Salesforce over real HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
#![allow(clippy::needless_pass_by_value, reason = "bodies are written where they are handed over")]

mod collections;
mod composite;
mod conditions;
mod deployments;
mod describe;
mod leads;
mod pages;
mod queries;
mod records;
mod replication;
mod rules;
mod stages;
mod tokens;
mod tooling;
mod upserts;
mod world;
