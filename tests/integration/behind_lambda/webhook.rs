//! The webhook: deliveries that the simulated Partner Center really signed, replayed to the real
//! binary.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use cosell_simulators::{Config, Simulators};
use cosell_tests::crm::CrmSystem;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Function, NOWHERE};

/// A delivery as it came over the wire.
struct Delivery {
    headers: HeaderMap,
    body: Bytes,
}

impl Delivery {
    /// The event that a function URL makes of it (payload format 2.0).
    fn as_function_url_event(&self) -> Json {
        let headers =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let headers: serde_json::Map<String, Json> =
            headers.map(|(name, value)| (name.to_owned(), json!(value))).collect();
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "",
            "headers": headers,
            "requestContext": {
                "accountId": "anonymous", "apiId": "sim",
                "domainName": "sim.lambda-url.us-east-1.on.aws", "domainPrefix": "sim",
                "http": {
                    "method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                    "userAgent": "sim"
                },
                "requestId": "1", "routeKey": "$default", "stage": "$default",
                "time": "21/Nov/2026:10:00:00 +0000", "timeEpoch": 0
            },
            "body": std::str::from_utf8(&self.body).unwrap(), "isBase64Encoded": false
        })
    }
}

/// A registered receiver that only keeps what it gets.
async fn deliveries(simulators: &Simulators) -> UnboundedReceiver<Delivery> {
    let (sender, receiver) = unbounded_channel();
    let keep = |State(sender): State<UnboundedSender<Delivery>>,
                headers: HeaderMap,
                body: Bytes| async move {
        let _ = sender.send(Delivery { headers, body });
    };
    let bound = cosell_simulators::serve::bind(0).await.unwrap();
    let url = bound.origin().unwrap();
    let server = bound.serve(axum::Router::new().route("/", post(keep)).with_state(sender));
    // It serves until the test ends.
    std::mem::forget(server);
    let http = cosell_http::client().unwrap();
    let token =
        http.post(simulators.entra.join("sim-partner-tenant/oauth2/token").unwrap()).form(&[
            ("grant_type", "refresh_token"),
            ("client_id", "sim-partner-client"),
            ("client_secret", "sim-partner-secret"),
            ("refresh_token", "sim-partner-refresh-token"),
            ("resource", "https://api.partnercenter.microsoft.com"),
        ]);
    let token: Json = token.send().await.unwrap().json().await.unwrap();
    let registration = simulators.registration.join("webhooks/v1/registration").unwrap();
    let body = json!({
        "WebhookUrl": url, "WebhookEvents": ["referral-created", "test-created"],
        "SignatureTokenToMsSignatureHeader": true
    });
    let registered = http
        .post(registration.clone())
        .bearer_auth(token["access_token"].as_str().unwrap())
        .json(&body)
        .send()
        .await
        .unwrap();
    assert!(registered.status().is_success(), "{registered:?}");
    let test = http
        .post(simulators.registration.join("webhooks/v1/registration/validationEvents").unwrap());
    let tested = test.bearer_auth(token["access_token"].as_str().unwrap()).send().await.unwrap();
    assert!(tested.status().is_success(), "{tested:?}");
    receiver
}

async fn webhook(simulators: &Simulators) -> Function {
    let root = simulators.partner_center_service.trust_root_pem().to_owned();
    let variables = [
        ("QUEUE_URL", format!("{NOWHERE}/000000000000/sync.fifo")),
        ("CERTIFICATE_ORIGINS", simulators.certificates.origin().ascii_serialization()),
        ("AIA_HOSTS", "127.0.0.1".into()),
        ("TRUST_ROOT_PEM", root),
    ];
    Function::start("webhook", &variables).await
}

#[tokio::test]
async fn the_answer_tells_a_forger_nothing_and_partner_center_what_to_do() {
    let simulators = Simulators::start(Config::default()).await.unwrap();
    let mut received = deliveries(&simulators).await;
    let test = received.recv().await.unwrap();
    let people =
        cosell_tests::people::People::new(simulators.control.clone(), CrmSystem::Dynamics).unwrap();
    people.microsoft_invites("Harbour sensors").await.unwrap();
    let created = received.recv().await.unwrap().as_function_url_event();
    let webhook = webhook(&simulators).await;

    let answer = webhook.invoke(test.as_function_url_event()).await;
    assert_eq!(
        answer["statusCode"],
        200,
        "a test event needs no queue: {answer}\n{}",
        webhook.log()
    );

    let answer = webhook.invoke(created.clone()).await;
    assert_eq!(answer["statusCode"], 503, "the queue is away: {answer}");

    let mut faults = Vec::new();
    let mut tampered = created.clone();
    tampered["body"] =
        json!(created["body"].as_str().unwrap().replace("referral-created", "referral-updated"));
    faults.push(tampered);
    for header in ["x-ms-signature", "x-ms-certificate-url", "x-ms-signature-algorithm"] {
        let mut without = created.clone();
        without["headers"]
            .as_object_mut()
            .unwrap()
            .remove(header)
            .unwrap_or_else(|| panic!("no {header} in {created}"));
        faults.push(without);
    }
    let mut foreign = created.clone();
    foreign["headers"]["x-ms-certificate-url"] =
        json!("https://evil.example/cert/pcnotifications-sim.cer");
    faults.push(foreign);
    let mut weak = created.clone();
    weak["headers"]["x-ms-signature-algorithm"] = json!("rsa-sha1");
    faults.push(weak);
    for fault in faults {
        let answer = webhook.invoke(fault).await;
        assert_eq!(
            (&answer["statusCode"], &answer["body"]),
            (&json!(401), &json!("Unauthorized")),
            "{answer}"
        );
    }

    let mut get = created;
    get["requestContext"]["http"]["method"] = json!("GET");
    assert_eq!(webhook.invoke(get).await["statusCode"], 405);
    simulators.stop().await;
}
