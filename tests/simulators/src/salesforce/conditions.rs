//! Conditional requests (contract salesforce 3.7): times on every object, ETags on Account only.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::answer::{Answer, Call};
use super::organisation::Organisation;
use super::records::Record;
use super::refusal::{Outcome, Refusal};

impl Organisation {
    /// Refuses a write whose condition the record does not meet: 412, or 400 for a value that is
    /// none.
    pub(crate) fn admit(&self, call: &Call, record: &Record) -> Outcome<()> {
        if !self.switches.conditional_updates {
            return Ok(());
        }
        if let Some(value) = call.header("if-unmodified-since") {
            let since = http_date(value).ok_or_else(|| invalid("If-Unmodified-Since"))?;
            if record.moment("LastModifiedDate") > since {
                return Err(Refusal::precondition());
            }
        }
        if record.object == "Account" {
            let names = |value: &str| {
                value == "*" || value.split(',').any(|tag| tag.trim() == etag(record))
            };
            let is_tag = |value: &str| value == "*" || value.starts_with(['"', 'W']);
            if let Some(value) = call.header("if-match") {
                if !is_tag(value) {
                    return Err(invalid("If-Match"));
                }
                if !names(value) {
                    return Err(Refusal::precondition());
                }
            }
        }
        Ok(())
    }
}

/// 304 for a read whose caller has the newest values.
pub(crate) fn not_modified(call: &Call, record: &Record) -> Option<Answer> {
    let is_known =
        record.object == "Account" && call.header("if-none-match") == Some(etag(record).as_str());
    (is_known || unchanged_since(call, record.moment("LastModifiedDate")))
        .then(|| Answer::empty(StatusCode::NOT_MODIFIED))
}

/// Whether `If-Modified-Since` names a time at or after `changed`.
pub(crate) fn unchanged_since(call: &Call, changed: Timestamp) -> bool {
    let since = call.header("if-modified-since").and_then(http_date);
    since.is_some_and(|since| changed.as_second() <= since.as_second())
}

/// `Last-Modified`, and for an account `ETag`.
pub(crate) fn validators(answer: Answer, record: &Record) -> Answer {
    let modified =
        record.moment("LastModifiedDate").strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let answer = answer.with("last-modified", modified);
    match record.object {
        "Account" => answer.with("etag", etag(record)),
        _ => answer,
    }
}

fn etag(record: &Record) -> String {
    let stamp = format!("{}{}", record.id, record.moment("LastModifiedDate").as_second());
    format!("\"{}--gzip\"", STANDARD.encode(stamp))
}

/// `Thu, 20 Aug 2026 14:03:27 GMT`; a wrong day of the week is no date.
fn http_date(value: &str) -> Option<Timestamp> {
    let is_gmt = value.ends_with(" GMT") && value.contains(", ");
    DateTimeParser::new().parse_timestamp(value).ok().filter(|_| is_gmt)
}

fn invalid(header: &str) -> Refusal {
    Refusal::bad("INVALID_HEADER_VALUE", format!("The value of the header {header} is not valid."))
}
