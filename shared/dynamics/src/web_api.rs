//! One call to the Dataverse Web API: headers, token, time-outs, refusals (contract dynamics365 1.4, 1.5).

use cosell_runtime::bearer::{Bearer, Bearers};
use cosell_runtime::http::body::{self, BodyError};
use cosell_runtime::http::retry_after;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, IF_MATCH, IF_NONE_MATCH};
use reqwest::{Method, Response, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value as Json;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use crate::error::DynamicsError;
use crate::error_code::ErrorCode;
use crate::record;
use crate::refusal::Evidence;
use crate::settings::Settings;
use crate::token::SignIn;

/// Asks for the row as stored: the only way to learn id, version and whether an upsert created (contract dynamics365 3.5).
pub(crate) const RETURN_ROW: &str = "return=representation";

/// The environment's Web API.
pub(crate) struct WebApi {
    http: reqwest::Client,
    root: Url,
    tokens: Bearers<SignIn>,
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

    /// A write that may be repeated: by alternate key, or guarded by a version. One that no version guards must not land late, over
    /// what a seller has entered meanwhile: its lost answer is told as an unknown outcome.
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
    retry_after: Option<std::time::Duration>,
}

impl Answer {
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
        let id = |row: &Json| record::id(&row[column]).ok_or_else(|| self.lacks("the row's id"));
        rows.first().map(id).transpose()
    }

    /// The error code of a refusal.
    pub(crate) fn code(&self) -> Option<ErrorCode> {
        if self.status.is_success() { None } else { self.evidence().code() }
    }

    fn refused(&self) -> DynamicsError {
        if self.status == StatusCode::UNAUTHORIZED {
            return DynamicsError::TokenNotAccepted {
                doing: self.doing.clone(),
                request_id: self.request_id.clone(),
            };
        }
        DynamicsError::Refused(Box::new(self.evidence().judge(&self.doing)))
    }

    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            status: self.status.as_u16(),
            body: &self.body,
            retry_after: self.retry_after,
            request_id: self.request_id.clone(),
            once: self.once,
        }
    }
}

impl WebApi {
    pub(crate) fn new(http: reqwest::Client, settings: &Settings, tokens: Bearers<SignIn>) -> Self {
        Self { http, root: settings.api_root(), tokens }
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

    /// Sends a call. A 401 costs one new token and one repetition: nothing took effect.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, DynamicsError> {
        let bearer = self.tokens.bearer().await?;
        let answer = self.attempt(call, &bearer).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let bearer = self.tokens.renew(&bearer).await?;
        self.attempt(call, &bearer).await
    }

    async fn attempt(&self, call: &Call, bearer: &Bearer<()>) -> Result<Answer, DynamicsError> {
        let started = Instant::now();
        let request_number = Uuid::new_v4().to_string();
        let mut request = self
            .http
            .request(call.method.clone(), call.url.clone())
            .bearer_auth(bearer.secret.expose_secret())
            .header(ACCEPT, "application/json")
            .header("OData-MaxVersion", "4.0")
            .header("OData-Version", "4.0")
            .header("x-ms-client-request-id", &request_number);
        if call.method == Method::GET {
            // Stops a cached answer.
            request = request.header(IF_NONE_MATCH, "null");
        }
        if let Some(prefer) = &call.prefer {
            request = request.header("Prefer", prefer);
        }
        if let Some(version) = &call.if_match {
            request = request.header(IF_MATCH, version);
        }
        if let Some(customisation) = call.customisation {
            request = request.header("Consistency", "Strong");
            if let Customisation::In(solution) = customisation {
                request = request.header("MSCRM.SolutionUniqueName", solution);
            }
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = request
            .send()
            .await
            .map_err(|error| DynamicsError::of_transport(&call.doing, call.once, error))?;
        let status = response.status();
        let (request_id, retry_after) =
            (request_id(response.headers()), retry_after::read(response.headers()));
        let body = read_body(response, &call.doing, call.once).await?;
        tracing::debug!(
            http.method = %call.method,
            http.status = status.as_u16(),
            dynamics.request_id = request_id.as_deref(),
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "{}",
            call.doing
        );
        Ok(Answer {
            status,
            body,
            request_id,
            doing: call.doing.clone(),
            once: call.once,
            retry_after,
        })
    }
}

/// The body; `Null` when it is empty or not JSON.
pub(crate) async fn read_body(
    response: Response,
    doing: &str,
    once: bool,
) -> Result<Json, DynamicsError> {
    let request_id = request_id(response.headers());
    body::json(response).await.map_err(|error| match error {
        BodyError::Lost(source) => DynamicsError::of_transport(doing, once, source),
        BodyError::TooLarge => DynamicsError::Unexpected {
            doing: doing.to_owned(),
            what: "an end below 8 MiB",
            once,
            request_id,
        },
    })
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-ms-service-request-id").or_else(|| headers.get("REQ_ID"))?;
    Some(id.to_str().ok()?.chars().take(64).collect())
}

impl DynamicsError {
    /// A failure below HTTP. The URL is removed from it: a filter may hold a customer's name.
    pub(crate) fn of_transport(doing: &str, once: bool, error: reqwest::Error) -> Self {
        let (doing, source) = (doing.to_owned(), error.without_url());
        if source.is_connect() || source.is_builder() {
            Self::NotReached { doing, source }
        } else {
            Self::NoAnswer { doing, once, source }
        }
    }
}
