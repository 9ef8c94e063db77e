//! The consumer: batches to the real binary, DynamoDB inside this process.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use axum::http::HeaderMap;
use axum::routing::post;
use cosell_simulators::faults::{Action, Fault};
use cosell_simulators::{Config, Simulators};
use cosell_tests::people::People;
use serde_json::{Value as Json, json};

use super::{Function, NOWHERE};

/// The consumer and everything it talks to.
struct World {
    simulators: Simulators,
    people: People,
    consumer: Function,
    dynamodb: Client,
}

impl World {
    async fn start() -> Self {
        let simulators = Simulators::start(Config::default()).await.unwrap();
        let (endpoint, dynamodb) = tables().await;
        let variables = [
            ("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", secrets().await),
            ("QUEUE_URL", format!("{NOWHERE}/000000000000/sync.fifo")),
            ("LINKS_TABLE", "links".into()),
            ("AUDIT_TABLE", "audit".into()),
            ("PARTNER_CENTER_URL", simulators.partner_center.to_string()),
            ("PARTNER_CENTER_TENANT_ID", "sim-partner-tenant".into()),
            ("PARTNER_CENTER_SECRET_ARN", "partner-center".into()),
            ("ENTRA_URL", simulators.entra.to_string()),
            ("DATAVERSE_URL", simulators.dataverse.to_string()),
            ("DATAVERSE_TENANT_ID", "sim-tenant".into()),
            ("CRM_SECRET_ARN", "crm".into()),
            ("TEAM_PHONE", "+46700000002".into()),
            (
                "RUST_LOG",
                "info,consumer=trace,cosell_engine=trace,cosell_dynamics=trace,cosell_partner_center=trace,cosell_aws=trace".into(),
            ),
        ];
        let consumer = Function::start("consumer", &variables).await;
        let people = People::new(simulators.control.clone()).unwrap();
        Self {
            simulators,
            people,
            consumer,
            dynamodb,
        }
    }

    /// How many audit entries of this kind there are.
    async fn audited(&self, kind: &str) -> usize {
        // A scan is fine here: it is the test that looks, not a function.
        let all = self.dynamodb.scan().table_name("audit").send().await.unwrap();
        all.items()
            .iter()
            .filter(|item| item.get("kind") == Some(&AttributeValue::S(kind.into())))
            .count()
    }
}

/// Both tables, as the template makes them.
async fn tables() -> (String, Client) {
    let database = dynoxide::Database::memory().unwrap();
    for (table, keys) in [("links", &["pk"][..]), ("audit", &["pk", "sk"][..])] {
        let schema: Vec<Json> = keys
            .iter()
            .zip(["HASH", "RANGE"])
            .map(|(name, kind)| json!({ "AttributeName": name, "KeyType": kind }))
            .collect();
        let attributes: Vec<Json> = keys
            .iter()
            .map(|name| json!({ "AttributeName": name, "AttributeType": "S" }))
            .collect();
        let table =
            json!({ "TableName": table, "KeySchema": schema, "AttributeDefinitions": attributes, "BillingMode": "PAY_PER_REQUEST" });
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

/// The two secrets. The real Secrets Manager protocol is met end to end; here only its answer is needed.
async fn secrets() -> String {
    let answer = |headers: HeaderMap, body: axum::body::Bytes| async move {
        let wanted: Json = serde_json::from_slice(&body).unwrap_or_default();
        let secret = if wanted["SecretId"] == "crm" {
            json!({ "client_id": "sim-dataverse-client", "client_secret": "sim-dataverse-secret" })
        } else {
            json!({ "client_id": "sim-partner-client", "client_secret": "sim-partner-secret", "refresh_token": "sim-partner-refresh-token" })
        };
        let reads = headers
            .get("x-amz-target")
            .is_some_and(|target| target.as_bytes().ends_with(b"GetSecretValue"));
        let answer = if reads {
            json!({ "Name": wanted["SecretId"], "SecretString": secret.to_string() })
        } else {
            json!({})
        };
        ([("content-type", "application/x-amz-json-1.1")], answer.to_string())
    };
    let bound = cosell_simulators::serve::bind(0).await.unwrap();
    let origin = bound.origin().unwrap().origin().ascii_serialization();
    std::mem::forget(bound.serve(axum::Router::new().route("/", post(answer))));
    origin
}

fn look_at(referral: &str) -> String {
    json!({ "subject": { "referral": referral }, "cause": "webhook", "observed": "test" }).to_string()
}

/// A batch as SQS hands it over: id, group and body of each message.
fn batch(messages: &[(&str, &str, String)]) -> Json {
    let record = |(id, group, body): &(&str, &str, String)| {
        json!({
            "messageId": id, "receiptHandle": id, "body": body, "eventSource": "aws:sqs", "awsRegion": "us-east-1", "messageAttributes": {},
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:sync.fifo", "md5OfBody": "",
            "attributes": { "MessageGroupId": group, "ApproximateReceiveCount": "1", "SentTimestamp": "0", "SenderId": "x", "ApproximateFirstReceiveTimestamp": "0" }
        })
    };
    json!({ "Records": messages.iter().map(record).collect::<Vec<_>>() })
}

fn failed(answer: &Json) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().map(Vec::as_slice).unwrap_or_default();
    failures.iter().filter_map(|failure| failure["itemIdentifier"].as_str()).collect()
}

#[tokio::test]
async fn a_batch_costs_only_what_fails_and_nothing_is_done_twice() {
    let world = World::start().await;
    let good = world.people.microsoft_invites("Harbour sensors").await.unwrap();
    let bad = world.people.microsoft_invites("Warehouse robots").await.unwrap();
    let mut fault = Fault::new(
        "partner-center",
        Action::Status {
            status: 503,
            retry_after: None,
            code: None,
            body: None,
            content_type: None,
        },
    );
    fault.path_contains = Some(bad.clone());
    world.simulators.faults.add(fault);

    let messages = [
        ("m1", "good", look_at(&good)),
        ("m2", "bad", look_at(&bad)),
        ("m3", "bad", look_at(&bad)),
        ("m4", "poison", "{\"from\":\"somebody else\"}".to_owned()),
        ("m5", "good", look_at(&good)),
    ];
    let answer = world.consumer.invoke(batch(&messages)).await;
    assert_eq!(
        failed(&answer),
        ["m2", "m3"],
        "a group stops at its first failure: {answer}\n{}",
        world.consumer.log()
    );
    assert_eq!(world.people.opportunities().await.unwrap().len(), 1);
    assert_eq!(
        (
            world.audited("created").await,
            world.audited("failed").await,
            world.audited("poison").await
        ),
        (1, 1, 1)
    );

    let answer = world
        .consumer
        .invoke(batch(&[("m2", "bad", look_at(&bad)), ("m6", "good", look_at(&good))]))
        .await;
    assert_eq!(failed(&answer), Vec::<&str>::new(), "the retry succeeds: {answer}");
    assert_eq!(world.people.opportunities().await.unwrap().len(), 2);
    assert_eq!(world.audited("created").await, 2);

    no_customer_data(&world.consumer.log());
    world.simulators.stop().await;
}

/// What the simulators' deals hold of people and companies, and what the secrets hold.
fn no_customer_data(log: &str) {
    assert!(log.contains("Created in the CRM"), "the log tells what happened: {log}");
    for private in [
        "Ostsj",
        "Kajen",
        "nils.berg",
        "+4626",
        "Nils",
        "Harbour",
        "sim-partner-secret",
        "sim-dataverse-secret",
        "sim-partner-refresh",
        "Bearer",
        "eyJ",
    ] {
        assert!(!log.contains(private), "`{private}` is in the log:\n{log}");
    }
}
