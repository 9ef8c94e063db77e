//! Reading a refusal: its kind, and one sentence for the CRM's administrator (contract salesforce
//! 4.1 to 4.3).

use std::time::Duration;

use cosell_http::retry_after::UNSPECIFIED;
use cosell_sync::FailureKind;
use serde_json::Value as Json;

use crate::error::Refused;
use crate::soql;

/// The daily limit counts the last 24 hours, so it frees itself bit by bit; asking more often would
/// only eat what comes free.
const DAILY_LIMIT: Duration = Duration::from_mins(15);

/// Texts of a 401 after which a new session would be refused alike, for ever (contract salesforce
/// 1.4).
const NO_NEW_SESSION: [&str; 2] = [
    "Connected app is not attached to Agent",
    "This session is not valid for use with the REST API",
];

/// Whether a 401 may be answered by signing in again.
pub(crate) fn may_sign_in_again(body: &Json) -> bool {
    let text = message(body);
    !NO_NEW_SESSION.iter().any(|known| text.contains(known))
}

/// The parts of a refusing answer.
pub(crate) struct ErrorResponse<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a Json,
    pub(crate) retry_after: Option<Duration>,
    /// Whether the call must not be repeated blindly.
    pub(crate) once: bool,
    /// Whether it only reads.
    pub(crate) reads: bool,
}

/// The first problem of an array, or the one object; anything else tells nothing.
fn problem(body: &Json) -> &Json {
    body.as_array().and_then(|problems| problems.first()).unwrap_or(body)
}

/// `errorCode`, if it has the form of one.
pub(crate) fn code(body: &Json) -> Option<&str> {
    let code = problem(body)["errorCode"].as_str()?;
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (code.len() <= 80 && code.bytes().all(plain)).then_some(code)
}

fn message(body: &Json) -> &str {
    problem(body)["message"].as_str().unwrap_or_default()
}

fn fields(body: &Json) -> Vec<String> {
    let texts = problem(body)["fields"].as_array().into_iter().flatten().filter_map(Json::as_str);
    texts.filter(|text| soql::is_name(text)).map(str::to_owned).collect()
}

impl ErrorResponse<'_> {
    pub(crate) fn classify(&self, doing: &str) -> Refused {
        let (code, fields) = (code(self.body), fields(self.body));
        Refused {
            doing: doing.to_owned(),
            explanation: explain(self.status, code, message(self.body), &fields),
            kind: self.kind(code),
            status: self.status,
            code: code.map(str::to_owned),
            fields,
        }
    }

    pub(crate) fn session_remedy(&self) -> &'static str {
        if may_sign_in_again(self.body) {
            "check that the app still exists, that its user is active and that the user's profile \
             allows access through the API"
        } else {
            "the organisation's policies keep this app from the REST API; its administrator must \
             allow it in the app's settings"
        }
    }

    fn kind(&self, code: Option<&str>) -> FailureKind {
        let throttled =
            |wait| FailureKind::Throttled { retry_after: self.retry_after.unwrap_or(wait) };
        match (self.status, code.unwrap_or_default()) {
            (_, "REQUEST_LIMIT_EXCEEDED") if message(self.body).contains("Concurrent") => {
                throttled(UNSPECIFIED)
            }
            (_, "REQUEST_LIMIT_EXCEEDED") => throttled(DAILY_LIMIT),
            (429, _) => throttled(UNSPECIFIED),
            (503, _) if self.retry_after.is_some() => throttled(UNSPECIFIED),
            (412, _) | (_, "ENTITY_IS_DELETED" | "CANNOT_UPDATE_CONVERTED_LEAD") => {
                FailureKind::Stale
            }
            (
                _,
                "UNABLE_TO_LOCK_ROW"
                | "QUERY_TIMEOUT"
                | "REQUEST_RUNNING_TOO_LONG"
                | "INVALID_QUERY_LOCATOR",
            ) => FailureKind::Transient,
            (_, code) if concerns_deployment(code) => FailureKind::Credentials,
            // The address itself: version retired, wrong host, verb not known there.
            (300..=399 | 405 | 410, _) | (404, "") => FailureKind::Credentials,
            (404, "NOT_FOUND") if message(self.body).contains("external ID field") => {
                FailureKind::Credentials
            }
            (404, "NOT_FOUND") if !self.reads => FailureKind::Stale,
            (408 | 500 | 502 | 504, _) if self.once => FailureKind::OutcomeUnknown,
            (408 | 420 | 500.., _) => FailureKind::Transient,
            // No value of ours is at fault in a read: the message waits until somebody has
            // corrected the setup.
            _ if self.reads => FailureKind::Credentials,
            _ => FailureKind::Rejected,
        }
    }
}

/// Refusals that meet every deal alike, until an administrator installs, grants or corrects
/// something.
fn concerns_deployment(code: &str) -> bool {
    matches!(
        code,
        "INVALID_FIELD"
            | "INVALID_FIELD_FOR_INSERT_UPDATE"
            | "INVALID_TYPE"
            | "API_DISABLED_FOR_ORG"
            | "API_CURRENTLY_DISABLED"
            | "STORAGE_LIMIT_EXCEEDED"
            | "TXN_SECURITY_METERING_ERROR"
            | "UNSUPPORTED_API_VERSION"
            | "MALFORMED_QUERY"
    )
}

/// The service's own text may quote values. Passed on are only names and numbers out of it, and the
/// sentences that an administrator wrote for people.
fn explain(status: u16, code: Option<&str>, text: &str, fields: &[String]) -> String {
    let field = || match fields {
        [] => named_in(text).map_or_else(
            || "a field (not named by the service)".to_owned(),
            |name| format!("field `{name}`"),
        ),
        [one] => format!("field `{one}`"),
        several => format!("fields `{}`", several.join("`, `")),
    };
    match code.unwrap_or_default() {
        "INVALID_FIELD" => format!(
            "{} does not exist or is hidden from the integration user; install the co-sell fields, \
             grant them by the permission set, or correct the mapping",
            field()
        ),
        "INVALID_FIELD_FOR_INSERT_UPDATE" => {
            format!(
                "the integration user may not write {}; grant it by the permission set, or take it \
                 out of the mapping",
                field()
            )
        }
        "REQUIRED_FIELD_MISSING" => {
            format!("{} must have a value here; fill it in, or map something to it", field())
        }
        "STRING_TOO_LONG" => format!(
            "the value for {} is longer than{}; enlarge the field, or set a length in the mapping",
            field(),
            longest(text)
                .map_or_else(|| " allowed".to_owned(), |most| format!(" its {most} characters"))
        ),
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
            if fields.iter().any(|field| field == "CurrencyIsoCode") =>
        {
            format!("field `CurrencyIsoCode`: {}", inactive(text))
        }
        "INVALID_CURRENCY_ISO" => inactive(text),
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST" => {
            format!(
                "{} does not have this value; add it to the picklist, or correct the mapping's \
                 table of values",
                field()
            )
        }
        "FIELD_CUSTOM_VALIDATION_EXCEPTION" => {
            format!("a validation rule of the organisation refused it: {}", sentence(text))
        }
        "CANNOT_EXECUTE_FLOW_TRIGGER" | "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" => {
            format!(
                "automation of the organisation (a flow or an Apex trigger) refused it: {}",
                sentence(text)
            )
        }
        "NUMBER_OUTSIDE_VALID_RANGE" => {
            format!("the number for {} is too large; correct it at its source", field())
        }
        "INVALID_EMAIL_ADDRESS" => {
            format!("{} holds no valid e-mail address; correct it at its source", field())
        }
        "DUPLICATE_VALUE" => format!(
            "{} must be unique, and {} has this value already; it may not be shared with the \
             integration user",
            taken(text).map_or_else(
                || "a field (not named by the service)".to_owned(),
                |name| format!("field `{name}`")
            ),
            holder(text).map_or_else(|| "another record".to_owned(), |id| format!("record {id}"))
        ),
        "NOT_FOUND" if text.contains("external ID field") => {
            "the Referral Identifier field is missing, or not marked as External ID; install the \
             co-sell fields"
                .to_owned()
        }
        code => plain(status, code, text)
            .map_or_else(|| format!("refused with HTTP {status}"), str::to_owned),
    }
}

/// A currency that is not there, by its code where the service's text ends in one.
fn inactive(text: &str) -> String {
    let last = text.rsplit([':', ' ']).next().unwrap_or_default().trim();
    let is_code = last.len() == 3 && last.bytes().all(|byte| byte.is_ascii_uppercase());
    let which = if is_code { format!("the currency {last}") } else { "this currency".to_owned() };
    format!(
        "{which} is not active in the organisation; activate it, or correct the deal's currency"
    )
}

fn plain(status: u16, code: &str, text: &str) -> Option<&'static str> {
    Some(match (status, code) {
        (_, "REQUEST_LIMIT_EXCEEDED") if text.contains("Concurrent") => {
            "too many long calls at once; they are repeated later"
        }
        (_, "REQUEST_LIMIT_EXCEEDED") => {
            "the organisation has used up its API calls of the last 24 hours; look who else calls, \
             or buy more"
        }
        (_, "UNABLE_TO_LOCK_ROW") => {
            "another transaction holds the record or its account; it is repeated"
        }
        (_, "DUPLICATES_DETECTED") => {
            "a duplicate rule of the organisation blocks it; except the integration user from the \
             rule, or merge the duplicates"
        }
        (_, "ENTITY_IS_DELETED") => "the record was deleted",
        (_, "CANNOT_UPDATE_CONVERTED_LEAD") => "the lead was converted and is read-only",
        (_, "ENTITY_IS_LOCKED") => {
            "the record is locked, by an approval for instance; unlock it in Salesforce, or wait \
             until it is decided"
        }
        (
            _,
            "INSUFFICIENT_ACCESS_OR_READONLY" | "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        ) => {
            "the integration user may not edit this record, or the account or owner it names; \
             share it with that user"
        }
        (_, "INVALID_CROSS_REFERENCE_KEY") => {
            "it names a record that does not exist or is not shared with the integration user"
        }
        (_, "INACTIVE_OWNER_OR_USER") => {
            "the owner is not active any more; give the record an active owner"
        }
        (_, "INVALID_TYPE") => {
            "an object does not exist or is hidden from the integration user; grant it by the \
             permission set"
        }
        (_, "API_DISABLED_FOR_ORG" | "API_CURRENTLY_DISABLED") => {
            "the API is not enabled for this organisation or user; it needs an edition with API \
             access"
        }
        (_, "STORAGE_LIMIT_EXCEEDED") => "the organisation's data storage is full",
        (_, "MALFORMED_QUERY") => {
            "the query was not understood; correct the field names in the mapping"
        }
        (_, "INVALID_QUERY_LOCATOR") => "the list expired while it was read; it is read again",
        (_, "QUERY_TIMEOUT" | "REQUEST_RUNNING_TOO_LONG") => {
            "the organisation took too long to answer"
        }
        (300, _) => "several records have this Referral Identifier; the field must be unique",
        (410, _) | (_, "UNSUPPORTED_API_VERSION") => "this API version is retired; set a newer one",
        (412, _) => "the record changed since it was read",
        (404 | 405, _) => "the address does not exist; check My Domain and the API version",
        (301..=399, _) => "the service redirects elsewhere; check My Domain",
        (420 | 500.., _) => "the service is not available now",
        _ => return None,
    })
}

/// `No such column 'Foo__c' on …`, `Unable to create/update fields: IsWon.`
fn named_in(text: &str) -> Option<&str> {
    let after = |marker: &str| text.find(marker).map(|at| &text[at + marker.len()..]);
    let rest = after("No such column '").or_else(|| after("update fields: "))?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    Some(&rest[..end]).filter(|name| soql::is_name(name))
}

/// `duplicate value found: Msp_Referral_Id__c duplicates value on record with id: 006Kd00000AbC1x`.
fn taken(text: &str) -> Option<&str> {
    let rest = &text[text.find("value found: ")? + "value found: ".len()..];
    rest.split(' ').next().filter(|name| soql::is_name(name))
}

fn holder(text: &str) -> Option<&str> {
    let rest = &text[text.find("record with id: ")? + "record with id: ".len()..];
    let id = rest.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    matches!(id.len(), 15 | 18).then_some(id)
}

/// `… (max length=255)`.
fn longest(text: &str) -> Option<u32> {
    let rest = &text[text.rfind("max length=")? + "max length=".len()..];
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// An administrator's own words, on one line and not without end.
fn sentence(text: &str) -> String {
    let line: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    if line.trim().is_empty() { "it gave no reason".to_owned() } else { line.trim().to_owned() }
}

#[cfg(test)]
mod tests;
