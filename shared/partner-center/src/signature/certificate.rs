//! Reading certificates: what a signing certificate must say of itself (contract partner-center
//! 4.4, steps 3 to 5).

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::{OID_PKCS1_RSAENCRYPTION, OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use super::fault::SignatureFault;

const MICROSOFT: &str = "Microsoft Corporation";

/// A key whose certificate says the right things; whether that is true is for [`super::chain`] to
/// find out.
#[derive(Clone, Debug)]
pub(super) struct SigningKey {
    /// RSA public key, PKCS#1 DER.
    rsa: Vec<u8>,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl SigningKey {
    /// Reads a leaf certificate: issuer and subject Microsoft Corporation, valid at `now`, an RSA
    /// key for signatures.
    pub(super) fn read(
        certificate: &CertificateDer<'_>,
        now: Timestamp,
    ) -> Result<Self, SignatureFault> {
        let x509 = parse(certificate)?;
        for (part, name) in [("issuer", x509.issuer()), ("subject", x509.subject())] {
            if !is_microsoft(name) {
                return Err(SignatureFault::Organization(part));
            }
        }
        match x509.key_usage() {
            Ok(None) => {}
            Ok(Some(usage)) if usage.value.digital_signature() => {}
            _ => return Err(SignatureFault::KeyUsage),
        }
        if x509.public_key().algorithm.algorithm != OID_PKCS1_RSAENCRYPTION {
            return Err(SignatureFault::Key);
        }
        let validity = x509.validity();
        let second = |time: x509_parser::time::ASN1Time| {
            Timestamp::from_second(time.timestamp()).map_err(|_| SignatureFault::Unreadable)
        };
        let key = Self {
            rsa: x509.public_key().subject_public_key.data.to_vec(),
            not_before: second(validity.not_before)?,
            not_after: second(validity.not_after)?,
        };
        if key.is_valid(now) { Ok(key) } else { Err(SignatureFault::Validity) }
    }

    /// Whether the certificate is valid at `now`.
    pub(super) fn is_valid(&self, now: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }

    /// Whether `signature` is this key's over `message`: RSA PKCS#1 v1.5 with SHA-256, keys of 2048
    /// to 8192 bits.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.rsa)
            .verify(message, signature)
            .is_ok()
    }
}

/// The certificates in a served file: DER, PEM (several follow one another) or bare base64. Never
/// empty.
pub(super) fn decode(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, SignatureFault> {
    const SEQUENCE: u8 = 0x30;
    if file.first() == Some(&SEQUENCE) {
        return Ok(vec![CertificateDer::from(file.to_vec())]);
    }
    let pem = CertificateDer::pem_slice_iter(file)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| SignatureFault::Unreadable)?;
    if !pem.is_empty() {
        return Ok(pem);
    }
    let text: Vec<u8> = file.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    match STANDARD.decode(text) {
        Ok(der) if der.first() == Some(&SEQUENCE) => Ok(vec![CertificateDer::from(der)]),
        _ => Err(SignatureFault::Unreadable),
    }
}

/// Where a certificate says that its issuer's certificate is to be found (authority information
/// access, caIssuers).
pub(super) fn issuer_addresses(
    certificate: &CertificateDer<'_>,
) -> Result<Vec<String>, SignatureFault> {
    let x509 = parse(certificate)?;
    let mut addresses = Vec::new();
    for extension in x509.extensions() {
        let ParsedExtension::AuthorityInfoAccess(access) = extension.parsed_extension() else {
            continue;
        };
        for entry in access
            .iter()
            .filter(|entry| entry.access_method == OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS)
        {
            if let GeneralName::URI(address) = &entry.access_location {
                addresses.push((*address).to_owned());
            }
        }
    }
    Ok(addresses)
}

fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, SignatureFault> {
    match X509Certificate::from_der(certificate) {
        Ok(([], x509)) => Ok(x509),
        _ => Err(SignatureFault::Unreadable),
    }
}

/// Exactly one organization, and it is Microsoft: a name that lists two could be read either way.
fn is_microsoft(name: &X509Name<'_>) -> bool {
    let mut organizations = name.iter_organization();
    let first = organizations.next().and_then(|organization| organization.as_str().ok());
    first == Some(MICROSOFT) && organizations.next().is_none()
}
