//! A running simulator with a signed-in client, and a webhook receiver.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use cosell_simulators::partner_center::Switches;
use cosell_simulators::serve::{Server, bind};
use cosell_simulators::{Config, Simulators};
use reqwest::Method;
use serde_json::{Value, json};

/// How long a delivery to this machine may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) simulators: Simulators,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl World {
    pub(crate) async fn start() -> Self {
        let simulators = Simulators::start(Config::default()).await.unwrap();
        #[allow(clippy::disallowed_methods)]
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut world = Self { simulators, http, token: String::new() };
        world.token = world.access_token("https://api.partner.microsoft.com").await;
        world
    }

    pub(crate) fn switch(&self, change: impl FnOnce(&mut Switches)) {
        let mut switches = self.simulators.partner_center_service.switches();
        change(&mut switches);
        self.simulators.partner_center_service.set_switches(switches);
    }

    pub(crate) async fn token_answer(&self, path: &str, change: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("client_id", "sim-partner-client"),
            ("client_secret", "sim-partner-secret"),
            ("grant_type", "refresh_token"),
            ("refresh_token", "sim-partner-refresh-token"),
        ];
        form.retain(|(name, _)| change.iter().all(|(changed, _)| changed != name));
        form.extend(change);
        let url = self.simulators.entra.join(path).unwrap();
        read(self.http.post(url).form(&form).send().await.unwrap()).await
    }

    pub(crate) async fn access_token(&self, audience: &str) -> String {
        let answer =
            self.token_answer("sim-partner-tenant/oauth2/token", &[("resource", audience)]).await;
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    /// A call on the referrals host below `/v1.0/engagements/referrals`.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let url = format!("{}v1.0/engagements/referrals{path}", self.simulators.partner_center);
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], None).await
    }

    pub(crate) async fn list(&self, options: &[(&str, &str)]) -> Answer {
        let url = format!("{}v1.0/engagements/referrals", self.simulators.partner_center);
        read(self.http.get(url).query(options).bearer_auth(&self.token).send().await.unwrap()).await
    }

    pub(crate) async fn create(&self, body: Value) -> Answer {
        self.call(Method::POST, "", &[], Some(body)).await
    }

    pub(crate) async fn patch(&self, id: &str, operations: Value) -> Answer {
        self.call(
            Method::PATCH,
            &format!("/{id}"),
            &[("prefer", "return=representation")],
            Some(operations),
        )
        .await
    }

    /// A co-sell: the own referral and the connected one.
    pub(crate) async fn co_sell(&self) -> (Value, Value) {
        let own = self.create(deal(true)).await.body;
        let mut connected = deal(true);
        connected["engagementId"] = own["engagementId"].clone();
        connected["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
        connected["inviteContext"] =
            json!({ "assistanceRequestCode": "ProofOfConceptOrDemo", "notes": "Demo wanted." });
        let theirs = self.create(connected).await;
        assert_eq!(theirs.status, 201, "{}", theirs.body);
        (own, theirs.body)
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        let url = self.simulators.control.join("control/").unwrap().join(path).unwrap();
        read(self.http.request(method, url).json(&body).send().await.unwrap()).await
    }

    /// All deliveries, oldest first.
    pub(crate) async fn deliveries(&self) -> Vec<Value> {
        let list = self.control(Method::GET, "partner-center/deliveries", Value::Null).await.body;
        list["deliveries"].as_array().unwrap().clone()
    }

    pub(crate) async fn registration(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let token = self.access_token("https://api.partnercenter.microsoft.com").await;
        let url = format!("{}webhooks/v1/registration{path}", self.simulators.registration);
        let mut request = self.http.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        read(request.send().await.unwrap()).await
    }
}

pub(crate) async fn read(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

pub(crate) fn id(referral: &Value) -> &str {
    referral["id"].as_str().unwrap()
}

/// A creation body that satisfies the strict rules.
pub(crate) fn deal(shared: bool) -> Value {
    json!({
        "name": "Cold-store rollout", "externalReferenceId": "OPP-004211",
        "qualification": "SalesQualified",
        "type": if shared { "Shared" } else { "Independent" },
        "customerProfile": {
            "name": "Norrsken Kylteknik AB",
            "address": {
                "addressLine1": "Hamngatan 4", "city": "Umeå", "postalCode": "90326",
                "country": "SE"
            },
            "team": [
                {
                    "firstName": "Ida", "lastName": "Ek", "phoneNumber": "+46900000001",
                    "email": "ida.ek@norrsken.example"
                }
            ],
        },
        "consent": {
            "ConsentToToShareInfoWithOthers": true, "consentToContact": true,
            "consentToShareReferralWithMicrosoftSellers": shared
        },
        "details": {
            "dealValue": "184000.50", "currency": "SEK", "closingDateTime": "2026-09-30T00:00:00Z",
            "requirements": { "solutions": [{ "type": "Name", "id": "SOL-71402-QKD" }] },
        },
        "team": [
            {
                "firstName": "Omar", "lastName": "Lind", "phoneNumber": "+46700000002",
                "email": "omar.lind@halcyon.example"
            }
        ],
        "target": [],
    })
}

pub(crate) fn is_under_way(delivery: &Value) -> bool {
    ["pending", "held"].iter().any(|state| delivery["state"] == *state)
}

/// One delivery as received.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn event(&self) -> String {
        serde_json::from_slice::<Value>(&self.body).unwrap()["EventName"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

/// A webhook receiver that answers always with the same status.
pub(crate) struct Receiver {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    _server: Server,
}

impl Receiver {
    pub(crate) async fn start(status: u16) -> Self {
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let bound = bind(0).await.unwrap();
        let url = bound.origin().unwrap().join("hook").unwrap().to_string();
        let handler = async move |State(list): State<Arc<Mutex<Vec<Received>>>>,
                                  headers: HeaderMap,
                                  body: Bytes| {
            list.lock().unwrap().push(Received { headers, body });
            StatusCode::from_u16(status).unwrap()
        };
        let router = axum::Router::new()
            .route("/hook", axum::routing::post(handler))
            .with_state(received.clone());
        Self { url, received, _server: bound.serve(router) }
    }

    /// What came, once nothing is under way any more.
    pub(crate) async fn take(&self, world: &World) -> Vec<Received> {
        let started = Instant::now();
        while world.deliveries().await.iter().any(is_under_way) {
            assert!(started.elapsed() < PATIENCE, "{:#?}", world.deliveries().await);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        std::mem::take(&mut *self.received.lock().unwrap())
    }
}
