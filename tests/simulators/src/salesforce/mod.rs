//! The Salesforce REST API of one organisation, as far as a co-sell sync uses it, with its token
//! endpoint.
//!
//! Written from the contract salesforce: strict about fields, types, stages, stamps and conditions,
//! and without knowledge of any client. Of the Tooling API there are only custom fields, of the
//! Metadata API deployment by REST; batch, graph, tree and Bulk are not simulated and answer 501,
//! nor are events.

mod answer;
mod assertion;
mod cell;
mod collections;
mod column_metadata;
mod composite;
mod conditions;
mod control;
mod conversion;
mod cursors;
mod custom_fields;
mod definition;
mod deploy;
mod derived;
mod describe;
mod http;
mod ids;
mod lead_statuses;
mod objects;
mod organisation;
mod permissions;
mod query;
mod record_requests;
mod records;
mod references;
mod refusal;
mod replication;
mod rules;
mod schema;
mod sessions;
mod soql;
mod stages;
mod switches;
mod tooling;
mod values;
mod writes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use serde_json::{Value, json};
use url::Url;

pub use refusal::error_body;

use crate::clock::Clock;
use organisation::Organisation;

/// What an organisation is like when it starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// Consumer key of the application; `sim-salesforce-client`.
    pub client_id: String,
    /// Its consumer secret; `sim-salesforce-secret`.
    pub client_secret: String,
    /// Username of the user the application runs as; `cosell-sync@northwind.example`.
    pub username: String,
    /// PEM of the application's certificate. Without one the signature of a JWT assertion is not
    /// checked.
    pub certificate: Option<String>,
    /// `CurrencyIsoCode` exists; off.
    pub multi_currency: bool,
    /// Whether Opportunity and Lead have the co-sell fields from the start; on.
    pub install_fields: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client_id: "sim-salesforce-client".into(),
            client_secret: "sim-salesforce-secret".into(),
            username: "cosell-sync@northwind.example".into(),
            certificate: None,
            multi_currency: false,
            install_fields: true,
        }
    }
}

/// A running organisation; cloning shares it.
#[derive(Clone, Debug)]
pub struct Salesforce {
    shared: Arc<Mutex<Organisation>>,
}

impl Salesforce {
    /// An organisation with its users and stages and no other records.
    pub fn new(clock: Clock, options: Options) -> Self {
        Self { shared: Arc::new(Mutex::new(Organisation::new(clock, options))) }
    }

    /// Tells the organisation under which address it is reached: its `instance_url`.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "the caller hands the address over and keeps nothing"
    )]
    pub fn set_origin(&self, origin: Url) {
        self.lock().origin = origin.as_str().trim_end_matches('/').into();
    }

    /// `/services/oauth2/…` and `/services/data/…`.
    pub fn router(&self) -> Router {
        Router::new().fallback(http::serve).with_state(self.clone())
    }

    /// The hooks a test or a player uses: switches, records as the seller, stages, sessions.
    pub fn control_router(&self) -> Router {
        control::router(self.clone())
    }

    /// Everything stored, by object.
    pub fn dump(&self) -> Value {
        let organisation = self.lock();
        json!({
            "switches": organisation.switches,
            "calls": organisation.used_calls(),
            "objects": organisation.records.dump(),
        })
    }

    /// Back to the start: records, switches, stages, sessions and fields; the address stays.
    pub fn reset(&self) {
        let mut organisation = self.lock();
        let origin = std::mem::take(&mut organisation.origin);
        *organisation = Organisation::new(organisation.clock.clone(), organisation.options.clone());
        organisation.origin = origin;
    }

    fn lock(&self) -> MutexGuard<'_, Organisation> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
