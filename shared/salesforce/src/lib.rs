#![doc = include_str!("../README.md")]

mod change;
mod composite;
mod create;
mod credentials;
mod error;
pub mod installation;
mod lead_status;
mod leads;
mod object;
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
mod stage;
mod update;
mod usage;
mod version;
mod wait;
mod write;

pub use credentials::{CredentialStore, Credentials};
pub use error::{Refused, SalesforceError};
pub use leads::SalesforceLeads;
pub use opportunities::Salesforce;
pub use schema::Schema;
pub use session::Clock;
pub use settings::Settings;
pub use wait::Wait;
