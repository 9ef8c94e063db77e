//! One call to the Dataverse Web API: address, headers, and what an answer is taken for (contract
//! dynamics365 1.4, 1.5).

use std::sync::Arc;
use std::time::Duration;

use cosell_http::{Clock, Request, Response, Service, TokenCache};
use reqwest::{Method, StatusCode};
use serde_json::Value as Json;
use url::Url;
use uuid::Uuid;

use crate::error::DynamicsError;
use crate::error_code::ErrorCode;
use crate::refusal::ErrorResponse;
use crate::row;
use crate::settings::Settings;
use crate::token::SignIn;

/// The service's id of a request.
const REQUEST_ID: &[&str] = &["x-ms-service-request-id", "req_id"];

/// Asks for the row as stored: the only way to learn id, version and whether an upsert created
/// (contract dynamics365 3.5).
pub(crate) const RETURN_ROW: &str = "return=representation";

/// The environment's Web API.
pub(crate) struct WebApi {
    service: Service<SignIn>,
    root: Url,
}

/// One call.
pub(crate) struct Call {
    method: Method,
    url: Url,
    prefer: Option<String>,
    if_match: Option<String>,
    customisation: Option<Customisation>,
    body: Option<Json>,
    doing: String,
    once: bool,
}

impl Call {
    /// `doing` begins the text of every failure; it names the record by its ids only.
    pub(crate) fn get(url: Url, doing: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            url,
            prefer: None,
            if_match: None,
            customisation: None,
            body: None,
            doing: doing.into(),
            once: false,
        }
    }

    /// A write that may be repeated: by alternate key, or guarded by a version. One that no version
    /// guards must not land late, over what a seller has entered meanwhile: its lost answer is
    /// reported as an unknown outcome.
    pub(crate) fn patch(url: Url, body: Json, doing: impl Into<String>) -> Self {
        Self { method: Method::PATCH, body: Some(body), ..Self::get(url, doing) }
    }

    /// A create or an action: must not be repeated blindly.
    pub(crate) fn post(url: Url, body: Json, doing: impl Into<String>) -> Self {
        Self { method: Method::POST, body: Some(body), once: true, ..Self::get(url, doing) }
    }

    pub(crate) fn prefer(mut self, prefer: impl Into<String>) -> Self {
        self.prefer = Some(prefer.into());
        self
    }

    pub(crate) fn customisation(mut self, customisation: Customisation) -> Self {
        self.customisation = Some(customisation);
        self
    }

    pub(crate) fn if_match(mut self, version: Option<&str>) -> Self {
        self.if_match = version.map(str::to_owned);
        self.once |= version.is_none();
        self
    }
}

impl Call {
    fn request(&self) -> Request<'_> {
        let mut request = Request::new(self.method.clone(), self.url.clone(), &self.doing)
            .header("odata-maxversion", "4.0")
            .header("odata-version", "4.0")
            .header("x-ms-client-request-id", Uuid::new_v4().to_string())
            .body(self.body.as_ref());
        if self.method == Method::GET {
            // Stops a cached answer.
            request = request.header("if-none-match", "null");
        }
        if let Some(prefer) = &self.prefer {
            request = request.header("prefer", prefer);
        }
        if let Some(version) = &self.if_match {
            request = request.header("if-match", version);
        }
        if let Some(customisation) = self.customisation {
            request = request.header("consistency", "Strong");
            if let Customisation::In(solution) = customisation {
                request = request.header("mscrm.solutionuniquename", solution);
            }
        }
        request
    }
}

/// Marks a call about definitions (contract dynamics365 5.1 to 5.3).
#[derive(Clone, Copy)]
pub(crate) enum Customisation {
    /// Sees what was made a moment ago.
    Read,
    /// Makes a component of this solution.
    In(&'static str),
}

/// What came back, whatever the status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// `Null` when the body is empty or not JSON.
    pub(crate) body: Json,
    pub(crate) request_id: Option<String>,
    pub(crate) doing: String,
    once: bool,
    retry_after: Option<Duration>,
}

impl Answer {
    fn new(call: &Call, response: Response) -> Self {
        Self {
            status: response.status,
            body: response.json().unwrap_or_default(),
            request_id: response.request_id,
            doing: call.doing.clone(),
            once: call.once,
            retry_after: response.retry_after,
        }
    }

    /// A body that is not what the contract says.
    pub(crate) fn lacks(&self, what: &'static str) -> DynamicsError {
        DynamicsError::Unexpected {
            doing: self.doing.clone(),
            what,
            once: self.once,
            request_id: self.request_id.clone(),
        }
    }

    /// The answer if it is a success, the refusal otherwise.
    pub(crate) fn accepted(self) -> Result<Self, DynamicsError> {
        if self.status.is_success() { Ok(self) } else { Err(self.refused()) }
    }

    /// As [`Self::accepted`], with `None` for the one code that means "there is no such row".
    pub(crate) fn unless(self, absent: ErrorCode) -> Result<Option<Self>, DynamicsError> {
        if self.code() == Some(absent) { Ok(None) } else { self.accepted().map(Some) }
    }

    /// The id in this column of a list's first row.
    pub(crate) fn first_id(&self, column: &str) -> Result<Option<Uuid>, DynamicsError> {
        let rows = self.body["value"].as_array().ok_or_else(|| self.lacks("a list of rows"))?;
        let id = |row: &Json| row::id(&row[column]).ok_or_else(|| self.lacks("the row's id"));
        rows.first().map(id).transpose()
    }

    /// The error code of a refusal.
    pub(crate) fn code(&self) -> Option<ErrorCode> {
        if self.status.is_success() { None } else { self.error_response().code() }
    }

    fn refused(&self) -> DynamicsError {
        if self.status == StatusCode::UNAUTHORIZED {
            return DynamicsError::TokenNotAccepted {
                doing: self.doing.clone(),
                request_id: self.request_id.clone(),
            };
        }
        DynamicsError::Refused(Box::new(self.error_response().classify(&self.doing)))
    }

    fn error_response(&self) -> ErrorResponse<'_> {
        ErrorResponse {
            status: self.status.as_u16(),
            body: &self.body,
            retry_after: self.retry_after,
            request_id: self.request_id.clone(),
            once: self.once,
        }
    }
}

impl WebApi {
    pub(crate) fn new(
        http: reqwest::Client,
        settings: &Settings,
        sign_in: SignIn,
        clock: Clock,
    ) -> Self {
        let tokens = Arc::new(TokenCache::new(sign_in, clock));
        let service = Service::new(http, tokens, settings.token_scope(), REQUEST_ID);
        Self { service, root: settings.api_root() }
    }

    /// The address of `path` below the API's root, with `query` percent-encoded.
    pub(crate) fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.root.clone();
        url.set_path(&format!("{}{path}", self.root.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Whether our token may be sent there: same origin, below the API's root.
    pub(crate) fn owns(&self, url: &Url) -> bool {
        url.origin() == self.root.origin()
            && url.path().starts_with(self.root.path())
            && url.username().is_empty()
            && url.password().is_none()
    }

    /// Sends a call.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, DynamicsError> {
        let sent = self.service.send(|()| call.request()).await;
        let (response, ()) =
            sent.map_err(|error| DynamicsError::of_call(&call.doing, call.once, error))?;
        Ok(Answer::new(call, response))
    }
}
