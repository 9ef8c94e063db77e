#![doc = include_str!("../README.md")]

mod address;
mod bound;
mod change;
mod credentials;
mod currency;
mod customer;
mod descriptor;
mod dialect;
mod error;
mod error_code;
mod fields;
pub mod installation;
mod leads;
mod mapped;
mod odata;
mod phase;
mod record;
mod refusal;
mod row;
mod sales;
mod schema;
mod settings;
mod table;
mod token;
mod web_api;

pub use credentials::{ClientCredentials, CredentialStore};
pub use descriptor::DESCRIPTOR;
pub use error::{DynamicsError, Refused};
pub use fields::{FIELDS, option, schema_name};
pub use leads::DynamicsLeads;
pub use sales::Dynamics;
pub use schema::Schema;
pub use settings::Settings;
