//! One request and one answer, apart from HTTP: a composite request runs many of them in one.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::refusal::{Outcome, Refusal};

/// One request on the REST API below `/services/data/vNN.0/`.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// `67.0`, echoed in every address that the answer names.
    pub(crate) version: String,
    /// The path behind the version, decoded.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Part of a composite request.
    pub(crate) is_nested: bool,
}

impl Call {
    /// The control port's: shows records under the newest version.
    pub(crate) fn of_control() -> Self {
        Self {
            method: Method::GET,
            version: "67.0".into(),
            segments: Vec::new(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            is_nested: true,
        }
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A clause of a header such as `Sforce-Query-Options: batchSize=500`.
    pub(crate) fn clause(&self, header: &str, name: &str) -> Option<&str> {
        let mut clauses = self.header(header)?.split([';', ',']);
        clauses.find_map(|clause| {
            let (key, value) = clause.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The body as a JSON object.
    pub(crate) fn object(&self) -> Outcome<Map<String, Value>> {
        let kind = self.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
        if !self.is_nested && !kind.starts_with("application/json") {
            let text = "Content-Type header specified in HTTP request is not supported: ";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Refusal::new(status, "UNSUPPORTED_MEDIA_TYPE", format!("{text}{kind}")));
        }
        serde_json::from_slice(&self.body).map_err(|error| Refusal::json(error.to_string()))
    }

    pub(crate) fn root(&self) -> String {
        format!("/services/data/v{}", self.version)
    }

    /// Whether the version is at least `major`.
    pub(crate) fn since(&self, major: u32) -> bool {
        major_version(&self.version).is_some_and(|version| version >= major)
    }
}

/// The number before the point of `67.0`; `None` for anything else.
pub(crate) fn major_version(version: &str) -> Option<u32> {
    version.strip_suffix(".0")?.parse().ok()
}

/// The segments of a raw path, decoded; repeated slashes count as one (contract salesforce 7).
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect()
}

fn decoded(segment: &str) -> String {
    let form = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(form.as_bytes())
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}

pub(crate) fn parameters(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
}

impl Answer {
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body) }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: None }
    }

    pub(crate) fn with(mut self, header: &'static str, value: String) -> Self {
        self.headers.push((header, value));
        self
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = match &self.body {
            Some(body) => Response::new(Body::from(body.to_string())),
            None => Response::new(Body::empty()),
        };
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if self.body.is_some() {
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json;charset=UTF-8"),
            );
        }
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
