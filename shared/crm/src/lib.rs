#![doc = include_str!("../README.md")]

mod access;
mod built_in;
pub mod customer;
pub mod descriptor;
mod dialect;
mod driver;
mod error;
pub mod field;
pub mod finding;
#[cfg(test)]
mod fixtures;
pub mod installation;
pub mod schema;
pub mod secret;
pub mod settings;
mod write;

pub use access::Access;
pub use built_in::{BuiltInMapping, MappingSource};
pub use descriptor::{Adapters, Connection, Descriptor, Entrance, Registry, UnknownCrm};
pub use dialect::{AccountNames, ContactNames, Dialect};
pub use driver::{Driver, LeadDriver, Records, Which};
pub use error::CrmError;
pub use settings::CrmSettings;
pub use write::{Fields, Write};
