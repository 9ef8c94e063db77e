//! A mapping file's text as a tree that knows where everything stands.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use super::Placeholders;
use super::fault::{Faults, Place};

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Table(BTreeMap<String, Entry>),
    List(Vec<Node>),
    Scalar(Json),
}

/// A table's entry: the place of its key, and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: Place,
    pub(super) value: Node,
}

impl Node {
    /// Reads the text of the `layer`-th file and fills its placeholders. Notes every syntax error,
    /// and every placeholder that nothing fills.
    pub(super) fn read(
        layer: usize,
        text: &str,
        placeholders: &Placeholders,
        faults: &mut Faults,
    ) -> Self {
        let mut reading = Reading { layer, lines: Lines::of(text), placeholders, faults };
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut told = None;
        for error in errors {
            let place = reading.place(error.span().map_or(0, |span| span.start));
            // What the parser says of the rest of such a line follows from the first.
            if told.replace(place.line) == Some(place.line) {
                continue;
            }
            reading.faults.error(
                place,
                format!("this is not TOML: {}", error.message()),
                "write it as docs/mapping.md shows",
            );
        }
        Self { place: Place::start_of(layer), content: reading.table(table.get_ref()) }
    }

    /// The table's entries; none of anything else.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&String, &Entry)> {
        let table = if let Content::Table(table) = &self.content { Some(table) } else { None };
        table.into_iter().flatten()
    }

    /// The list's items; none of anything else.
    pub(super) fn items(&self) -> &[Node] {
        if let Content::List(items) = &self.content { items } else { &[] }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        if let Content::Table(table) = &self.content { table.get(key) } else { None }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Content::Scalar(Json::String(text)) = &self.content { Some(text) } else { None }
    }

    /// The place of the value of `key`, or else of the whole.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.get(key).map_or(self.place, |node| node.place)
    }

    /// The place of the one of these keys that a fault between them is blamed on: the first of
    /// those that a partner's own file sets, or else the first that is set.
    pub(super) fn blamed(&self, keys: &[&str]) -> Place {
        let set: Vec<Place> =
            keys.iter().filter_map(|key| self.get(key)).map(|node| node.place).collect();
        let last = set.iter().map(|place| place.layer).max();
        let blamed = set.into_iter().find(|place| Some(place.layer) == last);
        blamed.unwrap_or(self.place)
    }

    pub(super) fn to_json(&self) -> Json {
        match &self.content {
            Content::Table(table) => {
                table.iter().map(|(key, entry)| (key.clone(), entry.value.to_json())).collect()
            }
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Scalar(json) => json.clone(),
        }
    }

    /// What it is, for a sentence.
    pub(super) fn form(&self) -> &'static str {
        match &self.content {
            Content::Table(_) => "a table",
            Content::List(_) => "a list",
            Content::Scalar(Json::Bool(_)) => "true or false",
            Content::Scalar(Json::Number(_)) => "a number",
            Content::Scalar(_) => "text",
        }
    }
}

struct Reading<'a> {
    layer: usize,
    lines: Lines<'a>,
    placeholders: &'a Placeholders,
    faults: &'a mut Faults,
}

impl Reading<'_> {
    fn place(&self, offset: usize) -> Place {
        let (line, column) = self.lines.position(offset);
        Place { layer: self.layer, line, column }
    }

    fn table(&mut self, table: &DeTable<'_>) -> Content {
        let entries = table.iter().map(|(key, value)| {
            let entry = Entry {
                key: self.place(key.span().start),
                value: self.node(value.span().start, value.get_ref()),
            };
            (key.get_ref().to_string(), entry)
        });
        Content::Table(entries.collect())
    }

    fn node(&mut self, offset: usize, value: &DeValue<'_>) -> Node {
        let place = self.place(offset);
        let content = match value {
            DeValue::Table(table) => self.table(table),
            DeValue::Array(items) => Content::List(
                items.iter().map(|item| self.node(item.span().start, item.get_ref())).collect(),
            ),
            DeValue::String(text) => Content::Scalar(Json::String(self.filled(place, text))),
            DeValue::Boolean(yes) => Content::Scalar(Json::Bool(*yes)),
            DeValue::Integer(number) => {
                self.number(place, i64::from_str_radix(number.as_str(), number.radix()).ok())
            }
            DeValue::Float(number) => self.number(place, number.as_str().parse::<f64>().ok()),
            DeValue::Datetime(at) => Content::Scalar(Json::String(at.to_string())),
        };
        Node { place, content }
    }

    fn number<N: Into<Json>>(&mut self, place: Place, number: Option<N>) -> Content {
        if number.is_none() {
            self.faults.error(place, "this number is too large", "write a smaller one");
        }
        Content::Scalar(number.map_or(Json::Null, Into::into))
    }

    /// The text with `{name}` replaced, where `name` is lower-case letters and underscores.
    fn filled(&mut self, place: Place, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            filled.push_str(&rest[..open]);
            let after = &rest[open + 1..];
            // An expression begins so.
            if let Some(inside) = after.strip_prefix('{') {
                filled.push_str("{{");
                rest = inside;
                continue;
            }
            let length =
                after.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(after.len());
            if length == 0 || !after[length..].starts_with('}') {
                filled.push('{');
                rest = after;
                continue;
            }
            let name = &after[..length];
            if let Some(value) = self.placeholders.get(name) {
                filled.push_str(value);
            } else {
                let known: Vec<&str> = self.placeholders.keys().copied().collect();
                let remedy = format!("use one of {}, or write the text itself", known.join(", "));
                self.faults.error(place, format!("no setting fills {{{name}}}"), remedy);
            }
            rest = &after[length + 1..];
        }
        filled.push_str(rest);
        filled
    }
}

/// Where the lines of a text begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// Line and column in characters, both from 1, of a byte offset.
    fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        (line, column + 1)
    }
}
