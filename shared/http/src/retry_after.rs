//! The time that a service asks us to wait.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

/// A throttled response without a usable `Retry-After`: long enough to leave the 300 s window some
/// air, short enough for a queue's retry.
pub const UNSPECIFIED: Duration = Duration::from_secs(10);

/// Nobody asks for longer in earnest; a message must not disappear for a day over a wrong header.
const LONGEST: Duration = Duration::from_hours(1);

/// Reads whole seconds or a date. A date is measured against the response's own `Date`, so our
/// clock does not matter.
pub(crate) fn read(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let (until, sent) = (date(headers, &RETRY_AFTER)?, date(headers, &DATE)?);
        Duration::from_secs(u64::try_from((until - sent).get_seconds()).unwrap_or_default())
    };
    Some(wait.min(LONGEST))
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Timestamp> {
    let text = headers.get(name)?.to_str().ok()?;
    rfc2822::parse(text).ok().map(|at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn waiting(retry_after: &'static str, date: Option<&'static str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_static(date));
        }
        read(&headers)
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        let sent = Some("Mon, 05 Oct 2026 09:12:44 GMT");
        assert_eq!(waiting("17", None), Some(Duration::from_secs(17)));
        assert_eq!(waiting("Mon, 05 Oct 2026 09:13:14 GMT", sent), Some(Duration::from_secs(30)));
        assert_eq!(waiting("Mon, 05 Oct 2026 09:00:00 GMT", sent), Some(Duration::ZERO));
        assert_eq!(waiting("Mon, 05 Oct 2026 09:13:14 GMT", None), None);
        assert_eq!(waiting("soon", sent), None);
        assert_eq!(waiting("99999999", None), Some(LONGEST));
    }
}
