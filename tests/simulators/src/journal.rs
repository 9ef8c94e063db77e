//! The journal of requests received, so that tests can count calls. It keeps no headers and no bodies.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::serve::CloseConnection;

/// Oldest entries are forgotten beyond this number: enough for any test run, small enough for a long play.
const CAPACITY: usize = 10_000;

/// One request received.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Entry {
    /// The service that received it, as in [`crate::faults::Fault::service`].
    pub service: String,
    /// The HTTP method.
    pub method: String,
    /// Path and query as received.
    pub path: String,
    /// The status answered; absent when the connection was closed without an answer, by the service or by the caller.
    pub status: Option<u16>,
    /// When it was received, in the simulated time.
    pub at: Timestamp,
}

/// The shared journal; cloning shares it.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: Arc<watch::Sender<VecDeque<Entry>>>,
}

impl Default for Journal {
    fn default() -> Self {
        Self { entries: Arc::new(watch::Sender::new(VecDeque::new())) }
    }
}

impl Journal {
    /// All entries, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.borrow().iter().cloned().collect()
    }

    /// How many requests `service` received with this method and this text in path or query.
    pub fn count(&self, service: &str, method: &str, path_contains: &str) -> usize {
        count(&self.entries.borrow(), service, method, path_contains)
    }

    /// Waits until `service` has answered `wanted` such requests, or has lost their callers.
    pub async fn reaches(&self, wanted: usize, service: &str, method: &str, path_contains: &str) {
        let is_there =
            |entries: &VecDeque<Entry>| count(entries, service, method, path_contains) >= wanted;
        // The sender is ours: it cannot be gone.
        let _ = self.entries.subscribe().wait_for(is_there).await;
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.entries.send_modify(VecDeque::clear);
    }

    fn push(&self, entry: Entry) {
        self.entries.send_modify(|entries| {
            if entries.len() == CAPACITY {
                entries.pop_front();
            }
            entries.push_back(entry);
        });
    }
}

fn count(entries: &VecDeque<Entry>, service: &str, method: &str, path_contains: &str) -> usize {
    let fits = |entry: &&Entry| {
        entry.service == service && entry.method == method && entry.path.contains(path_contains)
    };
    entries.iter().filter(fits).count()
}

/// Wraps `router` so that each request is written to `journal` under the name `service`.
pub fn layer(router: Router, journal: Journal, clock: Clock, service: &'static str) -> Router {
    router.layer(from_fn_with_state((journal, clock, service), record))
}

async fn record(
    State((journal, clock, service)): State<(Journal, Clock, &'static str)>,
    request: Request,
    next: Next,
) -> Response {
    let at = clock.now();
    let method = request.method().to_string();
    let path = request
        .uri()
        .path_and_query()
        .map_or_else(|| request.uri().path().to_owned(), ToString::to_string);
    let service = service.to_owned();
    let mut received =
        Received { journal, entry: Some(Entry { service, method, path, status: None, at }) };
    let response = next.run(request).await;
    if response.extensions().get::<CloseConnection>().is_none() {
        received.answered(response.status().as_u16());
    }
    response
}

/// A request that is written down when this goes: with its answer, or without one when the caller went away first.
struct Received {
    journal: Journal,
    entry: Option<Entry>,
}

impl Received {
    fn answered(&mut self, status: u16) {
        if let Some(entry) = &mut self.entry {
            entry.status = Some(status);
        }
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.journal.push(entry);
        }
    }
}
