#![doc = include_str!("../README.md")]

mod check;
mod deserializer;
mod diagnostic;
mod embedded;
mod examination;
#[cfg(feature = "schema")]
pub mod json_schema;
mod node;
mod overlay;
mod schema;
mod source;
mod suggestion;
mod tree;

pub use cosell_mapping::Crm;
pub use diagnostic::{CheckError, Diagnostic, Severity};
pub use embedded::embed;
pub use examination::{Examination, parse};
pub use overlay::origin::Origin;
pub use source::MappingFile;

#[cfg(test)]
mod tests;
