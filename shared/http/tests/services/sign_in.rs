//! Token requests and their failures.

use std::fmt::Error;
use std::time::Duration;

use cosell_http::{Granted, TokenError};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::server::{Answer, Server, TOKEN_PATH, endpoint, status};

async fn asked(url: &Url) -> Result<Granted, TokenError<Error>> {
    endpoint(url)
        .client_credentials("app", &SecretString::from("hush"), &[("scope", "deals")])
        .await
}

#[tokio::test]
async fn each_grant_asks_in_its_own_form() {
    let (server, url) = Server::start().await;
    let (endpoint, secret) = (endpoint(&url), SecretString::from("hu&sh"));
    let scope = [("scope", "deals offline_access")];
    let refresh = SecretString::from("refresh-1");
    let granted: Result<_, TokenError<Error>> =
        endpoint.client_credentials("app", &secret, &scope).await;
    assert_eq!(granted.unwrap().access_token.expose_secret(), "secret-1");
    let granted: Result<_, TokenError<Error>> =
        endpoint.refresh_token("app", &secret, &refresh, &scope).await;
    assert_eq!(granted.unwrap().life, Some(Duration::from_secs(3599)));
    let granted: Result<_, TokenError<Error>> =
        endpoint.jwt_bearer(&SecretString::from("a.b.c")).await;
    assert_eq!(granted.unwrap().text("instance_url"), Some("https://a.example"));

    let forms: Vec<_> =
        server.received(TOKEN_PATH).into_iter().map(|request| request.body).collect();
    assert_eq!(
        forms,
        [
            "grant_type=client_credentials&client_id=app&client_secret=hu%26sh\
             &scope=deals+offline_access",
            "grant_type=refresh_token&client_id=app&client_secret=hu%26sh&refresh_token=refresh-1\
             &scope=deals+offline_access",
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c",
        ]
    );
}

#[tokio::test]
async fn a_refusal_has_its_code_and_remedy_and_nobodys_name() {
    let (server, url) = Server::start().await;
    let body = r#"{"error":"invalid_client","error_codes":[7000215],"trace_id":"t-1",
        "error_description":"AADSTS7000215: Invalid client secret for app Norrsken"}"#;
    server.token_answers(status(401, body));
    let error = asked(&url).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the directory refused the sign-in (AADSTS7000215): create a new secret"
    );
    assert!(
        matches!(&error, TokenError::Refused { trace_id: Some(id), .. } if id == "t-1"),
        "{error:?}"
    );
    assert!(!format!("{error:?}").contains("Norrsken"), "{error:?}");
}

#[tokio::test]
async fn trouble_of_the_endpoint_is_no_refusal() {
    let (server, url) = Server::start().await;
    let waiting = |status, seconds| Answer {
        headers: vec![("retry-after", seconds)],
        ..self::status(status, r#"{"error":"invalid_client"}"#)
    };
    let table = [
        (status(200, "<html>"), 200, None),
        (status(403, "<html>"), 403, None),
        (status(408, r#"{"error":"invalid_client"}"#), 408, None),
        (status(429, ""), 429, Some(10)),
        (waiting(429, "9"), 429, Some(9)),
        (status(503, ""), 503, None),
        (waiting(503, "7"), 503, Some(7)),
    ];
    for (answer, expected, seconds) in table {
        server.token_answers(answer);
        let error = asked(&url).await.unwrap_err();
        let TokenError::Unavailable { status, retry_after, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!((status, retry_after), (expected, seconds.map(Duration::from_secs)));
    }
}

#[tokio::test]
async fn an_endpoint_that_is_down_did_not_answer() {
    let nowhere = Url::parse("http://127.0.0.1:1").unwrap();
    let error = asked(&nowhere).await.unwrap_err();
    assert_eq!(error.to_string(), "the directory did not answer when it was asked for a token");
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
}
