//! The notification certificate and its own authority, as the real chain is thought to look
//! (contract partner-center 4.4).
//!
//! root (not served here) signs an intermediate, which signs the leaf; every name has `O=Microsoft
//! Corporation`. The leaf names the intermediate's address, because a delivery names nothing but
//! the leaf.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, RsaKeySize,
    date_time_ymd,
};
use url::Url;

/// Authority information access (RFC 5280, 4.2.2.1).
const AIA: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
/// DER of the OID `id-ad-caIssuers`, 1.3.6.1.5.5.7.48.2.
const CA_ISSUERS: &[u8] = &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];

/// The keys, made once in a process: RSA keys take a moment.
struct Keys {
    root: KeyPair,
    intermediate: KeyPair,
    leaf: KeyPair,
    rogue: KeyPair,
}

/// Certificates as served, and the signing key.
pub(crate) struct Authority {
    /// The root as PEM, for the receiver's trust.
    pub(crate) root_pem: String,
    /// DER of the intermediate.
    pub(crate) intermediate: Vec<u8>,
    /// DER of the right leaf.
    pub(crate) leaf: Vec<u8>,
    /// DER of a leaf whose time is over.
    pub(crate) expired_leaf: Vec<u8>,
    /// DER of a leaf from an authority that is neither Microsoft nor trusted.
    pub(crate) rogue_leaf: Vec<u8>,
    /// DER of that authority.
    pub(crate) rogue_intermediate: Vec<u8>,
    key: RsaKeyPair,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// Issues all certificates for a certificate host.
    pub(crate) fn issue(certificates: &Url) -> anyhow::Result<Self> {
        let keys = keys()?;
        let root = ca("Microsoft Corporation", "Simulated Microsoft RSA Root");
        let root_issuer = Issuer::from_params(&root, &keys.root);
        let intermediate = ca("Microsoft Corporation", "Simulated Microsoft RSA TLS Issuing CA");
        let rogue = ca("Contoso Ltd", "Contoso Issuing CA");
        let good_issuer = Issuer::from_params(&intermediate, &keys.intermediate);
        let rogue_issuer = Issuer::from_params(&rogue, &keys.rogue);
        let leaf = leaf(certificates, "pki/intermediate.cer")?;
        let mut expired = leaf.clone();
        expired.not_before = date_time_ymd(2022, 1, 1);
        expired.not_after = date_time_ymd(2023, 1, 1);
        let rogue_leaf = self::leaf(certificates, "pki/rogue-intermediate.cer")?;
        Ok(Self {
            root_pem: root.self_signed(&keys.root)?.pem(),
            intermediate: intermediate.signed_by(&keys.intermediate, &root_issuer)?.der().to_vec(),
            leaf: leaf.signed_by(&keys.leaf, &good_issuer)?.der().to_vec(),
            expired_leaf: expired.signed_by(&keys.leaf, &good_issuer)?.der().to_vec(),
            rogue_leaf: rogue_leaf.signed_by(&keys.leaf, &rogue_issuer)?.der().to_vec(),
            rogue_intermediate: rogue.self_signed(&keys.rogue)?.der().to_vec(),
            key: RsaKeyPair::from_pkcs8(&keys.leaf.serialize_der())?,
        })
    }

    /// The base64 signature over `body`: RSA PKCS#1 v1.5 with SHA-256.
    pub(crate) fn sign(&self, body: &[u8]) -> anyhow::Result<String> {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), body, &mut signature)?;
        Ok(STANDARD.encode(signature))
    }
}

fn keys() -> anyhow::Result<&'static Keys> {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    if let Some(keys) = KEYS.get() {
        return Ok(keys);
    }
    let make = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048);
    let keys = Keys { root: make()?, intermediate: make()?, leaf: make()?, rogue: make()? };
    Ok(KEYS.get_or_init(|| keys))
}

fn named(organization: &str, name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CountryName, "US");
    subject.push(DnType::OrganizationName, organization);
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

fn ca(organization: &str, name: &str) -> CertificateParams {
    let mut params = named(organization, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    params
}

fn leaf(certificates: &Url, issuer_path: &str) -> anyhow::Result<CertificateParams> {
    let mut params = named("Microsoft Corporation", "pcnotifications-sim.example");
    params.subject_alt_names =
        vec![rcgen::SanType::DnsName("pcnotifications-sim.example".try_into()?)];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.custom_extensions =
        vec![CustomExtension::from_oid_content(AIA, ca_issuers(&certificates.join(issuer_path)?)?)];
    Ok(params)
}

/// The DER of an AIA extension with one caIssuers URL. Loopback addresses are short, so one-byte
/// lengths do.
fn ca_issuers(url: &Url) -> anyhow::Result<Vec<u8>> {
    let location = tagged(0x86, url.as_str().as_bytes())?;
    tagged(0x30, &tagged(0x30, &[CA_ISSUERS, &location].concat())?)
}

fn tagged(tag: u8, content: &[u8]) -> anyhow::Result<Vec<u8>> {
    let length = u8::try_from(content.len()).ok().filter(|length| *length < 128);
    let length =
        length.ok_or_else(|| anyhow::anyhow!("the certificate host's address is too long"))?;
    Ok([&[tag, length], content].concat())
}
