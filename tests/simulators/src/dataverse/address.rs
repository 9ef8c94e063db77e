//! Resource paths: segments, keys in parentheses, references to rows (contract dynamics365 2.2,
//! 3.2, 3.5).

use uuid::Uuid;

use super::refusal::{Outcome, Refusal};

/// One step of a resource path: `opportunities(…)` has a key, `$count` has none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Segment {
    pub(crate) name: String,
    pub(crate) key: Option<Key>,
}

/// What stands in the parentheses.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Key {
    Id(Uuid),
    /// Column names and literals as written: `nwcs_referralid='x'`.
    Alternate(Vec<(String, String)>),
    /// `WhoAmI()`.
    Empty,
}

/// The segments after `/api/data/v9.N/`; `None` for a path outside of the Web API.
pub(crate) fn segments(path: &str) -> Option<Outcome<Vec<Segment>>> {
    let rest = path.strip_prefix("/api/data/v9.")?;
    let (minor, rest) = rest.split_once('/').unwrap_or((rest, ""));
    minor.parse::<u8>().ok()?;
    // The service splits at each slash, also at one inside a quoted key value.
    Some(rest.split('/').filter(|part| !part.is_empty()).map(segment).collect())
}

/// A reference to a row as a bind or `@odata.id` gives it: `/accounts(…)`, `accounts(…)` or an
/// absolute URL.
pub(crate) fn reference(text: &str) -> Option<Outcome<Segment>> {
    let path = match text.find("/api/data/v9.") {
        Some(start) => text.get(start..)?.splitn(5, '/').nth(4)?,
        None => text.strip_prefix('/').unwrap_or(text),
    };
    (!path.is_empty() && !path.contains('/')).then(|| segment(path))
}

fn segment(part: &str) -> Outcome<Segment> {
    let text =
        percent_decoded(part).ok_or_else(|| Refusal::query("The request URI is not valid."))?;
    let Some((name, rest)) = text.split_once('(') else {
        return Ok(Segment { name: text, key: None });
    };
    let inner = rest.strip_suffix(')').ok_or_else(|| {
        Refusal::query("Syntax error: parentheses do not match in the request URI.")
    })?;
    Ok(Segment { name: name.into(), key: Some(key(inner)?) })
}

fn key(inner: &str) -> Outcome<Key> {
    if inner.is_empty() {
        return Ok(Key::Empty);
    }
    if let Ok(id) = Uuid::parse_str(inner) {
        return Ok(Key::Id(id));
    }
    if !inner.contains('=') {
        return Err(Refusal::query(format!("Unrecognized 'Edm.Guid' literal '{inner}'.")));
    }
    let pairs = outside_quotes(inner, ',').into_iter().map(|pair| {
        let (column, literal) = pair
            .split_once('=')
            .ok_or_else(|| Refusal::query("Bad Request - Error in query syntax."))?;
        Ok((column.trim().to_owned(), literal.trim().to_owned()))
    });
    pairs.collect::<Outcome<_>>().map(Key::Alternate)
}

/// Splits at `separator` where it stands outside of quotes and parentheses.
pub(crate) fn outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0_i32, false);
    for (at, character) in text.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ if character == separator && !quoted && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + character.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn percent_decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let hex = text.get(at + 1..at + 3)?;
            decoded.push(u8::from_str_radix(hex, 16).ok()?);
            at += 3;
        } else {
            decoded.push(byte);
            at += 1;
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keys_are_read_encoded_and_bare() {
        let expected = Key::Alternate(vec![("nwcs_referralid".into(), "'a b'".into())]);
        for path in [
            "/api/data/v9.2/opportunities(nwcs_referralid='a%20b')",
            "/api/data/v9.2/opportunities(nwcs_referralid=%27a%20b%27)",
        ] {
            let found = segments(path).unwrap().unwrap();
            assert_eq!(found[0].key, Some(expected.clone()));
        }
        assert!(segments("/api/other").is_none());
    }

    #[test]
    fn references_are_read_with_and_without_origin() {
        let id = Uuid::from_u128(7);
        for text in [
            format!("/accounts({id})"),
            format!("accounts({id})"),
            format!("https://northwind.crm4.dynamics.com/api/data/v9.2/accounts({id})"),
        ] {
            let found = reference(&text).unwrap().unwrap();
            assert_eq!((found.name.as_str(), found.key), ("accounts", Some(Key::Id(id))), "{text}");
        }
        assert!(reference("$1/x").is_none());
    }
}
