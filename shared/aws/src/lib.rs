//! What cosell-sync keeps in AWS: pairs, claims, cursors, the schedule and the audit log in DynamoDB, the sync queue in
//! SQS, the credentials of both sides in Secrets Manager.
//!
//! | module | feature | is |
//! | --- | --- | --- |
//! | [`sdk`] | | the one SDK configuration of a process |
//! | [`store_error`] | | the error of all modules, and the kind of failure it means |
//! | [`links`] | `tables` | the pairs, and which need a person: [`cosell_sync::port::Links`], [`cosell_sync::port::Attention`] |
//! | [`claims`] | `tables` | exclusive, expiring claims: [`cosell_sync::port::Claims`] |
//! | [`cursors`] | `tables` | how far the poller has read: [`cosell_sync::port::Cursors`] |
//! | [`schedule`] | `tables` | what is to be reconciled at a certain time: [`cosell_sync::port::Schedule`] |
//! | [`audit`] | `tables` | the audit log: [`cosell_sync::port::AuditLog`] |
//! | [`queue`] | `queue` | the sync queue: [`cosell_sync::port::Queue`] |
//! | [`secrets`] | `secrets` | JSON secrets and the rolling refresh token |
//!
//! Two tables. Every access of the functions is by key and strongly consistent; nothing scans.
//!
//! | table | key | item |
//! | --- | --- | --- |
//! | links | `pk` = `referral#ID` | a whole [`cosell_model::link::Link`] |
//! | links | `pk` = `crm#SYSTEM#ENTITY#ID` | `referral`: the id of the pair's referral |
//! | links | `pk` as one of these two, while it is not linked | `unlinked`, and a [`cosell_model::state::UnlinkedDeal`] |
//! | links | `pk` = `engagement#ID` | `referral`: the id of our first referral in this engagement |
//! | links | `pk` = `claim#NAME` | `holder`, `until` (ms), `expires_at` (s, the table's TTL) |
//! | links | `pk` = `cursor#NAME` | `at` |
//! | links | `pk` = `schedule#HOUR` | `entries`: each a time and a referral; `expires_at` |
//! | audit | `pk` = pair, `sk` = `TIME#INVOCATION#COUNTER` | a [`cosell_model::audit::AuditEntry`], `expires_at` (s, the table's TTL) |
//!
//! Links and states of unlinked deals have `attention` (the state's name) and `attention_since` exactly while they need a
//! person. The links table's index `attention` (hash `attention`, range `attention_since`) holds these and nothing else.

#[cfg(feature = "tables")]
pub mod audit;
#[cfg(feature = "tables")]
pub mod claims;
#[cfg(feature = "tables")]
pub mod cursors;
#[cfg(feature = "tables")]
pub mod links;
#[cfg(all(test, feature = "tables"))]
mod local;
#[cfg(feature = "queue")]
pub mod queue;
#[cfg(feature = "tables")]
pub mod schedule;
pub mod sdk;
#[cfg(feature = "secrets")]
pub mod secrets;
pub mod store_error;
#[cfg(feature = "tables")]
pub mod table;
