//! Test certificates: an authority of our own, and a host that serves what the tests put there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DnType, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, RsaKeySize,
};

/// Names of a certificate: common name and organization.
pub(super) const MICROSOFT: &str = "Microsoft Corporation";

/// A certificate authority.
pub(super) struct Authority {
    pub(super) certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A leaf with its key.
pub(super) struct Leaf {
    pub(super) certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    pub(super) fn root(name: &str, organization: &str) -> Self {
        let (params, key) = (authority_params(name, organization), KeyPair::generate().unwrap());
        Self { certificate: params.self_signed(&key).unwrap(), issuer: Issuer::new(params, key) }
    }

    pub(super) fn subordinate(
        &self,
        name: &str,
        organization: &str,
        issuer_address: Option<&str>,
    ) -> Self {
        let (mut params, key) =
            (authority_params(name, organization), KeyPair::generate().unwrap());
        params.custom_extensions.extend(issuer_address.map(ca_issuers));
        Self {
            certificate: params.signed_by(&key, &self.issuer).unwrap(),
            issuer: Issuer::new(params, key),
        }
    }

    pub(super) fn leaf(&self, params: &CertificateParams) -> Leaf {
        let key = rsa();
        Leaf { certificate: params.signed_by(&key, &self.issuer).unwrap(), key }
    }
}

impl Leaf {
    pub(super) fn self_signed(params: &CertificateParams) -> Self {
        let key = rsa();
        Self { certificate: params.self_signed(&key).unwrap(), key }
    }

    /// The base64 signature over `message`.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        let key = RsaKeyPair::from_pkcs8(self.key.serialized_der()).unwrap();
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        base64::engine::general_purpose::STANDARD.encode(signature)
    }
}

/// A leaf's contents, valid from 2026 to 2027.
pub(super) fn leaf_params(organization: &str, issuer_address: Option<&str>) -> CertificateParams {
    let mut params = named("pcnotifications-test", organization);
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.custom_extensions.extend(issuer_address.map(ca_issuers));
    params
}

fn authority_params(name: &str, organization: &str) -> CertificateParams {
    let mut params = named(name, organization);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn named(name: &str, organization: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, organization);
    params
}

fn rsa() -> KeyPair {
    KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
}

/// Authority information access with one caIssuers address below 100 bytes, DER by hand.
fn ca_issuers(address: &str) -> CustomExtension {
    const CA_ISSUERS: [u8; 10] = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];
    let tagged =
        |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let entry = tagged(0x30, &[&CA_ISSUERS, tagged(0x86, address.as_bytes()).as_slice()].concat());
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], tagged(0x30, &entry))
}

/// What the host serves: files by path, and how often each was asked for.
#[derive(Clone, Default)]
pub(super) struct Host {
    files: Arc<Mutex<HashMap<String, Vec<u8>>>>,
    fetches: Arc<Mutex<Vec<String>>>,
    origin: String,
}

impl Host {
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = Self {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            ..Self::default()
        };
        let router = Router::new().fallback(serve).with_state(host.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        host
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    pub(super) fn put(&self, path: &str, file: impl Into<Vec<u8>>) -> String {
        self.files.lock().unwrap().insert(path.to_owned(), file.into());
        format!("{}{path}", self.origin)
    }

    pub(super) fn fetches(&self) -> usize {
        self.fetches.lock().unwrap().len()
    }
}

/// A file that starts with `http://` is a redirect.
async fn serve(State(host): State<Host>, uri: Uri) -> Response {
    host.fetches.lock().unwrap().push(uri.path().to_owned());
    match host.files.lock().unwrap().get(uri.path()) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(file) if file.starts_with(b"http://") => {
            (StatusCode::FOUND, [(header::LOCATION, String::from_utf8(file.clone()).unwrap())])
                .into_response()
        }
        Some(file) if file == b"503" => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(file) => file.clone().into_response(),
    }
}
