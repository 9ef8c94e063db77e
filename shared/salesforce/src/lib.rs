#![doc = include_str!("../README.md")]

mod assertion;
mod change;
mod composite;
mod create;
mod credentials;
mod error;
pub mod installation;
mod opportunities;
mod organisation;
mod party;
mod record;
mod refusal;
mod rest_api;
mod schema;
mod session;
mod settings;
mod soql;
mod update;
mod usage;
mod version;
mod write;

pub use credentials::{CredentialStore, Credentials};
pub use error::{Refused, SalesforceError};
pub use opportunities::Salesforce;
pub use schema::Schema;
pub use session::Clock;
pub use settings::Settings;
