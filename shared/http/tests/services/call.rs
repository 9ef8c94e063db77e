//! Calls that are answered.

use std::time::Duration;

use cosell_http::{CallError, Request, TokenError};
use reqwest::Method;
use serde_json::json;

use crate::server::{Answer, Server, TOKEN_PATH, service, status};

#[tokio::test]
async fn a_call_carries_its_token_headers_and_body() {
    let (server, url) = Server::start().await;
    let deal = url.join("/deals?name=Norrsken").unwrap();
    let body = json!({"name": "Norrsken"});
    let request = |instance: &String| {
        assert_eq!(instance, "https://a.example", "what came with the token is there to be used");
        Request::new(Method::PATCH, deal.clone(), "saving a deal")
            .header("if-match", "W/\"7\"")
            .body(Some(&body))
    };
    let (response, instance) = service(&url).send(request).await.unwrap();
    assert_eq!((response.status.as_u16(), instance.as_str()), (200, "https://a.example"));
    let received = server.received("/deals").remove(0);
    assert_eq!((received.method, received.body), (Method::PATCH, body.to_string()));
    for (name, value) in [
        ("authorization", "Bearer secret-1"),
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("if-match", "W/\"7\""),
    ] {
        assert_eq!(received.headers[name], value);
    }
}

#[tokio::test]
async fn a_response_tells_its_id_its_clock_and_how_long_to_wait() {
    let (server, url) = Server::start().await;
    let service = service(&url);
    let throttled = |headers| Answer { headers, ..status(429, "<html>") };
    server.answers(throttled(vec![
        ("x-id", "another"),
        ("request-id", "e186fec1"),
        ("date", "Wed, 04 Mar 2026 09:10:33 GMT"),
        ("retry-after", "Wed, 04 Mar 2026 09:12:33 GMT"),
    ]));
    server.answers(throttled(vec![("x-id", "another"), ("retry-after", "41")]));
    let read = || service.send(|_| Request::new(Method::GET, url.clone(), "reading"));

    let (response, _) = read().await.unwrap();
    assert_eq!(response.request_id.as_deref(), Some("e186fec1"));
    assert_eq!(response.retry_after, Some(Duration::from_mins(2)));
    assert_eq!(response.asked_at().unwrap().to_string(), "2026-03-04T09:10:33Z");
    assert_eq!(response.json(), None, "a page is no JSON");

    let (response, _) = read().await.unwrap();
    assert_eq!(response.request_id.as_deref(), Some("another"));
    assert_eq!(response.retry_after, Some(Duration::from_secs(41)));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let (server, url) = Server::start().await;
    let service = service(&url);
    let deals = url.join("/deals").unwrap();
    let create = || service.send(|_| Request::new(Method::POST, deals.clone(), "creating"));
    server.answers(status(401, ""));
    assert_eq!(create().await.unwrap().0.status.as_u16(), 200);
    let tokens: Vec<_> = server.received("/deals");
    let tokens: Vec<_> = tokens.iter().map(|call| call.headers["authorization"].clone()).collect();
    assert_eq!(tokens, ["Bearer secret-1", "Bearer secret-2"]);

    server.answers(status(401, ""));
    server.answers(status(401, ""));
    assert_eq!(create().await.unwrap().0.status.as_u16(), 401, "once, not for ever");
    assert_eq!((server.received("/deals").len(), server.received(TOKEN_PATH).len()), (4, 3));
}

#[tokio::test]
async fn a_refusal_of_the_application_itself_costs_no_second_sign_in() {
    let (server, url) = Server::start().await;
    server.answers(status(401, r#"{"reason":"the application is blocked"}"#));
    let deals = url.join("/deals").unwrap();
    let request = |_: &String| Request::new(Method::GET, deals.clone(), "reading");
    assert_eq!(service(&url).send(request).await.unwrap().0.status.as_u16(), 401);
    assert_eq!((server.received("/deals").len(), server.received(TOKEN_PATH).len()), (1, 1));
}

#[tokio::test]
async fn calls_side_by_side_cost_one_sign_in() {
    let (server, url) = Server::start().await;
    let service = service(&url);
    let read = || service.send(|_| Request::new(Method::GET, url.clone(), "reading"));
    let (a, b, c) = tokio::join!(read(), read(), read());
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(server.received(TOKEN_PATH).len(), 1);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let (server, url) = Server::start().await;
    server.token_answers(status(400, r#"{"error":"invalid_client"}"#));
    let deals = url.join("/deals").unwrap();
    let request = |_: &String| Request::new(Method::POST, deals.clone(), "creating");
    let error = service(&url).send(request).await.unwrap_err();
    assert!(matches!(error, CallError::Token(TokenError::Refused { .. })), "{error}");
    assert!(server.received("/deals").is_empty());
}
