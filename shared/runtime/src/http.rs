//! The one HTTP client of a process, and which addresses it may be pointed at.

pub mod body;
pub mod retry_after;

use std::net::IpAddr;
use std::time::Duration;

use url::{Host, Url};

/// Our hosts answer a connect within tens of milliseconds; past three seconds it is down, and the invocation's time is better kept.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest a whole exchange may take. Six of them one after the other must fit the consumer's 120 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// The services' front doors close idle connections after two minutes or more: we let go well before, so that
/// a request is not written into a connection that is just being closed.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// The HTTP client could not be built: the system has no usable TLS roots.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be built")]
pub struct ClientError(#[source] reqwest::Error);

/// An address that we must not send anything to.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{scheme}://{host}` may not be called: use an https address without user name and password (plain http only on loopback)"
)]
pub struct ForbiddenUrl {
    scheme: String,
    host: String,
}

/// Builds the client: rustls with aws-lc-rs, no redirects, no proxy from the environment, time-outs as above.
///
/// Redirects stay off because a followed redirect would carry tokens, or our request, to a host that nobody configured.
pub fn client() -> Result<reqwest::Client, ClientError> {
    #[expect(clippy::disallowed_methods, reason = "this is the one builder")]
    reqwest::Client::builder()
        .user_agent(concat!("cosell-sync/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .build()
        .map_err(ClientError)
}

/// Whether a configured address may be called: https anywhere, http on loopback only, never with user name or password.
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

/// Whether the address is on this machine: a loopback IP, or the name `localhost`.
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

    #[test]
    fn the_client_builds() {
        assert!(client().is_ok());
    }
}
