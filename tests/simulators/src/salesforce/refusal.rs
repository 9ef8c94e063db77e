//! What the service says when it refuses: an array of problems (contract salesforce 4.1 and 4.3).

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::Answer;

/// One problem: code, text, and the API names of the fields it is about.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: String,
    pub(crate) message: String,
    /// Absent in many of the service's answers.
    pub(crate) fields: Option<Vec<String>>,
    /// More members of this problem: the duplicates found.
    pub(crate) details: Map<String, Value>,
}

impl Problem {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), fields: None, details: Map::new() }
    }

    pub(crate) fn about(mut self, fields: &[&str]) -> Self {
        self.fields = Some(fields.iter().map(|field| (*field).to_owned()).collect());
        self
    }

    /// `code_key` is `errorCode`, but `statusCode` in collections.
    fn to_json(&self, code_key: &str) -> Value {
        let mut problem = self.details.clone();
        problem.insert("message".into(), self.message.clone().into());
        problem.insert(code_key.into(), self.code.clone().into());
        if let Some(fields) = &self.fields {
            problem.insert("fields".into(), json!(fields));
        }
        problem.into()
    }

    /// As an entry of a collection's `errors`, which always has `fields`.
    pub(crate) fn in_collection(&self) -> Value {
        let mut problem = self.to_json("statusCode");
        problem["fields"] = json!(self.fields.clone().unwrap_or_default());
        problem
    }
}

/// One refused request.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) problems: Vec<Problem>,
}

pub(crate) type Outcome<T> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, problems: vec![Problem::new(code, message)] }
    }

    pub(crate) fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "The requested resource does not exist")
    }

    pub(crate) fn deleted() -> Self {
        Problem::new("ENTITY_IS_DELETED", "entity is deleted")
            .about(&[])
            .with(StatusCode::NOT_FOUND)
    }

    pub(crate) fn no_external_id(field: &str) -> Self {
        let text =
            format!("Provided external ID field does not exist or is not accessible: {field}");
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", text)
    }

    pub(crate) fn wrong_method(method: &str) -> Self {
        let text = format!(
            "HTTP Method '{method}' not allowed. Allowed are the methods this resource documents"
        );
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", text)
    }

    /// The body was not found in a source; the code exists (contract salesforce 3.7).
    pub(crate) fn precondition() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE",
            "The record was modified since the given time",
        )
    }

    pub(crate) fn json(message: impl Into<String>) -> Self {
        Self::bad("JSON_PARSER_ERROR", message)
    }

    /// Something the service can and this simulator cannot do.
    pub(crate) fn not_simulated(what: &str) -> Self {
        let text = format!("{what} is not part of this simulator.");
        Self::new(StatusCode::NOT_IMPLEMENTED, "NOT_SIMULATED", text)
    }

    pub(crate) fn body(&self) -> Value {
        self.problems.iter().map(|problem| problem.to_json("errorCode")).collect()
    }
}

impl Problem {
    pub(crate) fn with(self, status: StatusCode) -> Refusal {
        Refusal { status, problems: vec![self] }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        problem.with(StatusCode::BAD_REQUEST)
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::json(refusal.status, refusal.body())
    }
}

/// The service's own error body for an injected fault, with a code that fits `status` when none is
/// given (contract salesforce 4.3). What the edge answers (HTML) is a fault's own `body` and
/// `content_type`.
pub fn error_body(status: u16, code: Option<&str>) -> Value {
    let default_code = match status {
        401 => "INVALID_SESSION_ID",
        403 => "REQUEST_LIMIT_EXCEEDED",
        404 => "NOT_FOUND",
        412 => "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE",
        400 => "UNABLE_TO_LOCK_ROW",
        503 => "SERVER_UNAVAILABLE",
        _ => "UNKNOWN_EXCEPTION",
    };
    let code = code.unwrap_or(default_code);
    let message = match code {
        "INVALID_SESSION_ID" => "Session expired or invalid",
        "REQUEST_LIMIT_EXCEEDED" => "TotalRequests Limit exceeded.",
        "NOT_FOUND" => "The requested resource does not exist",
        "UNABLE_TO_LOCK_ROW" => {
            "unable to obtain exclusive access to this record or 1 records: 001Kd0000000001AAA"
        }
        "SERVER_UNAVAILABLE" => "server too busy",
        "QUERY_TIMEOUT" => "Your query request was running for too long.",
        _ => "An unexpected error occurred.",
    };
    json!([Problem::new(code, message).to_json("errorCode")])
}
