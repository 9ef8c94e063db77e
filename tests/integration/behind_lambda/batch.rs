//! Messages as SQS hands them over, and what the consumer says of them.

use cosell_tests::crm::CrmSystem;
use serde_json::{Value as Json, json};

/// A message of a batch.
#[derive(Clone)]
pub(super) struct Message {
    id: String,
    group: String,
    body: String,
}

impl Message {
    /// A message of any body; its id is its receipt handle, too.
    pub(super) fn new(id: &str, group: &str, body: impl Into<String>) -> Self {
        Self { id: id.to_owned(), group: group.to_owned(), body: body.into() }
    }

    /// "Reconcile this referral", in the referral's group.
    pub(super) fn on_referral(id: &str, referral: &str) -> Self {
        let body =
            json!({ "subject": { "referral": referral }, "cause": "webhook", "observed": "test" });
        Self::new(id, &format!("referral#{referral}"), body.to_string())
    }

    /// "Reconcile this opportunity", in the opportunity's group.
    pub(super) fn on_opportunity(id: &str, opportunity: &str) -> Self {
        // What Salesforce calls an opportunity begins so.
        let system = if opportunity.starts_with("006") { "salesforce" } else { "dynamics" };
        Self::on_record(id, system, "opportunity", opportunity)
    }

    /// "Reconcile this lead", in the lead's group.
    pub(super) fn on_lead(id: &str, crm: CrmSystem, lead: &str) -> Self {
        Self::on_record(id, &crm.to_string(), "lead", lead)
    }

    fn on_record(id: &str, system: &str, entity: &str, record: &str) -> Self {
        let key = json!({ "system": system, "entity": entity, "id": record });
        let body = json!({ "subject": { "crm": key }, "cause": "crm-poll", "observed": "test" });
        Self::new(id, &format!("crm#{system}#{entity}#{record}"), body.to_string())
    }

    /// The same notice, queued once more.
    pub(super) fn again_as(&self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self.clone() }
    }

    fn record(&self) -> Json {
        json!({
            "messageId": self.id, "receiptHandle": self.id, "body": self.body,
            "eventSource": "aws:sqs", "awsRegion": "us-east-1",
            "messageAttributes": {},
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:sync.fifo", "md5OfBody": "",
            "attributes": {
                "MessageGroupId": self.group, "ApproximateReceiveCount": "1", "SentTimestamp": "0",
                "SenderId": "x",
                "ApproximateFirstReceiveTimestamp": "0"
            }
        })
    }
}

/// A batch as SQS hands it over.
pub(super) fn batch(messages: &[Message]) -> Json {
    json!({ "Records": messages.iter().map(Message::record).collect::<Vec<_>>() })
}

/// The messages that an answer says must come back, by id and in order.
pub(super) fn failed(answer: &Json) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut ids: Vec<&str> =
        failures.iter().filter_map(|failure| failure["itemIdentifier"].as_str()).collect();
    ids.sort_unstable();
    ids
}
