//! `/composite`: up to 25 requests in one, with references among them and a common roll-back
//! (contract salesforce 3.8).

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use super::answer::{Answer, Call, parameters, segments};
use super::organisation::Organisation;
use super::references::{self, Answers};
use super::refusal::{Outcome, Problem, Refusal};

const MOST_PARTS: usize = 25;
/// Of these, queries and collections.
const MOST_QUERIES: usize = 5;

impl Organisation {
    pub(crate) fn composite_request(&mut self, call: &Call, rest: &[String]) -> Outcome<Answer> {
        let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
        match (rest.as_slice(), &call.method) {
            ([], &Method::POST) => self.composite(call),
            (["sobjects", rest @ ..], _) => self.collection(call, rest),
            (["batch" | "graph" | "tree", ..], _) => {
                Err(Refusal::not_simulated("This kind of composite request"))
            }
            ([], _) => Err(Refusal::wrong_method(call.method.as_str())),
            _ => Err(Refusal::not_found()),
        }
    }

    fn composite(&mut self, call: &Call) -> Outcome<Answer> {
        let body = call.object()?;
        let all_or_none = flag(&body, "allOrNone");
        let parts = body.get("compositeRequest").and_then(Value::as_array);
        let parts = parts.ok_or_else(|| Refusal::json("compositeRequest is missing"))?;
        let parts = parts.iter().map(Part::read).collect::<Outcome<Vec<Part>>>()?;
        refuse_too_many(&parts)?;
        let (records, ids) =
            (self.records.clone(), parts.iter().map(|part| part.reference.clone()));
        let ids: Vec<String> = ids.collect();
        let mut answers = Answers::default();
        for part in parts {
            let answer = self.part(call, &part, &answers).unwrap_or_else(Answer::from);
            let is_failure = answer.status.as_u16() >= 300;
            answers.push(part.reference, answer);
            if all_or_none && is_failure {
                self.records = records;
                answers.roll_back(&ids);
                break;
            }
        }
        Ok(Answer::ok(json!({"compositeResponse": answers.body()})))
    }

    fn part(&mut self, outer: &Call, part: &Part, answers: &Answers) -> Outcome<Answer> {
        let url = references::text(&part.url, answers)?;
        let body = part.body.as_ref().map(|body| references::value(body, answers)).transpose()?;
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        let path = segments(path);
        let [services, data, version, rest @ ..] = path.as_slice() else {
            return Err(Refusal::not_found());
        };
        let version =
            version.strip_prefix('v').filter(|_| services == "services" && data == "data");
        let mut headers = part.headers.clone();
        if let Some(value) = outer.headers.get("sforce-duplicate-rule-header") {
            headers.entry("sforce-duplicate-rule-header").or_insert(value.clone());
        }
        self.dispatch(&Call {
            method: part.method.clone(),
            version: version.ok_or_else(Refusal::not_found)?.to_owned(),
            segments: rest.to_vec(),
            query: parameters(query),
            headers,
            body: body.map_or_else(Bytes::new, |body| body.to_string().into()),
            is_nested: true,
        })
    }
}

pub(super) fn flag(body: &Map<String, Value>, name: &str) -> bool {
    body.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn refuse_too_many(parts: &[Part]) -> Outcome<()> {
    let is_query =
        |part: &&Part| part.url.contains("/query") || part.url.contains("/composite/sobjects");
    if parts.len() > MOST_PARTS || parts.iter().filter(is_query).count() > MOST_QUERIES {
        let text = format!(
            "at most {MOST_PARTS} subrequests, of them {MOST_QUERIES} queries or collections"
        );
        return Err(Refusal::bad("LIMIT_EXCEEDED", text));
    }
    let mut names: Vec<&str> = parts.iter().map(|part| part.reference.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Refusal::bad("INVALID_INPUT", "each referenceId may occur once"));
    }
    Ok(())
}

/// One subrequest.
struct Part {
    method: Method,
    url: String,
    reference: String,
    headers: HeaderMap,
    body: Option<Value>,
}

impl Part {
    fn read(part: &Value) -> Outcome<Self> {
        let text = |name: &str| part[name].as_str().unwrap_or_default();
        let method = match text("method") {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PATCH" => Method::PATCH,
            "PUT" => Method::PUT,
            "DELETE" => Method::DELETE,
            other => {
                return Err(Refusal::json(format!("method '{other}' is not a method in capitals")));
            }
        };
        let reference = text("referenceId");
        let is_named = reference.starts_with(|first: char| first.is_ascii_alphanumeric())
            && reference.chars().all(|next| next.is_ascii_alphanumeric() || next == '_');
        if !is_named {
            let message = "Provided referenceId must start with a letter or a number, and can \
                           contain only letters, numbers and underscores";
            return Err(Refusal::json(message));
        }
        if !text("url").starts_with("/services/data/v") {
            return Err(Refusal::json("a url begins with /services/data/vXX.X/"));
        }
        Ok(Self {
            method,
            url: text("url").to_owned(),
            reference: reference.to_owned(),
            headers: headers(&part["httpHeaders"])?,
            body: part.get("body").filter(|body| !body.is_null()).cloned(),
        })
    }
}

fn headers(given: &Value) -> Outcome<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in given.as_object().into_iter().flatten() {
        let invalid = || {
            Problem::new(
                "INVALID_HTTP_HEADER",
                format!("the header {name} is not allowed in a subrequest"),
            )
        };
        if ["accept", "authorization", "content-type"].contains(&name.to_lowercase().as_str()) {
            return Err(invalid().with(StatusCode::BAD_REQUEST));
        }
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        let name: Option<HeaderName> = name.parse().ok();
        let (name, value) = name.zip(value).ok_or_else(invalid)?;
        headers.insert(name, value);
    }
    Ok(headers)
}
