use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{World, read};

#[tokio::test]
async fn a_token_comes_by_form_or_basic_without_an_expiry() {
    let world = World::start().await;
    let body = world.token_answer(&[]).await.is(200).body.clone();
    assert!(body["access_token"].as_str().unwrap().starts_with("00DKd0000004xYz!"));
    assert!(body["issued_at"].as_str().unwrap().parse::<i64>().is_ok());
    let origin = world.simulators.salesforce.as_str().trim_end_matches('/');
    assert_eq!(body["instance_url"], origin);
    let ids: Vec<&str> = body["id"].as_str().unwrap().rsplit('/').take(2).collect();
    assert!(ids[0].starts_with("005") && ids[1].starts_with("00D"), "{ids:?}");
    let identity = world.get(body["id"].as_str().unwrap().strip_prefix(origin).unwrap()).await;
    assert_eq!(identity.is(200).body["user_id"], ids[0]);
    assert!(body.get("expires_in").is_none() && body.get("refresh_token").is_none());
    let url = world.simulators.salesforce.join("services/oauth2/token").unwrap();
    let basic =
        world.http.post(url).basic_auth("sim-salesforce-client", Some("sim-salesforce-secret"));
    let basic = basic.form(&[("grant_type", "client_credentials")]);
    read(basic.send().await.unwrap()).await.is(200);
}

#[tokio::test]
async fn refused_token_requests_say_why_in_oauths_form() {
    let world = World::start().await;
    for (change, error, text) in [
        (("client_id", "other"), "invalid_client_id", "client identifier invalid"),
        (("client_secret", "other"), "invalid_client", "invalid client credentials"),
        (("grant_type", "password"), "unsupported_grant_type", "grant type not supported"),
    ] {
        let answer = world.token_answer(&[change]).await;
        assert_eq!(answer.is(400).body, json!({"error": error, "error_description": text}));
    }
    world.switch(json!({"run_as_user": false})).await;
    let answer = world.token_answer(&[]).await;
    assert_eq!(answer.is(400).body["error_description"], "no client credentials user enabled");
}

#[tokio::test]
async fn a_session_ends_by_idleness_or_revocation_and_not_while_it_is_used() {
    let mut world = World::start().await;
    for _ in 0..3 {
        world.simulators.clock.advance(100 * 60);
        world.get("sobjects").await.is(200);
    }
    world.simulators.clock.advance(120 * 60);
    let text = world.get("sobjects").await.refused(401, "INVALID_SESSION_ID").to_owned();
    assert_eq!(text, "Session expired or invalid");
    world.sign_in().await;
    world.get("sobjects").await.is(200);
    world.control(Method::POST, "sessions/revoke", json!({})).await.is(204);
    world.get("sobjects").await.refused(401, "INVALID_SESSION_ID");
    world.sign_in().await;
    world
        .switch(json!({"session_refusal": "This session is not valid for use with the REST API"}))
        .await;
    assert!(
        world.get("sobjects").await.refused(401, "INVALID_SESSION_ID").starts_with("This session")
    );
}

#[tokio::test]
async fn the_versions_are_open_to_all_and_retired_ones_are_gone() {
    let mut world = World::start().await;
    world.get("/services/data/v30.0/sobjects").await.is(410);
    world.get("/services/data/v68.0/sobjects").await.refused(404, "NOT_FOUND");
    world.get("//services/data//v59.0/sobjects/").await.is(200);
    world.token.clear();
    let versions = world.get("/services/data/").await.is(200).body.clone();
    let last = versions.as_array().unwrap().last().unwrap();
    assert_eq!(
        *last,
        json!({"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"})
    );
    world.get("sobjects").await.refused(401, "INVALID_SESSION_ID");
}

fn assertion(key: &RsaKeyPair, change: &[(&str, Value)]) -> String {
    let mut claims = json!({
        "iss": "sim-salesforce-client", "sub": "cosell-sync@northwind.example",
        "aud": "https://login.salesforce.com", "exp": "4102444800",
    });
    for (name, value) in change {
        claims[*name] = value.clone();
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "RS256"})), part(&claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test]
async fn a_jwt_assertion_is_checked_against_the_certificate_and_its_claims() {
    let world = World::start().await;
    let make = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let (own, other) = (make(), make());
    let pem = CertificateParams::default().self_signed(&own).unwrap().pem();
    let url = world.simulators.control.join("control/salesforce/certificate").unwrap();
    read(world.http.put(url).body(pem).send().await.unwrap()).await.is(204);
    let [own, other] =
        [own, other].map(|key| RsaKeyPair::from_pkcs8(&key.serialize_der()).unwrap());
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let past = json!(1_600_000_000);
    for (key, change, error) in [
        (&own, [("x", json!(1))], None),
        (&own, [("exp", json!(1_787_300_000_000_i64))], None),
        (&other, [("x", json!(1))], Some("invalid_grant")),
        (&own, [("iss", json!("stranger"))], Some("invalid_client_id")),
        (&own, [("aud", json!("https://example.com"))], Some("invalid_grant")),
        (&own, [("exp", past)], Some("invalid_grant")),
        (&own, [("sub", json!("nobody@northwind.example"))], Some("invalid_grant")),
    ] {
        let assertion = assertion(key, &change);
        let answer = world.token_answer(&[grant, ("assertion", &assertion)]).await;
        assert_eq!(answer.body["error"].as_str(), error, "{change:?}: {}", answer.body);
    }
    world.switch(json!({"approved": false})).await;
    let answer = world.token_answer(&[grant, ("assertion", &assertion(&own, &[]))]).await;
    assert_eq!(answer.is(400).body["error_description"], "user hasn't approved this consumer");
}

#[tokio::test]
async fn the_identity_address_is_in_the_token_answer_and_in_the_version_root() {
    let world = World::start().await;
    let address = world.token_answer(&[]).await.body["id"].as_str().unwrap().to_owned();
    assert_eq!(world.get("").await.is(200).body["identity"], address.as_str());
    let path = url::Url::parse(&address).unwrap().path().to_owned();
    let identity = world.get(&path).await.is(200).body.clone();
    assert_eq!(
        (&identity["id"], &identity["username"]),
        (&address.as_str().into(), &"cosell-sync@northwind.example".into())
    );
    assert!(address.ends_with(identity["user_id"].as_str().unwrap()));
    world.simulators.salesforce_service.reset();
    assert_eq!(world.get(&path).await.status, 401);
}
