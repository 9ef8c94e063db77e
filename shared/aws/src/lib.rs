//! What cosell-sync keeps in AWS: pairs, claims, cursors and the audit trail in DynamoDB, the sync queue in SQS, the
//! credentials of both sides in Secrets Manager.
//!
//! | module | feature | is |
//! | --- | --- | --- |
//! | [`sdk`] | | the one SDK configuration of a process |
//! | [`fault`] | | the error of all modules, and the kind of failure it means |
//! | [`links`] | `tables` | the pairs: [`cosell_sync::port::Links`] |
//! | [`claims`] | `tables` | exclusive, expiring claims: [`cosell_sync::port::Claims`] |
//! | [`cursors`] | `tables` | how far the poller has read: [`cosell_sync::port::Cursors`] |
//! | [`audit`] | `tables` | the trail: [`cosell_sync::port::AuditLog`] |
//! | [`queue`] | `queue` | the sync queue: [`cosell_sync::port::Queue`] |
//! | [`secrets`] | `secrets` | JSON secrets and the rolling refresh token |
//!
//! Two tables. Every access is by key and strongly consistent; nothing scans.
//!
//! | table | key | item |
//! | --- | --- | --- |
//! | links | `pk` = `referral#ID` | a whole [`cosell_model::link::Link`] |
//! | links | `pk` = `crm#SYSTEM#ENTITY#ID` | `referral`: the id of the pair's referral |
//! | links | `pk` = `engagement#ID` | `referral`: the id of our first referral in this engagement |
//! | links | `pk` = `claim#NAME` | `holder`, `until` (ms), `expires_at` (s, the table's TTL) |
//! | links | `pk` = `cursor#NAME` | `at` |
//! | audit | `pk` = pair, `sk` = `TIME#INVOCATION#COUNTER` | a [`cosell_model::audit::AuditEntry`], `expires_at` (s, the table's TTL) |

#[cfg(feature = "tables")]
pub mod audit;
#[cfg(feature = "tables")]
pub mod claims;
#[cfg(feature = "tables")]
pub mod cursors;
pub mod fault;
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
#[cfg(feature = "tables")]
pub mod table;
