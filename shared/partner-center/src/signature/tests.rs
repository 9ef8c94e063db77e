//! Deliveries signed with test certificates, which are fetched over real HTTP.

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;

use super::authority::{Authority, Host, Leaf, MICROSOFT, leaf_params};
use super::{RawDelivery, SignatureFault, SignatureSettings, Verifier};

const BODY: &[u8] = br#"{"EventName":"referral-updated"}"#;
const PATH: &str = "/cert/pcnotifications-test.cer";

struct Scene {
    host: Host,
    root: Authority,
    verifier: Verifier,
}

impl Scene {
    async fn new() -> Self {
        let host = Host::start().await;
        let root = Authority::root("Root", MICROSOFT);
        let settings =
            SignatureSettings::parse(host.origin(), "127.0.0.1", &root.certificate.pem()).unwrap();
        let verifier = Verifier::new(settings, cosell_http::client().unwrap());
        Self { host, root, verifier }
    }

    /// A leaf of the root, served at the usual place.
    fn good_leaf(&self) -> (Leaf, String) {
        let leaf = self.root.leaf(&leaf_params(MICROSOFT, None));
        let url = self.host.put(PATH, leaf.certificate.der().to_vec());
        (leaf, url)
    }

    /// Serves `leaf`, has it sign, and verifies.
    async fn outcome(&self, leaf: &Leaf) -> Result<(), SignatureFault> {
        let url = self.host.put(PATH, leaf.certificate.der().to_vec());
        self.deliver(&headers(&url, &leaf.sign(BODY)), BODY, now()).await
    }

    async fn deliver(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), SignatureFault> {
        self.verifier
            .verify(RawDelivery { headers, body }, now)
            .await
            .map(|verified| assert_eq!(verified.body(), body))
    }
}

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

fn headers(url: &str, signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", format!("Signature {signature}").parse().unwrap());
    headers.insert("x-ms-certificate-url", url.parse().unwrap());
    headers.insert("x-ms-signature-algorithm", "rsa-sha256".parse().unwrap());
    headers
}

fn code(outcome: Result<(), SignatureFault>) -> &'static str {
    outcome.err().map_or("verified", |fault| fault.code())
}

#[tokio::test]
async fn a_signed_delivery_is_verified_and_its_certificate_fetched_once() {
    let scene = Scene::new().await;
    let (leaf, url) = scene.good_leaf();
    let headers = headers(&url, &leaf.sign(BODY));
    for second in [0, 1, 3600] {
        assert_eq!(code(scene.deliver(&headers, BODY, later(second)).await), "verified");
    }
    assert_eq!(scene.host.fetches(), 1);
    assert_eq!(code(scene.deliver(&headers, BODY, later(24 * 3600)).await), "verified");
    assert_eq!(scene.host.fetches(), 2, "a day later it is fetched anew");
}

#[tokio::test]
async fn one_changed_byte_is_a_mismatch() {
    let scene = Scene::new().await;
    let (leaf, url) = scene.good_leaf();
    let headers = headers(&url, &leaf.sign(BODY));
    let fault =
        scene.deliver(&headers, br#"{"EventName":"referral-created"}"#, now()).await.unwrap_err();
    assert_eq!((fault.code(), fault.is_ours_to_retry()), ("mismatch", false));
    assert_eq!(code(scene.deliver(&headers, &[BODY, b" "].concat(), now()).await), "mismatch");
}

#[tokio::test]
async fn wrong_signatures_cannot_make_us_hammer_the_certificate_host() {
    let scene = Scene::new().await;
    let (leaf, url) = scene.good_leaf();
    let forged = headers(&url, &leaf.sign(b"something else"));
    for second in 0..59 {
        assert_eq!(code(scene.deliver(&forged, BODY, later(second)).await), "mismatch");
    }
    assert_eq!(scene.host.fetches(), 1);
    let missing = headers(&format!("{}/cert/missing.cer", scene.host.origin()), &leaf.sign(BODY));
    for second in 0..59 {
        assert_eq!(
            code(scene.deliver(&missing, BODY, later(second)).await),
            "certificate-not-served"
        );
    }
    assert_eq!(scene.host.fetches(), 2);
}

#[tokio::test]
async fn a_replaced_certificate_is_noticed_after_a_minute() {
    let scene = Scene::new().await;
    let (old, url) = scene.good_leaf();
    assert_eq!(code(scene.deliver(&headers(&url, &old.sign(BODY)), BODY, now()).await), "verified");
    let (new, _) = scene.good_leaf();
    let headers = headers(&url, &new.sign(BODY));
    assert_eq!(code(scene.deliver(&headers, BODY, later(30)).await), "mismatch");
    assert_eq!(code(scene.deliver(&headers, BODY, later(61)).await), "verified");
}

#[tokio::test]
async fn many_deliveries_at_once_cause_one_fetch() {
    let scene = Scene::new().await;
    let (leaf, url) = scene.good_leaf();
    let headers = headers(&url, &leaf.sign(BODY));
    let (a, b, c) = tokio::join!(
        scene.deliver(&headers, BODY, now()),
        scene.deliver(&headers, BODY, now()),
        scene.deliver(&headers, BODY, now())
    );
    assert_eq!([code(a), code(b), code(c)], ["verified"; 3]);
    assert_eq!(scene.host.fetches(), 1);
}

#[tokio::test]
async fn certificates_come_as_der_pem_or_base64() {
    let scene = Scene::new().await;
    let leaf = scene.root.leaf(&leaf_params(MICROSOFT, None));
    let pem = leaf.certificate.pem();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for (name, file) in
        [("pem", pem.clone()), ("base64", base64.clone()), ("lines", pem.replace("\r\n", "\n"))]
    {
        let url = scene.host.put(&format!("/cert/{name}.cer"), file);
        assert_eq!(
            code(scene.deliver(&headers(&url, &leaf.sign(BODY)), BODY, now()).await),
            "verified",
            "{name}"
        );
    }
}

#[tokio::test]
async fn issuer_and_subject_must_be_microsoft() {
    let scene = Scene::new().await;
    let other = scene.root.subordinate("Other", "Contoso Ltd", None);
    assert_eq!(
        code(scene.outcome(&other.leaf(&leaf_params(MICROSOFT, None))).await),
        "certificate-organization"
    );
    let scene = Scene::new().await;
    assert_eq!(
        code(
            scene.outcome(&scene.root.leaf(&leaf_params("Microsoft Corporation Ltd", None))).await
        ),
        "certificate-organization"
    );
}

#[tokio::test]
async fn an_expired_or_future_certificate_is_refused() {
    for (from, to) in [(2025, 2026), (2027, 2028)] {
        let scene = Scene::new().await;
        let mut params = leaf_params(MICROSOFT, None);
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        assert_eq!(
            code(scene.outcome(&scene.root.leaf(&params)).await),
            "certificate-validity",
            "{from}"
        );
    }
}

#[tokio::test]
async fn a_key_for_other_uses_is_refused() {
    let scene = Scene::new().await;
    let mut params = leaf_params(MICROSOFT, None);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyEncipherment];
    assert_eq!(code(scene.outcome(&scene.root.leaf(&params)).await), "certificate-key-usage");
    let scene = Scene::new().await;
    let mut params = leaf_params(MICROSOFT, None);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::EmailProtection];
    assert_eq!(code(scene.outcome(&scene.root.leaf(&params)).await), "certificate-untrusted");
}

#[tokio::test]
async fn a_certificate_that_leads_to_no_trusted_root_is_refused() {
    let scene = Scene::new().await;
    assert_eq!(
        code(scene.outcome(&Leaf::self_signed(&leaf_params(MICROSOFT, None))).await),
        "certificate-untrusted"
    );
    let scene = Scene::new().await;
    // Same name as the trusted root, another key.
    let impostor = Authority::root("Root", MICROSOFT);
    assert_eq!(
        code(scene.outcome(&impostor.leaf(&leaf_params(MICROSOFT, None))).await),
        "certificate-untrusted"
    );
}

#[tokio::test]
async fn intermediates_are_fetched_where_the_certificates_say() {
    let scene = Scene::new().await;
    let upper_address = format!("{}/pki/upper.cer", scene.host.origin());
    let lower_address = format!("{}/pki/lower.cer", scene.host.origin());
    let upper = scene.root.subordinate("Upper", MICROSOFT, None);
    let lower = upper.subordinate("Lower", MICROSOFT, Some(&upper_address));
    scene.host.put("/pki/upper.cer", upper.certificate.der().to_vec());
    scene.host.put("/pki/lower.cer", lower.certificate.pem());
    assert_eq!(
        code(scene.outcome(&lower.leaf(&leaf_params(MICROSOFT, Some(&lower_address)))).await),
        "verified"
    );
    assert_eq!(scene.host.fetches(), 3);
}

#[tokio::test]
async fn a_chain_longer_than_three_fetches_or_of_foreign_hosts_is_refused() {
    let scene = Scene::new().await;
    let mut authority = scene.root.subordinate("CA 0", MICROSOFT, None);
    for n in 1..5 {
        let path = format!("/pki/{}.cer", n - 1);
        let address = scene.host.put(&path, authority.certificate.der().to_vec());
        authority = authority.subordinate(&format!("CA {n}"), MICROSOFT, Some(&address));
    }
    let address = scene.host.put("/pki/4.cer", authority.certificate.der().to_vec());
    assert_eq!(
        code(scene.outcome(&authority.leaf(&leaf_params(MICROSOFT, Some(&address)))).await),
        "certificate-untrusted"
    );
    assert!(scene.host.fetches() <= 5);

    let scene = Scene::new().await;
    let lower = scene.root.subordinate("Lower", MICROSOFT, None);
    let foreign = scene
        .host
        .put("/pki/lower.cer", lower.certificate.der().to_vec())
        .replace("127.0.0.1", "127.0.0.2");
    assert_eq!(
        code(scene.outcome(&lower.leaf(&leaf_params(MICROSOFT, Some(&foreign)))).await),
        "certificate-untrusted"
    );
    assert_eq!(scene.host.fetches(), 1);
}

#[tokio::test]
async fn foreign_addresses_are_never_fetched_and_redirects_never_followed() {
    let scene = Scene::new().await;
    let (leaf, url) = scene.good_leaf();
    for foreign in [
        "https://evil.example/cert/a.cer",
        &url.replace("127.0.0.1", "127.0.0.2"),
        &format!("{url}?x"),
        "http://169.254.169.254/cert/a.cer",
    ] {
        assert_eq!(
            code(scene.deliver(&headers(foreign, &leaf.sign(BODY)), BODY, now()).await),
            "certificate-address",
            "{foreign}"
        );
    }
    assert_eq!(scene.host.fetches(), 0);
    let moved = scene.host.put("/cert/moved.cer", url.clone());
    assert_eq!(
        code(scene.deliver(&headers(&moved, &leaf.sign(BODY)), BODY, now()).await),
        "certificate-not-served"
    );
    assert_eq!(scene.host.fetches(), 1);
}

#[tokio::test]
async fn rubbish_and_oversized_files_are_refused() {
    let scene = Scene::new().await;
    let leaf = scene.root.leaf(&leaf_params(MICROSOFT, None));
    for (name, file, expected) in [
        ("html", b"<html></html>".to_vec(), "certificate-unreadable"),
        ("der", vec![0x30, 0x82, 0xff, 0xff, 1, 2, 3], "certificate-unreadable"),
        ("trailing", [leaf.certificate.der().as_ref(), b"x"].concat(), "certificate-unreadable"),
        ("empty", Vec::new(), "certificate-unreadable"),
        ("large", vec![0x30; 70_000], "certificate-too-large"),
    ] {
        let url = scene.host.put(&format!("/cert/{name}.cer"), file);
        assert_eq!(
            code(scene.deliver(&headers(&url, &leaf.sign(BODY)), BODY, now()).await),
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_outage_of_the_certificate_host_is_distinguished_from_a_forgery() {
    let scene = Scene::new().await;
    let (leaf, url) = scene.good_leaf();
    scene.host.put(PATH, "503");
    let headers = headers(&url, &leaf.sign(BODY));
    assert!(scene.deliver(&headers, BODY, now()).await.unwrap_err().is_ours_to_retry());
    scene.host.put(PATH, leaf.certificate.der().to_vec());
    assert!(
        scene.deliver(&headers, BODY, later(10)).await.unwrap_err().is_ours_to_retry(),
        "not asked again within the minute"
    );
    assert_eq!(code(scene.deliver(&headers, BODY, later(61)).await), "verified");

    let settings =
        SignatureSettings::parse("http://127.0.0.1:1", "", &scene.root.certificate.pem()).unwrap();
    let verifier = Verifier::new(settings, cosell_http::client().unwrap());
    let headers = self::headers("http://127.0.0.1:1/cert/a.cer", &leaf.sign(BODY));
    let fault =
        verifier.verify(RawDelivery { headers: &headers, body: BODY }, now()).await.unwrap_err();
    assert!(fault.is_ours_to_retry(), "{fault}");
}

#[test]
fn trust_roots_are_pem_or_the_public_ones() {
    use super::TrustRoots;
    assert!(TrustRoots::parse(" \n").is_ok());
    assert!(TrustRoots::parse("not pem").is_err());
    assert!(
        TrustRoots::parse("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
            .is_err()
    );
}
