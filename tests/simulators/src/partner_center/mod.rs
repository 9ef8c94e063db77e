//! The simulated Partner Center: referrals host, webhook registration host, token endpoint,
//! certificate host and deliveries.
//!
//! Written from contract partner-center, section 7; where the documents leave something open there
//! is a [`Switches`] entry.

mod certificates;
mod change;
mod create;
mod deal_registration;
mod delivery;
mod events;
mod filter;
mod hooks;
mod inbound;
mod json_patch;
mod list;
mod options;
mod present;
mod referrals;
mod refusal;
mod registration;
mod rules;
mod shape;
mod signing;
mod store;
mod switches;
mod tokens;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

pub use options::Options;
pub use refusal::{
    certificates_error_body, referrals_error_body, registration_error_body, token_error_body,
};
pub use switches::{Certificate, LockedFields, RelatedUri, Role, SignatureHeader, Switches};
pub(crate) use tokens::Generation;

use crate::clock::Clock;

/// Where the hosts are reachable.
#[derive(Clone, Debug)]
pub struct Origins {
    /// The referrals host.
    pub referrals: Url,
    /// The certificate host.
    pub certificates: Url,
}

/// The simulated Partner Center; cloning shares it.
#[derive(Clone, Debug)]
pub struct PartnerCenter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    options: Options,
    origins: Origins,
    authority: signing::Authority,
    deliveries: delivery::Deliveries,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    store: store::Store,
    switches: Switches,
    tokens: tokens::Tokens,
    registrations: registration::Registrations,
    continuations: list::Continuations,
}

impl State {
    fn new(options: &Options, now: Timestamp) -> Self {
        Self {
            store: store::Store::default(),
            switches: Switches::default(),
            tokens: tokens::Tokens::new(options, now),
            registrations: registration::Registrations::default(),
            continuations: list::Continuations::default(),
        }
    }
}

impl PartnerCenter {
    /// A Partner Center without referrals. Makes keys, which takes a moment. Fails when keys or the
    /// HTTP client cannot be made.
    pub fn new(clock: Clock, options: Options, origins: Origins) -> anyhow::Result<Self> {
        let authority = signing::Authority::issue(&origins.certificates)?;
        let deliveries = delivery::Deliveries::new(clock.clone())?;
        let state = Mutex::new(State::new(&options, clock.now()));
        Ok(Self {
            inner: Arc::new(Inner { clock, options, origins, authority, deliveries, state }),
        })
    }

    /// The referrals host, below `/v1.0/engagements`.
    pub fn referrals_router(&self) -> Router {
        referrals::router(self.clone())
    }

    /// The webhook registration host, below `/webhooks/v1`.
    pub fn registration_router(&self) -> Router {
        registration::router(self.clone())
    }

    /// The certificate host.
    pub fn certificates_router(&self) -> Router {
        certificates::router(self.clone())
    }

    /// The hooks for `/control/partner-center`.
    pub fn control_router(&self) -> Router {
        hooks::router(self.clone())
    }

    /// Answers a token request of the refresh-token or authorization-code grant.
    pub(crate) fn token(
        &self,
        generation: Generation,
        tenant: &str,
        form: &HashMap<String, String>,
    ) -> (StatusCode, Value) {
        let options = &self.inner.options;
        self.with(|state, now| {
            let revoke = state.switches.revoke_used_refresh_tokens;
            state.tokens.grant(generation, tenant, form, options, revoke, now)
        })
    }

    /// Replaces all switches.
    pub fn set_switches(&self, switches: Switches) {
        self.with(|state, _| state.switches = switches);
    }

    /// The switches as they are.
    pub fn switches(&self) -> Switches {
        self.with(|state, _| state.switches.clone())
    }

    /// The authority that receivers have to trust, as PEM.
    pub fn trust_root_pem(&self) -> &str {
        &self.inner.authority.root_pem
    }

    /// Everything stored, for people to look at.
    pub fn dump(&self) -> Value {
        self.with(|state, _| {
            let referrals: Vec<Value> =
                state.store.all().map(|stored| stored.document.clone()).collect();
            json!({
                "referrals": referrals,
                "registration": state.registrations.current,
                "deliveries": self.inner.deliveries.list(),
                "switches": state.switches,
            })
        })
    }

    /// Back to the beginning: no referrals, no registration, default switches, the first refresh
    /// token.
    pub fn reset(&self) {
        self.inner.deliveries.clear();
        self.with(|state, now| *state = State::new(&self.inner.options, now));
    }

    /// Runs `action` on the state after expiry was applied, and sends the events of what changed.
    /// Needs a tokio runtime.
    fn with<T>(&self, action: impl FnOnce(&mut State, Timestamp) -> T) -> T {
        let now = self.inner.clock.now();
        let mut state = self.inner.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.store.expire(now);
        events::publish(&self.inner, &mut state);
        let answer = action(&mut state, now);
        events::publish(&self.inner, &mut state);
        answer
    }

    /// Whether the request carries a token for `audience` that has not ended.
    fn authorized(&self, headers: &HeaderMap, audience: &str) -> bool {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| value.strip_prefix("Bearer "));
        token.is_some_and(|token| self.with(|state, now| state.tokens.opens(token, audience, now)))
    }
}
