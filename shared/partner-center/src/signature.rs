//! Checking that a webhook delivery comes from Partner Center (contract partner-center 4.4).
//!
//! [`RawDelivery`] → [`Verifier::verify`] → [`VerifiedEvent`] → [`crate::event::WebhookEvent`]:
//! each step takes only what the one before gives, so bytes that nobody verified cannot become an
//! event.

mod address;
#[cfg(test)]
mod authority;
mod cache;
mod certificate;
mod chain;
mod download;
mod fault;
mod headers;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use rustls_pki_types::CertificateDer;
use url::Url;

pub use address::{CertificateOrigins, IssuerHosts, SettingsError};
use cache::Cache;
use certificate::SigningKey;
pub use chain::TrustRoots;
pub use fault::SignatureFault;

/// Where Microsoft's sample delivery has its certificate.
pub const DEFAULT_CERTIFICATE_ORIGINS: &str = "https://3psostorageacct.blob.core.windows.net";

/// Where Microsoft's and DigiCert's issuing certificates are published.
pub const DEFAULT_ISSUER_HOSTS: &str =
    "www.microsoft.com,caissuers.microsoft.com,cacerts.digicert.com";

/// Issuers fetched for one certificate. Microsoft's chains have one intermediate, two while a root
/// is being replaced.
const MAX_FETCHED_ISSUERS: usize = 3;

/// For certificate and issuers together: leaves the webhook function, which has 10 s, time to
/// answer.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(8);

/// Where certificates come from and what they are trusted by.
#[derive(Clone, Debug)]
pub struct SignatureSettings {
    /// Origins of signing certificates.
    pub origins: CertificateOrigins,
    /// Hosts of issuers' certificates.
    pub issuer_hosts: IssuerHosts,
    /// Roots that chains must end in.
    pub roots: TrustRoots,
}

impl SignatureSettings {
    /// Reads the settings as the functions are configured: two comma-separated lists, and PEM text
    /// (blank: the public roots).
    pub fn parse(
        certificate_origins: &str,
        issuer_hosts: &str,
        trust_root_pem: &str,
    ) -> Result<Self, SettingsError> {
        Ok(Self {
            origins: CertificateOrigins::parse(certificate_origins)?,
            issuer_hosts: IssuerHosts::parse(issuer_hosts),
            roots: TrustRoots::parse(trust_root_pem)?,
        })
    }
}

/// A delivery as it came in. Nothing in it may be believed.
#[derive(Clone, Copy, Debug)]
pub struct RawDelivery<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The request's body, exactly as received.
    pub body: &'a [u8],
}

/// Bytes that Partner Center signed. Only [`Verifier::verify`] makes one.
#[derive(Clone, Copy)]
pub struct VerifiedEvent<'a> {
    body: &'a [u8],
    received: Timestamp,
}

impl<'a> VerifiedEvent<'a> {
    #[cfg(test)]
    pub(crate) fn unchecked(body: &'a [u8], received: Timestamp) -> Self {
        Self { body, received }
    }

    /// The signed bytes.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// When the delivery was verified.
    pub fn received(&self) -> Timestamp {
        self.received
    }
}

impl std::fmt::Debug for VerifiedEvent<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedEvent")
            .field("bytes", &self.body.len())
            .field("received", &self.received)
            .finish()
    }
}

/// Checks deliveries and remembers the certificates it fetched. One for the life of a process.
#[derive(Debug)]
pub struct Verifier {
    settings: SignatureSettings,
    http: reqwest::Client,
    cache: Cache,
}

impl Verifier {
    /// A verifier that fetches with `http`, which must not follow redirects.
    pub fn new(settings: SignatureSettings, http: reqwest::Client) -> Self {
        Self { settings, http, cache: Cache::default() }
    }

    /// Checks one delivery at `now`. What needs no certificate is checked first, so that rubbish
    /// costs no fetch.
    ///
    /// A signature that does not match a remembered certificate has the certificate fetched once
    /// more, at most once a minute: Microsoft replaces it under the same address.
    pub async fn verify<'a>(
        &self,
        raw: RawDelivery<'a>,
        now: Timestamp,
    ) -> Result<VerifiedEvent<'a>, SignatureFault> {
        let claimed = headers::read(raw.headers)?;
        let url = self.settings.origins.allow(claimed.certificate_url)?;
        let verified = VerifiedEvent { body: raw.body, received: now };
        let slot = self.cache.slot(&url, now)?;
        let mut slot = slot.lock().await;
        if slot.key(now).is_some_and(|key| key.signed(raw.body, &claimed.signature)) {
            return Ok(verified);
        }
        slot.may_fetch(now)?;
        let too_slow = SignatureFault::Unavailable {
            host: url.host_str().unwrap_or_default().to_owned(),
            source: None,
        };
        slot.attempt(now, too_slow.clone());
        let fetched = tokio::time::timeout(TOTAL_TIMEOUT, self.trusted_key(&url, now)).await;
        match fetched.unwrap_or(Err(too_slow)) {
            Err(fault) => {
                slot.failed(fault.clone());
                Err(fault)
            }
            Ok(key) => {
                let signed = key.signed(raw.body, &claimed.signature);
                slot.fetched(key, now);
                if signed { Ok(verified) } else { Err(SignatureFault::Mismatch) }
            }
        }
    }

    /// Fetches a certificate and follows its issuers to a trusted root.
    async fn trusted_key(&self, url: &Url, now: Timestamp) -> Result<SigningKey, SignatureFault> {
        let mut certificates =
            certificate::decode(&download::fetch(&self.http, url).await?)?.into_iter();
        let leaf = certificates.next().ok_or(SignatureFault::Unreadable)?;
        let key = SigningKey::read(&leaf, now)?;
        let mut intermediates: Vec<CertificateDer<'static>> = certificates.collect();
        for _ in 0..=MAX_FETCHED_ISSUERS {
            let error = match self.settings.roots.verify(&leaf, &intermediates, now) {
                Ok(()) => return Ok(key),
                Err(error) => error,
            };
            if !matches!(error, webpki::Error::UnknownIssuer) {
                return Err(SignatureFault::Untrusted(error));
            }
            match self.issuer(intermediates.last().unwrap_or(&leaf)).await? {
                Some(issuer) if !intermediates.contains(&issuer) => intermediates.push(issuer),
                _ => return Err(SignatureFault::Untrusted(error)),
            }
        }
        Err(SignatureFault::Untrusted(webpki::Error::UnknownIssuer))
    }

    /// The issuer's certificate, from the first allowed address that the certificate names.
    async fn issuer(
        &self,
        certificate: &CertificateDer<'_>,
    ) -> Result<Option<CertificateDer<'static>>, SignatureFault> {
        let addresses = certificate::issuer_addresses(certificate)?;
        let Some(url) =
            addresses.iter().find_map(|address| self.settings.issuer_hosts.allow(address))
        else {
            return Ok(None);
        };
        let file = download::fetch(&self.http, &url).await?;
        Ok(certificate::decode(&file)?.into_iter().next())
    }
}
