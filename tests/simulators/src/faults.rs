//! Faults on demand: a list of what shall go wrong next, shared by all services.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{broadcast, watch};

use crate::serve::CloseConnection;

/// Renders a service's own error shape for a status and an optional error code.
pub type ErrorBody = fn(u16, Option<&str>) -> Value;

/// The services that faults can be aimed at.
pub const SERVICES: [&str; 6] = [
    "partner-center",
    "partner-center-registration",
    "entra",
    "certificates",
    "dataverse",
    "salesforce",
];

/// One fault: which requests it meets, and what happens to them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// One of [`SERVICES`].
    pub service: String,
    /// Only requests with this method, when given.
    #[serde(default)]
    pub method: Option<String>,
    /// Only requests with this text in path or query, when given.
    #[serde(default)]
    pub path_contains: Option<String>,
    /// How many requests are hit before the fault is used up.
    #[serde(default = "once")]
    pub times: u32,
    /// How many fitting requests pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// What happens.
    pub action: Action,
}

/// What a fault does to a request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Answers with a status; the service never sees the request.
    Status {
        /// The HTTP status.
        status: u16,
        /// Seconds for the `Retry-After` header.
        #[serde(default)]
        retry_after: Option<u32>,
        /// The error code inside the service's own error shape.
        #[serde(default)]
        code: Option<String>,
        /// A body in place of the service's own error shape.
        #[serde(default)]
        body: Option<String>,
        /// The body's content type; JSON when absent.
        #[serde(default)]
        content_type: Option<String>,
    },
    /// Waits, then lets the service answer. The wait ends early when the faults are cleared.
    Slow {
        /// Milliseconds to wait.
        ms: u64,
    },
    /// Closes the connection before the service sees the request.
    DropBeforeEffect,
    /// Lets the service do its work, then closes the connection without an answer.
    DropAfterEffect,
    /// Lets the service do its work, then holds the answer back: time to look at what was done, and to end the caller before it
    /// knows. The wait ends early when the faults are cleared.
    StallAfterEffect {
        /// Milliseconds to wait.
        ms: u64,
    },
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A fault that hits the next request of `service`, whatever it is.
    pub fn new(service: &str, action: Action) -> Self {
        Self {
            service: service.to_owned(),
            method: None,
            path_contains: None,
            times: 1,
            skip: 0,
            action,
        }
    }

    /// Why this fault can never fire, if so.
    pub fn complaint(&self) -> Option<String> {
        if !SERVICES.contains(&self.service.as_str()) {
            return Some(format!(
                "service `{}` does not exist; use one of {}",
                self.service,
                SERVICES.join(", ")
            ));
        }
        match self.action {
            Action::Status { status, .. } if !(200..=599).contains(&status) => {
                Some(format!("status {status} is outside 200 to 599"))
            }
            _ if self.times == 0 => Some("times is 0, so the fault would never fire".to_owned()),
            _ => None,
        }
    }

    fn fits(&self, service: &str, method: &str, path: &str) -> bool {
        self.service == service
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path_contains.as_deref().is_none_or(|wanted| path.contains(wanted))
    }
}

/// The shared list of faults; cloning shares it.
#[derive(Clone, Debug)]
pub struct Faults {
    list: Arc<watch::Sender<Vec<Fault>>>,
    cleared: Arc<broadcast::Sender<Cleared>>,
}

/// Whose faults were cleared; `None` is everybody's.
type Cleared = Option<String>;

impl Default for Faults {
    fn default() -> Self {
        Self {
            list: Arc::new(watch::Sender::new(Vec::new())),
            cleared: Arc::new(broadcast::Sender::new(16)),
        }
    }
}

impl Faults {
    /// Adds a fault behind those already waiting.
    pub fn add(&self, fault: Fault) {
        self.list.send_modify(|list| list.push(fault));
    }

    /// The faults not used up yet.
    pub fn list(&self) -> Vec<Fault> {
        self.list.borrow().clone()
    }

    /// Waits until every fault has met its requests; what one holds back is then being held.
    pub async fn met(&self) {
        // The sender is ours: it cannot be gone.
        let _ = self.list.subscribe().wait_for(Vec::is_empty).await;
    }

    /// Removes all faults, and lets go of the requests and answers that one of them holds back.
    pub fn clear(&self) {
        self.list.send_modify(Vec::clear);
        // Nobody may be waiting.
        let _ = self.cleared.send(None);
    }

    /// As [`Self::clear`], but only what is aimed at `service`.
    pub fn clear_of(&self, service: &str) {
        self.list.send_modify(|list| list.retain(|fault| fault.service != service));
        let _ = self.cleared.send(Some(service.to_owned()));
    }

    /// The first fitting fault's action. Each fitting fault that still skips counts the request.
    fn take(&self, service: &str, method: &str, path: &str) -> Option<Action> {
        let mut action = None;
        self.list.send_if_modified(|list| {
            action = take(list, service, method, path);
            action.is_some()
        });
        action
    }

    /// Waits, or until what `cleared` hears of lets go.
    async fn hold(mut cleared: broadcast::Receiver<Cleared>, service: &str, ms: u64) {
        let let_go = async {
            // A receiver that missed some of them cannot know: it lets go.
            while let Ok(Some(other)) = cleared.recv().await {
                if other == service {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(ms), let_go).await;
    }
}

fn take(list: &mut Vec<Fault>, service: &str, method: &str, path: &str) -> Option<Action> {
    for index in 0..list.len() {
        if !list[index].fits(service, method, path) {
            continue;
        }
        if list[index].skip > 0 {
            list[index].skip -= 1;
            continue;
        }
        let action = list[index].action.clone();
        list[index].times = list[index].times.saturating_sub(1);
        if list[index].times == 0 {
            list.remove(index);
        }
        return Some(action);
    }
    None
}

/// Wraps `router` so that the faults aimed at `service` happen to it.
pub fn layer(
    router: Router,
    faults: Faults,
    service: &'static str,
    error_body: ErrorBody,
) -> Router {
    router.layer(from_fn_with_state((faults, service, error_body), strike))
}

async fn strike(
    State((faults, service, error_body)): State<(Faults, &'static str, ErrorBody)>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    // Heard from before the fault is met: who waits for that may clear it at once.
    let cleared = faults.cleared.subscribe();
    match faults.take(service, request.method().as_str(), &path) {
        None => next.run(request).await,
        Some(Action::Slow { ms }) => {
            Faults::hold(cleared, service, ms).await;
            next.run(request).await
        }
        Some(Action::StallAfterEffect { ms }) => {
            let response = next.run(request).await;
            Faults::hold(cleared, service, ms).await;
            response
        }
        Some(Action::DropBeforeEffect) => closed(Response::default()),
        Some(Action::DropAfterEffect) => closed(next.run(request).await),
        Some(Action::Status { status, retry_after, code, body, content_type }) => {
            let body = body.unwrap_or_else(|| error_body(status, code.as_deref()).to_string());
            refusal(status, retry_after, body, content_type.as_deref())
        }
    }
}

fn closed(mut response: Response) -> Response {
    response.extensions_mut().insert(CloseConnection);
    response
}

fn refusal(
    status: u16,
    retry_after: Option<u32>,
    body: String,
    content_type: Option<&str>,
) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    let content_type =
        content_type.and_then(|text| HeaderValue::from_str(text).ok()).unwrap_or(json);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_skips_then_fires_then_is_used_up() {
        let faults = Faults::default();
        faults.add(Fault {
            skip: 1,
            method: Some("get".to_owned()),
            ..Fault::new("entra", Action::DropBeforeEffect)
        });
        assert!(faults.take("entra", "POST", "/x").is_none());
        assert!(faults.take("entra", "GET", "/x").is_none());
        assert!(faults.take("dataverse", "GET", "/x").is_none());
        assert!(matches!(faults.take("entra", "GET", "/x"), Some(Action::DropBeforeEffect)));
        assert!(faults.take("entra", "GET", "/x").is_none());
        assert!(faults.list().is_empty());
    }

    #[tokio::test]
    async fn what_is_held_back_is_let_go_when_its_services_faults_are_cleared() {
        let faults = Faults::default();
        let cleared = faults.cleared.subscribe();
        let held = tokio::spawn(Faults::hold(cleared, "entra", 60_000));
        tokio::task::yield_now().await;
        faults.clear_of("dataverse");
        tokio::task::yield_now().await;
        assert!(!held.is_finished());
        faults.clear_of("entra");
        tokio::time::timeout(Duration::from_secs(5), held).await.unwrap().unwrap();
    }
}
