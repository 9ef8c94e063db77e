//! The headers of a signed delivery (contract partner-center 4.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderMap, HeaderValue};

use super::fault::SignatureFault;

/// Signature bytes of RSA keys of 2048 to 8192 bits.
const SIGNATURE_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// What the headers claim; nothing of it is verified.
#[derive(Debug)]
pub(super) struct Claimed<'a> {
    pub(super) signature: Vec<u8>,
    pub(super) certificate_url: &'a str,
}

/// Reads both header forms; names and schemes are case-insensitive. Everything that needs no
/// certificate is checked here.
pub(super) fn read(headers: &HeaderMap) -> Result<Claimed<'_>, SignatureFault> {
    let scheme = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
            .and_then(signature_value)
    };
    let encoded = scheme("x-ms-signature")
        .or_else(|| scheme("authorization"))
        .ok_or(SignatureFault::NoSignature)?;
    if !single(headers, "x-ms-signature-algorithm")?.trim().eq_ignore_ascii_case("rsa-sha256") {
        return Err(SignatureFault::Algorithm);
    }
    let certificate_url = single(headers, "x-ms-certificate-url")?.trim();
    let signature = STANDARD.decode(encoded).map_err(|_| SignatureFault::Encoding)?;
    if !SIGNATURE_BYTES.contains(&signature.len()) {
        return Err(SignatureFault::Encoding);
    }
    Ok(Claimed { signature, certificate_url })
}

/// The part after the scheme `Signature`.
fn signature_value(text: &str) -> Option<&str> {
    let (scheme, value) = text.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("signature").then_some(value.trim())
}

fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, SignatureFault> {
    let mut values = headers.get_all(name).iter();
    match (values.next().map(HeaderValue::to_str), values.next()) {
        (Some(Ok(text)), None) => Ok(text),
        _ => Err(SignatureFault::Header(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn delivery(name: &'static str, value: &str) -> HeaderMap {
        let rest = [
            ("x-ms-certificate-url", "https://a.example/cert/a.cer".to_owned()),
            ("x-ms-signature-algorithm", "RSA-SHA256".to_owned()),
        ];
        headers(&[&[(name, value.to_owned())], rest.as_slice()].concat())
    }

    fn encoded() -> String {
        STANDARD.encode([7; 256])
    }

    #[test]
    fn both_header_forms_are_read_whatever_their_case() {
        for (name, scheme) in [
            ("authorization", "Signature"),
            ("x-ms-signature", "Signature"),
            ("x-ms-signature", "signature"),
            ("authorization", "SIGNATURE"),
        ] {
            let headers = delivery(name, &format!("{scheme} {}", encoded()));
            let claimed = read(&headers).unwrap();
            assert_eq!(claimed.signature, [7; 256]);
            assert_eq!(claimed.certificate_url, "https://a.example/cert/a.cer");
        }
    }

    #[test]
    fn another_scheme_or_none_is_no_signature() {
        for value in
            [format!("Bearer {}", encoded()), encoded(), "Signature".to_owned(), String::new()]
        {
            for name in ["authorization", "x-ms-signature"] {
                assert_eq!(
                    read(&delivery(name, &value)).unwrap_err().code(),
                    "no-signature",
                    "{name}: {value}"
                );
            }
        }
    }

    #[test]
    fn other_algorithms_are_refused() {
        for algorithm in
            ["rsa-sha1", "rsa-md5", "rsa-sha512", "hmac-sha256", "rsa", "rsa-sha256-x", ""]
        {
            let mut headers = delivery("authorization", &format!("Signature {}", encoded()));
            headers.insert("x-ms-signature-algorithm", algorithm.parse().unwrap());
            assert_eq!(read(&headers).unwrap_err().code(), "algorithm", "{algorithm}");
        }
    }

    #[test]
    fn a_missing_or_repeated_header_is_refused() {
        for name in ["x-ms-certificate-url", "x-ms-signature-algorithm"] {
            let mut headers = delivery("authorization", &format!("Signature {}", encoded()));
            headers.append(name, "again".parse().unwrap());
            assert_eq!(read(&headers).unwrap_err().code(), "header", "{name}");
            headers.remove(name);
            assert_eq!(read(&headers).unwrap_err().code(), "header", "{name}");
        }
    }

    #[test]
    fn a_signature_that_is_no_rsa_signature_is_refused_before_anything_is_fetched() {
        for value in [
            "Signature !!!".to_owned(),
            format!("Signature {}", STANDARD.encode([7; 32])),
            format!("Signature {}", STANDARD.encode([7; 2000])),
        ] {
            assert_eq!(
                read(&delivery("authorization", &value)).unwrap_err().code(),
                "encoding",
                "{value}"
            );
        }
    }
}
