//! Calls without a response: sent or not, and what their errors show.

use std::error::Error;
use std::time::Duration;

use cosell_http::{CallError, Request, TransportError, client, read};
use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use url::Url;

use crate::server::{Answer, Server, service, status};

/// How a POST to `address` fails, with a token that is good.
async fn failing(server: &Url, address: Url) -> TransportError {
    let body = json!({"name": "Norrsken"});
    let request = |_: &String| {
        Request::new(Method::POST, address.clone(), "creating")
            .body(Some(&body))
            .timeout(Duration::from_millis(500))
    };
    match service(server).send(request).await.unwrap_err() {
        CallError::Transport(error) => error,
        CallError::Token(error) => panic!("{error}"),
    }
}

/// The address of a service that takes a request and closes the connection.
async fn closing() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/deals?name=Norrsken", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 1024]).await;
        }
    });
    Url::parse(&url).unwrap()
}

#[tokio::test]
async fn a_connection_that_is_refused_sent_nothing() {
    let (_server, url) = Server::start().await;
    let nowhere = Url::parse("http://127.0.0.1:1/deals?name=Norrsken").unwrap();
    let error = failing(&url, nowhere).await;
    assert!(matches!(error, TransportError::NotSent(_)), "{error:?}");
    assert!(!error.may_have_taken_effect());
}

#[tokio::test]
async fn a_lost_connection_and_a_time_that_is_over_may_have_taken_effect() {
    let (server, url) = Server::start().await;
    server.answers(Answer { delay: Duration::from_secs(10), ..status(201, "{}") });
    for address in [closing().await, url.join("/deals").unwrap()] {
        let error = failing(&url, address).await;
        assert!(matches!(error, TransportError::Lost(_)), "{error:?}");
        assert!(error.may_have_taken_effect());
    }
    assert_eq!(server.received("/deals").len(), 1, "nothing is repeated here");
}

#[tokio::test]
async fn a_response_without_an_end_is_not_read_to_it() {
    let (server, url) = Server::start().await;
    server.answers(status(200, &"x".repeat(8 * 1024 * 1024 + 1)));
    let error = failing(&url, url.join("/deals").unwrap()).await;
    assert!(matches!(error, TransportError::TooLarge { .. }), "{error:?}");
    assert!(error.may_have_taken_effect());
    assert_eq!(error.to_string(), "the answer has no end below 8192 KiB");
}

#[tokio::test]
async fn a_body_is_read_as_far_as_there_is_room() {
    let (server, url) = Server::start().await;
    for (room, fits) in [(4, true), (3, false)] {
        server.answers(status(200, "file"));
        let response = client().unwrap().get(url.clone()).send().await.unwrap();
        assert_eq!(read(response, room).await.is_ok(), fits);
    }
}

#[tokio::test]
async fn errors_requests_and_responses_show_no_tokens_bodies_or_filters() {
    let (_server, url) = Server::start().await;
    let mut shown = Vec::new();
    for address in [closing().await, Url::parse("http://127.0.0.1:1/?name=Norrsken").unwrap()] {
        let error = failing(&url, address).await;
        let mut next: Option<&dyn Error> = Some(&error);
        while let Some(error) = next {
            shown.push(format!("{error} {error:?}"));
            next = error.source();
        }
    }
    let body = json!({"name": "Norrsken"});
    let query = url.join("/?name=Norrsken").unwrap();
    let request = |_: &String| {
        let request = Request::new(Method::POST, query.clone(), "creating");
        request.header("x", "Norrsken").body(Some(&body))
    };
    shown.push(format!("{:?}", request(&String::new())));
    shown.push(format!("{:?}", service(&url).send(request).await.unwrap().0));
    let shown = shown.join(" ");
    assert!(!shown.contains("Norrsken") && !shown.contains("secret-"), "{shown}");
}
