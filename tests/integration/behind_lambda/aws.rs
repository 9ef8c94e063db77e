//! What the functions use of AWS: DynamoDB in this process, and of SQS and Secrets Manager the
//! answers that are needed.
//!
//! The real protocols are met end to end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::{Value as Json, json};

/// Both tables, as the template makes them.
const TABLES: &str = include_str!("../../../infra/tables.json");

/// A DynamoDB with both tables: its address and a client.
pub(super) async fn tables() -> (String, Client) {
    let database = dynoxide::Database::memory().unwrap();
    let tables: Vec<Json> = serde_json::from_str(TABLES).unwrap();
    for table in tables {
        database.create_table(serde_json::from_value(table).unwrap()).unwrap();
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(&endpoint);
    (endpoint, Client::from_conf(config.build()))
}

/// An item as JSON, so that two can be compared.
pub(super) fn plain(item: &HashMap<String, AttributeValue>) -> Json {
    item.iter().map(|(name, attribute)| (name.clone(), plain_value(attribute))).collect()
}

fn plain_value(attribute: &AttributeValue) -> Json {
    match attribute {
        AttributeValue::M(item) => plain(item),
        AttributeValue::L(items) => items.iter().map(plain_value).collect(),
        other => json!(format!("{other:?}")),
    }
}

/// The secrets, by the CRM's name or Partner Center's.
pub(super) async fn secrets() -> String {
    let answer = |headers: HeaderMap, body: axum::body::Bytes| async move {
        let wanted: Json = serde_json::from_slice(&body).unwrap_or_default();
        let secret = match wanted["SecretId"].as_str() {
            Some("dynamics") => {
                json!({
                    "client_id": "sim-dataverse-client", "client_secret": "sim-dataverse-secret"
                })
            }
            Some("salesforce") => {
                json!({
                    "client_id": "sim-salesforce-client", "client_secret": "sim-salesforce-secret"
                })
            }
            _ => {
                json!({
                    "client_id": "sim-partner-client", "client_secret": "sim-partner-secret",
                    "refresh_token": "sim-partner-refresh-token"
                })
            }
        };
        let answer = if is(&headers, "GetSecretValue") {
            json!({ "Name": wanted["SecretId"], "SecretString": secret.to_string() })
        } else {
            json!({})
        };
        ([("content-type", "application/x-amz-json-1.1")], answer.to_string())
    };
    serve(Router::new().route("/", post(answer))).await
}

/// The queue as the consumer uses it: how long each message shall stay invisible.
#[derive(Clone, Default)]
pub(super) struct Visibilities {
    asked: Arc<Mutex<Vec<(String, u64)>>>,
}

impl Visibilities {
    /// Where it listens.
    pub(super) async fn serve(&self) -> String {
        let answer = |State(this): State<Self>, headers: HeaderMap, body: axum::body::Bytes| async move {
            if is(&headers, "ChangeMessageVisibility") {
                let asked: Json = serde_json::from_slice(&body).unwrap();
                let receipt = asked["ReceiptHandle"].as_str().unwrap().to_owned();
                let seconds = asked["VisibilityTimeout"].as_u64().unwrap();
                this.asked.lock().unwrap().push((receipt, seconds));
            }
            ([("content-type", "application/x-amz-json-1.0")], "{}")
        };
        serve(Router::new().route("/", post(answer)).with_state(self.clone())).await
    }

    /// What was last asked for this message, in seconds from then.
    pub(super) fn of(&self, message: &str) -> Option<u64> {
        let asked = self.asked.lock().unwrap();
        asked.iter().rev().find(|(receipt, _)| receipt == message).map(|(_, seconds)| *seconds)
    }
}

fn is(headers: &HeaderMap, operation: &str) -> bool {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    target.is_some_and(|target| target.rsplit('.').next() == Some(operation))
}

async fn serve(router: Router) -> String {
    let bound = cosell_simulators::serve::bind(0).await.unwrap();
    let origin = bound.origin().unwrap().origin().ascii_serialization();
    // It serves until the test ends.
    std::mem::forget(bound.serve(router));
    origin
}
