#![doc = include_str!("../README.md")]

mod call;
mod crm;
mod foreseen;
mod leads;
mod partner_center;
mod ports;
mod queue;
mod registration;
mod script;
mod services;
mod store;
mod world;

pub use call::{Call, Conditions, Fate, WRITE_AHEAD, Wait};
pub use crm::record;
pub use foreseen::Foreseen;
pub use leads::{LeadPorts, convert};
pub use ports::Ports;
pub use queue::Queue;
pub use script::{Fault, Script};
pub use services::{CrmServices, Defects, Part, PartnerCenterServices, Refusal, Values, Versions};
pub use world::{Late, Request, State, World, Write, Written};
