//! Reading a refusal: its kind, and one sentence for the CRM's administrator (contract dynamics365
//! 4.3).

use std::time::Duration;

use cosell_http::retry_after::UNSPECIFIED;
use cosell_sync::FailureKind;
use serde_json::Value as Json;

use crate::error::Refused;
use crate::error_code::ErrorCode;
use crate::odata;

/// The parts of a refusing answer.
pub(crate) struct ErrorResponse<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a Json,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) request_id: Option<String>,
    /// Whether the call must not be repeated blindly.
    pub(crate) once: bool,
}

impl ErrorResponse<'_> {
    pub(crate) fn code(&self) -> Option<ErrorCode> {
        // The second form comes from gateways and the early pipeline.
        ErrorCode::read(&self.body["error"]["code"])
            .or_else(|| ErrorCode::read(&self.body["ErrorCode"]))
    }

    pub(crate) fn classify(self, doing: &str) -> Refused {
        let code = self.code();
        let text = self.body["error"]["message"]
            .as_str()
            .or_else(|| self.body["Message"].as_str())
            .unwrap_or_default();
        Refused {
            doing: doing.to_owned(),
            explanation: explain(self.status, code, text),
            kind: kind(self.status, code, text, self.retry_after, self.once),
            status: self.status,
            code: code.map(|code| code.to_string()),
            request_id: self.request_id,
        }
    }
}

/// The documentation gives no code for an alternate key that does not exist.
const NO_SUCH_KEY: &str = "not a defined key";

/// Refusals that meet every deal alike, until an administrator installs, grants or corrects
/// something.
const OF_THE_DEPLOYMENT: [u32; 12] = [
    // No application user, or a disabled one.
    0x8007_2560,
    0x8004_0225,
    0x8004_d24b,
    // A column or table that is missing or renamed.
    0x8004_8d19,
    0x8006_0888,
    0x8004_1103,
    0x8004_1102,
    // A privilege that is missing.
    0x8004_0220,
    0x8004_8306,
    0x8004_8405,
    // Column-level security.
    0x8004_f507,
    // The alternate key has no index. Where this code means that a row is absent, the answer is not
    // classified.
    0x8006_0891,
];

/// Messages have to wait for the administrator then, as they do for credentials.
fn concerns_deployment(status: u16, code: Option<ErrorCode>, text: &str) -> bool {
    match code.map(ErrorCode::number) {
        Some(code) if OF_THE_DEPLOYMENT.contains(&code) => true,
        // Another address than the Web API's.
        None if matches!(status, 300..=399 | 404 | 405) => true,
        _ => text.contains(NO_SUCH_KEY),
    }
}

/// 412 has three meanings, so the code is looked at before the status.
fn kind(
    status: u16,
    code: Option<ErrorCode>,
    text: &str,
    retry_after: Option<Duration>,
    once: bool,
) -> FailureKind {
    let throttled = FailureKind::Throttled { retry_after: retry_after.unwrap_or(UNSPECIFIED) };
    match (status, code.map(ErrorCode::number)) {
        (429, _)
        | (_, Some(0x8007_2321 | 0x8007_2322 | 0x8007_2326 | 0x8005_f103 | 0x8006_0308)) => {
            throttled
        }
        (503, _) if retry_after.is_some() => throttled,
        _ if concerns_deployment(status, code, text) => FailureKind::Credentials,
        // The documentation's sample of a version mismatch has an empty code; closing a record that
        // is gone has its own.
        (_, Some(0x8006_0882 | 0x8010_0006)) | (412, None) => FailureKind::Stale,
        // SQL time-out, SQL error, deadlock victim: rolled back. UnExpected: now and then passing;
        // a queue's tries are bounded.
        (_, Some(0x8004_4150 | 0x8004_4151 | 0x8004_0255 | 0x8004_0216)) => FailureKind::Transient,
        // Duplicates, some of which come as 500; an operation that does not exist.
        (_, Some(0x8004_0333 | 0x8006_0892 | 0x8004_0237)) | (501, _) => FailureKind::Rejected,
        (408 | 502 | 504, _) | (500, None) if once => FailureKind::OutcomeUnknown,
        (408 | 500.., _) => FailureKind::Transient,
        _ => FailureKind::Rejected,
    }
}

/// The service's own text is not passed on: it may quote values. Only names are taken from it,
/// where they look like names.
fn explain(status: u16, code: Option<ErrorCode>, text: &str) -> String {
    let number = code.map(ErrorCode::number);
    match (status, number) {
        (404, Some(0x8006_0888)) => {
            format!(
                "{} does not exist here; is Dynamics 365 Sales installed in this environment?",
                named("the table or action", segment(text))
            )
        }
        _ if text.contains(NO_SUCH_KEY) => {
            "the alternate key on the Referral Identifier column is missing; install the co-sell \
             columns and their key"
                .to_owned()
        }
        (_, Some(0x8004_8d19 | 0x8006_0888 | 0x8004_1103)) => match property(text) {
            Some(column) => format!(
                "table `{}` has no column `{column}`, or not under this name; install the co-sell \
                 columns, or correct the mapping",
                table(text).unwrap_or("opportunity")
            ),
            None => {
                "a column is unknown or was given a value of the wrong type; install the co-sell \
                 columns, or correct the mapping"
                    .to_owned()
            }
        },
        (_, Some(0x8004_4331)) => format!(
            "the value for {} is longer than{}; enlarge the column, or set a length in the mapping",
            named("column", attribute(text)),
            between(text, "maximum allowed length of '")
                .map_or_else(|| " allowed".to_owned(), |most| format!(" its {most} characters"))
        ),
        (_, Some(0x8004_431a)) => {
            format!(
                "{} does not have this choice; correct the mapping's table of values",
                named("column", between(text, " of '"))
            )
        }
        (_, Some(0x8004_0220 | 0x8004_8306 | 0x8004_8405)) => format!(
            "the application user lacks {} on {}; add it to its security role",
            named("the privilege", privilege(text)),
            named("table", between(text, "for entity '"))
        ),
        (_, Some(0x8004_f507)) => format!(
            "{} is protected by column-level security; give the application user a column security \
             profile for it",
            named("a column", attribute(text))
        ),
        _ => plain(status, number)
            .map_or_else(|| format!("refused with HTTP {status}"), str::to_owned),
    }
}

fn plain(status: u16, code: Option<u32>) -> Option<&'static str> {
    Some(match (status, code) {
        (_, Some(0x8007_2560)) => {
            "the app registration is not a user of this environment; create an application user \
             for it in the Power Platform admin center and give it the co-sell security role"
        }
        (_, Some(0x8004_0225 | 0x8004_d24b)) => {
            "the application user is disabled; enable it in the Power Platform admin center"
        }
        (_, Some(0x8004_0217 | 0x8010_0006)) => "the record does not exist any more",
        (_, Some(0x8006_0891)) => {
            "no record has this Referral Identifier, or the alternate key's index is not active \
             yet; look at the key's status in the table's settings"
        }
        (_, Some(0x8006_0892 | 0x8004_0237)) => {
            "another record already has the same key; look for a second record with this Referral \
             Identifier"
        }
        (_, Some(0x8006_0882)) | (412, None) => "the record changed since it was read",
        (_, Some(0x8004_0333)) => {
            "a duplicate detection rule of the environment refused it; except the application user \
             from the rule, or merge the duplicates"
        }
        (_, Some(0x8004_0265)) => {
            "a plug-in or workflow of the environment refused it; its owner finds the reason in \
             the plug-in trace log"
        }
        (_, Some(0x8004_0203)) => "a value is not valid for its column; correct the mapping",
        (_, Some(0x8004_1102)) => {
            "the table does not exist; is Dynamics 365 Sales installed in this environment?"
        }
        (_, Some(0x8004_022e)) => {
            "the record is closed and therefore read-only; reopen it in Dynamics, or leave it as \
             it is"
        }
        (_, Some(0x8004_0515)) => "the opportunity is closed already",
        (_, Some(0x8004_0516)) => {
            "the opportunity cannot be closed; close its open activities and quotes in Dynamics"
        }
        (_, Some(0x8004_051a)) => "the opportunity is open already",
        (_, Some(0x8010_0005)) => {
            "the state of an opportunity cannot be set like this; remove statecode and statuscode \
             from the mapping"
        }
        (_, Some(0x8004_8cef)) => {
            "the close record would have another currency than the opportunity; correct the \
             currency in Dynamics"
        }
        (_, Some(0x8006_0883 | 0x8006_088d)) => {
            "optimistic concurrency is not enabled for the table; enable it"
        }
        (429, _) | (_, Some(0x8007_2321 | 0x8007_2322 | 0x8007_2326)) => {
            "the service protection limit is reached"
        }
        (405, _) => "the method is not allowed at this address; check the environment's origin",
        (404, None) => "the address does not exist; check the environment's origin",
        (413, _) => "the request is too large; shorten the mapped texts",
        (300..=399, _) => "the service redirects elsewhere; check the environment's origin",
        (500.., _) => "the service is not available now",
        _ => return None,
    })
}

fn named(what: &str, name: Option<&str>) -> String {
    name.map_or_else(
        || format!("{what} (not named by the service)"),
        |name| format!("{what} `{name}`"),
    )
}

/// What stands between `marker` and the next quote, if it can be a name.
fn between<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    let rest = &text[text.find(marker)? + marker.len()..];
    let name = rest.split('\'').next()?;
    (odata::is_name(name)
        || (!name.is_empty() && name.len() <= 9 && name.bytes().all(|byte| byte.is_ascii_digit())))
    .then_some(name)
}

fn property(text: &str) -> Option<&str> {
    ["The property '", "property named '", "undeclared property '", "attribute with Name = '"]
        .into_iter()
        .find_map(|marker| between(text, marker))
}

fn attribute(text: &str) -> Option<&str> {
    between(text, "length of the '").or_else(|| between(text, "attribute '"))
}

fn segment(text: &str) -> Option<&str> {
    between(text, "for the segment '")
}

fn table(text: &str) -> Option<&str> {
    between(text, "on type 'Microsoft.Dynamics.CRM.")
}

fn privilege(text: &str) -> Option<&str> {
    let rest = &text[text.find("is missing prv")? + "is missing ".len()..];
    rest.split(' ').next().filter(|name| odata::is_name(name))
}

#[cfg(test)]
mod tests;
