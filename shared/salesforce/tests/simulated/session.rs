use cosell_salesforce::Credentials;
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;
use secrecy::SecretString;
use serde_json::json;

use crate::environment::{Environment, referral};

impl Environment {
    fn sign_ins(&self) -> usize {
        self.calls("POST", "oauth2/token")
    }

    async fn look(&self) -> Result<(), FailureKind> {
        self.crm.find_by_referral(referral()).await.map(drop).map_err(|failure| failure.kind)
    }
}

#[tokio::test]
async fn one_session_serves_all_calls_and_a_dead_one_is_replaced_once() {
    let environment = Environment::start().await;
    let (a, b) = tokio::join!(environment.look(), environment.look());
    assert_eq!((a, b, environment.sign_ins()), (Ok(()), Ok(()), 1));
    environment.control("POST", "sessions/revoke", None).await;
    let (a, b) = tokio::join!(environment.look(), environment.look());
    assert_eq!((a, b, environment.sign_ins()), (Ok(()), Ok(()), 2));
}

#[tokio::test]
async fn a_refusal_that_a_new_session_would_meet_again_ends_there() {
    let environment = Environment::start().await;
    environment.look().await.unwrap();
    for text in [
        "Connected app is not attached to Agent",
        "This session is not valid for use with the REST API",
    ] {
        environment.switches(json!({"session_refusal": text})).await;
        assert_eq!(environment.look().await, Err(FailureKind::Credentials), "{text}");
        assert_eq!(environment.sign_ins(), 1);
    }
    environment.switches(json!({"session_refusal": "Session expired or invalid"})).await;
    assert_eq!(environment.look().await, Err(FailureKind::Credentials));
    assert_eq!(environment.sign_ins(), 2, "once, not for ever");
}

#[tokio::test]
async fn a_refused_sign_in_says_what_to_do_and_is_shared_by_those_who_wait() {
    let environment = Environment::start().await;
    environment.switches(json!({"run_as_user": false})).await;
    let call = || environment.crm.find_by_referral(referral());
    let (a, b) = tokio::join!(call(), call());
    let failure = a.unwrap_err();
    assert_eq!(
        (failure.kind, b.unwrap_err().kind),
        (FailureKind::Credentials, FailureKind::Credentials)
    );
    assert!(failure.message.contains("Run As"), "{failure}");
    assert_eq!(environment.sign_ins(), 1);
    environment.switches(json!({})).await;
    assert_eq!(environment.look().await, Ok(()), "who comes later asks anew");
}

#[tokio::test]
async fn a_certificate_signs_in_and_another_one_does_not() {
    let environment = Environment::start().await;
    let (certificate, key) = certificate();
    let sign_in = |private_key: &str| Credentials::Certificate {
        client_id: "sim-salesforce-client".to_owned(),
        username: "cosell-sync@northwind.example".to_owned(),
        private_key: SecretString::from(private_key.to_owned()),
    };
    environment.put_certificate(&certificate).await;
    environment.sign_in_with(sign_in(&certificate_of_somebody_else()));
    assert_eq!(environment.look().await, Err(FailureKind::Credentials));
    environment.sign_in_with(sign_in("no key at all"));
    assert_eq!(environment.look().await, Err(FailureKind::Credentials));
    assert_eq!(environment.sign_ins(), 1, "a key that cannot sign is not tried");
    environment.sign_in_with(sign_in(&key));
    assert_eq!(environment.look().await, Ok(()));
}

impl Environment {
    async fn put_certificate(&self, pem: &str) {
        let url = self.simulators.control.join("control/salesforce/certificate").unwrap();
        let answer = self.http().put(url).body(pem.to_owned()).send().await.unwrap();
        assert!(answer.status().is_success());
    }
}

fn certificate() -> (String, String) {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn certificate_of_somebody_else() -> String {
    certificate().1
}
