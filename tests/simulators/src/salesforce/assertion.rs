//! The JWT bearer assertion: claims and RS256 signature (contract salesforce 1.3).
//!
//! The texts of the refusals are from memory; the contract gives only that of a user who has not
//! approved.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use super::Options;
use super::sessions::{TokenError, UNKNOWN_CLIENT};

/// How long after `exp` an assertion is still taken, seconds.
const SKEW: i64 = 180;

const INVALID: TokenError = ("invalid_grant", "invalid assertion");

/// Checks form, signature (when a certificate is known), issuer, user, audience and expiry.
pub(crate) fn check(
    options: &Options,
    origin: &str,
    now: Timestamp,
    assertion: &str,
) -> Result<(), TokenError> {
    let (signed, signature) = assertion.rsplit_once('.').ok_or(INVALID)?;
    let (header, claims) = signed.split_once('.').ok_or(INVALID)?;
    let (header, claims) = (decoded(header)?, decoded(claims)?);
    if header["alg"] != "RS256" {
        return Err(INVALID);
    }
    let claim = |name: &str| claims[name].as_str();
    if claim("iss") != Some(options.client_id.as_str()) {
        return Err(UNKNOWN_CLIENT);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| INVALID)?;
    if let Some(certificate) = &options.certificate {
        verify(certificate, signed.as_bytes(), &signature).ok_or(INVALID)?;
    }
    if claim("prn").or(claim("sub")) != Some(options.username.as_str()) {
        return Err(("invalid_grant", "user hasn't approved this consumer"));
    }
    let audience = claim("aud").unwrap_or_default().trim_end_matches('/');
    if !["https://login.salesforce.com", "https://test.salesforce.com", origin].contains(&audience)
    {
        return Err(("invalid_grant", "audience is invalid"));
    }
    let expiry = seconds(&claims["exp"]).ok_or(INVALID)?;
    if expiry.saturating_add(SKEW) < now.as_second() {
        return Err(("invalid_grant", "expired authorization code"));
    }
    Ok(())
}

fn decoded(part: &str) -> Result<Value, TokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| INVALID)?;
    serde_json::from_slice(&bytes).map_err(|_| INVALID)
}

/// A number or a string of digits; a date far in the future (a client sends milliseconds) is taken.
fn seconds(exp: &Value) -> Option<i64> {
    exp.as_i64().or_else(|| exp.as_str()?.parse().ok())
}

fn verify(pem: &str, message: &[u8], signature: &[u8]) -> Option<()> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok()?;
    let certificate = pem.parse_x509().ok()?;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, certificate.public_key().raw);
    key.verify(message, signature).ok()
}
