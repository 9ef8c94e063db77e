//! One call to one of Partner Center's hosts: its address, its headers, and what its answer means.

use std::sync::Arc;

use cosell_http::{ForbiddenUrl, Request, Response, Service, permitted};
use reqwest::Method;
use serde_json::Value as Json;
use url::Url;

use crate::error::{Error, Operation};
use crate::refusal::Refusal;
use crate::token::{Consent, TokenSource};

/// The service's id of a request: on the referrals host, and on the other.
const REQUEST_ID: &[&str] = &["request-id", "ms-requestid"];

/// A host and the audience whose tokens it takes. Tokens go to addresses made by [`Exchange::url`]
/// only.
pub(crate) struct Exchange {
    service: Service<Consent>,
    base: Url,
}

/// What to send.
pub(crate) struct Call<'a> {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    /// Path segments below the host, and the query.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<&'a Json>,
}

impl Exchange {
    pub(crate) fn new(
        http: reqwest::Client,
        base: &Url,
        audience: &str,
        tokens: Arc<TokenSource>,
    ) -> Result<Self, ForbiddenUrl> {
        permitted(base)?;
        let service = Service::new(http, tokens, audience.trim_end_matches('/'), REQUEST_ID);
        Ok(Self { service, base: base.clone() })
    }

    /// Sends, and returns the response if it is a 2xx.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Response, Error> {
        let operation = call.operation;
        let doing = operation.to_string();
        let url = self.url(call.path, call.query);
        let request = |(): &()| {
            let request = Request::new(call.method.clone(), url.clone(), &doing).body(call.body);
            call.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
        };
        let sent = self.service.send(request).await;
        let (response, ()) = sent.map_err(|error| Error::of_call(operation, error))?;
        if response.status.is_success() {
            return Ok(response);
        }
        Err(Error::Refused { operation, refusal: Box::new(Refusal::read(&response)) })
    }

    fn url(&self, path: &[&str], query: Option<&str>) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url.set_query(query);
        url
    }
}
