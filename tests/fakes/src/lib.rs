//! In-memory Partner Center, CRM, store and queue behind the engine's ports.
//!
//! They are as strict as the real services: every conditional write is conditional, what Microsoft
//! locks is locked, closed records are read-only. Nothing is random and there is no clock but the
//! one in [`State`]. What fails, hangs, is late or is lost is decided by the caller's
//! [`Conditions`]: a test's [`Script`], or the weather of a storm.

mod call;
mod crm;
mod foreseen;
mod leads;
mod partner_center;
mod ports;
mod queue;
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
pub use services::{CrmServices, Defects, Part, PartnerCenterServices, Refusal, Versions};
pub use world::{Late, Request, State, World, Write, Written};
