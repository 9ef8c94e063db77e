//! One call to the REST API: headers, session, refusals (contract salesforce 1.4, 3, 4.1).

use cosell_runtime::bearer::{Bearer, Bearers};
use cosell_runtime::http::body::{self, BodyError};
use cosell_runtime::http::retry_after;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value as Json;
use tokio::time::Instant;
use url::Url;

use crate::error::SalesforceError;
use crate::refusal::{self, Evidence};
use crate::session::{Session, SignIn};
use crate::usage::Usage;

/// Named in the organisation's logs and events.
const CLIENT: &str = "client=cosell-sync";

/// The organisation's REST API.
pub(crate) struct RestApi {
    http: reqwest::Client,
    sessions: Bearers<SignIn>,
    root: String,
    usage: Usage,
}

/// One call.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Below the API's root, with its query: `sobjects/Opportunity/006…`.
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Json>,
    /// Begins the text of every failure; it names the record by its ids only.
    pub(crate) doing: String,
    /// Whether it must not be repeated blindly.
    pub(crate) once: bool,
    /// Whether it only reads: then no value of ours can be what is refused.
    pub(crate) reads: bool,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>, doing: impl Into<String>) -> Self {
        Self::new(Method::GET, path, doing)
    }

    pub(crate) fn new(method: Method, path: impl Into<String>, doing: impl Into<String>) -> Self {
        Self {
            reads: method == Method::GET,
            method,
            path: path.into(),
            headers: Vec::new(),
            body: None,
            doing: doing.into(),
            once: false,
        }
    }

    pub(crate) fn body(mut self, body: Json) -> Self {
        self.body = Some(body);
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn once(mut self, once: bool) -> Self {
        self.once = once;
        self
    }
}

/// `query?q=…`, percent-encoded.
pub(crate) fn query(soql: &str) -> String {
    path("query", soql)
}

/// As [`query`], with deleted records.
pub(crate) fn query_all(soql: &str) -> String {
    path("queryAll", soql)
}

fn path(resource: &str, soql: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
    // A blank as `+` is right only where a form is read.
    format!("{resource}?q={}", encoded.replace('+', "%20"))
}

/// What came back, whatever the status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// `Null` when the body is empty or not JSON.
    pub(crate) body: Json,
    pub(crate) doing: String,
    /// The service's clock.
    pub(crate) date: Option<Timestamp>,
    /// The user the call was made as.
    pub(crate) user: Option<String>,
    pub(crate) reads: bool,
    once: bool,
    retry_after: Option<std::time::Duration>,
}

impl Answer {
    /// A body that is not what the contract says.
    pub(crate) fn lacks(&self, what: &'static str) -> SalesforceError {
        SalesforceError::Unexpected { doing: self.doing.clone(), what, once: self.once }
    }

    /// The answer if it is a success, the refusal otherwise. 3xx are none: 300 stands for several records.
    pub(crate) fn accepted(self) -> Result<Self, SalesforceError> {
        if self.status.is_success() { Ok(self) } else { Err(self.refused()) }
    }

    pub(crate) fn refused(&self) -> SalesforceError {
        let evidence = Evidence {
            status: self.status.as_u16(),
            body: &self.body,
            retry_after: self.retry_after,
            once: self.once,
            reads: self.reads,
        };
        if self.status == StatusCode::UNAUTHORIZED {
            return SalesforceError::SessionNotAccepted {
                doing: self.doing.clone(),
                remedy: evidence.session_cure(),
            };
        }
        SalesforceError::Refused(Box::new(evidence.judge(&self.doing)))
    }

    /// The answer to one part of a call of several.
    pub(crate) fn part(&self, status: u16, body: Json) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            body,
            doing: self.doing.clone(),
            date: self.date,
            user: self.user.clone(),
            reads: self.reads,
            once: self.once,
            retry_after: None,
        }
    }
}

impl RestApi {
    pub(crate) fn new(http: reqwest::Client, sign_in: SignIn) -> Self {
        Self {
            http,
            root: sign_in.settings.data_path(),
            sessions: Bearers::new(sign_in),
            usage: Usage::default(),
        }
    }

    /// The API's root as it stands in addresses: `/services/data/v67.0`.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// Sends a call. A session that is over costs one sign-in and one repetition: nothing took effect.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, SalesforceError> {
        let bearer = self.sessions.bearer().await?;
        let answer = self.attempt(call, &bearer).await?;
        if answer.status != StatusCode::UNAUTHORIZED || !refusal::may_sign_in_again(&answer.body) {
            return Ok(answer);
        }
        let bearer = self.sessions.renew(&bearer).await?;
        self.attempt(call, &bearer).await
    }

    fn url(&self, session: &Session, path: &str) -> Url {
        let mut url = session.instance.clone();
        let (path, query) =
            path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        // A list goes on at an address that the service gave, whole.
        if path.starts_with('/') {
            url.set_path(path);
        } else {
            url.set_path(&format!("{}/{path}", self.root));
        }
        url.set_query(query);
        url.set_fragment(None);
        url
    }

    async fn attempt(
        &self,
        call: &Call,
        bearer: &Bearer<Session>,
    ) -> Result<Answer, SalesforceError> {
        let started = Instant::now();
        let mut request = self
            .http
            .request(call.method.clone(), self.url(&bearer.with, &call.path))
            .bearer_auth(bearer.secret.expose_secret())
            .header(ACCEPT, "application/json")
            .header("Sforce-Call-Options", CLIENT)
            .header("Sforce-Mru", "updateMru=false");
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let sent = request.send().await;
        let response =
            sent.map_err(|error| SalesforceError::of_transport(&call.doing, call.once, error))?;
        let (status, retry_after) = (response.status(), retry_after::read(response.headers()));
        let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
        // The answer's clock when the call began: what a slow query shows was so by then.
        let slow = SignedDuration::from_secs(
            i64::try_from(started.elapsed().as_secs()).unwrap_or_default(),
        );
        let date = date.and_then(|date| rfc2822::parse(date).ok());
        let date = date.and_then(|date| date.timestamp().checked_sub(slow).ok());
        if let Some(usage) =
            response.headers().get("sforce-limit-info").and_then(|usage| usage.to_str().ok())
        {
            self.usage.note(usage);
        }
        let body = body::json(response).await;
        let body = body.map_err(|error| SalesforceError::of_body(&call.doing, call.once, error))?;
        tracing::debug!(
            http.method = %call.method,
            http.status = status.as_u16(),
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "{}",
            call.doing
        );
        Ok(Answer {
            status,
            body,
            doing: call.doing.clone(),
            date,
            user: bearer.with.user.clone(),
            reads: call.reads,
            once: call.once,
            retry_after,
        })
    }
}

impl SalesforceError {
    /// A failure below HTTP. The URL is removed from it: a query may hold a customer's name.
    pub(crate) fn of_transport(doing: &str, once: bool, error: reqwest::Error) -> Self {
        let (doing, source) = (doing.to_owned(), error.without_url());
        if source.is_connect() || source.is_builder() {
            Self::NotReached { doing, source }
        } else {
            Self::NoAnswer { doing, once, source }
        }
    }

    pub(crate) fn of_body(doing: &str, once: bool, error: BodyError) -> Self {
        match error {
            BodyError::Lost(source) => Self::of_transport(doing, once, source),
            BodyError::TooLarge => {
                Self::Unexpected { doing: doing.to_owned(), what: "an end below 8 MiB", once }
            }
        }
    }
}
