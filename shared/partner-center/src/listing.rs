//! Lists of referrals: the query, and the way from page to page (contract partner-center 3.3).

use reqwest::Method;
use serde_json::Value as Json;
use url::form_urlencoded;

use crate::error::{Error, Operation, Problem};
use crate::exchange::Exchange;
use crate::property::text;
use crate::referral_call::{PATH, call};

/// 100 referrals a page: far more than a partner has open, and an end to a list that never ends.
const MAX_PAGES: usize = 500;

/// A list's options.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query<'a> {
    /// All referrals when absent.
    pub(crate) filter: Option<String>,
    pub(crate) order: Option<&'a str>,
    pub(crate) select: Option<&'a str>,
}

/// The rows of all pages, unread.
pub(crate) struct Rows {
    pub(crate) rows: Vec<Json>,
    /// The last page's request id.
    pub(crate) request_id: Option<String>,
}

/// Fetches all pages. The service's links are not followed: they come with the wrong scheme and
/// path in places, and our token must not go where an answer says. Only their query is taken, onto
/// our own address.
pub(crate) async fn all(exchange: &Exchange, query: &Query<'_>) -> Result<Rows, Error> {
    let mut rows = Vec::new();
    let mut page_query = query.encode();
    for _ in 0..MAX_PAGES {
        let mut list = call(Operation::ListReferrals, Method::GET, &PATH);
        list.query = Some(&page_query);
        let answer = exchange.send(&list).await?;
        let request_id = answer.request_id.clone();
        let unusable = |shape| unusable(shape, request_id.clone());
        let mut page = answer.json().ok_or_else(|| unusable("the list is not JSON"))?;
        let link = text(&page, "@odata.nextLink").map(str::to_owned);
        match page.get_mut("value").map(Json::take) {
            Some(Json::Array(found)) => rows.extend(found),
            _ => return Err(unusable("the list has no `value`")),
        }
        let Some(link) = link else {
            return Ok(Rows { rows, request_id });
        };
        let next =
            next_query(&link).ok_or_else(|| unusable("the list's nextLink has no $skiptoken"))?;
        if next == page_query {
            return Err(unusable("the list's nextLink leads to the same page"));
        }
        page_query = next;
    }
    Err(unusable("the list does not end", None))
}

fn unusable(shape: &'static str, request_id: Option<String>) -> Error {
    Error::Unusable {
        operation: Operation::ListReferrals,
        request_id,
        problem: Problem::Shape(shape),
    }
}

impl Query<'_> {
    /// The query string. Spaces as `%20`: not every OData service takes `+` for one.
    fn encode(&self) -> String {
        let options = [
            ("$filter", self.filter.as_deref()),
            ("$orderby", self.order),
            ("$select", self.select),
        ];
        let option =
            |(name, value): (&str, Option<&str>)| Some(format!("{name}={}", encode(value?)));
        options.into_iter().filter_map(option).collect::<Vec<_>>().join("&")
    }
}

fn encode(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A text as an OData literal: quotes are doubled.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The query of a nextLink, if it names a next page. Samples of links without `?` exist.
fn next_query(link: &str) -> Option<String> {
    let link = link.split('#').next()?;
    let query = match link.split_once('?') {
        Some((_, query)) => query,
        None => &link[link.find("$skiptoken=")?..],
    };
    let names_page = form_urlencoded::parse(query.as_bytes())
        .any(|(name, token)| name.eq_ignore_ascii_case("$skiptoken") && !token.is_empty());
    names_page.then(|| query.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_encoded_once_and_spaces_are_not_plus() {
        let query = Query {
            filter: Some("externalReferenceId eq 'A+B & C'".into()),
            order: Some("updatedDateTime asc"),
            select: None,
        };
        assert_eq!(
            query.encode(),
            "$filter=externalReferenceId%20eq%20%27A%2BB%20%26%20C%27\
             &$orderby=updatedDateTime%20asc"
        );
    }

    #[test]
    fn quotes_in_a_literal_are_doubled() {
        assert_eq!(literal("O'Neill' or 1 eq 1"), "'O''Neill'' or 1 eq 1'");
    }

    #[test]
    fn only_the_query_of_a_next_link_is_used() {
        let table = [
            (
                "https://api.partner.microsoft.com/v1.0/engagements/referrals?$skiptoken=pG3-02",
                Some("$skiptoken=pG3-02"),
            ),
            (
                "http://evil.example/v1.0/referrals?$filter=x&%24skiptoken=a%2Bb#f",
                Some("$filter=x&%24skiptoken=a%2Bb"),
            ),
            (
                "https://api.partner.microsoft.com/v1.0/referrals$skiptoken=pG3",
                Some("$skiptoken=pG3"),
            ),
            ("https://api.partner.microsoft.com/v1.0/referrals?$skiptoken=", None),
            ("https://api.partner.microsoft.com/v1.0/referrals?$filter=x", None),
            ("", None),
        ];
        for (link, expected) in table {
            assert_eq!(next_query(link).as_deref(), expected, "{link}");
        }
    }
}
