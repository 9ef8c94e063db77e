//! A service's answer, read to the end and no further than the cap.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value as Json;

/// A page of 100 full referrals is about 1 MiB.
const SIZE_CAP: usize = 4 * 1024 * 1024;

/// When a service is busy and does not say for how long.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);

/// An answer that broke off or does not end.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The connection was lost or timed out.
    #[error("the answer broke off")]
    Broken(#[source] reqwest::Error),
    /// More than 4 MiB.
    #[error("the answer is larger than 4 MiB")]
    TooLarge,
}

/// A complete answer. Its body never goes into a log or an error's text.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn read(mut response: Response) -> Result<Self, AnswerError> {
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| AnswerError::Broken(error.without_url()))?
        {
            if body.len() + chunk.len() > SIZE_CAP {
                return Err(AnswerError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Self { status: response.status(), headers: response.headers().clone(), body })
    }

    /// The body as JSON; `None` when there is none or it is something else.
    pub(crate) fn json(&self) -> Option<Json> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(crate) fn header(&self, name: impl reqwest::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty())
    }

    /// The service's id of this request, for support cases: `request-id` on the referrals host, `ms-requestid` on the other.
    pub(crate) fn request_id(&self) -> Option<String> {
        const NAMES: [HeaderName; 2] =
            [HeaderName::from_static("request-id"), HeaderName::from_static("ms-requestid")];
        NAMES.iter().find_map(|name| self.header(name)).map(|id| id.chars().take(64).collect())
    }

    /// How long the service asks us to wait, if it says so: seconds or an HTTP date, which is measured against its own clock.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let text = self.header(RETRY_AFTER)?.trim();
        if let Ok(seconds) = text.parse::<u32>() {
            return Some(Duration::from_secs(seconds.into()));
        }
        let until = http_date(text)?;
        let now = self.header(DATE).and_then(http_date);
        Some(now.map_or(DEFAULT_WAIT, |now| {
            Duration::try_from(until.duration_since(now)).unwrap_or_default()
        }))
    }

    /// As [`Self::retry_after`], with a default.
    pub(crate) fn wait(&self) -> Duration {
        self.retry_after().unwrap_or(DEFAULT_WAIT)
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(HeaderName, &str)]) -> Answer {
        let headers =
            headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        Answer { status: StatusCode::TOO_MANY_REQUESTS, headers, body: Vec::new() }
    }

    #[test]
    fn waiting_time_is_read_as_seconds_or_as_a_date() {
        assert_eq!(answer(&[(RETRY_AFTER, "41")]).retry_after(), Some(Duration::from_secs(41)));
        let dates = [
            (RETRY_AFTER, "Wed, 04 Mar 2026 09:12:33 GMT"),
            (DATE, "Wed, 04 Mar 2026 09:10:33 GMT"),
        ];
        assert_eq!(answer(&dates).retry_after(), Some(Duration::from_mins(2)));
        let past = [
            (RETRY_AFTER, "Wed, 04 Mar 2026 09:00:00 GMT"),
            (DATE, "Wed, 04 Mar 2026 09:10:33 GMT"),
        ];
        assert_eq!(answer(&past).retry_after(), Some(Duration::ZERO));
        assert_eq!(answer(&[(RETRY_AFTER, "soon")]).retry_after(), None);
        assert_eq!(answer(&[]).wait(), DEFAULT_WAIT);
    }
}
