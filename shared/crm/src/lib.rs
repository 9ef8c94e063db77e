#![doc = include_str!("../README.md")]

pub mod descriptor;
pub mod field;
pub mod secret;
pub mod settings;

pub use descriptor::{Adapters, Connection, Descriptor, Entrance, Registry, UnknownCrm};
pub use settings::{Access, CrmSettings};
