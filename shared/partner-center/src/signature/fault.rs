//! Why a delivery was not accepted.

use std::sync::Arc;

use cosell_http::TransportError;

/// Why a delivery was not accepted. The caller of the webhook learns none of this: it is for the
/// log.
///
/// Cloneable, because a certificate's failure is remembered for the refresh interval and answered
/// again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SignatureFault {
    /// Neither `x-ms-signature` nor `Authorization` holds `Signature …`.
    #[error("the delivery carries no signature")]
    NoSignature,
    /// Another header of the signature is absent, repeated or not text.
    #[error("the header `{0}` is missing or unusable")]
    Header(&'static str),
    /// The signature is not base64, or not as long as an RSA signature.
    #[error("the signature is not a base64 RSA signature")]
    Encoding,
    /// Another algorithm than `rsa-sha256`.
    #[error("the signature algorithm is not rsa-sha256")]
    Algorithm,
    /// The certificate is not at an address we would fetch it from.
    #[error(
        "the certificate's address is not on an allowed origin; if Microsoft has moved it, add the \
         new origin to CERTIFICATE_ORIGINS"
    )]
    Address,
    /// The certificate's host, or its issuer's, could not be reached or is out of order.
    #[error("{host} did not serve a certificate")]
    Unavailable {
        /// Which host.
        host: String,
        /// What happened, unless it was a 5xx or 429 answer.
        #[source]
        source: Option<Arc<TransportError>>,
    },
    /// Too many different certificate addresses were named in a short time.
    #[error("too many different certificates were asked for within a minute")]
    Busy,
    /// The host answered that there is no such certificate.
    #[error("{host} answered {status} instead of a certificate")]
    NotServed {
        /// Which host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// More than 64 KiB.
    #[error("{host} served more than a certificate's size")]
    TooLarge {
        /// Which host.
        host: String,
    },
    /// What was served is no X.509 certificate in DER, PEM or base64.
    #[error("the certificate could not be read")]
    Unreadable,
    /// Issuer or subject is not Microsoft Corporation.
    #[error("the certificate's {0} is not Microsoft Corporation")]
    Organization(&'static str),
    /// Expired, or not valid yet.
    #[error("the certificate is not valid at this time")]
    Validity,
    /// The certificate is not meant for signatures.
    #[error("the certificate's key may not be used for signatures")]
    KeyUsage,
    /// Not an RSA key.
    #[error("the certificate's key is not an RSA key")]
    Key,
    /// The certificate does not lead to a trusted root.
    #[error("the certificate does not lead to a trusted root")]
    Untrusted(#[source] webpki::Error),
    /// The signature does not belong to these bytes and this certificate.
    #[error("the signature does not match the body")]
    Mismatch,
}

impl SignatureFault {
    /// A short stable code for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSignature => "no-signature",
            Self::Header(_) => "header",
            Self::Encoding => "encoding",
            Self::Algorithm => "algorithm",
            Self::Address => "certificate-address",
            Self::Unavailable { .. } => "certificate-unavailable",
            Self::Busy => "certificate-busy",
            Self::NotServed { .. } => "certificate-not-served",
            Self::TooLarge { .. } => "certificate-too-large",
            Self::Unreadable => "certificate-unreadable",
            Self::Organization(_) => "certificate-organization",
            Self::Validity => "certificate-validity",
            Self::KeyUsage => "certificate-key-usage",
            Self::Key => "certificate-key",
            Self::Untrusted(_) => "certificate-untrusted",
            Self::Mismatch => "mismatch",
        }
    }

    /// Whether the delivery may well be genuine and we only could not find out: answer 503 instead
    /// of 401. Partner Center repeats a delivery after either; the status tells operators an outage
    /// from an attack.
    pub fn is_ours_to_retry(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Busy)
    }
}
