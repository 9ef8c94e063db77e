#![doc = include_str!("../README.md")]

pub mod customer;
pub mod descriptor;
mod dialect;
mod driver;
mod error;
pub mod field;
#[cfg(test)]
mod fixtures;
pub mod installation;
pub mod schema;
pub mod secret;
pub mod settings;
mod write;

pub use descriptor::{Adapters, Connection, Descriptor, Entrance, Registry, UnknownCrm};
pub use dialect::{AccountNames, ContactNames, Dialect};
pub use driver::{Driver, LeadDriver, Records, Which};
pub use error::CrmError;
pub use settings::{Access, CrmSettings};
pub use write::{Fields, Write};
