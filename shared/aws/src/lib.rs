#![doc = include_str!("../README.md")]

#[cfg(feature = "tables")]
pub mod audit;
#[cfg(feature = "tables")]
pub mod claims;
#[cfg(feature = "tables")]
pub mod cursors;
#[cfg(feature = "tables")]
pub mod links;
#[cfg(all(test, feature = "tables"))]
mod local;
#[cfg(feature = "queue")]
pub mod queue;
#[cfg(feature = "tables")]
pub mod schedule;
pub mod sdk;
#[cfg(feature = "secrets")]
pub mod secrets;
pub mod store_error;
#[cfg(feature = "tables")]
pub mod table;
