//! What a service says when it refuses (contract partner-center 1.6 and 1.7).

use std::fmt;
use std::time::Duration;

use cosell_http::Response;
use serde_json::Value as Json;

use crate::property::{property, text};

/// Longest text of a service that goes into an error: enough for its sentence, too little for a
/// document.
const MESSAGE_CHARS: usize = 300;

/// When a service is busy and does not say for how long.
const UNSPECIFIED: Duration = Duration::from_secs(30);

/// Inner errors followed; the service nests two or three.
const MAX_DEPTH: usize = 8;

/// An answer other than 2xx.
#[derive(Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The most specific code the service gave.
    pub code: Option<String>,
    /// The part of the request it concerns, such as `customerProfile.address.country`.
    pub target: Option<String>,
    /// The service's sentence, shortened and without addresses of people.
    pub message: Option<String>,
    /// The service's request id.
    pub request_id: Option<String>,
    /// How long it asks us to wait, if it says so.
    pub retry_after: Option<Duration>,
    /// `retry_after`, or a default.
    pub(crate) wait: Duration,
}

impl Refusal {
    pub(crate) fn read(response: &Response) -> Self {
        let complaint = response.json().map(|body| Complaint::read(&body)).unwrap_or_default();
        Self {
            status: response.status.as_u16(),
            code: complaint.code,
            target: complaint.target,
            message: complaint.message,
            request_id: response.request_id.clone(),
            retry_after: response.retry_after,
            wait: response.retry_after.unwrap_or(UNSPECIFIED),
        }
    }

    /// Whether conditional access or multi-factor authentication stands in the way. Microsoft
    /// spells it `insufficent_claims` in one place.
    pub(crate) fn lacks_claims(&self) -> bool {
        self.status == 403
            && self
                .code
                .as_deref()
                .is_some_and(|code| code.to_ascii_lowercase().contains("_claims"))
    }

    /// What a person can do about it, where the status alone tells.
    fn remedy(&self) -> Option<&'static str> {
        match self.status {
            401 => Some(
                "The access token was refused twice: check the app's delegated Partner Center \
                 permission and the configured audience",
            ),
            403 if self.lacks_claims() => {
                Some("A person must consent again, with multi-factor authentication")
            }
            403 => Some(
                "The consenting user needs the Referrals admin role in Partner Center, for this \
                 deal's location",
            ),
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with {}", self.status)?;
        if let Some(target) = &self.target {
            write!(f, ", `{target}`")?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        self.remedy().map_or(Ok(()), |remedy| write!(f, ". {remedy}"))
    }
}

/// The useful part of an error body, in any of the shapes: nested under `error`, flat, or the
/// throttle's own.
#[derive(Debug, Default, PartialEq)]
struct Complaint {
    code: Option<String>,
    target: Option<String>,
    message: Option<String>,
}

impl Complaint {
    fn read(body: &Json) -> Self {
        let mut complaint = Self::default();
        let mut level =
            Some(property(body, "error").filter(|error| error.is_object()).unwrap_or(body));
        for _ in 0..MAX_DEPTH {
            let Some(error) = level else { break };
            let code = property(error, "code").and_then(|code| {
                code.as_str().map(str::to_owned).or_else(|| Some(code.as_i64()?.to_string()))
            });
            let message = text(error, "message").or_else(|| text(error, "description"));
            complaint.code = code
                .filter(|code| !code.is_empty())
                .map(|code| scrub(&code, 64))
                .or(complaint.code);
            complaint.target =
                text(error, "target").map(|target| scrub(target, 128)).or(complaint.target);
            complaint.message =
                message.map(|message| scrub(message, MESSAGE_CHARS)).or(complaint.message);
            level = property(error, "innerError").filter(|inner| inner.is_object());
        }
        // A plain `"error": "insufficent_claims"`.
        complaint.code = complaint.code.or_else(|| text(body, "error").map(|code| scrub(code, 64)));
        // Codes reach the logs: a sentence in the place of one must not.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        complaint.code = complaint.code.filter(|code| code.chars().all(plain));
        complaint
    }
}

/// Shortens a service's text, makes it one line, and leaves out what looks like an e-mail address
/// or a telephone number.
fn scrub(message: &str, limit: usize) -> String {
    let personal = |word: &str| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        word.contains('@') || (digits >= 7 && letters == 0)
    };
    let words = message
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty());
    let line =
        words.map(|word| if personal(word) { "…" } else { word }).collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches('.');
    if line.chars().count() > limit {
        line.chars().take(limit).chain(['…']).collect()
    } else {
        line.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: &Json) -> (Option<String>, Option<String>, Option<String>) {
        let Complaint { code, target, message } = Complaint::read(body);
        (code, target, message)
    }

    #[test]
    fn the_innermost_code_wins_whatever_the_case_of_the_names() {
        let body = json!({
            "Error": {
                "code": "invalidRequest", "message": "Bad.", "target": "referral",
                "innererror": {
                    "Code": "countryInvalid", "message": "Two letters.", "innerError": {}
                }
            }
        });
        assert_eq!(
            read(&body),
            (Some("countryInvalid".into()), Some("referral".into()), Some("Two letters".into()))
        );
    }

    #[test]
    fn flat_bodies_numbers_and_the_throttles_own_shape_are_read() {
        assert_eq!(
            read(&json!({ "code": 2000, "description": "No." })),
            (Some("2000".into()), None, Some("No".into()))
        );
        assert_eq!(
            read(&json!({ "statusCode": 429, "message": "Rate limit is exceeded." })),
            (None, None, Some("Rate limit is exceeded".into()))
        );
        assert_eq!(
            read(&json!({ "error": "insufficent_claims" })),
            (Some("insufficent_claims".into()), None, None)
        );
        assert_eq!(read(&json!(["x"])), (None, None, None));
    }

    #[test]
    fn people_stay_out_of_the_text_and_it_stays_short() {
        assert_eq!(
            scrub("The contact ida.ek@norrsken.example\r\n(+46900000001) is not complete.", 300),
            "The contact … … is not complete"
        );
        assert_eq!(scrub(&"x".repeat(400), 300).chars().count(), 301);
    }
}
