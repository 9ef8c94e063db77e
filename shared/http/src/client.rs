//! The one HTTP client of a process.

use std::time::Duration;

/// Our hosts answer a connect within tens of milliseconds; past three seconds it is down, and the
/// invocation's time is better kept.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest a whole exchange may take. Six of them one after the other must fit the consumer's 120
/// s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// The services' front doors close idle connections after two minutes or more: we let go well
/// before, so that a request is not written into a connection that is just being closed.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// The HTTP client could not be built: the system has no usable TLS roots.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be built")]
pub struct ClientError(#[source] reqwest::Error);

/// Builds the client: rustls with aws-lc-rs, no redirects, no proxy from the environment, time-outs
/// as above.
///
/// Redirects stay off because a followed redirect would carry tokens, or our request, to a host
/// that nobody configured.
pub fn client() -> Result<reqwest::Client, ClientError> {
    #[expect(clippy::disallowed_methods, reason = "this is the one builder")]
    reqwest::Client::builder()
        .user_agent(concat!("cosell-sync/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .build()
        .map_err(ClientError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_builds() {
        assert!(client().is_ok());
    }
}
