use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cosell_simulators::partner_center::{Certificate, RelatedUri};
use reqwest::Method;
use rustls_pki_types::{CertificateDer, UnixTime};
use serde_json::{Value, json};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::world::{Received, Receiver, World, deal, id, is_under_way};

const ALL: [&str; 5] = [
    "referral-created",
    "referral-updated",
    "related-referral-created",
    "related-referral-updated",
    "test-created",
];

async fn register(world: &World, receiver: &Receiver) {
    let body = json!({
        "WebhookUrl": receiver.url, "WebhookEvents": ALL, "SignatureTokenToMsSignatureHeader": true
    });
    assert_eq!(world.registration(Method::POST, "", Some(body)).await.status, 200);
}

async fn download(world: &World, url: &str) -> Vec<u8> {
    world
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap()
        .bytes()
        .await
        .unwrap()
        .to_vec()
}

/// Whether the signature fits, and whether the chain leads to the trust root now.
async fn verify(world: &World, delivery: &Received) -> (bool, bool) {
    let header = |name: &str| delivery.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-ms-signature-algorithm"), "rsa-sha256");
    let leaf = download(world, &header("x-ms-certificate-url")).await;
    let (_, parsed) = X509Certificate::from_der(&leaf).unwrap();
    let signature = header("x-ms-signature")
        .strip_prefix("Signature ")
        .map(|text| STANDARD.decode(text).unwrap())
        .unwrap();
    let key = UnparsedPublicKey::new(
        &RSA_PKCS1_2048_8192_SHA256,
        parsed.public_key().subject_public_key.data.to_vec(),
    );
    let signed = key.verify(&delivery.body, &signature).is_ok();

    let intermediate = download(
        world,
        world.simulators.certificates.join("pki/intermediate.cer").unwrap().as_str(),
    )
    .await;
    let root = der_of(world.simulators.partner_center_service.trust_root_pem());
    let anchors = [anchor_from_trusted_cert(&CertificateDer::from(root)).unwrap().to_owned()];
    let (leaf, chain) = (CertificateDer::from(leaf), [CertificateDer::from(intermediate)]);
    let end = EndEntityCert::try_from(&leaf).unwrap();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_780_000_000)); // 2026
    let trusted = end.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &chain,
        now,
        KeyUsage::server_auth(),
        None,
        None,
    );
    (signed, trusted.is_ok())
}

fn der_of(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(base64).unwrap()
}

#[tokio::test]
async fn a_delivery_is_signed_and_its_certificate_leads_to_the_trust_root() {
    let world = World::start().await;
    let receiver = Receiver::start(200).await;
    register(&world, &receiver).await;
    let own = world.create(deal(false)).await.body;
    let delivery = receiver.take(&world).await.remove(0);
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    assert_eq!(
        (&body["EventName"], &body["ResourceName"]),
        (&json!("referral-created"), &json!("referral"))
    );
    let uri =
        format!("https://api.partnercenter.microsoft.com/engagements/v1/referrals/{}", id(&own));
    assert_eq!(body["ResourceUri"], uri);
    assert_eq!(verify(&world, &delivery).await, (true, true));
    let leaf = download(&world, delivery.headers["x-ms-certificate-url"].to_str().unwrap()).await;
    let (_, parsed) = X509Certificate::from_der(&leaf).unwrap();
    assert_eq!(
        parsed.issuer().iter_organization().next().unwrap().as_str().unwrap(),
        "Microsoft Corporation"
    );
    let issuer = world.simulators.certificates.join("pki/intermediate.cer").unwrap();
    assert!(
        leaf.windows(issuer.as_str().len()).any(|window| window == issuer.as_str().as_bytes()),
        "AIA names the intermediate"
    );

    for (change, signed, trusted) in [
        (json!({ "bad_signature": true }), false, true),
        (json!({ "certificate": "wrong_issuer" }), true, false),
        (json!({ "certificate": "expired" }), true, false),
    ] {
        world.control(Method::PUT, "partner-center/switches", change).await;
        world
            .patch(id(&own), json!([{ "op": "replace", "path": "/details/notes", "value": "n" }]))
            .await;
        let delivery = receiver.take(&world).await.remove(0);
        assert_eq!(verify(&world, &delivery).await, (signed, trusted));
    }
    world.switch(|switches| switches.certificate = Certificate::ForeignUrl);
    world
        .patch(id(&own), json!([{ "op": "replace", "path": "/details/notes", "value": "m" }]))
        .await;
    assert!(
        receiver.take(&world).await[0].headers["x-ms-certificate-url"]
            .to_str()
            .unwrap()
            .contains("certificates.example")
    );
}

#[tokio::test]
async fn the_microsoft_referral_raises_related_events() {
    let world = World::start().await;
    let receiver = Receiver::start(202).await;
    register(&world, &receiver).await;
    world.switch(|switches| switches.own_write_events = false);
    let (own, theirs) = world.co_sell().await;
    assert!(receiver.take(&world).await.is_empty(), "own writes are switched off");
    let accept = format!("partner-center/referrals/{}/microsoft-accepts", id(&theirs));
    world.control(Method::POST, &accept, json!({})).await;
    let delivery = receiver.take(&world).await.remove(0);
    assert_eq!(delivery.event(), "related-referral-updated");
    assert!(String::from_utf8_lossy(&delivery.body).contains(id(&theirs)));
    assert_eq!(world.control(Method::POST, &accept, json!({})).await.status, 409);

    world.switch(|switches| switches.related_uri = RelatedUri::Own);
    world
        .control(
            Method::POST,
            &format!("partner-center/referrals/{}/edit", id(&theirs)),
            json!({ "name": "x" }),
        )
        .await;
    assert!(String::from_utf8_lossy(&receiver.take(&world).await[0].body).contains(id(&own)));
}

#[tokio::test]
async fn an_event_is_dead_after_ten_tries() {
    let world = World::start().await;
    let receiver = Receiver::start(500).await;
    register(&world, &receiver).await;
    world.simulators.clock.freeze();
    world.create(deal(false)).await;
    while world.deliveries().await.iter().any(is_under_way) {
        // The longest gap.
        world.simulators.clock.advance(30);
    }
    assert_eq!(receiver.take(&world).await.len(), 10);
    let delivery = world.deliveries().await.remove(0);
    let tries = delivery["tries"].as_array().unwrap();
    assert_eq!((&delivery["state"], tries.len()), (&json!("dead"), 10));
}

#[tokio::test]
async fn events_can_be_doubled_lost_and_reordered() {
    let world = World::start().await;
    let receiver = Receiver::start(200).await;
    register(&world, &receiver).await;
    world.switch(|switches| switches.duplicates = true);
    let own = world.create(deal(false)).await.body;
    assert_eq!(receiver.take(&world).await.len(), 2);
    world.switch(|switches| (switches.duplicates, switches.lose_next) = (false, 1));
    let note = |text: &str| json!([{ "op": "replace", "path": "/details/notes", "value": text }]);
    world.patch(id(&own), note("lost")).await;
    assert!(receiver.take(&world).await.is_empty());
    world.switch(|switches| switches.reorder = true);
    world.patch(id(&own), note("first")).await;
    world.create(deal(false)).await;
    let events: Vec<String> = receiver.take(&world).await.iter().map(Received::event).collect();
    assert_eq!(events, ["referral-created", "referral-updated"]);
}

#[tokio::test]
async fn one_registration_a_tenant_and_two_test_events_a_minute() {
    let world = World::start().await;
    let receiver = Receiver::start(200).await;
    assert_eq!(world.registration(Method::GET, "", None).await.status, 404);
    register(&world, &receiver).await;
    let again = json!({ "webhookUrl": receiver.url, "webhookEvents": ALL });
    let exists = world.registration(Method::POST, "", Some(again.clone())).await;
    assert_eq!((exists.status, &exists.body["code"]), (409, &json!("409")));
    assert!(
        world.registration(Method::PUT, "", Some(again)).await.body["SubscriberId"].is_string()
    );
    let test = world.registration(Method::POST, "/validationEvents", None).await.body;
    let delivery = receiver.take(&world).await.remove(0);
    assert!(
        delivery.headers["authorization"].to_str().unwrap().starts_with("Signature "),
        "the PUT moved the signature back"
    );
    let path = format!("/validationEvents/{}", test["correlationId"].as_str().unwrap());
    let result = world.registration(Method::GET, &path, None).await.body;
    assert_eq!(
        (&result["status"], &result["results"][0]["responseCode"]),
        (&json!("completed"), &json!("OK"))
    );
    assert_eq!(world.registration(Method::POST, "/validationEvents", None).await.status, 200);
    let throttled = world.registration(Method::POST, "/validationEvents", None).await;
    assert_eq!((throttled.status, &throttled.body["statusCode"]), (429, &json!(429)));
}
