//! A service that takes bearer tokens.

use std::error::Error;
use std::sync::Arc;

use reqwest::StatusCode;
use tokio::time::Instant;

use crate::request::Request;
use crate::response::Response;
use crate::token_cache::{Grant, Token, TokenCache};
use crate::token_error::TokenError;
use crate::transport::TransportError;

/// No response.
#[derive(Debug, thiserror::Error)]
pub enum CallError<E: Error + 'static> {
    /// There is no access token to call with: nothing was sent.
    #[error(transparent)]
    Token(#[from] TokenError<E>),
    /// The service did not answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// A service, and the audience whose tokens it takes.
pub struct Service<G: Grant> {
    http: reqwest::Client,
    tokens: Arc<TokenCache<G>>,
    audience: String,
    request_id: &'static [&'static str],
}

impl<G: Grant> Service<G> {
    /// A service that is called with `tokens` of `audience`. It gives its id of a request in the
    /// first header of `request_id` that a response has. `http` must follow no redirects.
    pub fn new(
        http: reqwest::Client,
        tokens: Arc<TokenCache<G>>,
        audience: impl Into<String>,
        request_id: &'static [&'static str],
    ) -> Self {
        Self { http, tokens, audience: audience.into(), request_id }
    }

    /// Sends a request and returns the response, whatever its status, with what had come with the
    /// token. A first 401 costs one new token and one repetition, since nothing took effect;
    /// `request` may then be asked twice.
    pub async fn send<'a>(
        &self,
        request: impl Fn(&G::With) -> Request<'a> + Send,
    ) -> Result<(Response, G::With), CallError<G::Error>> {
        let mut token = self.tokens.token(&self.audience).await?;
        let mut response = self.attempt(request(&token.with), &token).await?;
        if response.status == StatusCode::UNAUTHORIZED && G::may_renew(&response) {
            token = self.tokens.renew(&self.audience, &token).await?;
            response = self.attempt(request(&token.with), &token).await?;
        }
        Ok((response, token.with))
    }

    async fn attempt(
        &self,
        request: Request<'_>,
        token: &Token<G::With>,
    ) -> Result<Response, TransportError> {
        let started = Instant::now();
        let sent = request.with_token(&self.http, &token.secret);
        let response = Response::to(sent, self.request_id).await?;
        tracing::debug!(
            http.method = %request.method,
            http.status = response.status.as_u16(),
            http.request_id = response.request_id.as_deref(),
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "{}",
            request.doing
        );
        Ok(response)
    }
}
