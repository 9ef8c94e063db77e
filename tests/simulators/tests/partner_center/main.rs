//! The simulated Partner Center over real HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod cosell;
mod deliveries;
mod referrals;
mod tokens;
mod world;
