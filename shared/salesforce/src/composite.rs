//! Several calls in one: one round trip, one call of the organisation's daily limit, all or nothing
//! (contract salesforce 3.8).

use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::error::SalesforceError;
use crate::refusal;
use crate::rest_api::{Answer, Call, RestApi};
use crate::wait::Wait;

/// How often a write that met another transaction's lock is sent again at once: REST has no other
/// way to wait (contract salesforce 4.3).
const TRIES: u32 = 3;

/// Codes of the innocent parts of a call that failed as a whole.
const INNOCENT: [&str; 2] = ["PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK"];

/// One call among several.
pub(crate) struct Part {
    pub(crate) reference: &'static str,
    pub(crate) call: Call,
    /// Fields that get the id of an earlier part's new record: field and that part's reference.
    pub(crate) links: Vec<(&'static str, &'static str)>,
}

impl Part {
    pub(crate) fn new(reference: &'static str, call: Call) -> Self {
        Self { reference, call, links: Vec::new() }
    }

    /// What is mapped may hold anything, and the service reads `@{…}` in a part as a reference.
    /// There is no escape for it.
    fn looks_like_a_reference(&self) -> bool {
        let holds = |value: &Json| value.as_str().is_some_and(|text| text.contains("@{"));
        let body = self.call.body.as_ref().and_then(Json::as_object);
        self.call.path.contains("%40%7B") || body.is_some_and(|body| body.values().any(holds))
    }

    fn request(&self, root: &str) -> Json {
        let mut request = json!({
            "method": self.call.method.as_str(),
            "url": format!("{root}/{}", self.call.path),
            "referenceId": self.reference,
        });
        if let Some(body) = &self.call.body {
            request["body"] = self.linked(body, |to| json!(format!("@{{{to}.id}}")));
        }
        if !self.call.headers.is_empty() {
            request["httpHeaders"] = self
                .call
                .headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
        }
        request
    }

    fn linked(&self, body: &Json, id: impl Fn(&str) -> Json) -> Json {
        let mut body = body.as_object().cloned().unwrap_or_else(Map::new);
        body.extend(self.links.iter().map(|(field, to)| ((*field).to_owned(), id(to))));
        Json::Object(body)
    }
}

/// The parts' answers, in their order.
pub(crate) struct Answers {
    /// Whether each part was carried out by itself: what came before a failed one stays.
    pub(crate) one_by_one: bool,
    parts: Vec<(&'static str, Answer)>,
    doing: String,
}

impl Answers {
    pub(crate) fn get(&self, reference: &str) -> Option<&Answer> {
        self.parts.iter().find(|(name, _)| *name == reference).map(|(_, answer)| answer)
    }

    pub(crate) fn take(&mut self, reference: &str) -> Option<Answer> {
        let at = self.parts.iter().position(|(name, _)| *name == reference)?;
        Some(self.parts.remove(at).1)
    }

    /// The answer to a part that must have one.
    pub(crate) fn must(&mut self, reference: &str) -> Result<Answer, SalesforceError> {
        self.take(reference).ok_or_else(|| SalesforceError::Unexpected {
            doing: self.doing.clone(),
            what: "the answer to one of its parts",
            once: false,
        })
    }

    /// The part that made the whole fail.
    pub(crate) fn guilty(&self) -> Option<(&'static str, &Answer)> {
        let failed = || self.parts.iter().filter(|(_, answer)| !answer.status.is_success());
        let is_innocent = |answer: &Answer| {
            refusal::code(&answer.body).is_some_and(|code| INNOCENT.contains(&code))
        };
        let found = failed().find(|(_, answer)| !is_innocent(answer)).or_else(|| failed().next());
        found.map(|(reference, answer)| (*reference, answer))
    }
}

impl RestApi {
    /// Sends the parts as one call, or one by one where a value could be taken for a reference.
    /// With `all_or_none`, the parts after a failed one are not carried out; as one call, those
    /// before it are rolled back too.
    pub(crate) async fn run(
        &self,
        parts: &[Part],
        all_or_none: bool,
        doing: &str,
    ) -> Result<Answers, SalesforceError> {
        if parts.len() > 1 && !parts.iter().any(Part::looks_like_a_reference) {
            self.together(parts, all_or_none, doing).await
        } else {
            self.one_by_one(parts, all_or_none, doing).await
        }
    }

    /// As [`Self::run`] with all or none, and once more where another transaction held a record.
    pub(crate) async fn write(
        &self,
        parts: &[Part],
        wait: &Wait,
        doing: &str,
    ) -> Result<Answers, SalesforceError> {
        let writes = parts.iter().filter(|part| part.call.method != Method::GET).count();
        let is_atomic = writes <= 1 || !parts.iter().any(Part::looks_like_a_reference);
        for _ in 1..TRIES {
            let answers = self.run(parts, true, doing).await?;
            let code = answers.guilty().and_then(|(_, answer)| refusal::code(&answer.body));
            if !is_atomic || code != Some("UNABLE_TO_LOCK_ROW") {
                return Ok(answers);
            }
            wait(pause()).await;
        }
        self.run(parts, true, doing).await
    }

    async fn together(
        &self,
        parts: &[Part],
        all_or_none: bool,
        doing: &str,
    ) -> Result<Answers, SalesforceError> {
        let requests: Vec<Json> = parts.iter().map(|part| part.request(self.root())).collect();
        // Not collated: the order stands, so a read behind a write shows what was written.
        let body = json!({
            "allOrNone": all_or_none, "collateSubrequests": false, "compositeRequest": requests
        });
        let once = parts.iter().any(|part| part.call.once);
        let mut call = Call::new(Method::POST, "composite", doing).body(body).once(once);
        call.reads = parts.iter().all(|part| part.call.reads);
        let answer = self.send(&call).await?.accepted()?;
        let given = answer.body["compositeResponse"].as_array();
        let given = given
            .filter(|given| given.len() == parts.len())
            .ok_or_else(|| answer.lacks("an answer to each of its parts"))?;
        let part = |(part, given): (&Part, &Json)| {
            let status = given["httpStatusCode"].as_u64().and_then(|status| status.try_into().ok());
            let mut read = answer.part(status.unwrap_or(500), given["body"].clone());
            read.reads = part.call.reads;
            read.doing.clone_from(&part.call.doing);
            (part.reference, read)
        };
        Ok(Answers {
            one_by_one: false,
            parts: parts.iter().zip(given).map(part).collect(),
            doing: doing.to_owned(),
        })
    }

    async fn one_by_one(
        &self,
        parts: &[Part],
        all_or_none: bool,
        doing: &str,
    ) -> Result<Answers, SalesforceError> {
        let mut answers = Answers { one_by_one: true, parts: Vec::new(), doing: doing.to_owned() };
        for part in parts {
            let mut call = part.call.clone();
            let id =
                |to: &str| answers.get(to).map_or(Json::Null, |answer| answer.body["id"].clone());
            call.body = part.call.body.as_ref().map(|body| part.linked(body, id));
            let answer = self.send(&call).await?;
            let is_over = all_or_none && !answer.status.is_success();
            answers.parts.push((part.reference, answer));
            if is_over {
                break;
            }
        }
        Ok(answers)
    }
}

/// A fifth of a second to a second, at random: those who collided must not meet again.
fn pause() -> Duration {
    let random = Uuid::new_v4().as_u128() % 800;
    Duration::from_millis(200 + u64::try_from(random).unwrap_or_default())
}
