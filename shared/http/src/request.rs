//! One request to a service, before it gets its token.

use std::fmt;
use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use url::Url;

/// A request. `Debug` shows neither its query nor its headers nor its body.
pub struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) doing: &'a str,
    url: Url,
    headers: Vec<(&'static str, String)>,
    body: Option<&'a Json>,
    timeout: Option<Duration>,
}

impl<'a> Request<'a> {
    /// A request to an address that may have our token. `doing` goes to the log: it names a record
    /// by its ids only.
    pub fn new(method: Method, url: Url, doing: &'a str) -> Self {
        Self { method, doing, url, headers: Vec::new(), body: None, timeout: None }
    }

    /// With a header more.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a body, if there is one.
    #[must_use]
    pub fn body(self, body: Option<&'a Json>) -> Self {
        Self { body, ..self }
    }

    /// With another time-out than the client's, from connecting to the last byte.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    pub(crate) fn with_token(
        &self,
        http: &reqwest::Client,
        token: &SecretString,
    ) -> RequestBuilder {
        let mut request = http
            .request(self.method.clone(), self.url.clone())
            .bearer_auth(token.expose_secret())
            .header(ACCEPT, "application/json");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = self.body {
            request = request.json(body);
        }
        if let Some(timeout) = self.timeout {
            request = request.timeout(timeout);
        }
        request
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("doing", &self.doing)
            .finish_non_exhaustive()
    }
}
