//! The clients and the delivery check against the simulated Partner Center, over real HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod deliveries;
mod failures;
mod referrals;
mod registration;
mod search;
mod stage;
mod tokens;
