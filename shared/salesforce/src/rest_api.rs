//! One call to the REST API: address, headers, and what an answer is taken for (contract salesforce
//! 1.4, 3, 4.1).

use std::sync::Arc;
use std::time::Duration;

use cosell_http::{Request, Response, Service, TokenCache};
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::Value as Json;
use url::Url;

use crate::error::SalesforceError;
use crate::refusal::ErrorResponse;
use crate::session::{Session, SignIn};
use crate::usage::Usage;

/// Named in the organisation's logs and events.
const CLIENT: &str = "client=cosell-sync";

/// The organisation's REST API.
pub(crate) struct RestApi {
    service: Service<SignIn>,
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
    /// The service's clock when the call began.
    pub(crate) date: Option<Timestamp>,
    /// The user the call was made as.
    pub(crate) user: Option<String>,
    pub(crate) reads: bool,
    once: bool,
    retry_after: Option<Duration>,
}

impl Answer {
    fn new(call: &Call, response: &Response, user: Option<String>) -> Self {
        Self {
            status: response.status,
            body: response.json().unwrap_or_default(),
            doing: call.doing.clone(),
            date: response.asked_at(),
            user,
            reads: call.reads,
            once: call.once,
            retry_after: response.retry_after,
        }
    }

    /// A body that is not what the contract says.
    pub(crate) fn lacks(&self, what: &'static str) -> SalesforceError {
        SalesforceError::Unexpected { doing: self.doing.clone(), what, once: self.once }
    }

    /// The rows of a query's answer.
    pub(crate) fn rows(&self) -> Result<&[Json], SalesforceError> {
        let rows = self.body["records"].as_array();
        rows.map(Vec::as_slice).ok_or_else(|| self.lacks("a list of records"))
    }

    /// The answer if it is a success, the refusal otherwise. 3xx are none: 300 stands for several
    /// records.
    pub(crate) fn accepted(self) -> Result<Self, SalesforceError> {
        if self.status.is_success() { Ok(self) } else { Err(self.refused()) }
    }

    pub(crate) fn refused(&self) -> SalesforceError {
        let error = ErrorResponse {
            status: self.status.as_u16(),
            body: &self.body,
            retry_after: self.retry_after,
            once: self.once,
            reads: self.reads,
        };
        if self.status == StatusCode::UNAUTHORIZED {
            return SalesforceError::SessionNotAccepted {
                doing: self.doing.clone(),
                remedy: error.session_remedy(),
            };
        }
        SalesforceError::Refused(Box::new(error.classify(&self.doing)))
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
        let root = sign_in.settings.data_path();
        let clock = sign_in.clock.clone();
        let host = sign_in.settings.my_domain.to_string();
        let tokens = TokenCache::new(sign_in, clock);
        // The contract knows no request id of this service.
        let service = Service::new(http, Arc::new(tokens), host, &[]);
        Self { service, root, usage: Usage::default() }
    }

    /// The API's root as it stands in addresses: `/services/data/v67.0`.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// Sends a call.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, SalesforceError> {
        let sent = self.service.send(|session| self.request(call, session)).await;
        let (response, session) =
            sent.map_err(|error| SalesforceError::of_call(&call.doing, call.once, error))?;
        if let Some(usage) = response.header("sforce-limit-info") {
            self.usage.note(usage);
        }
        Ok(Answer::new(call, &response, session.user))
    }

    fn request<'a>(&self, call: &'a Call, session: &Session) -> Request<'a> {
        let url = self.url(session, &call.path);
        let request = Request::new(call.method.clone(), url, &call.doing)
            .header("sforce-call-options", CLIENT)
            .header("sforce-mru", "updateMru=false")
            .body(call.body.as_ref());
        call.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
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
}
