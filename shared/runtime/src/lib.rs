#![doc = include_str!("../README.md")]

pub mod clock;
pub mod config;
pub mod logging;
pub mod metrics;
pub mod settings;
