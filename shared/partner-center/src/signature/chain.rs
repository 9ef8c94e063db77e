//! Whether a certificate leads to a trusted root (contract partner-center 4.4, step 4).
//!
//! Revocation is not checked: the certificates name OCSP and CRL hosts that are reached over plain
//! http and time out often enough to lose deliveries, and a check that passes when it cannot be
//! made protects from nobody who can block it. What limits a stolen key instead: the certificate
//! must still be served by Microsoft's own host, it is fetched anew at least daily, and a forged
//! delivery can do no more than make us look at a referral.

use std::time::Duration;

use jiff::Timestamp;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage};

use super::address::SettingsError;

/// The roots that a chain may end in.
#[derive(Clone, Debug)]
pub struct TrustRoots(Vec<TrustAnchor<'static>>);

impl TrustRoots {
    /// The public roots that browsers trust (Mozilla's list, as of the `webpki-roots` release built
    /// in).
    pub fn public() -> Self {
        Self(webpki_roots::TLS_SERVER_ROOTS.to_vec())
    }

    /// The certificates of a PEM text instead of the public roots; the public roots when the text
    /// is blank.
    pub fn parse(pem: &str) -> Result<Self, SettingsError> {
        if pem.trim().is_empty() {
            return Ok(Self::public());
        }
        let certificates: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| SettingsError::TrustRoot)?;
        let anchors = certificates.iter().map(|certificate| {
            webpki::anchor_from_trusted_cert(certificate).map(|anchor| anchor.to_owned())
        });
        let anchors =
            anchors.collect::<Result<Vec<_>, _>>().map_err(|_| SettingsError::TrustRoot)?;
        if anchors.is_empty() { Err(SettingsError::TrustRoot) } else { Ok(Self(anchors)) }
    }

    /// Whether `leaf` leads over `intermediates` to one of these roots at `now`, every link of the
    /// chain valid. An extended key usage, where there is one, must allow server authentication:
    /// Microsoft signs with a TLS certificate.
    pub(super) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<(), webpki::Error> {
        let time = UnixTime::since_unix_epoch(Duration::from_secs(
            now.as_second().try_into().unwrap_or_default(),
        ));
        let usage = KeyUsage::server_auth();
        EndEntityCert::try_from(leaf)?
            .verify_for_usage(
                ALL_VERIFICATION_ALGS,
                &self.0,
                intermediates,
                time,
                usage,
                None,
                None,
            )
            .map(drop)
    }
}
