//! The addresses that may be called.

use std::net::IpAddr;

use url::{Host, Url};

/// An address that we must not send anything to.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{scheme}://{host}` may not be called: use an https address without user name and password \
     (plain http only on loopback)"
)]
pub struct ForbiddenUrl {
    scheme: String,
    host: String,
}

/// Refuses an address that may not be called: https anywhere, http on loopback only, never with
/// user name or password.
pub fn permitted(url: &Url) -> Result<(), ForbiddenUrl> {
    let safe = match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_loopback(url),
        _ => false,
    };
    if safe && url.username().is_empty() && url.password().is_none() {
        Ok(())
    } else {
        Err(ForbiddenUrl {
            scheme: url.scheme().to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
        })
    }
}

/// True for an address on this machine: a loopback IP, or the name `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_loopback_is_permitted() {
        let table = [
            ("https://api.partner.microsoft.com", true),
            ("https://contoso.crm4.dynamics.com:443/api", true),
            ("http://127.0.0.1:7070/", true),
            ("http://127.8.9.10/", true),
            ("http://[::1]:7070/", true),
            ("http://localhost:7070/", true),
            ("http://LOCALHOST/", true),
            ("http://api.partner.microsoft.com", false),
            ("http://localhost.example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://169.254.169.254/", false),
            ("https://user:secret@api.partner.microsoft.com/", false),
            ("http://user@127.0.0.1/", false),
            ("ftp://127.0.0.1/", false),
            ("file:///etc/hosts", false),
        ];
        for (text, expected) in table {
            assert_eq!(permitted(&Url::parse(text).unwrap()).is_ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_refused_address_is_named_without_its_password() {
        let error = permitted(&Url::parse("https://user:secret@example.com/x").unwrap())
            .unwrap_err()
            .to_string();
        assert!(error.contains("https://example.com") && !error.contains("secret"), "{error}");
    }
}
