//! Which addresses a certificate may be fetched from (contract partner-center 4.4, step 2).
//!
//! The address comes out of an unverified header, so everything but the allowed origins is a
//! request-forgery attempt.

use cosell_http::{ForbiddenUrl, is_loopback, permitted};
use url::Url;

use super::fault::SignatureFault;

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// An entry of CERTIFICATE_ORIGINS is no URL.
    #[error(
        "the certificate origin `{origin}` is not a URL: write it like \
         https://3psostorageacct.blob.core.windows.net"
    )]
    NotAUrl {
        /// The entry.
        origin: String,
        /// What is wrong with it.
        source: url::ParseError,
    },
    /// An entry of CERTIFICATE_ORIGINS has a path, query or fragment, or a port of its own on
    /// https.
    #[error(
        "the certificate origin `{0}` must be scheme and host only, such as \
         https://3psostorageacct.blob.core.windows.net"
    )]
    NotAnOrigin(String),
    /// An entry of CERTIFICATE_ORIGINS is plain http outside loopback.
    #[error("a certificate origin cannot be used")]
    Forbidden(#[from] ForbiddenUrl),
    /// No origin at all: nothing could ever be verified.
    #[error(
        "CERTIFICATE_ORIGINS is empty: name at least https://3psostorageacct.blob.core.windows.net"
    )]
    NoOrigin,
    /// TRUST_ROOT_PEM holds no certificate that can be a root.
    #[error(
        "TRUST_ROOT_PEM holds no usable PEM certificate: give the whole text from -----BEGIN \
         CERTIFICATE----- on, or leave it empty"
    )]
    TrustRoot,
}

/// The origins that signing certificates are served from.
#[derive(Clone, Debug)]
pub struct CertificateOrigins(Vec<Url>);

impl CertificateOrigins {
    /// Reads a comma-separated list of origins. Microsoft publishes no list; the default is the one
    /// in its sample.
    pub fn parse(list: &str) -> Result<Self, SettingsError> {
        let origins = entries(list).map(origin).collect::<Result<Vec<_>, _>>()?;
        if origins.is_empty() { Err(SettingsError::NoOrigin) } else { Ok(Self(origins)) }
    }

    /// The address to fetch, if the header's text names a certificate on an allowed origin.
    pub(super) fn allow(&self, text: &str) -> Result<Url, SignatureFault> {
        let url = Url::parse(text).map_err(|_| SignatureFault::Address)?;
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let known = self.0.iter().any(|origin| origin.origin() == url.origin());
        if bare && known && is_certificate_path(url.path()) {
            Ok(url)
        } else {
            Err(SignatureFault::Address)
        }
    }
}

/// The hosts that issuers' certificates may be fetched from, by the address that a certificate
/// itself names.
#[derive(Clone, Debug)]
pub struct IssuerHosts(Vec<String>);

impl IssuerHosts {
    /// Reads a comma-separated list of host names; a loopback host may stand with or without its
    /// port.
    pub fn parse(list: &str) -> Self {
        Self(entries(list).map(str::to_ascii_lowercase).collect())
    }

    /// The address to fetch, if it is on an allowed host. Plain http is normal here: what is
    /// fetched proves itself by its signature.
    pub(super) fn allow(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let host = url.host_str()?;
        let bare = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none();
        let port_fits = url.port().is_none() || is_loopback(&url);
        let with_port = url.port().map(|port| format!("{host}:{port}"));
        let known =
            self.0.iter().any(|allowed| allowed == host || Some(allowed) == with_port.as_ref());
        (bare && port_fits && known).then_some(url)
    }
}

fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

fn origin(text: &str) -> Result<Url, SettingsError> {
    let url = Url::parse(text)
        .map_err(|source| SettingsError::NotAUrl { origin: text.to_owned(), source })?;
    permitted(&url)?;
    let only_origin = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if only_origin && (url.port().is_none() || is_loopback(&url)) {
        Ok(url)
    } else {
        Err(SettingsError::NotAnOrigin(text.to_owned()))
    }
}

/// `^/cert/[A-Za-z0-9._-]+\.cer$`
fn is_certificate_path(path: &str) -> bool {
    let name = path.strip_prefix("/cert/").and_then(|file| file.strip_suffix(".cer"));
    name.is_some_and(|name| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_on_allowed_origins_are_fetched() {
        let origins = CertificateOrigins::parse(
            "https://3psostorageacct.blob.core.windows.net, http://127.0.0.1:7073",
        )
        .unwrap();
        let table = [
            (
                "https://3psostorageacct.blob.core.windows.net/cert/pcnotifications-dispatch.microsoft.com.cer",
                true,
            ),
            ("https://3psostorageacct.blob.core.windows.net:443/cert/a_1.cer", true),
            ("HTTPS://3PSOSTORAGEACCT.blob.core.windows.net/cert/a.cer", true),
            ("http://127.0.0.1:7073/cert/sim.cer", true),
            ("http://3psostorageacct.blob.core.windows.net/cert/a.cer", false),
            ("https://3psostorageacct.blob.core.windows.net:8443/cert/a.cer", false),
            ("https://3psostorageacct.blob.core.windows.net.evil.example/cert/a.cer", false),
            ("https://evil.example/cert/a.cer", false),
            ("https://3psostorageacct.blob.core.windows.net@evil.example/cert/a.cer", false),
            ("https://user:pw@3psostorageacct.blob.core.windows.net/cert/a.cer", false),
            ("https://3psostorageacct.blob.core.windows.net/cert/a.cer?x=1", false),
            ("https://3psostorageacct.blob.core.windows.net/cert/a.cer?", false),
            ("https://3psostorageacct.blob.core.windows.net/cert/a.cer#x", false),
            ("https://3psostorageacct.blob.core.windows.net/cert/.cer", false),
            ("https://3psostorageacct.blob.core.windows.net/cert/a.pem", false),
            ("https://3psostorageacct.blob.core.windows.net/cert/../other/a.cer", false),
            ("https://3psostorageacct.blob.core.windows.net/cert/b/a.cer", false),
            ("https://3psostorageacct.blob.core.windows.net/cert/b%2Fa.cer", false),
            ("https://3psostorageacct.blob.core.windows.net//cert/a.cer", false),
            ("https://3psostorageacct.blob.core.windows.net/cert/a.cer/", false),
            ("http://127.0.0.1:7074/cert/sim.cer", false),
            ("http://localhost:7073/cert/sim.cer", false),
            ("http://169.254.169.254/cert/a.cer", false),
            ("file:///cert/a.cer", false),
            ("/cert/a.cer", false),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(origins.allow(text).is_ok(), expected, "{text}");
        }
    }

    #[test]
    fn an_origin_is_scheme_and_host_and_http_only_on_loopback() {
        for good in
            ["https://a.example", "https://a.example/", "http://127.0.0.1:1", "http://localhost:1"]
        {
            assert!(CertificateOrigins::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            " , ",
            "a.example",
            "http://a.example",
            "https://a.example/cert",
            "https://a.example:8443",
            "https://u@a.example",
        ] {
            assert!(CertificateOrigins::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn issuers_are_fetched_from_allowed_hosts_only() {
        let hosts = IssuerHosts::parse("www.microsoft.com,CACerts.digicert.com, 127.0.0.1");
        let table = [
            (
                "http://www.microsoft.com/pkiops/certs/Microsoft%20Azure%20RSA%20TLS%20Issuing%20CA%2004%20-%20xsign.crt",
                true,
            ),
            ("http://cacerts.digicert.com/DigiCertGlobalRootG2.crt", true),
            ("https://www.microsoft.com/x.crt", true),
            ("http://127.0.0.1:7073/pki/intermediate.cer", true),
            ("http://www.microsoft.com:8080/x.crt", false),
            ("http://www.microsoft.com.evil.example/x.crt", false),
            ("http://user@www.microsoft.com/x.crt", false),
            ("ldap://www.microsoft.com/x", false),
            ("http://127.0.0.2/x.crt", false),
        ];
        for (text, expected) in table {
            assert_eq!(hosts.allow(text).is_some(), expected, "{text}");
        }
        assert!(IssuerHosts::parse("127.0.0.1:7073").allow("http://127.0.0.1:7073/a").is_some());
        assert!(IssuerHosts::parse("127.0.0.1:7073").allow("http://127.0.0.1:7074/a").is_none());
        assert!(IssuerHosts::parse("").allow("http://www.microsoft.com/x.crt").is_none());
    }
}
