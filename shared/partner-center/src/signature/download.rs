//! Fetching certificates: small files, quickly or not at all, and only from where we meant to.

use std::sync::Arc;
use std::time::Duration;

use cosell_http::TransportError;
use reqwest::StatusCode;
use url::Url;

use super::fault::SignatureFault;

/// Certificates are 1 to 3 KiB; a bundle is below 20.
const SIZE_CAP: usize = 64 * 1024;

/// A blob store answers in well under a second.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Fetches one file. A redirect counts as "not served": the client follows none, and an answer from elsewhere is not taken.
pub(super) async fn fetch(http: &reqwest::Client, url: &Url) -> Result<Vec<u8>, SignatureFault> {
    let host = || url.host_str().unwrap_or_default().to_owned();
    let unavailable =
        |error| SignatureFault::Unavailable { host: host(), source: Some(Arc::new(error)) };
    let sent = http.get(url.clone()).timeout(FETCH_TIMEOUT).send().await;
    let response = sent.map_err(|error| unavailable(error.into()))?;
    let status = response.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(SignatureFault::Unavailable { host: host(), source: None });
    }
    if status != StatusCode::OK || response.url() != url {
        return Err(SignatureFault::NotServed { host: host(), status: status.as_u16() });
    }
    cosell_http::read(response, SIZE_CAP).await.map_err(|error| match error {
        TransportError::TooLarge { .. } => SignatureFault::TooLarge { host: host() },
        lost => unavailable(lost),
    })
}
