//! A service's response, read to its end.

use std::fmt;
use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AsHeaderName, DATE, HeaderMap};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::body;
use crate::retry_after;
use crate::transport::TransportError;

/// Far above a page of rows or one row with its long texts, far below a function's memory.
const LARGEST: usize = 8 * 1024 * 1024;

/// Longest id that goes into logs: theirs are GUIDs.
const ID_CHARS: usize = 64;

/// A complete response, whatever its status. `Debug` shows neither headers nor body.
pub struct Response {
    /// The HTTP status.
    pub status: StatusCode,
    /// The service's id of this request, for support cases.
    pub request_id: Option<String>,
    /// The time it asks us to wait, at most an hour.
    pub retry_after: Option<Duration>,
    headers: HeaderMap,
    body: Vec<u8>,
    waited: Duration,
}

impl Response {
    /// Sends and reads. The request's id is in the first header of `request_id` that there is.
    pub(crate) async fn to(
        request: RequestBuilder,
        request_id: &[&str],
    ) -> Result<Self, TransportError> {
        let sent = Instant::now();
        let response = request.send().await?;
        let waited = sent.elapsed();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = body::read(response, LARGEST).await?;
        let id = request_id.iter().find_map(|name| text(&headers, *name));
        Ok(Self {
            status,
            request_id: id.map(|id| id.chars().take(ID_CHARS).collect()),
            retry_after: retry_after::read(&headers),
            headers,
            body,
            waited,
        })
    }

    /// The body as JSON; `None` when it is empty or something else.
    pub fn json(&self) -> Option<Json> {
        serde_json::from_slice(&self.body).ok()
    }

    /// A header's text; `None` when it is absent, empty or not text.
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        text(&self.headers, name)
    }

    /// The service's clock when the request was sent: what a slow query shows was so by then.
    pub fn asked_at(&self) -> Option<Timestamp> {
        let answered = rfc2822::parse(self.header(DATE)?).ok()?.timestamp();
        // The header has seconds.
        let waited = i64::try_from(self.waited.as_secs()).unwrap_or_default();
        answered.checked_sub(SignedDuration::from_secs(waited)).ok()
    }
}

fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().filter(|text| !text.is_empty())
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status.as_u16())
            .field("request_id", &self.request_id)
            .finish_non_exhaustive()
    }
}
