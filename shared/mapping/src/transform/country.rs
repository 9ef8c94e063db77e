//! Countries by name and code (ISO 3166-1), for a CRM that has the name.

/// Code, English name, and what else a country is called, each a column; the last separated by `;
/// `. Names as ISO has them and as people write them.
const COUNTRIES: &str = include_str!("countries.tsv");

struct Country {
    code: &'static str,
    name: &'static str,
    others: &'static str,
}

fn all() -> impl Iterator<Item = Country> {
    COUNTRIES.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        Some(Country { code: columns.next()?, name: columns.next()?, others: columns.next()? })
    })
}

/// The English name of a two-letter code.
pub(super) fn name(code: &str) -> Option<&'static str> {
    let code = code.trim();
    all().find(|country| country.code.eq_ignore_ascii_case(code)).map(|country| country.name)
}

/// The two-letter code of a country by name, in whatever case and punctuation, or by code.
pub(super) fn code(text: &str) -> Option<&'static str> {
    let text = even(text);
    let called = |country: &Country| {
        let names = [country.code, country.name].into_iter().chain(country.others.split("; "));
        names.into_iter().any(|name| even(name) == text)
    };
    let found = all().find(called).filter(|_| !text.is_empty());
    found.map(|country| country.code)
}

fn even(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_country_is_found_by_what_people_write() {
        for (text, expected) in [
            ("Sweden", "SE"),
            (" sweden ", "SE"),
            ("se", "SE"),
            ("USA", "US"),
            ("U.S.A.", "US"),
            ("United States of America", "US"),
            ("Czech Republic", "CZ"),
            ("Korea, Republic of", "KR"),
            ("Österreich", "AT"),
            ("UK", "GB"),
        ] {
            assert_eq!(code(text), Some(expected), "{text}");
        }
        for text in ["", "-", "Atlantis", "XX"] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn every_name_leads_back_to_its_own_code_and_no_name_is_two_countries() {
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        for country in all() {
            assert_eq!(code(country.name), Some(country.code));
            assert_eq!(name(country.code), Some(country.name));
            for called in [country.code, country.name].into_iter().chain(country.others.split("; "))
            {
                let other = owners.insert(even(called), country.code);
                assert!(other.is_none_or(|other| other == country.code), "{called}");
            }
        }
        assert_eq!(all().count(), 249);
    }
}
