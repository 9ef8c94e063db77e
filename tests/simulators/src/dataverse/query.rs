//! Query options and the `Prefer` header (contract dynamics365 3.3, 3.6).

use axum::http::HeaderMap;
use url::form_urlencoded;

use super::address::outside_quotes;
use super::filter::{self, Expr};
use super::refusal::{Outcome, Refusal};

/// What a query string asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) select: Option<Vec<String>>,
    pub(crate) expand: Vec<Expand>,
    pub(crate) filter: Option<Expr>,
    /// Properties, and whether each is descending.
    pub(crate) orderby: Vec<(String, bool)>,
    pub(crate) top: Option<usize>,
    pub(crate) count: bool,
    pub(crate) skiptoken: Option<String>,
    pub(crate) deltatoken: Option<String>,
    /// The options as the client wrote them, without `$skiptoken` and `$deltatoken`: for links.
    pub(crate) as_written: String,
}

/// `nav($select=a,b)`.
#[derive(Clone, Debug)]
pub(crate) struct Expand {
    pub(crate) navigation: String,
    pub(crate) select: Option<Vec<String>>,
}

impl Query {
    /// Reads a raw query string; `%24select` and `+` are as good as `$select` and a space.
    pub(crate) fn parse(raw: &str) -> Outcome<Self> {
        let mut query = Self::default();
        let mut written = Vec::new();
        for part in raw.split('&').filter(|part| !part.is_empty()) {
            let Some((name, value)) = form_urlencoded::parse(part.as_bytes()).next() else {
                continue;
            };
            query.take(&name, &value)?;
            if name != "$skiptoken" && name != "$deltatoken" {
                written.push(part);
            }
        }
        query.as_written = written.join("&");
        Ok(query)
    }

    fn take(&mut self, name: &str, value: &str) -> Outcome<()> {
        match name {
            "$select" => self.select = names(value),
            "$expand" => self.expand = expands(value)?,
            "$filter" => self.filter = Some(filter::parse(value)?),
            "$orderby" => self.orderby = orders(value)?,
            "$top" => {
                let top = value.parse().ok().filter(|top| *top > 0);
                self.top = Some(top.ok_or_else(|| {
                    Refusal::query(format!(
                        "Invalid value '{value}' for $top query option found. It must be a \
                         positive integer."
                    ))
                })?);
            }
            "$count" => self.count = value == "true",
            "$skiptoken" => self.skiptoken = Some(value.into()),
            "$deltatoken" => self.deltatoken = Some(value.into()),
            _ if name.starts_with('$') || name == "fetchXml" => {
                return Err(Refusal::query(format!(
                    "The query parameter {name} is not supported."
                )));
            }
            // Such as `tag`, a shared variable for plug-ins.
            _ => {}
        }
        Ok(())
    }
}

fn names(value: &str) -> Option<Vec<String>> {
    let names: Vec<String> = value
        .split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    (!names.is_empty() && names != ["*"]).then_some(names)
}

fn orders(value: &str) -> Outcome<Vec<(String, bool)>> {
    let mut orders: Vec<(String, bool)> = Vec::new();
    for part in value.split(',') {
        let mut words = part.split_whitespace();
        let (name, direction) = (words.next().unwrap_or_default(), words.next().unwrap_or("asc"));
        if words.next().is_some() || !matches!(direction, "asc" | "desc") {
            return Err(Refusal::query("Syntax error in the $orderby query option."));
        }
        if orders.iter().any(|(known, _)| known == name) {
            return Err(Refusal::bad(
                "0x80048d16",
                format!("Duplicate column '{name}' in $orderby."),
            ));
        }
        orders.push((name.into(), direction == "desc"));
    }
    Ok(orders)
}

fn expands(value: &str) -> Outcome<Vec<Expand>> {
    outside_quotes(value, ',').into_iter().map(|part| expand(part.trim())).collect()
}

fn expand(part: &str) -> Outcome<Expand> {
    let Some((navigation, options)) = part.split_once('(') else {
        return Ok(Expand { navigation: part.into(), select: None });
    };
    let options = options
        .strip_suffix(')')
        .ok_or_else(|| Refusal::query("Syntax error in the $expand query option."))?;
    let mut select = None;
    for option in outside_quotes(options, ';') {
        match option.split_once('=') {
            Some(("$select", value)) => select = names(value),
            _ => {
                return Err(Refusal::not_simulated(&format!(
                    "The option '{option}' inside $expand"
                )));
            }
        }
    }
    Ok(Expand { navigation: navigation.into(), select })
}

/// What the `Prefer` headers ask for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Preferences {
    pub(crate) representation: bool,
    pub(crate) page_size: Option<usize>,
    pub(crate) track_changes: bool,
    /// The list of `odata.include-annotations`, unquoted.
    pub(crate) annotations: Option<String>,
}

impl Preferences {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut preferences = Self::default();
        let lines = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for preference in lines.flat_map(|line| outside_double_quotes(line)) {
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            let value = value.trim().trim_matches('"');
            match name.trim() {
                "return" => preferences.representation = value == "representation",
                "odata.maxpagesize" => preferences.page_size = value.parse().ok(),
                "odata.track-changes" => preferences.track_changes = true,
                "odata.include-annotations" => preferences.annotations = Some(value.into()),
                _ => {}
            }
        }
        preferences
    }

    pub(crate) fn annotates(&self, name: &str) -> bool {
        self.annotations.as_deref().is_some_and(|list| {
            list.split(',').map(str::trim).any(|wanted| match wanted.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => wanted == name,
            })
        })
    }

    /// The value of `Preference-Applied`, when there is something to say.
    pub(crate) fn applied(&self, writing: bool) -> Option<String> {
        let mut applied = Vec::new();
        if writing && self.representation {
            applied.push("return=representation".to_owned());
        }
        if !writing && self.track_changes {
            applied.push("odata.track-changes".into());
        }
        if let (false, Some(size)) = (writing, self.page_size) {
            applied.push(format!("odata.maxpagesize={size}"));
        }
        if let Some(list) = &self.annotations {
            applied.push(format!("odata.include-annotations=\"{list}\""));
        }
        (!applied.is_empty()).then(|| applied.join(","))
    }
}

fn outside_double_quotes(line: &str) -> Vec<&str> {
    let mut quoted = false;
    line.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn encoded_and_bare_query_strings_read_alike() {
        let bare = Query::parse("$select=name,statecode&$filter=name eq 'a'&$top=2").unwrap();
        let encoded =
            Query::parse("%24select=name%2Cstatecode&%24filter=name+eq+%27a%27&%24top=2").unwrap();
        assert_eq!(
            (bare.select, bare.filter, bare.top),
            (encoded.select, encoded.filter, encoded.top)
        );
    }

    #[test]
    fn skip_is_refused() {
        let refusal = Query::parse("$skip=10").unwrap_err();
        assert!(refusal.message.contains("The query parameter $skip is not supported"));
    }

    #[test]
    fn preferences_are_read_from_one_header() {
        let mut headers = HeaderMap::new();
        let value =
            "odata.maxpagesize=200,odata.track-changes,odata.include-annotations=\"a.b,c.*\"";
        headers.insert("prefer", value.parse().unwrap());
        let preferences = Preferences::of(&headers);
        assert_eq!((preferences.page_size, preferences.track_changes), (Some(200), true));
        assert!(
            preferences.annotates("a.b")
                && preferences.annotates("c.d")
                && !preferences.annotates("b")
        );
    }
}
