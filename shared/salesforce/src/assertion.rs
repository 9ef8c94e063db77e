//! The signed assertion of the JWT bearer flow (contract salesforce 1.3).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value as Json, json};

/// As long as the documentation allows.
const LIFE: SignedDuration = SignedDuration::from_mins(3);

/// The key is no RSA key in PEM form.
#[derive(Debug)]
pub(crate) struct UnusableKey;

/// `header.claims.signature`: `client_id` acts as `username` at `audience`.
pub(crate) fn signed(
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
