//! A running simulator with a signed-in client.

use cosell_simulators::salesforce::Options;
use cosell_simulators::{Config, Simulators};
use reqwest::Method;
use serde_json::{Value, json};

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

impl Answer {
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Asserts status and error code together; gives the text.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> &str {
        let problem = &self.body[0];
        assert_eq!(
            (self.status, problem["errorCode"].as_str()),
            (status, Some(code)),
            "{}",
            self.body
        );
        problem["message"].as_str().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn id(&self) -> &str {
        self.body["id"].as_str().unwrap()
    }

    /// One field of all records found.
    pub(crate) fn column(&self, field: &str) -> Vec<&Value> {
        let records = self.body["records"].as_array().unwrap();
        records.iter().map(|record| &record[field]).collect()
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(salesforce: Options) -> Self {
        let config = Config { salesforce, ..Config::default() };
        let simulators = Simulators::start(config).await.unwrap();
        #[allow(clippy::disallowed_methods)]
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut world = Self { simulators, http, token: String::new() };
        world.sign_in().await;
        world
    }

    pub(crate) async fn sign_in(&mut self) {
        let answer = self.token_answer(&[]).await;
        answer.is(200).body["access_token"].as_str().unwrap().clone_into(&mut self.token);
    }

    pub(crate) async fn token_answer(&self, change: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", "sim-salesforce-client"),
            ("client_secret", "sim-salesforce-secret"),
        ];
        form.retain(|(name, _)| change.iter().all(|(changed, _)| changed != name));
        form.extend(change);
        let url = self.simulators.salesforce.join("services/oauth2/token").unwrap();
        read(self.http.post(url).form(&form).send().await.unwrap()).await
    }

    /// A call; `path` is below `/services/data/v67.0/`, or begins with a slash.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/services/data/v67.0/{path}")
        };
        let url = format!("{}{path}", self.simulators.salesforce.as_str().trim_end_matches('/'));
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

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, &[], Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PATCH, path, &[], Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, &[], None).await
    }

    pub(crate) async fn query(&self, soql: &str) -> Answer {
        self.query_with(soql, "query", &[]).await
    }

    pub(crate) async fn query_with(
        &self,
        soql: &str,
        resource: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let query: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
        self.call(Method::GET, &format!("{resource}?q={query}"), headers, None).await
    }

    /// Creates a record and gives its id.
    pub(crate) async fn create(&self, object: &str, body: Value) -> String {
        self.post(&format!("sobjects/{object}"), body).await.is(201).id().to_owned()
    }

    /// Creates an opportunity with more fields than the required ones.
    pub(crate) async fn deal(&self, more: Value) -> String {
        self.create("Opportunity", deal(more)).await
    }

    pub(crate) async fn row(&self, object: &str, id: &str) -> Value {
        self.get(&format!("sobjects/{object}/{id}")).await.is(200).body.clone()
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        let url = self.simulators.control.join("control/salesforce/").unwrap().join(path).unwrap();
        read(self.http.request(method, url).json(&body).send().await.unwrap()).await
    }

    pub(crate) async fn switch(&self, switches: Value) {
        self.control(Method::PUT, "switches", switches).await.is(200);
    }
}

pub(crate) fn deal(more: Value) -> Value {
    let mut body =
        json!({"Name": "Litware pilot", "StageName": "Prospecting", "CloseDate": "2026-12-31"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

pub(crate) async fn read(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}
