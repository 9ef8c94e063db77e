//! What the service says when it refuses: status, code and the OData error body (contract
//! dynamics365 4.3).

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use super::schema::Table;

/// One refused request.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

pub(crate) type Outcome<T> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A body the OData reader does not accept: unknown property, wrong JSON type, undeclared bind.
    pub(crate) fn payload(table: &Table, reason: &str) -> Self {
        Self::bad(
            "0x80048d19",
            format!(
                "Error identified in Payload provided by the user for Entity :'{}', For more \
                 information on this error please follow this help link \
                 https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : \
                 Microsoft.OData.ODataException: {reason}",
                table.set
            ),
        )
    }

    /// A property the payload names and the table does not have.
    pub(crate) fn unknown_in_payload(table: &Table, property: &str) -> Self {
        Self::payload(
            table,
            &format!(
                "The property '{property}' does not exist on type 'Microsoft.Dynamics.CRM.{}'. \
                 Make sure to only use property names that are defined by the type.",
                table.name
            ),
        )
    }

    /// A property a query option names and the table does not have.
    pub(crate) fn unknown_in_query(table: &str, property: &str) -> Self {
        Self::query(format!(
            "Could not find a property named '{property}' on type 'Microsoft.Dynamics.CRM.{table}'."
        ))
    }

    /// A query the OData parser does not accept.
    pub(crate) fn query(message: impl Into<String>) -> Self {
        Self::bad("0x80060888", message)
    }

    pub(crate) fn no_segment(segment: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "0x80060888",
            format!("Resource not found for the segment '{segment}'."),
        )
    }

    pub(crate) fn no_row(table: &str, id: Uuid) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "0x80040217",
            format!("{table} With Id = {id} Does Not Exist"),
        )
    }

    pub(crate) fn no_row_with_key(table: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "0x80060891",
            format!("A record with the specified key values does not exist in {table} entity"),
        )
    }

    pub(crate) fn stale() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "0x80060882",
            "The version of the existing record doesn't match the RowVersion property provided.",
        )
    }

    pub(crate) fn duplicate_record() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "0x80040237",
            "A record with matching key values already exists.",
        )
    }

    pub(crate) fn duplicate_key(label: &str, columns: &[String]) -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "0x80060892",
            format!(
                "Entity Key {label} violated. A record with the same value for {} already exists. \
                 A duplicate record cannot be created. Select one or more unique values and try \
                 again.",
                columns.join(", ")
            ),
        )
    }

    pub(crate) fn wrong_method(method: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "0x80040227",
            format!("The HTTP method '{method}' is not supported on this resource."),
        )
    }

    /// Something the service can and this simulator cannot do.
    pub(crate) fn not_simulated(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "0x80040800",
            format!("{what} is not part of this simulator."),
        )
    }

    pub(crate) fn body(&self) -> Value {
        body(self.code, &self.message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        super::answer::json(self.status, &self.body())
    }
}

fn body(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

/// The service's own error body for an injected fault: the OData shape of contract dynamics365 4.3
/// with a code that fits `status` when none is given; gateway failures (502, 503, 504) without a
/// code are not OData.
pub fn error_body(status: u16, code: Option<&str>) -> Value {
    let (default_code, message) = match status {
        401 => ("0x8005F101", "The requested resource requires authentication."),
        403 => ("0x80040220", "Principal user is missing a privilege."),
        404 => ("0x80040217", "The record Does Not Exist"),
        412 => (
            "0x80060882",
            "The version of the existing record doesn't match the RowVersion property provided.",
        ),
        429 => throttled(code),
        500 => ("0x80044150", "Generic SQL error."),
        502..=504 if code.is_none() => {
            return json!({
                "Message": "The service is unavailable.",
                "ExceptionMessage": "The service is unavailable."
            });
        }
        _ => ("0x80040203", "Invalid argument."),
    };
    body(code.unwrap_or(default_code), message)
}

/// The three service protection limits (contract dynamics365 4.1).
fn throttled(code: Option<&str>) -> (&'static str, &'static str) {
    match code {
        Some("0x80072321") => (
            "0x80072321",
            "Combined execution time of incoming requests exceeded limit of 1,200,000 milliseconds \
             over time window of 300 seconds. Decrease number of concurrent requests or reduce the \
             duration of requests and try again later.",
        ),
        Some("0x80072326") => {
            ("0x80072326", "Number of concurrent requests exceeded the limit of 52.")
        }
        _ => (
            "0x80072322",
            "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
        ),
    }
}
