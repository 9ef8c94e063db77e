//! The Web API's door: bearer check, dispatch, headers (contract dynamics365 1.3 to 1.5).

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::Dataverse;
use super::address::{self, Key, Segment};
use super::answer::{self, empty, json, set_header};
use super::organisation::{APPLICATION_USER, BUSINESS_UNIT, ORGANISATION, Organisation};
use super::refusal::{Outcome, Refusal};
use super::states::{LOST, WON};

/// Largest body taken, bytes.
const BODY_LIMIT: usize = 16 << 20;
/// Longest URL of a GET, characters (contract dynamics365 1.4).
const URL_LIMIT: usize = 32_768;

/// One request, read.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    body: &'a Bytes,
}

impl Call<'_> {
    /// The body as a JSON object; 415 when it is not declared as JSON.
    pub(crate) fn json_object(&self) -> Outcome<Map<String, Value>> {
        let kind = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if !kind.starts_with("application/json") {
            let text = "A supported MIME type could not be found that matches the content type of \
                        the request.";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "0x80060888", text));
        }
        serde_json::from_slice(self.body).map_err(|error| {
            Refusal::bad(
                "0x80048d19",
                format!("Error identified in Payload provided by the user: {error}"),
            )
        })
    }
}

/// Answers every Web API request.
pub(crate) async fn serve(State(dataverse): State<Dataverse>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return empty(StatusCode::PAYLOAD_TOO_LARGE);
    };
    if parts.uri.to_string().len() > URL_LIMIT {
        return empty(StatusCode::URI_TOO_LONG);
    }
    let call = Call {
        method: &parts.method,
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body: &body,
    };
    let answered = dataverse.lock().answer(&call, parts.uri.path());
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    answer::stamp(response.headers_mut());
    response
}

impl Organisation {
    fn answer(&mut self, call: &Call<'_>, path: &str) -> Outcome<Response> {
        let Some(segments) = address::segments(path) else {
            return Ok(empty(StatusCode::NOT_FOUND));
        };
        if !self.is_authenticated(call.headers) {
            return Ok(self.challenge());
        }
        let segments = segments?;
        let is_health = matches!(segments.as_slice(), [only] if only.name == "WhoAmI");
        self.refuse_access(is_health)?;
        self.dispatch(call, &segments)
    }

    fn is_authenticated(&self, headers: &HeaderMap) -> bool {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        value
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|token| self.tokens.accepts(token, self.now()))
    }

    fn challenge(&self) -> Response {
        let mut response = empty(StatusCode::UNAUTHORIZED);
        let challenge = format!(
            "Bearer authorization_uri=https://login.microsoftonline.com/{}/oauth2/authorize, \
             resource_id={}/",
            self.options.tenant, self.origin
        );
        set_header(&mut response, "www-authenticate", &challenge);
        response
    }

    /// The switchable 403s of contract dynamics365 1.2; `WhoAmI` needs no privilege.
    fn refuse_access(&self, is_health: bool) -> Outcome<()> {
        if self.switches.not_a_member {
            let text = "The user is not a member of the organization.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "0x80072560", text));
        }
        if self.switches.missing_privilege && !is_health {
            let text = format!(
                "Principal user (Id={APPLICATION_USER}, type=8, roleCount=0) is missing \
                 prvReadOpportunity privilege (Id=0b1c2d3e-0000-4a00-9000-0000000000ff) on OTC=3 \
                 for entity 'opportunity'."
            );
            return Err(Refusal::new(StatusCode::FORBIDDEN, "0x80040220", text));
        }
        Ok(())
    }

    fn dispatch(&mut self, call: &Call<'_>, segments: &[Segment]) -> Outcome<Response> {
        let Some((first, rest)) = segments.split_first() else {
            return Ok(json(StatusCode::OK, &self.service_document()));
        };
        match (first.name.as_str(), rest) {
            ("EntityDefinitions", rest) => self.metadata(call, first, rest),
            ("$batch", _) => Err(Refusal::not_simulated("$batch")),
            ("$metadata", []) => Err(metadata_document(call.headers)),
            ("WhoAmI", []) => Ok(json(StatusCode::OK, &self.who_am_i())),
            ("WinOpportunity" | "LoseOpportunity" | "PublishXml" | "PublishAllXml", []) => {
                self.action(call, first)
            }
            (set, rest) => {
                let table = self.set(set)?;
                if let (None, [only]) = (&first.key, rest)
                    && let Some(answered) = self.bulk(call, &table, &only.name)
                {
                    return answered;
                }
                match (&first.key, rest) {
                    (None, []) => self.collection(call, &table),
                    (None, [only]) if only.name == "$count" => self.count_answer(call, &table),
                    (Some(key), []) => self.row_request(call, &table, key),
                    (Some(key), [only])
                        if only.name == "Microsoft.Dynamics.CRM.QualifyLead"
                            && table.name == "lead" =>
                    {
                        let lead = self.existing(&table, key)?;
                        let body = self.qualify(APPLICATION_USER, lead, &call.json_object()?)?;
                        Ok(json(StatusCode::OK, &body))
                    }
                    (Some(_), [only, ..])
                        if table.property(&only.name).is_some()
                            || table.navigation(&only.name).is_some() =>
                    {
                        Err(Refusal::not_simulated("Access to a single property"))
                    }
                    (_, rest) => {
                        let name = rest.first().map_or(set, |segment| segment.name.as_str());
                        Err(Refusal::no_segment(name))
                    }
                }
            }
        }
    }

    fn action(&mut self, call: &Call<'_>, segment: &Segment) -> Outcome<Response> {
        if *call.method != Method::POST {
            return Err(Refusal::wrong_method(call.method.as_str()));
        }
        if !matches!(segment.key, None | Some(Key::Empty)) {
            return Err(Refusal::no_segment(&segment.name));
        }
        match segment.name.as_str() {
            "WinOpportunity" => self.close(APPLICATION_USER, &call.json_object()?, WON)?,
            "LoseOpportunity" => self.close(APPLICATION_USER, &call.json_object()?, LOST)?,
            "PublishXml" => self.publish(&call.json_object()?)?,
            _ => self.refuse_customising("Attribute")?,
        }
        Ok(empty(StatusCode::NO_CONTENT))
    }

    fn service_document(&self) -> Value {
        let sets: Vec<Value> = self
            .schema
            .tables()
            .map(|table| {
                serde_json::json!({
                    "name": table.set, "kind": "EntitySet", "url": table.set
                })
            })
            .collect();
        serde_json::json!({
            "@odata.context": format!("{}$metadata", self.api_root()), "value": sets
        })
    }

    fn who_am_i(&self) -> Value {
        serde_json::json!({
            "@odata.context": format!("{}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse", self.api_root()),
            "BusinessUnitId": BUSINESS_UNIT.to_string(),
            "UserId": APPLICATION_USER.to_string(),
            "OrganizationId": ORGANISATION.to_string(),
        })
    }
}

/// `$metadata` is XML only: 415 when JSON is asked for.
fn metadata_document(headers: &HeaderMap) -> Refusal {
    let accept =
        headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("json") {
        let text = "A supported MIME type could not be found that matches the acceptable MIME \
                    types for the request.";
        return Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "0x80060888", text);
    }
    Refusal::not_simulated("The $metadata document")
}
