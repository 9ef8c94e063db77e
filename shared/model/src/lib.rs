//! What cosell-sync knows about deals, without any I/O.
//!
//! Values in, decisions out: no HTTP, no AWS, no clock, no randomness. The engine reads both systems, asks
//! [`plan`] what to do, and carries it out; a dry run prints the same plan.
//!
//! | module | holds |
//! | --- | --- |
//! | [`id`] | identifiers: referral, engagement, eTag |
//! | [`value`] | the canonical field value that both systems are compared in |
//! | [`referral`], [`life_cycle`] | a referral as Partner Center has it, and the transitions it allows |
//! | [`deal`] | what kind of deal a referral is |
//! | [`deadline`] | when an unanswered invitation expires, and when to warn of it |
//! | [`field`], [`path`] | names of fields, and where they stand on each side |
//! | [`crm`] | an opportunity (or lead) as the CRM has it |
//! | [`record_id`] | the ids of CRM records, in whatever spelling |
//! | [`link`] | what we remember of a pair: identities, last seen values, finished steps |
//! | [`microsoft`] | what we remember of Microsoft's part in a deal |
//! | [`flapping`] | when a pair is slowed down because something else fights us over it |
//! | [`audit`] | what was decided and written, and why |
//! | [`patch`] | the JSON Patch that changes a referral |
//! | [`message`] | "look at this pair": the only thing that travels on the queue |

pub mod audit;
pub mod audit_kind;
pub mod crm;
pub mod deadline;
pub mod deal;
pub mod digest;
pub mod disconnect;
pub mod field;
pub mod flapping;
pub mod id;
pub mod life_cycle;
pub mod link;
pub mod message;
pub mod microsoft;
pub mod notice;
pub mod patch;
pub mod path;
pub mod record_id;
pub mod referral;
pub mod side;
pub mod state;
pub mod value;
