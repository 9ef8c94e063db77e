//! The environment over real HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bulk;
mod changes;
mod closing;
mod columns;
mod leads;
mod metadata;
mod queries;
mod rows;
mod tokens;

use std::collections::HashMap;

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use url::Url;

use super::{Dataverse, Options};
use crate::clock::Clock;

/// A running environment, a token for it, and its control port.
struct Site {
    dataverse: Dataverse,
    clock: Clock,
    origin: String,
    control: String,
    token: String,
    client: reqwest::Client,
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
    body: Value,
}

impl Reply {
    fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Asserts status and error code together.
    #[track_caller]
    fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{}", self.text);
    }

    #[track_caller]
    fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    fn rows(&self) -> &Vec<Value> {
        self.body["value"].as_array().expect("a collection")
    }
}

async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

fn token_form(origin: &str) -> HashMap<String, String> {
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "sim-dataverse-client"),
        ("client_secret", "sim-dataverse-secret"),
    ];
    let mut form: HashMap<_, _> =
        fields.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    form.insert("scope".into(), format!("{origin}/.default"));
    form
}

impl Site {
    async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "a plain test client; the simulators do not depend on the product's"
    )]
    async fn start_with(options: Options) -> Self {
        let clock = Clock::default();
        let dataverse = Dataverse::new(clock.clone(), options);
        let origin = serve(dataverse.router()).await;
        let control = serve(dataverse.control_router()).await;
        dataverse.set_origin(Url::parse(&origin).unwrap());
        let mut site = Self {
            dataverse,
            clock,
            origin,
            control,
            token: String::new(),
            client: reqwest::Client::new(),
        };
        site.sign_in();
        site
    }

    fn sign_in(&mut self) {
        let (_, body) = self.dataverse.token("sim-tenant", &token_form(&self.origin));
        self.token = body["access_token"].as_str().unwrap().into();
    }

    /// A Web API call; `path` is relative to `/api/data/v9.2/` or an absolute link.
    async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Reply {
        let url = if path.starts_with("http") {
            path.into()
        } else {
            format!("{}/api/data/v9.2/{path}", self.origin)
        };
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        reply(request).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, &[], None).await
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path, &[], Some(body)).await
    }

    async fn patch(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Reply {
        self.call(Method::PATCH, path, headers, Some(body)).await
    }

    /// Creates a row and gives its id.
    async fn create(&self, set: &str, body: Value) -> String {
        let reply = self.post(set, body).await;
        let url = reply.is(204).header("odata-entityid");
        url.split(['(', ')']).nth(1).unwrap().into()
    }

    async fn etag(&self, path: &str) -> String {
        self.get(path).await.is(200).header("etag").into()
    }

    async fn control(&self, method: Method, path: &str, body: Value) -> Reply {
        reply(self.client.request(method, format!("{}{path}", self.control)).json(&body)).await
    }
}

async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(json!(null));
    Reply { status, headers, text, body }
}
