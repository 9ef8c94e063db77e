//! Signed assertions of the JWT bearer grant (RFC 7523), with RS256.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value as Json, json};

/// As long as Salesforce's documentation allows, and long enough for a clock that is a minute off.
const LIFE: SignedDuration = SignedDuration::from_mins(3);

/// The key is no RSA key in PEM form.
#[derive(Debug, thiserror::Error)]
#[error("the private key is no RSA key in PEM form (PKCS#8 or PKCS#1)")]
pub struct UnusableKey;

/// Signs `header.claims.signature`, which says that `client_id` acts as `username` at `audience`.
pub fn signed(
    client_id: &str,
    username: &str,
    audience: &str,
    private_key: &SecretString,
    now: Timestamp,
) -> Result<SecretString, UnusableKey> {
    let expires = now.saturating_add(LIFE).unwrap_or(now).as_second();
    let claims = json!({"iss": client_id, "sub": username, "aud": audience, "exp": expires});
    let text = format!("{}.{}", encoded(&json!({"alg": "RS256"})), encoded(&claims));
    let key = key_pair(private_key.expose_secret())?;
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)
        .map_err(|_| UnusableKey)?;
    Ok(SecretString::from(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))))
}

fn encoded(json: &Json) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

fn key_pair(pem: &str) -> Result<RsaKeyPair, UnusableKey> {
    let key = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| UnusableKey)? {
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err(UnusableKey),
    };
    key.map_err(|_| UnusableKey)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;

    fn assertion(pem: String) -> Result<SecretString, UnusableKey> {
        let now = "2026-03-04T09:00:00Z".parse().unwrap();
        signed("app", "sync@northwind.example", "https://a.example", &pem.into(), now)
    }

    #[test]
    fn an_assertion_says_who_acts_as_whom_and_for_how_long_and_is_signed_by_the_key() {
        let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem();
        let key = key_pair(&pem).unwrap();
        let assertion = assertion(pem).unwrap();
        let (text, signature) = assertion.expose_secret().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref())
            .verify(text.as_bytes(), &signature)
            .unwrap();
        let read = |part: &str| -> Json {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let (header, claims) = text.split_once('.').unwrap();
        assert_eq!(read(header), json!({"alg": "RS256"}));
        let expires = "2026-03-04T09:03:00Z".parse::<Timestamp>().unwrap().as_second();
        let expected = json!({
            "iss": "app", "sub": "sync@northwind.example", "aud": "https://a.example",
            "exp": expires
        });
        assert_eq!(read(claims), expected);
    }

    #[test]
    fn what_is_no_rsa_key_signs_nothing() {
        let elliptic = rcgen::KeyPair::generate().unwrap().serialize_pem();
        for other in ["no key at all".to_owned(), elliptic] {
            assert!(assertion(other).is_err());
        }
    }
}
