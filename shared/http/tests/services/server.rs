//! A service and its token endpoint, which give planned answers and note what they got.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use cosell_http::{
    Clock, Endpoint, Grant, Issued, OAuthError, Refusal, Service, TokenCache, TokenError, client,
};
use secrecy::SecretString;
use tokio::net::TcpListener;
use url::Url;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// An answer to come. Without one, the token endpoint gives numbered tokens and everything else is
/// 200 `{}`.
#[derive(Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: String,
    pub(crate) delay: Duration,
}

#[derive(Clone, Default)]
pub(crate) struct Server {
    received: Arc<Mutex<Vec<Received>>>,
    token_answers: Arc<Mutex<VecDeque<Answer>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

pub(crate) const TOKEN_PATH: &str = "/token";

impl Server {
    pub(crate) async fn start() -> (Self, Url) {
        let server = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (server, url)
    }

    pub(crate) fn answers(&self, answer: Answer) {
        self.answers.lock().unwrap().push_back(answer);
    }

    pub(crate) fn token_answers(&self, answer: Answer) {
        self.token_answers.lock().unwrap().push_back(answer);
    }

    pub(crate) fn received(&self, path: &str) -> Vec<Received> {
        let received = self.received.lock().unwrap();
        received.iter().filter(|request| request.path == path).cloned().collect()
    }
}

pub(crate) fn status(status: u16, body: &str) -> Answer {
    Answer { status, body: body.to_owned(), ..Answer::default() }
}

async fn answer(
    State(server): State<Server>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path().to_owned();
    let body = String::from_utf8_lossy(&body).into_owned();
    let is_token = path == TOKEN_PATH;
    server.received.lock().unwrap().push(Received { method, path, headers, body });
    let queue = if is_token { &server.token_answers } else { &server.answers };
    let planned = queue.lock().unwrap().pop_front();
    let Answer { status, headers, body, delay } = planned.unwrap_or_else(|| {
        let number = server.received(TOKEN_PATH).len();
        let granted = format!(
            r#"{{"access_token":"secret-{number}","expires_in":3599,"instance_url":"https://a.example"}}"#
        );
        self::status(200, if is_token { &granted } else { "{}" })
    });
    tokio::time::sleep(delay).await;
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// The sign-in of an application with a secret.
pub(crate) struct Application(pub(crate) Endpoint);

impl Grant for Application {
    type With = String;
    type Error = std::fmt::Error;

    async fn ask(&self, audience: &str) -> Result<Issued<String>, TokenError<std::fmt::Error>> {
        let secret = SecretString::from("hush");
        let granted = self.0.client_credentials("app", &secret, &[("scope", audience)]).await?;
        let with = granted.text("instance_url").unwrap_or_default().to_owned();
        Ok(Issued { secret: granted.access_token, with, life: granted.life })
    }

    fn may_renew(refused: &cosell_http::Response) -> bool {
        refused.json().is_none_or(|body| body["reason"] != "the application is blocked")
    }
}

pub(crate) fn endpoint(url: &Url) -> Endpoint {
    let classify = |error: &OAuthError| {
        let code = error.entra_code().or_else(|| error.name().map(str::to_owned))?;
        Some(Refusal { code, remedy: "create a new secret" })
    };
    Endpoint {
        http: client().unwrap(),
        url: url.join(TOKEN_PATH).unwrap(),
        service: "the directory",
        classify,
    }
}

pub(crate) fn service(url: &Url) -> Service<Application> {
    let now = "2026-03-04T09:00:00Z".parse().unwrap();
    let clock: Clock = Arc::new(move || now);
    let tokens = TokenCache::new(Application(endpoint(url)), clock);
    Service::new(client().unwrap(), Arc::new(tokens), "deals", &["request-id", "x-id"])
}
