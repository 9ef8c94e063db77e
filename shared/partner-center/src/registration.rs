//! The webhook registration host (contract partner-center 4.1): another host, audience and set of
//! headers.

use std::sync::Arc;

use cosell_http::{ForbiddenUrl, Response};
use reqwest::Method;
use serde_json::{Value as Json, json};
use url::Url;
use uuid::Uuid;

use crate::error::{Error, Operation, Problem};
use crate::exchange::{Call, Exchange};
use crate::property::{property, text};
use crate::token::TokenSource;

/// The real host.
pub const DEFAULT_URL: &str = "https://api.partnercenter.microsoft.com";

/// The audience of the real host's tokens.
pub const DEFAULT_AUDIENCE: &str = "https://api.partnercenter.microsoft.com";

const PATH: [&str; 3] = ["webhooks", "v1", "registration"];

/// What the tenant has registered: one address for all events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Where deliveries go.
    pub url: String,
    /// For which events.
    pub events: Vec<String>,
}

/// What [`Registration::ensure`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// Everything was registered already.
    Unchanged,
    /// There was no registration.
    Created,
    /// There was one without all the events, or for another address: whoever had that gets no
    /// deliveries any more.
    Overwritten {
        /// What it was, if the service showed it.
        before: Option<Registered>,
    },
}

/// How the test event fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationResult {
    /// `completed`, or something else while it is under way.
    pub status: String,
    /// The receiver's answer to each attempt, as a status name such as `OK` or `Unauthorized`.
    pub answers: Vec<String>,
}

/// The client for the tenant's webhook registration.
pub struct Registration {
    exchange: Exchange,
}

impl Registration {
    /// A client for the host `url`, whose tokens have `audience`. `http` must not follow redirects.
    pub fn new(
        http: reqwest::Client,
        url: &Url,
        audience: &str,
        tokens: Arc<TokenSource>,
    ) -> Result<Self, ForbiddenUrl> {
        Ok(Self { exchange: Exchange::new(http, url, audience, tokens)? })
    }

    /// What is registered, if anything is.
    pub async fn get(&self) -> Result<Option<Registered>, Error> {
        match self.send(Operation::ReadRegistration, Method::GET, &[], None).await {
            Ok(answer) => Ok(answer.json().as_ref().and_then(registered)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Registers; refused when a registration exists.
    pub async fn create(&self, url: &Url, events: &[&str]) -> Result<(), Error> {
        self.write(Method::POST, url, events).await
    }

    /// Replaces the registration.
    pub async fn overwrite(&self, url: &Url, events: &[&str]) -> Result<(), Error> {
        self.write(Method::PUT, url, events).await
    }

    /// Makes sure that `events` go to `url`: reads, then creates or overwrites. An existing
    /// registration of the same address keeps its other events.
    pub async fn ensure(&self, url: &Url, events: &[&str]) -> Result<Ensured, Error> {
        let before = self.get().await?;
        if let Some(before) = before {
            let same_url = before.url == url.as_str()
                || Url::parse(&before.url).is_ok_and(|registered| registered == *url);
            let has =
                |event: &&str| before.events.iter().any(|known| known.eq_ignore_ascii_case(event));
            if same_url && events.iter().all(has) {
                return Ok(Ensured::Unchanged);
            }
            let others =
                before.events.iter().map(String::as_str).filter(|other| {
                    same_url && !events.iter().any(|e| e.eq_ignore_ascii_case(other))
                });
            let wanted: Vec<&str> = events.iter().copied().chain(others).collect();
            self.overwrite(url, &wanted).await?;
            return Ok(Ensured::Overwritten { before: Some(before) });
        }
        match self.create(url, events).await {
            Ok(()) => Ok(Ensured::Created),
            // Which status says "one exists" is not documented.
            Err(error)
                if error.status().is_some_and(|status| {
                    (400..500).contains(&status) && !matches!(status, 401 | 403 | 429)
                }) =>
            {
                self.overwrite(url, events).await?;
                Ok(Ensured::Overwritten { before: None })
            }
            Err(error) => Err(error),
        }
    }

    /// The names of all events that can be registered.
    pub async fn events(&self) -> Result<Vec<String>, Error> {
        let operation = Operation::ReadRegistration;
        let answer = self.send(operation, Method::GET, &["events"], None).await?;
        let names = answer.json().and_then(|body| serde_json::from_value(body).ok());
        names.ok_or_else(|| unusable(operation, &answer, "it is not a list of event names"))
    }

    /// Asks for a test event (`test-created` must be registered; twice a minute at most) and
    /// returns its correlation id.
    pub async fn send_test(&self) -> Result<String, Error> {
        let operation = Operation::TestRegistration;
        let answer = self.send(operation, Method::POST, &["validationEvents"], None).await?;
        let id =
            answer.json().as_ref().and_then(|body| text(body, "correlationId")).map(str::to_owned);
        id.ok_or_else(|| unusable(operation, &answer, "it has no `correlationId`"))
    }

    /// How the test event fared; kept for seven days.
    pub async fn test_result(&self, correlation_id: &str) -> Result<ValidationResult, Error> {
        let operation = Operation::TestRegistration;
        let answer =
            self.send(operation, Method::GET, &["validationEvents", correlation_id], None).await?;
        let body = answer.json().ok_or_else(|| unusable(operation, &answer, "it is not JSON"))?;
        let attempts = property(&body, "results")
            .and_then(Json::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        Ok(ValidationResult {
            status: text(&body, "status").unwrap_or("unknown").to_owned(),
            answers: attempts
                .iter()
                .map(|attempt| text(attempt, "responseCode").unwrap_or("no answer").to_owned())
                .collect(),
        })
    }

    async fn write(&self, method: Method, url: &Url, events: &[&str]) -> Result<(), Error> {
        let body = json!({
            "WebhookUrl": url, "WebhookEvents": events, "SignatureTokenToMsSignatureHeader": true
        });
        self.send(Operation::WriteRegistration, method, &[], Some(&body)).await.map(drop)
    }

    async fn send(
        &self,
        operation: Operation,
        method: Method,
        below: &[&str],
        body: Option<&Json>,
    ) -> Result<Response, Error> {
        let path = [&PATH, below].concat();
        let id = || Uuid::new_v4().to_string();
        let headers = vec![
            ("ms-contract-version", "api-version: v1".to_owned()),
            ("ms-requestid", id()),
            ("ms-correlationid", id()),
        ];
        self.exchange
            .send(&Call { operation, method, path: &path, query: None, headers, body })
            .await
    }
}

fn registered(body: &Json) -> Option<Registered> {
    let events = property(body, "webhookEvents")
        .and_then(Json::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let events = events.iter().filter_map(Json::as_str).map(str::to_owned).collect();
    Some(Registered { url: text(body, "webhookUrl")?.to_owned(), events })
}

fn unusable(operation: Operation, answer: &Response, shape: &'static str) -> Error {
    Error::Unusable {
        operation,
        request_id: answer.request_id.clone(),
        problem: Problem::Shape(shape),
    }
}
