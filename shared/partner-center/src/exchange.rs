//! One call to one host: token, headers, answer, and a second try with a new token after 401.

use std::sync::Arc;

use cosell_runtime::http::{ForbiddenUrl, permitted};
use reqwest::header::{ACCEPT, HeaderName};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value as Json;
use url::Url;

use crate::answer::{Answer, AnswerError};
use crate::error::{Error, Operation};
use crate::refusal::Refusal;
use crate::token::TokenSource;

/// A host and the audience whose tokens it takes. Tokens go to addresses made by [`Exchange::url`] only.
pub(crate) struct Exchange {
    http: reqwest::Client,
    base: Url,
    audience: String,
    tokens: Arc<TokenSource>,
}

/// What to send.
pub(crate) struct Call<'a> {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    /// Path segments below the host, and the query.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: Vec<(HeaderName, String)>,
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
        Ok(Self {
            http,
            base: base.clone(),
            audience: audience.trim_end_matches('/').to_owned(),
            tokens,
        })
    }

    /// Sends, and returns the answer if it is a 2xx. A first 401 costs one new token: nothing took effect.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let token = self.tokens.token(&self.audience).await?;
        let mut answer = self.send_with(call, &token).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            let token = self.tokens.renew(&self.audience, &token).await?;
            answer = self.send_with(call, &token).await?;
        }
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(Error::Refused { operation: call.operation, refusal: Box::new(Refusal::read(&answer)) })
    }

    async fn send_with(&self, call: &Call<'_>, token: &SecretString) -> Result<Answer, Error> {
        let operation = call.operation;
        let mut request = self.http.request(call.method.clone(), self.url(call.path, call.query));
        request = request.bearer_auth(token.expose_secret()).header(ACCEPT, "application/json");
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        if let Some(body) = call.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|source| {
            // The URL can hold a filter with a customer's reference.
            let source = source.without_url();
            if source.is_connect() || source.is_builder() {
                Error::Unreachable { operation, source }
            } else {
                Error::Interrupted { operation, source: AnswerError::Broken(source) }
            }
        })?;
        Answer::read(response).await.map_err(|source| Error::Interrupted { operation, source })
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
