//! The service's door: token endpoint, versions, session check, dispatch, headers.

use std::collections::HashMap;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::Salesforce;
use super::answer::{Answer, Call, major_version, parameters, segments};
use super::describe;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};

/// Largest body taken, bytes.
const BODY_LIMIT: usize = 16 << 20;
/// Longest URL, bytes (contract salesforce 3.1).
const URL_LIMIT: usize = 16_384;
/// The versions in service and the names of their releases (contract salesforce 1.6).
const RELEASES: [(u32, &str); 6] = [
    (62, "Winter '25"),
    (63, "Spring '25"),
    (64, "Summer '25"),
    (65, "Winter '26"),
    (66, "Spring '26"),
    (67, "Summer '26"),
];
const OLDEST: u32 = 31;
const NEWEST: u32 = 67;

/// Answers every request.
pub(crate) async fn serve(State(salesforce): State<Salesforce>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if parts.uri.to_string().len() > URL_LIMIT {
        return StatusCode::URI_TOO_LONG.into_response();
    }
    let path = segments(parts.uri.path());
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let mut organisation = salesforce.lock();
    let answer = match path.as_slice() {
        ["services", "oauth2", endpoint] => {
            organisation.oauth(endpoint, &parts.method, &parts.headers, &body)
        }
        // The address that a token answer names as `id`.
        ["id", _, _] => organisation.identity_request(&parts.method, &parts.headers),
        ["services", "data"] => Ok(Answer::ok(versions())),
        ["services", "data", version, rest @ ..] => {
            let query = parameters(parts.uri.query().unwrap_or_default());
            let method = match query.iter().find(|(name, _)| name == "_HttpMethod") {
                Some((_, wanted)) if parts.method == Method::POST => {
                    wanted.parse().unwrap_or(Method::POST)
                }
                _ => parts.method,
            };
            let call = Call {
                method,
                version: version.trim_start_matches('v').to_owned(),
                segments: rest.iter().map(|segment| (*segment).to_owned()).collect(),
                query,
                headers: parts.headers,
                body,
                is_nested: false,
            };
            organisation.data_call(&call)
        }
        _ => Err(Refusal::not_found()),
    };
    let now = organisation.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    // By the clock that the records' stamps come from.
    answer.unwrap_or_else(Answer::from).with("date", now).into_response()
}

fn versions() -> Value {
    let version = |(number, label): &(u32, &str)| {
        json!({
            "label": label, "url": format!("/services/data/v{number}.0"),
            "version": format!("{number}.0")
        })
    };
    RELEASES.iter().map(version).collect()
}

impl Organisation {
    fn oauth(
        &mut self,
        endpoint: &str,
        method: &Method,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Outcome<Answer> {
        let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        match (endpoint, method) {
            ("token", &Method::POST) => Ok(self.token(headers, &form)),
            ("revoke", &Method::POST) => {
                let token = form.get("token").map(String::as_str).unwrap_or_default();
                let known = self.sessions.revoke(token);
                let error = json!({
                    "error": "unsupported_token_type",
                    "error_description": "this token type is not supported"
                });
                Ok(if known {
                    Answer::empty(StatusCode::OK)
                } else {
                    Answer::json(StatusCode::BAD_REQUEST, error)
                })
            }
            ("userinfo", &Method::GET) => {
                self.authenticate(headers)?;
                Ok(Answer::ok(self.user_info()))
            }
            ("token" | "revoke" | "userinfo", _) => Err(Refusal::wrong_method(method.as_str())),
            _ => Err(Refusal::not_found()),
        }
    }

    /// One call: session, version, limit, work, and the header that tells how many calls are used.
    fn data_call(&mut self, call: &Call) -> Outcome<Answer> {
        self.authenticate(&call.headers)?;
        match major_version(&call.version) {
            Some(OLDEST..=NEWEST) => {}
            Some(..OLDEST) => {
                let text = format!("API version {} is no longer available", call.version);
                return Err(Refusal::new(StatusCode::GONE, "UNSUPPORTED_API_VERSION", text));
            }
            _ => return Err(Refusal::not_found()),
        }
        self.count_call()?;
        let answer = self.dispatch(call).unwrap_or_else(Answer::from);
        let used = format!("api-usage={}/{}", self.used_calls(), self.switches.daily_requests);
        Ok(answer.with("sforce-limit-info", used))
    }

    pub(crate) fn dispatch(&mut self, call: &Call) -> Outcome<Answer> {
        let Some((first, rest)) = call.segments.split_first() else {
            let root = call.root();
            let resources = ["sobjects", "query", "queryAll", "composite", "limits"];
            let mut body: Map<String, Value> = resources
                .map(|name| (name.to_owned(), format!("{root}/{name}").into()))
                .into_iter()
                .collect();
            body.insert("identity".into(), self.identity_address().into());
            return Ok(Answer::ok(body.into()));
        };
        match (first.as_str(), rest) {
            ("query", rest) => self.query_request(call, rest, false),
            ("queryAll", rest) => self.query_request(call, rest, true),
            ("sobjects", []) if call.method == Method::GET => Ok(self.describe_global(call)),
            ("sobjects", [object, rest @ ..]) => self.object_request(call, object, rest),
            ("limits", []) if call.method == Method::GET => Ok(Answer::ok(self.limits())),
            ("composite", rest)
                if !call.is_nested || matches!(rest, [name, ..] if name == "sobjects") =>
            {
                self.composite_request(call, rest)
            }
            ("tooling", rest) if !call.is_nested => self.tooling_request(call, rest),
            ("metadata", rest) if !call.is_nested => self.metadata_request(call, rest),
            ("tooling" | "metadata" | "jobs" | "search" | "parameterizedSearch", _) => {
                Err(Refusal::not_simulated(first))
            }
            _ => Err(Refusal::not_found()),
        }
    }

    fn object_request(&mut self, call: &Call, name: &str, rest: &[String]) -> Outcome<Answer> {
        let object = self.object(name)?;
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        match (rest.as_slice(), &call.method) {
            ([] | ["Id"], &Method::POST) => self.post(call, &object),
            ([], &Method::GET) => Ok(describe::basic_information(call, &object)),
            ([], _) => Err(Refusal::wrong_method(call.method.as_str())),
            (["describe"], _) => self.describe(call, &object),
            (["updated"], &Method::GET) => self.updated(call, &object),
            (["deleted"], &Method::GET) => self.deleted(call, &object),
            ([id], _) => self.by_id(call, &object, id),
            ([field, value], _) => self.by_external_id(call, &object, field, value),
            _ => Err(Refusal::not_found()),
        }
    }

    fn limits(&self) -> Value {
        let most = self.switches.daily_requests;
        let pair = |most: usize, left: usize| json!({"Max": most, "Remaining": left});
        json!({
            "DailyApiRequests": pair(most, most.saturating_sub(self.used_calls())),
            "DailyBulkApiBatches": pair(15_000, 15_000),
            "DataStorageMB": pair(5, 5),
            "DailyDeliveredPlatformEvents": pair(10_000, 10_000),
            "HourlyPublishedPlatformEvents": pair(50_000, 50_000),
        })
    }
}
