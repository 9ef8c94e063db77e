//! The Dataverse (Dynamics 365 Sales) Web API of one environment, as far as a co-sell sync uses it.
//!
//! Written from the contract dynamics365: strict about columns, types, lookups, keys, conditions
//! and states, and without knowledge of any client. `$batch`, single properties, `$ref`, `$apply`,
//! nested creates and webhooks are not simulated and answer 501.

mod actions;
mod address;
mod answer;
mod attributes;
mod bulk;
mod cell;
mod changes;
mod conditions;
mod control;
mod customisation;
mod derived;
mod filter;
mod http;
mod keys;
mod listing;
mod metadata;
mod organisation;
mod payload;
mod predicate;
mod projection;
mod qualify;
mod query;
mod refusal;
mod row_requests;
mod rows;
mod schema;
mod states;
mod switches;
mod tables;
#[cfg(test)]
mod tests;
mod tokens;
mod writes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::StatusCode;
use serde_json::{Value, json};
use url::Url;

pub use refusal::error_body;

use crate::clock::Clock;
use organisation::Organisation;

/// What an environment is like when it starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// Prefix of the custom columns, without underscore; `nwcs`.
    pub publisher_prefix: String,
    /// Tenant in the token endpoint's path; `sim-tenant`.
    pub tenant: String,
    /// Client id of the application user; `sim-dataverse-client`.
    pub client_id: String,
    /// Its secret; `sim-dataverse-secret`.
    pub client_secret: String,
    /// Largest page and the one used without `odata.maxpagesize`; 5,000 rows.
    pub page_size: usize,
    /// Won and lost opportunities refuse every PATCH but reopening (400 `0x8004022e`); on, although
    /// the contract leaves open whether every environment does so (2.8).
    pub lock_closed_opportunities: bool,
    /// Whether opportunity and lead have the custom columns and the alternate key from the start;
    /// on.
    pub install_columns: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            publisher_prefix: "nwcs".into(),
            tenant: "sim-tenant".into(),
            client_id: "sim-dataverse-client".into(),
            client_secret: "sim-dataverse-secret".into(),
            page_size: 5000,
            lock_closed_opportunities: true,
            install_columns: true,
        }
    }
}

/// A running environment; cloning shares it.
#[derive(Clone, Debug)]
pub struct Dataverse {
    shared: Arc<Mutex<Organisation>>,
}

impl Dataverse {
    /// An environment with its users and currencies and no other rows.
    pub fn new(clock: Clock, options: Options) -> Self {
        Self { shared: Arc::new(Mutex::new(Organisation::new(clock, options))) }
    }

    /// Tells the environment under which address it is reached: for links, ids and the token scope.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "the caller hands the address over and keeps nothing"
    )]
    pub fn set_origin(&self, origin: Url) {
        self.lock().origin = origin.as_str().trim_end_matches('/').into();
    }

    /// The Web API: `/api/data/v9.2/…`.
    pub fn router(&self) -> Router {
        Router::new().fallback(http::serve).with_state(self.clone())
    }

    /// The hooks a test or a player uses: switches, rows as the seller, closing, tokens.
    pub fn control_router(&self) -> Router {
        control::router(self.clone())
    }

    /// Everything stored, by table.
    pub fn dump(&self) -> Value {
        let organisation = self.lock();
        json!({
            "version": organisation.rows.version(),
            "switches": organisation.switches,
            "tables": organisation.rows.dump(),
            "solution_components": organisation.components,
        })
    }

    /// Back to the start: rows, switches, tokens and columns; the address stays.
    pub fn reset(&self) {
        let mut organisation = self.lock();
        let origin = std::mem::take(&mut organisation.origin);
        *organisation = Organisation::new(organisation.clock.clone(), organisation.options.clone());
        organisation.origin = origin;
    }

    /// Entra's client-credentials grant for this environment (contract dynamics365 1.1): the scope
    /// is `{origin}/.default`, a token lives 3,599 seconds of the shared clock. Errors are Entra's,
    /// not Dataverse's.
    #[allow(clippy::implicit_hasher, reason = "the form comes from one extractor")]
    pub fn token(&self, tenant: &str, form: &HashMap<String, String>) -> (StatusCode, Value) {
        let mut organisation = self.lock();
        let now = organisation.now();
        match tokens::check(&organisation.options, &organisation.origin, tenant, form) {
            Ok(()) => (StatusCode::OK, organisation.tokens.issue(now)),
            Err((status, error, number, text)) => {
                (status, tokens::error(error, number, &text, now))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Organisation> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
