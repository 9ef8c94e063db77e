//! Listing: the query options, the order and the pages (contract partner-center 3.3).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use url::Url;
use url::form_urlencoded;

use super::filter::{self, Filter};
use super::present::present;
use super::refusal::Refusal;
use super::store::{Store, Stored, text};
use super::switches::Switches;

/// The rest of a list that was cut into pages. The ids are those of the moment of the first page.
#[derive(Clone, Debug)]
pub(crate) struct Continuation {
    ids: Vec<String>,
    select: Option<Vec<String>>,
    count: usize,
}

/// The continuations by their opaque token.
#[derive(Debug, Default)]
pub(crate) struct Continuations {
    tokens: BTreeMap<String, Continuation>,
    issued: u32,
}

#[derive(Debug, Default)]
struct Query {
    filter: Option<Filter>,
    order: Option<(String, bool)>,
    select: Option<Vec<String>>,
    top: Option<usize>,
    skip: usize,
    skip_token: Option<String>,
}

/// Answers one page.
pub(crate) fn page(
    query: &str,
    store: &Store,
    continuations: &mut Continuations,
    switches: &Switches,
    origin: &Url,
) -> Result<Value, Refusal> {
    let query = parse(query, switches)?;
    let rest = match &query.skip_token {
        Some(token) => continuations.find(token)?,
        None => first(&query, store, switches),
    };
    let size = switches.page_size.max(1).min(rest.ids.len());
    let (now, later) = rest.ids.split_at(size);
    let rows: Vec<Value> = now
        .iter()
        .filter_map(|id| store.get(id))
        .map(|stored| select(&present(&stored.document, switches), rest.select.as_deref()))
        .collect();
    let mut answer = json!({
        "@odata.context": format!("{origin}v1.0/$metadata#Referrals"), "@odata.count": rest.count,
        "value": rows
    });
    if !later.is_empty() {
        let token = continuations.keep(Continuation { ids: later.to_vec(), ..rest.clone() });
        answer["@odata.nextLink"] = json!(next_link(origin, &token, switches.broken_next_link));
    }
    Ok(answer)
}

impl Continuations {
    fn find(&self, token: &str) -> Result<Continuation, Refusal> {
        let unknown =
            || Refusal::invalid("$skiptoken", "This token is not known or no longer valid.");
        self.tokens.get(token).cloned().ok_or_else(unknown)
    }

    fn keep(&mut self, rest: Continuation) -> String {
        self.issued += 1;
        let token =
            format!("p{:x}-{:02}", self.issued.wrapping_mul(2_654_435_761), self.issued % 100);
        self.tokens.insert(token.clone(), rest);
        token
    }
}

fn next_link(origin: &Url, token: &str, broken: bool) -> String {
    if broken {
        return format!("http://api.partner.microsoft.com/v1.0/referrals?$skiptoken={token}");
    }
    format!("{origin}v1.0/engagements/referrals?$skiptoken={token}")
}

fn parse(query: &str, switches: &Switches) -> Result<Query, Refusal> {
    let mut parsed = Query::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let refuse = |why: String| Refusal::invalid(name.clone(), why);
        let number =
            || value.parse::<usize>().map_err(|_| refuse("Expected a whole number.".to_owned()));
        match name.as_ref() {
            "$filter" => {
                parsed.filter = Some(
                    filter::parse(&value, switches.filter_external_reference).map_err(refuse)?,
                );
            }
            "$orderby" => parsed.order = Some(order(&value).map_err(refuse)?),
            "$select" => {
                parsed.select = Some(value.split(',').map(|name| name.trim().to_owned()).collect());
            }
            "$top" => parsed.top = Some(number()?),
            "$skip" => parsed.skip = number()?,
            "$count" if matches!(value.as_ref(), "true" | "false") => {}
            "$expand" => {}
            "$skiptoken" => parsed.skip_token = Some(value.into_owned()),
            other if other.starts_with('$') => {
                return Err(refuse("This query option is not supported.".to_owned()));
            }
            _ => {}
        }
    }
    Ok(parsed)
}

fn order(value: &str) -> Result<(String, bool), String> {
    let mut words = value.split_whitespace();
    let field = words.next().unwrap_or_default();
    if !matches!(field, "createdDateTime" | "updatedDateTime") {
        return Err("Only createdDateTime and updatedDateTime can be sorted by.".to_owned());
    }
    match (words.next(), words.next()) {
        (None | Some("asc"), None) => Ok((field.to_owned(), false)),
        (Some("desc"), None) => Ok((field.to_owned(), true)),
        _ => Err("Expected asc or desc.".to_owned()),
    }
}

fn first(query: &Query, store: &Store, switches: &Switches) -> Continuation {
    let fits = |stored: &&Stored| {
        stored.visible(switches)
            && query.filter.as_ref().is_none_or(|filter| filter.fits(&stored.document))
    };
    let mut found: Vec<&Stored> = store.all().filter(fits).collect();
    let (field, descending) =
        query.order.clone().unwrap_or_else(|| ("createdDateTime".to_owned(), false));
    // All dates are written with the same number of digits, so that their texts sort as the dates
    // do.
    found.sort_by_key(|stored| text(&stored.document, &format!("/{field}")).to_owned());
    if descending {
        found.reverse();
    }
    let ids = found.iter().skip(query.skip).take(query.top.unwrap_or(usize::MAX));
    let ids = ids.map(|stored| text(&stored.document, "/id").to_owned()).collect();
    Continuation { ids, select: query.select.clone(), count: found.len() }
}

fn select(document: &Value, names: Option<&[String]>) -> Value {
    let (Some(names), Some(members)) = (names, document.as_object()) else {
        return document.clone();
    };
    let chosen = members.iter().filter(|(name, _)| names.contains(name));
    Value::Object(chosen.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}
